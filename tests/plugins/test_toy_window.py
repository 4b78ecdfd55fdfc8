"""A store that somebody else wrote, in the real window: connected by its form, listed, edited, saved, its cookie verified."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from inspector.app import Launch, open_window
from inspector.cookies import Status, sign_id
from inspector.core.secret import Secret
from inspector.services.sessions.open_session import open_session
from inspector.services.settings.profiles import Profile, ProfileBook, Settings
from inspector.services.settings.secrets import SecretStore
from inspector.ui.stores.connect_dialog import ConnectDialog
from inspector.ui.stores.store_form import StoreForm
from inspector.ui.window.preferences_dialog import PreferencesDialog
from store_adapters.known_kinds import forget, kind_named
from store_adapters.registry import open_store
from tests.plugins.conftest import SESSION_ID
from tests.ui.conftest import WAIT_MS, OpenWindow, close_windows, heartbeat, make_window

__all__ = ["heartbeat", "make_window"]


@pytest.mark.usefixtures("toy_kind")
def test_toy_session_is_listed_judged_edited_saved_and_verified(
    qtbot: QtBot, make_window: OpenWindow, toy_url: str
) -> None:
    secret, secrets = Secret.from_text("s3cret", "test"), SecretStore(use_keyring=False)
    kept = secrets.put(secret)
    window = make_window(toy_url, secrets=secrets)
    window.put_profile(Profile(id="toys", name="toys", url=toy_url, secret_ids=(kept,)), keep=False)
    toys = window.stores["toys"]
    qtbot.waitUntil(lambda: window.current is toys and toys.progress.is_complete, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count > 0, timeout=WAIT_MS)
    window.sessions_page.table.selectRow(0)
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    opened = window.panel.opened
    assert opened is not None
    assert (opened.session_id, opened.summary.user) == (SESSION_ID, "ada")
    assert [one.note for one in opened.expiry.sources if one.counts] == ["The room throws it out then."]
    window.panel.edit_field("user.role", '"admin"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=WAIT_MS)
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    store = open_store(toy_url)
    assert b'"role":"admin"' in open_session(store, store.ref_for(SESSION_ID)).raw.payload
    window.show_cookies()
    window.cookie_page.paste(f"connect.sid={sign_id('express-session', 'connect.sid', SESSION_ID, secret)}")
    qtbot.waitUntil(lambda: len(window.cookie_page.cards) == 1, timeout=WAIT_MS)
    report = window.cookie_page.cards[0].report
    assert report.record is not None
    assert (report.verdict.status, report.broken) == (Status.VALID, "")


@pytest.mark.usefixtures("toy_kind")
def test_form_of_the_toy_store_is_made_of_its_fields(qtbot: QtBot, make_window: OpenWindow, toy_url: str) -> None:
    window = make_window(toy_url)
    dialog = ConnectDialog(window.context, None, window)
    form = dialog.form
    form.kind_choice.setCurrentIndex(form.kind_choice.findText("Toy box"))
    form.lines["box"].setText("/srv/toys")
    form.lines["box"].textEdited.emit("/srv/toys")
    assert dialog.url_line.text() == "toy:///srv/toys?room=lobby"
    assert dialog.connect_button.isEnabled()
    form.show_url("toybox:///srv/others?room=attic")
    assert (form.lines["box"].text(), form.lines["room"].text()) == ("/srv/others", "attic")
    assert not form.lines["host"].isVisibleTo(form)
    dialog.deleteLater()


@pytest.mark.usefixtures("toy_kind")
def test_demo_server_is_offered_no_store_that_it_cannot_write(
    qtbot: QtBot, make_window: OpenWindow, toy_url: str
) -> None:
    window = make_window(toy_url)
    choice = window.demo_page.form.store_choice
    assert toy_url not in [choice.itemData(number) for number in range(choice.count())]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://h:1/2?prefix=a:", "Redis or Valkey"),
        ("rediss://h:1/2?prefix=a:&ssl_cert_reqs=none", "Redis or Valkey"),
        ("mongodb://h:1,i:2/shop?collection=s", "MongoDB"),
        ("file:///srv/s?extension=.json&ttl=60", "Folder (session-file-store)"),
        ("sqlite:///srv/s.db?table=s", "SQLite file"),
        ("unix:///run/redis.sock", "Another address"),
        ("redis+sentinel://h:1/main/0", "Another address"),
        ("memory:", "Another address"),
    ],
)
def test_address_in_the_form_stays_itself(qtbot: QtBot, url: str, kind: str) -> None:
    form = StoreForm()
    qtbot.addWidget(form)
    form.show_url(url)
    assert form.kind_choice.currentText() == kind
    heard: list[str] = []
    form.address_changed.connect(heard.append)
    form.lines["host"].textEdited.emit("")
    assert heard == [url] * (kind != "Another address")


def test_switching_tls_off_leaves_its_options_out(qtbot: QtBot) -> None:
    form = StoreForm()
    qtbot.addWidget(form)
    form.show_url("rediss://h:1/2?prefix=a:&ssl_cert_reqs=none")
    with qtbot.waitSignal(form.address_changed) as heard:
        form.tls_box.click()
    assert heard.args == ["redis://h:1/2?prefix=a:"]


@pytest.fixture
def installed(toy_package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(toy_package))
    monkeypatch.delitem(sys.modules, "toy_box", raising=False)


@pytest.mark.usefixtures("installed")
def test_about_names_the_package_that_was_switched_on(qtbot: QtBot, tmp_path: Path) -> None:
    home = tmp_path / "home"
    ProfileBook(home).change_settings(Settings(plugins=True))
    hooks = sys.excepthook
    window = open_window(Launch(store="memory:"), home, SecretStore(use_keyring=False))
    sys.excepthook = hooks
    kind = kind_named("toy")
    assert kind is not None
    forget(kind)
    window.actions_book["about"].trigger()
    box = next(one for one in window.findChildren(QMessageBox))
    assert "toy_box 1.2 (Toy box)" in box.text() + box.informativeText()
    box.close()
    close_windows([window])


@pytest.mark.usefixtures("installed")
def test_package_stays_unloaded_where_nobody_switched_it_on(qtbot: QtBot, tmp_path: Path) -> None:
    hooks = sys.excepthook
    window = open_window(Launch(store="memory:"), tmp_path / "home", SecretStore(use_keyring=False))
    sys.excepthook = hooks
    assert window.plugins == ()
    assert "toy_box" not in sys.modules
    assert kind_named("toy") is None
    close_windows([window])


def test_preference_for_packages_is_off_and_kept(qtbot: QtBot, make_window: OpenWindow) -> None:
    window = make_window("")
    settings = window.context.book.settings
    assert not settings.plugins
    dialog = PreferencesDialog(settings, window.context.theme, "", "", window)
    dialog.plugins_box.click()
    assert dialog.settings == replace(settings, plugins=True)
    dialog.deleteLater()
