"""The tasks of the README, in the real window with keyboard and mouse, on the demo's session files."""

from __future__ import annotations

import http.client
import json

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from inspector.codecs import json_bytes
from inspector.cookies import Status
from inspector.ui.session.expiry_dialog import ExpiryDialog
from inspector.ui.window.main_window import MainWindow
from tests.ui.conftest import WAIT_MS, OpenWindow


def filter_for(qtbot: QtBot, window: MainWindow, text: str) -> None:
    page = window.sessions_page
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    page.filter_edit.clear()
    qtbot.keyClicks(page.filter_edit, text)
    qtbot.keyClick(page.filter_edit, Qt.Key.Key_Return)


def open_first(qtbot: QtBot, window: MainWindow) -> None:
    window.sessions_page.table.selectRow(0)
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)


def save(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_book["review"].trigger()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=WAIT_MS)
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)


def test_find_a_users_session(qtbot: QtBot, make_window: OpenWindow) -> None:
    window = make_window()
    everything = window.sessions_page.model.rowCount
    qtbot.waitUntil(lambda: everything() > 20, timeout=WAIT_MS)
    filter_for(qtbot, window, "user.role:admin")
    qtbot.waitUntil(lambda: 0 < window.sessions_page.model.match_count < 10, timeout=WAIT_MS)
    open_first(qtbot, window)
    assert window.panel.opened is not None
    assert window.panel.opened.summary.role == "admin"


def test_edit_a_cart(qtbot: QtBot, make_window: OpenWindow) -> None:
    window = make_window()
    filter_for(qtbot, window, "cart.length>1")
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count > 0, timeout=WAIT_MS)
    open_first(qtbot, window)
    panel = window.panel

    def can_review() -> bool:
        return panel.can_review

    panel.edit_field("cart[0]", '"golden keyboard"')
    assert can_review()
    assert "unsaved" in panel.bar.changes_label.text()
    undo, redo = panel.data_tab.buttons["undo"], panel.data_tab.buttons["redo"]
    assert (undo.isEnabled(), redo.isEnabled()) == (True, False)
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not can_review()
    assert (undo.isEnabled(), redo.isEnabled()) == (False, True)
    qtbot.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert can_review()
    save(qtbot, window)
    qtbot.waitUntil(lambda: not can_review(), timeout=WAIT_MS)
    assert panel.opened is not None
    assert b"golden keyboard" in panel.opened.raw.payload
    assert "user" not in panel.bar.changes_label.text()


def test_why_does_my_login_not_stick(qtbot: QtBot, make_window: OpenWindow) -> None:
    window = make_window()
    open_first(qtbot, window)
    window.panel.cookie_tab.copy_header()
    good = QGuiApplication.clipboard().text()
    broken = good[:-1] + ("A" if good[-1] != "A" else "B")
    QGuiApplication.clipboard().setText(f"Cookie: theme=dark; {broken}")
    qtbot.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    page = window.cookie_page
    qtbot.waitUntil(lambda: len(page.cards) == 2, timeout=WAIT_MS)
    assert page.cards[0].report.verdict.status is Status.INVALID
    assert "starts a new session" in page.cards[0].broken_label.text()
    page.paste(good)
    qtbot.waitUntil(lambda: len(page.cards) == 1, timeout=WAIT_MS)
    assert (page.cards[0].report.verdict.status, page.cards[0].report.broken) == (Status.VALID, "")


def test_from_a_cookie_to_its_session_in_one_click(qtbot: QtBot, make_window: OpenWindow) -> None:
    window = make_window()
    open_first(qtbot, window)
    session_id = window.panel.opened.session_id  # type: ignore[union-attr]
    window.panel.cookie_tab.copy_curl()
    window.panel.show_session(window.current, None)
    window.actions_book["paste_cookie"].trigger()
    qtbot.waitUntil(lambda: len(window.cookie_page.cards) == 1, timeout=WAIT_MS)
    record = window.cookie_page.cards[0].report.record
    assert record is not None
    window.cookie_page.cards[0].session_wanted.emit(record.key)
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    assert window.panel.opened.session_id == session_id  # type: ignore[union-attr]
    assert window.panel.head.signature_badge.text() == "signed, secret 1 of 1"


def test_extend_an_expiry(qtbot: QtBot, make_window: OpenWindow) -> None:
    window = make_window()
    open_first(qtbot, window)
    before = window.panel.opened.raw.expires_at_ms  # type: ignore[union-attr]

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ExpiryDialog)
        try:
            dialog.choose_life(30 * 86_400_000)
        finally:
            dialog.done(QDialog.DialogCode.Accepted)

    QTimer.singleShot(100, answer)
    window.actions_book["expiry"].trigger()
    qtbot.waitUntil(
        lambda: window.panel.opened.raw.expires_at_ms > before + 20 * 86_400_000,  # type: ignore[union-attr,operator]
        timeout=WAIT_MS,
    )
    decoded = window.panel.opened.decoded  # type: ignore[union-attr]
    assert decoded is not None
    assert b'"originalMaxAge":2592000000,' in json_bytes(decoded.root), "30 days, and not some seconds less"


def test_try_the_demo(qtbot: QtBot, make_window: OpenWindow) -> None:
    window = make_window(demo=True)
    demo = window.demo_page
    qtbot.waitUntil(lambda: demo.is_running, timeout=WAIT_MS)
    assert demo.server is not None
    window.actions_book["live"].trigger()
    connection = http.client.HTTPConnection("127.0.0.1", demo.server.port, timeout=10)
    connection.request("GET", "/set?username=visitor")
    cookie = connection.getresponse().headers["Set-Cookie"].partition(";")[0]
    connection.close()
    connection.request("GET", "/get", headers={"Cookie": cookie})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["username"] == "visitor"
    qtbot.waitUntil(lambda: demo.model.rowCount() == 2, timeout=WAIT_MS)
    filter_for(qtbot, window, "username:visitor")
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == 1, timeout=WAIT_MS)
    demo.count_edit.setValue(5)
    demo.toggle_traffic()
    qtbot.waitUntil(lambda: demo.model.rowCount() > 12, timeout=WAIT_MS)
    demo.toggle()
    assert not demo.is_running
