"""The window's manners: conflicts, keeping edits, read-only, dialogs, the palette, the tour."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import pytest
import redis
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import create_session, delete_session, new_session_root
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.save_session import save_session
from inspector.services.settings.profiles import Profile
from inspector.ui.session.seen_reads import SeenChange
from inspector.ui.session.tabs.history_tab import HistoryTab
from inspector.ui.stores.connect_dialog import ConnectDialog
from inspector.ui.window.command_palette import CommandPalette, match_score
from inspector.ui.window.main_window import MainWindow
from store_adapters.clock import now_ms
from store_adapters.registry import open_store
from tests.services.cookies.test_har_report import Recorder
from tests.services.sessions.test_save_session import edited
from tests.ui.conftest import WAIT_MS, OpenWindow


def fill(url: str, count: int = 3) -> None:
    store = open_store(url)
    for number in range(count):
        root = new_session_root(86_400_000, now_ms())
        create_session(store, f"session{number}", root, now_ms() + 86_400_000, Journal(), now_ms())
    store.close()


def write(url: str, session_id: str, field: str, text: str) -> None:
    store = open_store(url)
    opened = open_session(store, store.ref_for(session_id))
    save_session(store, opened, edited(opened, field, text), Journal())
    store.close()


@pytest.fixture
def url(redis_url: str) -> str:
    fill(f"{redis_url}?prefix=sess:")
    return f"{redis_url}?prefix=sess:"


def open_session0(qtbot: QtBot, make_window: OpenWindow, url: str) -> Any:
    window = make_window(url)
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    return window


def follow_live(qtbot: QtBot, window: MainWindow, url: str) -> None:
    """Switch Live on; returns when the server has its subscription."""
    with redis.Redis.from_url(url.partition("?")[0]) as client:
        qtbot.waitUntil(lambda: client.pubsub_numpat() == 0, timeout=WAIT_MS)  # that of a window before this one
        window.actions_book["live"].trigger()
        qtbot.waitUntil(lambda: client.pubsub_numpat() == 1, timeout=WAIT_MS)


def shown(window: MainWindow) -> str:
    """Return the ID of the session that is shown, "" while it is being read."""
    return window.panel.opened.session_id if window.panel.opened is not None else ""


def test_conflict_is_decided_in_the_review(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    write(url, "session0", "role", '"user"')
    window = open_session0(qtbot, make_window, url)
    window.panel.edit_field("role", '"admin"')
    write(url, "session0", "role", '"guest"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert not dialog.save_button.isEnabled()
    assert dialog.overwrite_button.isVisible()
    next(iter(dialog.table.groups.values())).button(1).click()
    assert dialog.save_button.isEnabled()
    dialog.save_button.click()
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: b'"role":"admin"' in window.panel.opened.raw.payload, timeout=WAIT_MS)


def test_return_in_the_review_saves(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = open_session0(qtbot, make_window, url)
    window.panel.edit_field("cookie.path", '"/shop"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    qtbot.waitUntil(dialog.isActiveWindow, timeout=WAIT_MS)
    qtbot.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: b'"path":"/shop"' in window.panel.opened.raw.payload, timeout=WAIT_MS)


def test_cookie_tab_needs_no_sideways_scrolling_in_a_small_window(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    window = open_session0(qtbot, make_window, url)
    window.resize(1280, 720)
    tab = window.panel.cookie_tab
    window.panel.tabs.setCurrentWidget(tab)
    qtbot.waitUntil(lambda: tab.isVisible() and tab.scroll_area.viewport().width() > 100, timeout=WAIT_MS)
    assert tab.scroll_area.horizontalScrollBar().maximum() == 0


def test_demo_server_is_offered_no_store_that_is_read_only(
    qtbot: QtBot, make_window: OpenWindow, tmp_path: Path
) -> None:
    window = make_window()
    for name in ("kept", "free"):
        (tmp_path / name).mkdir()
        window.put_profile(Profile(id=name, name=name, url=f"file://{tmp_path / name}", read_only=name == "kept"))
    choice = window.demo_page.form.store_choice
    names = [choice.itemText(number) for number in range(choice.count())]
    assert "free" in names
    assert "kept" not in names


def test_session_that_is_gone_is_not_saved(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = open_session0(qtbot, make_window, url)
    window.panel.edit_field("cookie.path", '"/shop"')
    store = open_store(url)
    store.delete(store.read(store.ref_for("session0")))
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    assert not window.saving.dialog.save_button.isEnabled()
    assert "is gone" in window.saving.dialog.title.text()
    window.saving.dialog.reject()
    assert store.count().number == 2
    store.close()


@pytest.mark.parametrize("has_edits", [False, True])
def test_session_that_was_gone_and_is_back_is_told_in_the_window(
    qtbot: QtBot, make_window: OpenWindow, url: str, has_edits: bool
) -> None:
    """A logout while another request runs: the deleted session comes back, still logged in."""
    window = open_session0(qtbot, make_window, url)
    panel, store = window.panel, open_store(url)
    if has_edits:
        panel.edit_field("cookie.path", '"/shop"')
    record = store.read(store.ref_for("session0"))
    store.delete(record)
    panel.reload()
    qtbot.waitUntil(lambda: "is gone" in panel.banner.label.text(), timeout=WAIT_MS)
    assert panel.opened is not None
    store.create(record.ref, record.payload, record.expires_at_ms)
    panel.reload()
    qtbot.waitUntil(lambda: "is gone" not in panel.banner.label.text(), timeout=WAIT_MS)
    told = [one.text for one in panel.opened.findings] + [panel.banner.label.text()]
    assert any("gone and is back" in words for words in told)
    panel.tabs.setCurrentWidget(panel.history_tab)
    rows = [panel.history_tab.list.item(number) for number in range(panel.history_tab.list.count())]
    assert any("gone and is back" in row.text() for row in rows)
    assert panel.unsaved() == has_edits
    store.close()


def test_session_that_was_deleted_here_and_is_back_is_told_when_it_is_opened(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    """Nobody looked at it meanwhile, but the journal knows that it was deleted."""
    window = make_window(url)
    store, journal = open_store(url), window.context.journal
    opened = open_session(store, store.ref_for("session0"))
    delete_session(store, opened, journal)
    store.create(opened.raw.ref, opened.raw.payload, opened.raw.expires_at_ms)
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: shown(window) == "session0", timeout=WAIT_MS)
    assert any("deleted it here" in words for words in _findings(window))
    window.go_to_session(b"sess:session1")
    qtbot.waitUntil(lambda: shown(window) == "session1", timeout=WAIT_MS)
    assert not any("deleted it here" in words for words in _findings(window))
    store.close()


def _findings(window: MainWindow) -> list[str]:
    assert window.panel.opened is not None
    return [one.text for one in window.panel.opened.findings]


def test_long_line_of_the_history_is_cut_and_whole_in_its_tip(qtbot: QtBot) -> None:
    tab = HistoryTab()
    qtbot.addWidget(tab)
    fields, warning = ", ".join(f"a{'b' * 100}{n}" for n in range(4)), "It is a sign of something. " * 12
    tab.show_history((), [SeenChange(0, fields, warning)], {}, can_write=True)
    row = tab.list.item(0)
    assert len(row.text()) < 220
    assert row.text().endswith("…")
    assert html.unescape(row.toolTip()).count("It is a sign") == 12
    assert fields in row.toolTip()


def test_edits_stay_while_another_session_is_looked_at(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = open_session0(qtbot, make_window, url)
    window.panel.edit_field("cookie.path", '"/shop"')
    window.go_to_session(b"sess:session1")
    qtbot.waitUntil(lambda: shown(window) == "session1", timeout=WAIT_MS)
    assert window.panel.unsaved() == 1
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: shown(window) == "session0", timeout=WAIT_MS)
    assert window.panel.can_review


def test_json_text_becomes_an_edit_and_errors_stand_at_their_line(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    window = open_session0(qtbot, make_window, url)
    panel = window.panel
    panel.tabs.setCurrentIndex(1)
    text = panel.json_tab.edit.toPlainText()
    panel.json_tab.edit.setPlainText(text.replace('"path": "/"', '"path": "/x",'))
    qtbot.waitUntil(lambda: "line" in panel.json_tab.message.text(), timeout=WAIT_MS)
    assert not panel.can_review
    panel.json_tab.edit.setPlainText(text.replace('"path": "/"', '"path": "/x"'))
    qtbot.waitUntil(lambda: panel.can_review, timeout=WAIT_MS)
    assert [change.field for change in panel.draft.changes()] == ["cookie.path"]


def test_live_shows_what_the_application_changes(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = open_session0(qtbot, make_window, url)
    follow_live(qtbot, window, url)
    write(url, "session0", "visits", "1")
    qtbot.waitUntil(lambda: b"visits" in window.panel.opened.raw.payload, timeout=WAIT_MS)
    window.panel.tabs.setCurrentIndex(3)
    qtbot.waitUntil(lambda: window.panel.history_tab.list.count() == 1, timeout=WAIT_MS)
    assert "visits" in window.panel.history_tab.list.item(0).text()


def test_what_an_applications_write_is_a_sign_of_stands_at_the_data_and_in_the_history(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    window = open_session0(qtbot, make_window, url)
    follow_live(qtbot, window, url)
    write(url, "session0", "cookie.expires", '"2031-01-01T00:00:00.000Z"')
    findings = window.panel.data_tab.findings
    qtbot.waitUntil(lambda: any("resave: true" in one.text for one in findings.findings), timeout=WAIT_MS)
    window.panel.tabs.setCurrentIndex(3)
    qtbot.waitUntil(lambda: window.panel.history_tab.list.count() == 1, timeout=WAIT_MS)
    assert "resave: true" in window.panel.history_tab.list.item(0).text()
    assert "Set resave: false." in window.panel.history_tab.list.item(0).toolTip()


def test_deleting_asks_and_can_be_taken_back(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = open_session0(qtbot, make_window, url)

    def agree() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(button for button in box.buttons() if button.text() == "Delete").click()

    QTimer.singleShot(150, agree)
    window.actions_book["delete"].trigger()
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == 2, timeout=WAIT_MS)
    window.actions_book["restore_deleted"].trigger()
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == 3, timeout=WAIT_MS)


def test_store_that_does_not_answer_says_what_to_do(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    from tests.ui.conftest import profile

    window.put_profile(profile("redis://127.0.0.1:1/0", "dead"))
    qtbot.waitUntil(lambda: window.current is not None and window.current.trouble is not None, timeout=WAIT_MS)
    empty = window.sessions_page.empty
    qtbot.waitUntil(lambda: "answered" in empty.headline.text(), timeout=WAIT_MS)
    assert empty.sentence.text()


def test_connection_is_tested_and_its_secret_leaves_no_file(
    qtbot: QtBot, make_window: OpenWindow, url: str, tmp_path: Path
) -> None:
    window = make_window(url)
    dialog = ConnectDialog(window.context, None, window)
    dialog.url_line.setText(url)
    dialog.secret_lines.put("hunter2-secret\nolder-secret")
    dialog.test_button.click()
    qtbot.waitUntil(lambda: "3 sessions" in dialog.test_label.text(), timeout=WAIT_MS)
    dialog.profile_ready.connect(window.put_profile)
    dialog.accept_store()
    qtbot.waitUntil(lambda: window.current is not None and len(window.current.profile.secret_ids) == 2, timeout=WAIT_MS)
    dialog.deleteLater()
    for path in (tmp_path / "home").rglob("*"):
        assert path.is_dir() or b"hunter2" not in path.read_bytes()


def test_bad_address_is_told_under_the_field(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    dialog = ConnectDialog(window.context, None, window)
    dialog.url_line.setText("gopher://x")
    assert dialog.address_error.text()
    assert not dialog.connect_button.isEnabled()
    dialog.deleteLater()


def test_form_and_address_say_the_same(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    dialog = ConnectDialog(window.context, None, window)
    dialog.form.kind_choice.setCurrentIndex(1)
    dialog.form.lines["database"].setText("shop")
    dialog.form.lines["database"].textEdited.emit("shop")
    assert dialog.url_line.text() == "mongodb://localhost:27017/shop?collection=sessions"
    dialog.deleteLater()


def test_password_typed_into_the_address_stays_when_the_form_is_used(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    window = make_window(url)
    dialog = ConnectDialog(window.context, None, window)
    dialog.url_line.setText("redis://ann:a/b?c@localhost:6379/0?prefix=sess:")
    dialog.show_in_form(dialog.url_line.text())
    dialog.form.lines["prefix"].setText("app:")
    dialog.form.lines["prefix"].textEdited.emit("app:")
    assert dialog.url_line.text() == "redis://ann@localhost:6379/0?prefix=app:"
    assert dialog.password_line.text() == "a/b?c"
    dialog.deleteLater()


def test_archive_shows_what_became_of_the_session(
    qtbot: QtBot, make_window: OpenWindow, url: str, tmp_path: Path
) -> None:
    window = make_window(url)
    recorder = Recorder(1, "firefox")
    recorder.note("https://shop.example/", "", ["connect.sid=s%3Aabc.xyz; Path=/; SameSite=Strict"])
    recorder.note("https://shop.example/a?<b>x</b>", "", [])
    (tmp_path / "shop.har").write_bytes(recorder.archive())
    page = window.cookie_page
    QAbstractItemModelTester(page.har.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    page.open_har(str(tmp_path / "shop.har"))
    qtbot.waitUntil(lambda: page.har.model.rowCount() == 2, timeout=WAIT_MS)
    assert "SameSite=Strict" in page.har.summary.text()
    qtbot.waitUntil(lambda: len(page.cards) == 1, timeout=WAIT_MS)
    assert [page.har.model.index(row, 7).data() for row in (0, 1)] == ["yes", "–"]
    assert page.har.detail.text() == "The first cookie of this session."
    page.har.table.selectRow(1)
    assert page.har.detail.text() == ""  # the headline says it
    page.har.close_archive()
    assert page.har.isHidden()
    page.open_har(str(tmp_path / "none.har"))
    qtbot.waitUntil(lambda: "cannot be read" in page.message.text(), timeout=WAIT_MS)


def test_palette_finds_and_runs_an_action(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    palette = CommandPalette(window.actions_book, window)
    palette.open_over(window)
    palette.line.setText("cookie insp")
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.pages.currentIndex() == 1, timeout=WAIT_MS)
    assert match_score("rvw", "Review and save") is not None
    assert match_score("xyz", "Review and save") is None


def test_every_action_is_in_a_menu_and_every_control_has_a_name(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    window = open_session0(qtbot, make_window, url)
    assert len(window.actions_book.all_actions()) > 40
    nameless = []
    for widget in window.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            text = getattr(widget, "text", lambda: "")
            if not (widget.accessibleName() or (callable(text) and text()) or widget.objectName().startswith("qt_")):
                nameless.append(type(widget).__name__)
    assert [name for name in nameless if name not in ("QScrollArea", "QTabBar", "QTabWidget", "QSplitter")] == []


def test_no_label_guesses_rich_text(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = open_session0(qtbot, make_window, url)
    guessing = [
        label
        for label in window.findChildren(QLabel)
        if label.textFormat() is not Qt.TextFormat.PlainText and not label.objectName().startswith("qt_")
    ]
    assert guessing == []


def test_window_and_columns_come_back(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    window.sessions_page.table.setColumnHidden(4, True)
    window.keep_state()
    again = make_window(url)
    assert again.sessions_page.table.isColumnHidden(4)
