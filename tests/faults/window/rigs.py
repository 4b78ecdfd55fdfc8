"""The window's part of the fault kit: what a person does in it, and what it says."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from inspector.ui.session.review_dialog import ReviewDialog
from inspector.ui.stores.open_store import OpenStore
from inspector.ui.window.main_window import MainWindow
from tests.faults.redis.rigs import Rig, new_role
from tests.ui.conftest import WAIT_MS, OpenWindow


def current(window: MainWindow) -> OpenStore:
    assert window.current is not None
    return window.current


def show(qtbot: QtBot, window: MainWindow, sid: str) -> None:
    window.go_to_session(f"sess:{sid}".encode())
    qtbot.waitUntil(lambda: shown(window) == sid, timeout=WAIT_MS)


def shown(window: MainWindow) -> str:
    return window.panel.opened.session_id if window.panel.opened is not None else ""


def edit_role(qtbot: QtBot, window: MainWindow, role: str = "admin") -> None:
    window.panel.edit_field("role", f'"{role}"')
    assert window.panel.can_review


def edited_window(qtbot: QtBot, make_window: OpenWindow, url: str) -> MainWindow:
    """Open a window on a store, show its session s0, and edit its role."""
    window = make_window(url)
    show(qtbot, window, "s0")
    edit_role(qtbot, window)
    return window


def press_save(qtbot: QtBot, window: MainWindow) -> None:
    open_review(qtbot, window).save_button.click()


def boxes() -> list[QMessageBox]:
    """Return the message boxes that are on the screen."""
    found = QApplication.topLevelWidgets()
    return [one for one in found if isinstance(one, QMessageBox) and one.isVisible()]


def shown_box() -> QMessageBox | None:
    """Return the box that waits for an answer. Asked for all widgets every 10 ms, Qt's binding has crashed once in the suite."""
    modal = QApplication.activeModalWidget()
    return modal if isinstance(modal, QMessageBox) else None


def close_boxes() -> None:
    for box in boxes():
        box.close()
    QApplication.processEvents()


def open_review(qtbot: QtBot, window: MainWindow) -> ReviewDialog:
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    assert window.saving.dialog is not None
    return window.saving.dialog


def read_box(qtbot: QtBot) -> str:
    """Wait for a message box, close it, and return what it says."""
    qtbot.waitUntil(lambda: shown_box() is not None, timeout=WAIT_MS)
    box = shown_box()
    assert box is not None
    words = f"{box.text()} {box.informativeText()}"
    box.close()
    return words


def assert_window_works(qtbot: QtBot, window: MainWindow, rig: Rig, sid: str = "s1") -> None:
    """Another session is opened, edited and saved, in the same window and store."""
    before = rig.stored(sid)
    assert before is not None
    window.panel.show_session(window.current, None)
    show(qtbot, window, sid)
    edit_role(qtbot, window, "after")
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: rig.stored(sid) == new_role(before, "after"), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
