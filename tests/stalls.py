"""The heartbeat of the window's tests, and the longest stall of a run, told at its end.

A stall travels with the report of its test, so that it is told whichever process ran the test.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QElapsedTimer, QObject, QTimer
from pytestqt.qtbot import QtBot

GAP_MS = 200.0
_LOOK_EVERY_MS = 30.0
_STALL = "longest stall, ms"
_stalls_ms: dict[str, float] = {}


class Heartbeat(QObject):
    """Beats every millisecond on the GUI thread and keeps the longest time between two beats, in ms.

    It leaves out the time in which the window could not run because others had the processor: its own wait for it, and that
    of a thread of ours which may have held the interpreter meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()
        self.longest_ms = 0.0
        self.beats = 0
        self._since = QElapsedTimer()
        self._timer = QTimer(self, interval=1)
        self._timer.timeout.connect(self._beat)
        self._clocks_ms: dict[int, tuple[float, float]] = {}
        self._looked_at = 0.0

    def start(self) -> None:
        self._look()
        self._since.start()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Leave out what the test itself does on the GUI thread."""
        is_beating = self._timer.isActive()
        self.stop()
        yield
        if is_beating:
            self.start()

    def _beat(self) -> None:
        gap_ms = self._since.nsecsElapsed() / 1e6
        if gap_ms > _LOOK_EVERY_MS:
            before = self._clocks_ms
            self._look()
            spent = {
                thread: (ran - before[thread][0], waited - before[thread][1])
                for thread, (ran, waited) in self._clocks_ms.items()
                if thread in before
            }
            ran_ms, waited_ms = spent.pop(threading.get_native_id(), (0.0, 0.0))
            others_ms = max((waited for _ran, waited in spent.values()), default=0.0)
            # While the window itself ran or waited for a processor, it waited for no other thread.
            gap_ms -= waited_ms + min(others_ms, max(gap_ms - ran_ms - waited_ms, 0.0))
        elif (time.monotonic() - self._looked_at) * 1000 > _LOOK_EVERY_MS:
            self._look()
        self.longest_ms = max(self.longest_ms, gap_ms)
        self.beats += 1
        self._since.restart()

    def _look(self) -> None:
        """Take down how long each thread has run and has waited for a processor; nothing where the system does not tell."""
        self._looked_at = time.monotonic()
        self._clocks_ms = {}
        for place in Path("/proc/self/task").glob("*/schedstat"):
            with contextlib.suppress(OSError, IndexError, ValueError):
                ran, waited = place.read_bytes().split()[:2]
                self._clocks_ms[int(place.parent.name)] = (int(ran) / 1e6, int(waited) / 1e6)


def let_paint(qtbot: QtBot, heart: Heartbeat) -> None:
    """Return when the window has painted what was shown before: Qt does what was posted ahead of a timer."""
    beats = heart.beats
    qtbot.waitUntil(lambda: heart.beats > beats + 2)


def assert_smooth(heart: Heartbeat) -> None:
    """The window was never away for longer than 200 ms (four times that beside other work: what takes 200 ms alone, as the
    layout of 100 KB of marks does, was measured at 550 with two test processes on two cores)."""
    heart.stop()
    print(f"longest gap of the heartbeat: {heart.longest_ms:.0f} ms (to reach: {GAP_MS:.0f} ms)")
    assert heart.longest_ms <= 4 * GAP_MS


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
