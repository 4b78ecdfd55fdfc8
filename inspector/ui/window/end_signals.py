"""Hears the signals that ask a program to end, while Qt waits for events."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class EndSignals(QObject):
    """Calls `end(number)` on the GUI thread. Python's own handlers would run once Qt lets it, at the next event."""

    def __init__(self, parent: QObject, end: Callable[[int], object]) -> None:
        super().__init__(parent)
        self._end = end
        self._read, self._write = socket.socketpair()
        for one in (self._read, self._write):
            one.setblocking(False)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._hear)
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        for number in _ENDING:
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:  # ignored under nohup
                signal.signal(number, lambda _number, _frame: None)

    def _hear(self) -> None:
        numbers = [number for number in self._read.recv(64) if number in _ENDING]
        if numbers:
            self._end(numbers[0])
