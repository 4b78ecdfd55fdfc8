"""Walks once through the main job in the real window, as a person would, and keeps pictures; used where there is no screen.

Demo server, list, open, edit, save, verify a cookie: each step waits for what it wants to see, and a step that does not
come in time ends the tour with exit code 1 and the name of the step.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from inspector.cookies import Status
from inspector.ui.window.main_window import MainWindow

_STEP_S = 20.0
_POLL_MS = 40
_SETTLE_MS = 250
_Condition = Callable[[], bool]


class Tour(QObject):
    """One walk. `start()` begins it; the application quits at its end, `exit_code` says how it went."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        super().__init__(window)
        self._window = window
        self._folder = folder
        self._number = 0
        self._steps: Iterator[tuple[str, _Condition]] = iter(())
        self._waiting: tuple[str, _Condition] = ("", lambda: True)
        self._deadline = 0.0
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._look)
        self.exit_code = 1

    def start(self) -> None:
        """Begin with the first step."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._steps = self._walk()
        self._next()
        self._timer.start()

    def _next(self) -> None:
        try:
            self._waiting = next(self._steps)
        except StopIteration:
            self._timer.stop()
            self.exit_code = 0
            print(f"Tour done: {self._number} pictures are in {self._folder}")
            self._window.close()
            QApplication.quit()
            return
        self._deadline = time.monotonic() + _STEP_S

    def _look(self) -> None:
        name, is_there = self._waiting
        if is_there():
            self._next()
        elif time.monotonic() > self._deadline:
            self._timer.stop()
            self._snap(f"failed-{name}")
            print(f"The tour failed: {name} did not appear within {_STEP_S:.0f} s.", file=sys.stderr)
            QApplication.exit(1)

    def _settled(self) -> _Condition:
        until = time.monotonic() + _SETTLE_MS / 1000
        return lambda: time.monotonic() > until

    def _snap(self, name: str) -> None:
        self._number += 1
        self._window.grab().save(str(self._folder / f"{self._number:02}-{name}.png"))

    def _walk(self) -> Iterator[tuple[str, _Condition]]:
        window = self._window
        page, panel, demo = window.sessions_page, window.panel, window.demo_page
        yield "the list of the demo's sessions", lambda: page.model.match_count > 0
        window.show_demo()
        if not demo.is_running:
            demo.start_server(demo.form.settings())
        yield "the demo server", lambda: demo.is_running
        demo.count_edit.setValue(10)
        demo.toggle_traffic()
        yield "requests in the log", lambda: demo.model.rowCount() >= 10
        yield "a moment", self._settled()
        self._snap("demo-server")

        window.show_sessions()
        window.refresh()
        page.filter_edit.setText("user.role:user")
        page.filter_edit.returnPressed.emit()
        yield "the filtered list", lambda: _shows_only(window, "user")
        page.table.selectRow(0)
        yield "the chosen session", lambda: panel.opened is not None and panel.opened.summary.signed_in
        yield "a moment", self._settled()
        self._snap("session")

        panel.edit_field("user.role", '"editor"')
        yield "the staged edit", lambda: panel.can_review
        self._snap("edited")
        window.saving.review()
        yield "the review", lambda: window.saving.dialog is not None and window.saving.dialog.save_button.isEnabled()
        dialog = window.saving.dialog
        assert dialog is not None
        self._number += 1
        dialog.grab().save(str(self._folder / f"{self._number:02}-review.png"))
        dialog.save_button.click()
        yield "the saved session", lambda: not panel.can_review and _role(window) == "editor"
        panel.tabs.setCurrentIndex(3)
        yield "a moment", self._settled()
        self._snap("history")

        panel.cookie_tab.copy_header()
        window.actions_book["paste_cookie"].trigger()
        yield "the verdict on the cookie", lambda: any(_is_proved(card) for card in window.cookie_page.cards)
        self._snap("cookie")
        window.preferences.toggle_theme()
        window.show_sessions()
        panel.tabs.setCurrentIndex(0)
        yield "a moment", self._settled()
        self._snap("other-theme")


def _shows_only(window: MainWindow, role: str) -> bool:
    model = window.sessions_page.model
    rows = [model.row_at(number) for number in range(model.match_count)]
    return bool(rows) and all(row is not None and row.role == role for row in rows)


def _role(window: MainWindow) -> str:
    return window.panel.opened.summary.role if window.panel.opened is not None else ""


def _is_proved(card: object) -> bool:
    report = getattr(card, "report", None)
    return report is not None and report.verdict.status is Status.VALID and report.record is not None
