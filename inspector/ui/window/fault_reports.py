"""Faults of the program, wherever they come up: said once in the window, noted in the terminal.

Neither gets what an exception says, which may quote a stored value: only its class and the places in the source.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO

import shiboken6
from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QWidget

from inspector.core.display import escape_display
from inspector.ui.base.plain import show_message
from inspector.ui.base.trouble import describe_trouble

_QUIET_S = 5.0
_CRASH_FILE = "crash.txt"
_MOST_CRASH_BYTES = 256 * 1024


class FaultReports(QObject):
    """Takes what nobody caught, from any thread. One message at a time, and one of a place in five seconds."""

    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.quiet_s = _QUIET_S
        self._last: dict[str, float] = {}
        self._box: QWidget | None = None
        self._crash_file: IO[str] | None = None
        self._arrived.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take the exceptions of slots, of threads, and of what Python throws away."""
        sys.excepthook = self.take
        threading.excepthook = lambda args: self.take(args.exc_type, args.exc_value, args.exc_traceback)
        sys.unraisablehook = lambda args: self.take(args.exc_type, args.exc_value, args.exc_traceback)

    def install_for_process(self, folder: Path) -> None:
        """Take Qt's messages too, and keep where the program was when it crashed in a file in `folder`."""
        qInstallMessageHandler(_note_qt)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = folder / _CRASH_FILE
            mode = "w" if path.exists() and path.stat().st_size > _MOST_CRASH_BYTES else "a"
            self._crash_file = open(path, mode, opener=_open_private)  # noqa: SIM115 - open as long as the program runs
        except OSError:
            faulthandler.enable()
            return
        faulthandler.enable(self._crash_file)

    def take(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """Note a fault, and show it unless the same place had one a moment ago."""
        if issubclass(kind, KeyboardInterrupt):
            QApplication.exit(130)
            return
        frames = traceback.extract_tb(trace)
        place = f"{kind.__name__} at {frames[-1].filename}:{frames[-1].lineno}" if frames else kind.__name__
        now = time.monotonic()
        if now - self._last.get(place, -_QUIET_S) < self.quiet_s:
            return
        self._last[place] = now
        _write(f"{place}\n" + "".join(f"  {one.filename}:{one.lineno} {one.name}\n" for one in frames[-12:]))
        if shiboken6.isValid(self):
            self._arrived.emit(error if error is not None else kind())

    def _show(self, error: BaseException) -> None:
        if self._box is not None and shiboken6.isValid(self._box) and self._box.isVisible():
            return
        window = QApplication.activeWindow() or next(iter(_main_windows()), None)
        if window is not None:
            trouble = describe_trouble(error)
            self._box = show_message(window, trouble.text, trouble.remedy)


def _main_windows() -> list[QWidget]:
    return [widget for widget in QApplication.topLevelWidgets() if widget.isVisible() and widget.isWindow()]


def _note_qt(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg):
        _write(f"Qt: {escape_display(text)}\n")


def _write(text: str) -> None:
    if sys.stderr is not None:  # a window without a terminal has none
        sys.stderr.write(text)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
