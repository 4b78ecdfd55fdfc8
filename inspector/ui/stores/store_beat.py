"""The gentle pace at which an open store is asked whether it answers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

_BEAT_MS = 5000


class StoreBeat(QObject):
    """Calls `look` now and then while a window can be seen: nobody else wants to know."""

    def __init__(self, look: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._look = look
        self._clock = QTimer(self, interval=_BEAT_MS)
        self._clock.timeout.connect(self._beat)

    def start(self) -> None:
        self._clock.start()

    def stop(self) -> None:
        self._clock.stop()

    def _beat(self) -> None:
        if any(widget.isVisible() and not widget.isMinimized() for widget in QApplication.topLevelWidgets()):
            self._look()
