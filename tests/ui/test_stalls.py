"""The heartbeat by which the tests tell that the window answers notices when it does not."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from tests.stalls import Heartbeat
from tests.ui.conftest import WAIT_MS


def be_busy() -> None:
    until = time.thread_time() + 0.3
    while time.thread_time() < until:
        pass


@pytest.mark.parametrize("hold", [lambda: time.sleep(0.3), be_busy], ids=["waits", "works"])
def test_heartbeat_notices_a_window_that_is_held(qtbot: QtBot, heartbeat: Heartbeat, hold: Callable[[], None]) -> None:
    heartbeat.start()
    QTimer.singleShot(0, hold)  # what a socket opened by the window, or a parser called there, would do
    qtbot.waitUntil(lambda: heartbeat.longest_ms > 250, timeout=WAIT_MS)
    heartbeat.stop()
