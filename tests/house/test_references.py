"""PySide6 6.12.0 gives back references to None and True that it never took, and aborts; the pinned one must not."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

CALLS = 500
# Other code may let go of a few meanwhile; the fault loses one a call.
SLACK = 100


class Emitter(QObject):
    emitted = Signal(object)


def test_none_and_true_keep_their_references_over_widget_updates(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(CALLS):
        widget.update()
    assert sys.getrefcount(None) > before[0] - SLACK
    assert sys.getrefcount(True) > before[1] - SLACK


def test_none_and_true_keep_their_references_over_signal_emits(qapp: QObject) -> None:
    emitter = Emitter()
    received: list[object] = []
    emitter.emitted.connect(received.append)
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(CALLS):
        emitter.emitted.emit(True)
        emitter.emitted.emit(None)
    received.clear()
    assert sys.getrefcount(None) > before[0] - SLACK
    assert sys.getrefcount(True) > before[1] - SLACK
