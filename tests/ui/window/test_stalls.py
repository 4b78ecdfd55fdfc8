"""The heartbeat by which the tests tell that the window answers notices when it does not; and painting that goes first."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QTimer
from PySide6.QtGui import QPainter
from pytestqt.qtbot import QtBot

from inspector.ui.base import turns
from inspector.ui.session.tabs.field_tree import FieldTree
from tests.stalls import Heartbeat
from tests.ui.conftest import WAIT_MS, OpenWindow
from tests.ui.window.test_window import fill


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


def test_lanes_wait_while_the_data_of_a_session_is_painted(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt asks Python hundreds of times for a tree, and each time a lane could hold the interpreter for half a millisecond."""
    goes_first: list[bool] = []
    draw = FieldTree.drawBranches

    def look_and_draw(
        self: FieldTree, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        goes_first.append(turns.is_first())
        draw(self, painter, rect, index)

    monkeypatch.setattr(FieldTree, "drawBranches", look_and_draw)
    fill(f"{redis_url}?prefix=sess:", 1)
    window = make_window(f"{redis_url}?prefix=sess:")
    window.sessions_page.table.selectRow(0)
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.panel.data_tab.tree.viewport().repaint()
    assert goes_first and all(goes_first)
