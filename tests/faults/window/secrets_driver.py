"""Goes through the main job in a process of its own, errors and a crash included; for test_secret_leaks.py.

Every piece of data it meets is a token. Arguments: profile, session ID, cookie, value. It prints "done" before it crashes.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox

from inspector import app
from inspector.app import Launch
from inspector.ui.cookies.cookie_card import CookieCard
from inspector.ui.window.main_window import MainWindow

_STEP_MS = 20
_WAIT_S = 20.0
Step = Callable[[], bool]


def main(profile: str) -> None:
    """Start the program on the profile and walk."""
    words = sys.stdin.readline().split()
    opening = app.open_window

    def open_window(*args: Any) -> MainWindow:
        window = opening(*args)
        walk = _walk(window, *words)
        clock = QTimer(window, interval=_STEP_MS)
        state: dict[str, Any] = {"step": next(walk), "since": time.monotonic()}

        def look() -> None:
            for box in window.findChildren(QMessageBox):
                box.close()
            if time.monotonic() - state["since"] > _WAIT_S:
                print("stuck at", state["step"].__name__, flush=True)
                os._exit(3)
            if state["step"]():
                state["step"], state["since"] = next(walk), time.monotonic()

        clock.timeout.connect(look)
        clock.start()
        return window

    app.open_window = open_window  # type: ignore[assignment]
    app.main(Launch(store=profile))


def _walk(window: MainWindow, session_id: str, cookie: str, value: str) -> Iterator[Step]:
    """Yield what is waited for after each step."""

    def is_listed() -> bool:
        return window.current is not None and window.current.progress.is_complete

    yield is_listed
    assert window.current is not None and window.current.connection is not None
    window.sessions_page.filter_edit.setText(value)
    window.go_to_session(window.current.connection.store.ref_for(session_id).key)

    def is_opened() -> bool:
        return window.panel.opened is not None

    yield is_opened
    window.panel.cookie_tab.copy_header()
    window.panel.copy_id()
    window.panel.edit_field("token", f'"{value}-edited"')

    def is_kept() -> bool:
        return bool(window.panel.bar.changes_label.toolTip())

    yield is_kept
    window.saving.review()

    def is_reviewed() -> bool:
        return window.saving.dialog is not None

    yield is_reviewed
    assert window.saving.dialog is not None
    window.saving.dialog.preview_button.click()
    window.saving.dialog.save_button.click()

    def is_saved() -> bool:
        opened = window.panel.opened
        return window.panel.unsaved() == 0 and opened is not None and b"-edited" in opened.raw.payload

    yield is_saved
    QGuiApplication.clipboard().setText(f"Cookie: connect.sid={cookie}")
    window.actions_book["paste_cookie"].trigger()

    def is_judged() -> bool:
        return bool(window.findChildren(CookieCard))

    yield is_judged
    window.actions_book["toggle_demo"].trigger()

    def is_serving() -> bool:
        return window.demo_page.is_running

    yield is_serving
    window.commands.toggle()
    empty: dict[str, str] = {}
    # A fault in a slot, in a thread, and while an object goes, each quoting what it must not.
    QTimer.singleShot(0, window, lambda: empty[value])
    threading.Thread(target=lambda: int(value)).start()
    window.panel.edit_field("token", f'"{value}-unsaved"')

    def is_sealed() -> bool:
        return any(Path("unsaved").glob("*.sealed"))

    yield is_sealed
    os.kill(int(os.environ["SERVER_PID"]), signal.SIGKILL)
    window.refresh()

    def is_unreachable() -> bool:
        return window.current is not None and window.current.trouble is not None

    yield is_unreachable
    print("done", flush=True)

    def is_asked() -> bool:
        return sys.stdin.readline() == "" and _crash()

    yield is_asked


def _crash() -> bool:
    faulthandler._sigsegv()  # type: ignore[attr-defined]
    return True


if __name__ == "__main__":
    main(sys.argv[1])
