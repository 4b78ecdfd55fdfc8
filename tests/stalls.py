"""The heartbeat of the window's tests, and the longest stall of a run, told at its end.

A stall travels with the report of its test, so that it is told whichever process ran the test.
"""

from __future__ import annotations

import pytest
from PySide6.QtCore import QElapsedTimer, QObject, QTimer

_STALL = "longest stall, ms"
_stalls_ms: dict[str, float] = {}


class Heartbeat(QObject):
    """Beats every millisecond on the GUI thread and keeps the longest time between two beats, in ms."""

    def __init__(self) -> None:
        super().__init__()
        self.longest_ms = 0.0
        self._since = QElapsedTimer()
        self._timer = QTimer(self, interval=1)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._since.start()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _beat(self) -> None:
        self.longest_ms = max(self.longest_ms, self._since.nsecsElapsed() / 1e6)
        self._since.restart()


def keep_stall(test: pytest.Item, heart: Heartbeat) -> None:
    """Have the longest stall of a test told at the end of the run."""
    test.user_properties.append((_STALL, heart.longest_ms))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        _stalls_ms.update((report.nodeid, float(ms)) for name, ms in report.user_properties if name == _STALL)  # type: ignore[arg-type]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _stalls_ms:
        name, longest_ms = max(_stalls_ms.items(), key=lambda item: item[1])
        terminalreporter.write_line(f"longest stall of the GUI thread: {longest_ms:.0f} ms in {name} (to reach: 50 ms)")
