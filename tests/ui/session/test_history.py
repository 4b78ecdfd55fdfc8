"""The history of a session, restoring from it, and what becomes of edits that are discarded or left."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot
from redis import Redis

from inspector.app import Launch, open_window
from inspector.core.display import format_local
from inspector.services.settings.profiles import Profile, ProfileBook
from inspector.services.settings.sealed_file import SealedFile
from inspector.services.settings.secrets import SecretStore
from inspector.ui.session.unsaved_edits import DISCARD_AND_QUIT
from inspector.ui.window.main_window import MainWindow
from tests.ui.conftest import WAIT_MS, OpenWindow, close_windows
from tests.ui.window.test_window import open_session0, url, write

__all__ = ["url"]
HISTORY = 3


@pytest.fixture
def window(qtbot: QtBot, make_window: OpenWindow, url: str) -> MainWindow:
    write(url, "session0", "role", '"user"')
    opened: MainWindow = open_session0(qtbot, make_window, url)
    return opened


def save(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    assert window.saving.dialog is not None
    window.saving.dialog.save_button.click()
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)


def edit_and_save(qtbot: QtBot, window: MainWindow, value: str) -> None:
    window.panel.edit_field("role", value)
    window.saving.review()
    save(qtbot, window)


def rows(window: MainWindow) -> list[str]:
    shown = window.panel.history_tab.list
    return [shown.item(row).text() for row in range(shown.count())]


def payload(window: MainWindow) -> bytes:
    return window.panel.opened.raw.payload if window.panel.opened is not None else b""


def press(words: str, pressed: list[str]) -> None:
    """Answer the message box that comes next, and note what its Return would have done."""

    def answer() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        default = next(one for one in box.buttons() if isinstance(one, QPushButton) and one.isDefault())
        pressed.append(default.text().replace("&", ""))
        next(one for one in box.buttons() if one.text().replace("&", "") == words).click()

    QTimer.singleShot(150, answer)


# --- restoring ------------------------------------------------------------------------------------------------------


def test_restoring_goes_through_the_review_and_keeps_what_the_application_wrote(
    qtbot: QtBot, window: MainWindow, url: str
) -> None:
    edit_and_save(qtbot, window, '"admin"')
    write(url, "session0", "views", "24")
    window.panel.reload()
    qtbot.waitUntil(lambda: b"views" in payload(window), timeout=WAIT_MS)
    window.show_tab(HISTORY)
    tab = window.panel.history_tab
    tab.list.setCurrentRow(1)
    tab.restore_button.click()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    assert [change.field for change in dialog.review.changes] == ["role", "views"]
    save(qtbot, window)
    qtbot.waitUntil(lambda: b'"role":"user"' in payload(window), timeout=WAIT_MS)
    assert b'"views":24' in payload(window)


def test_each_entry_shows_its_date_and_its_fields_before_and_after(qtbot: QtBot, window: MainWindow, url: str) -> None:
    edit_and_save(qtbot, window, '"admin"')
    write(url, "session0", "views", "24")
    window.panel.reload()
    window.show_tab(HISTORY)
    qtbot.waitUntil(lambda: len(rows(window)) == 2 and "→" in rows(window)[1], timeout=WAIT_MS)
    theirs, mine = rows(window)
    assert "You edited role" in mine
    assert 'role:  "user"  →  "admin"' in mine
    assert "views:  –  →  24" in theirs
    entry = window.context.journal.entries()[0]
    assert mine.startswith(format_local(entry.at_ms))


def test_review_of_a_session_that_is_gone_promises_nothing(qtbot: QtBot, window: MainWindow, url: str) -> None:
    window.panel.edit_field("role", '"admin"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    assert window.saving.dialog is not None
    assert "until the program ends" in window.saving.dialog.foot_label.text()
    window.saving.dialog.reject()
    with closing(Redis.from_url(url.partition("?")[0])) as client:
        client.delete("sess:session0")
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    assert window.saving.dialog.foot_label.text() == ""
    window.saving.dialog.reject()


def test_unsaved_edits_are_not_lost_to_restoring(qtbot: QtBot, window: MainWindow) -> None:
    edit_and_save(qtbot, window, '"admin"')
    window.panel.edit_field("role", '"guest"')
    entry = window.context.journal.entries()[0]
    window.saving.restore(entry)
    box = QApplication.activeModalWidget()
    assert isinstance(box, QMessageBox)
    assert "unsaved edits" in box.text()
    box.close()
    assert window.panel.unsaved() == 1


# --- a restart ------------------------------------------------------------------------------------------------------


@pytest.fixture
def lasting(qtbot: QtBot, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenWindow]:
    """Open windows one after the other in one home, whose secrets are in a sealed file."""
    hooks = sys.excepthook, threading.excepthook
    home = tmp_path / "home"
    ProfileBook(home).put(Profile(id="shop", name="shop", url=url))
    windows: list[MainWindow] = []

    def make() -> MainWindow:
        close_windows(windows)
        windows.clear()
        sealed = SealedFile(home / "keeper.sealed")
        sealed.unlock("a passphrase") if sealed.exists else sealed.create("a passphrase")
        window = open_window(Launch(store="shop"), home, SecretStore(sealed=sealed))
        sys.excepthook, threading.excepthook = hooks
        windows.append(window)
        window.resize(1280, 720)
        window.show()
        qtbot.waitUntil(lambda: window.current is not None and window.current.progress.is_complete, timeout=WAIT_MS)
        window.go_to_session(b"sess:session0")
        qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
        window.show_tab(HISTORY)
        return window

    write(url, "session0", "role", '"user"')
    yield make
    monkeypatch.setattr("inspector.ui.session.unsaved_edits.ask_loss", lambda *_words: DISCARD_AND_QUIT)
    close_windows(windows)
    sys.excepthook, threading.excepthook = hooks


def test_history_outlives_a_restart_sealed_and_restores(
    qtbot: QtBot, lasting: OpenWindow, url: str, tmp_path: Path
) -> None:
    window = lasting()
    edit_and_save(qtbot, window, '"tok-before-restart"')
    write(url, "session0", "views", "24")
    window = lasting()  # at once: what was to be written is waited for
    (path,) = (tmp_path / "home" / "history").glob("*.sealed")
    assert b"tok-before-restart" not in path.read_bytes()
    tab = window.panel.history_tab
    qtbot.waitUntil(lambda: 'role:  "user"  →  "tok-before-restart"' in "".join(rows(window)), timeout=WAIT_MS)
    assert "kept sealed for 7 days" in tab.keeping_label.text()
    tab.list.setCurrentRow(0)
    tab.restore_button.click()
    save(qtbot, window)
    qtbot.waitUntil(lambda: b'"role":"user"' in payload(window), timeout=WAIT_MS)
    assert b'"views":24' in payload(window)


def test_history_that_is_turned_off_leaves_no_file(qtbot: QtBot, lasting: OpenWindow, tmp_path: Path) -> None:
    window = lasting()
    edit_and_save(qtbot, window, '"admin"')
    folder = tmp_path / "home" / "history"
    qtbot.waitUntil(lambda: len(list(folder.glob("*.sealed"))) == 1, timeout=WAIT_MS)
    window = lasting()
    qtbot.waitUntil(lambda: len(rows(window)) == 1, timeout=WAIT_MS)
    window.preferences.change(keep_history=False)
    window.preferences.history_changed.emit()
    qtbot.waitUntil(lambda: not list(folder.glob("*.sealed")), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "turned" in window.panel.history_tab.keeping_label.text(), timeout=WAIT_MS)
    window = lasting()
    assert rows(window) == []


def test_without_a_place_for_the_key_the_history_says_that_it_ends_with_the_program(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    edit_and_save(qtbot, window, '"admin"')
    window.show_tab(HISTORY)
    qtbot.waitUntil(lambda: "no keyring" in window.panel.history_tab.keeping_label.text(), timeout=WAIT_MS)
    assert not list((tmp_path / "home").glob("history/*.sealed"))


# --- discarding -----------------------------------------------------------------------------------------------------


def test_undo_brings_discarded_edits_back(qtbot: QtBot, window: MainWindow) -> None:
    window.panel.edit_field("role", '"admin"')
    window.panel.bar.discard_button.click()
    assert window.panel.unsaved() == 0
    window.actions_book["undo"].trigger()
    assert window.panel.can_review
    assert [one.field for one in window.panel.draft.changes()] == ["role"]  # type: ignore[union-attr]


def test_undo_brings_discarded_edits_back_after_the_application_wrote(
    qtbot: QtBot, window: MainWindow, url: str
) -> None:
    panel = window.panel
    panel.edit_field("role", '"admin"')
    panel.bar.discard_button.click()
    write(url, "session0", "views", "24")
    panel.reload()
    qtbot.waitUntil(lambda: b"views" in payload(window), timeout=WAIT_MS)
    window.actions_book["undo"].trigger()
    assert [one.field for one in panel.draft.changes()] == ["role"]  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: "has changed this session" in panel.banner.label.text(), timeout=WAIT_MS)
    window.saving.review()
    save(qtbot, window)
    qtbot.waitUntil(lambda: b'"role":"admin"' in payload(window), timeout=WAIT_MS)
    assert b'"views":24' in payload(window)


def test_redo_discards_again_and_shows_the_newest_read(qtbot: QtBot, window: MainWindow, url: str) -> None:
    panel = window.panel
    panel.edit_field("role", '"admin"')
    panel.bar.discard_button.click()
    write(url, "session0", "views", "24")
    panel.reload()
    qtbot.waitUntil(lambda: b"views" in payload(window), timeout=WAIT_MS)
    window.actions_book["undo"].trigger()
    window.actions_book["redo"].trigger()
    assert panel.unsaved() == 0
    assert b"views" in payload(window)


def test_discarded_edits_come_back_after_another_session_was_looked_at(qtbot: QtBot, window: MainWindow) -> None:
    window.panel.edit_field("role", '"admin"')
    window.panel.bar.discard_button.click()
    window.go_to_session(b"sess:session1")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    assert window.panel.unsaved() == 0
    window.actions_book["undo"].trigger()
    assert window.panel.can_review


# --- leaving --------------------------------------------------------------------------------------------------------


def test_quitting_with_unsaved_edits_stays_on_return(qtbot: QtBot, window: MainWindow) -> None:
    window.panel.edit_field("role", '"admin"')
    pressed: list[str] = []
    press("Cancel", pressed)
    window.close()
    assert pressed == ["Cancel"]
    assert window.isVisible()
    assert window.panel.can_review


def test_quitting_shows_the_edits_where_that_is_wanted(qtbot: QtBot, window: MainWindow) -> None:
    window.panel.edit_field("role", '"admin"')
    window.go_to_session(b"sess:session1")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.show_demo()
    press("Show them", [])
    window.close()
    assert window.isVisible()
    qtbot.waitUntil(lambda: window.panel.key == b"sess:session0" and window.panel.can_review, timeout=WAIT_MS)
    assert window.pages.currentWidget() is window.sessions_page


def test_json_text_that_is_not_read_yet_is_asked_about_and_another_theme_is_not(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.preferences.toggle_theme()
    assert window.panel.unsaved() == 0
    window.show_tab(1)
    window.panel.json_tab.edit.setPlainText("{ not yet")
    assert window.panel.unsaved() == 1


def test_closing_a_store_keeps_its_edits(qtbot: QtBot, window: MainWindow) -> None:
    window.panel.edit_field("role", '"admin"')
    assert window.current is not None
    profile_id = window.current.profile.id
    window.close_current_store()
    assert window.panel.unsaved() == 1
    window.choose_store(profile_id)
    qtbot.waitUntil(lambda: window.current is not None and window.current.progress.is_complete, timeout=WAIT_MS)
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: window.panel.can_review, timeout=WAIT_MS)


def test_removing_a_store_names_the_edits_that_go_with_it(qtbot: QtBot, window: MainWindow) -> None:
    window.panel.edit_field("role", '"admin"')
    pressed: list[str] = []

    def answer() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        pressed.append(box.informativeText())
        qtbot.keyClick(box, Qt.Key.Key_Return)

    QTimer.singleShot(150, answer)
    window.remove_current_store()
    assert "Unsaved edits of 1 session are discarded" in pressed[0]
    assert window.panel.unsaved() == 1, "Return does no harm"
    press("Remove", pressed)
    window.remove_current_store()
    assert window.panel.unsaved() == 0


# --- times ----------------------------------------------------------------------------------------------------------


def test_one_clock_with_its_zone_in_the_whole_panel(
    qtbot: QtBot, window: MainWindow, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    write(url, "session0", "lastVisit", '"2026-12-08T00:27:13.649Z"')
    window.panel.reload()
    qtbot.waitUntil(lambda: b"lastVisit" in payload(window), timeout=WAIT_MS)
    window.show_tab(2)
    qtbot.waitUntil(lambda: window.panel.cookie_tab.isVisible(), timeout=WAIT_MS)
    labels = [one for one in window.panel.findChildren(QLabel) if one.isVisible()]
    tree = window.panel.data_tab.model
    row = next(row for row in range(tree.rowCount()) if tree.index(row, 0).data() == "lastVisit")
    kind, tip = (tree.index(row, 2).data(role) for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole))
    monkeypatch.undo()
    time.tzset()
    assert [one.text() for one in labels if re.search(r"T\d\d:\d\d:\d\d", one.text())] == []
    told = [one for one in labels if re.search(r"\d\d:\d\d:\d\d E[SD]T", one.text())]
    assert len(told) >= 3
    assert all(re.search(r"T\d\d:\d\d:\d\d\.\d{3}Z", one.toolTip()) for one in told), "UTC is in the tooltip"
    assert kind.endswith("2026-12-07 19:27:13 EST")
    assert "2026-12-08T00:27:13.649Z" in tip
