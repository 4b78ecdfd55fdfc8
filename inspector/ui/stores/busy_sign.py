"""What waits for the store, for how long, and Stop where it can be stopped."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from inspector.ui.base.plain import PlainLabel
from inspector.ui.stores.store_health import StoreHealth

_LOOK_MS = 200
_PATIENCE_S = 0.6
"""What is done sooner needs no sign."""


class BusySign(QWidget):
    """Hidden while nothing waits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._health: StoreHealth | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(7)
        self.label = PlainLabel("", role="warn")
        row.addWidget(self.label)
        self.stop_button = QPushButton("Stop")
        self.stop_button.setAccessibleName("Stop waiting")
        self.stop_button.clicked.connect(self._stop)
        row.addWidget(self.stop_button)
        self._clock = QTimer(self, interval=_LOOK_MS)
        self._clock.timeout.connect(self._look)
        self.hide()

    def watch(self, health: StoreHealth | None) -> None:
        """Tell of this store from now on."""
        if health is self._health:
            return
        if self._health is not None:
            self._health.waiting.disconnect(self._clock.start)
        self._health = health
        if health is not None:
            health.waiting.connect(self._clock.start)
        self._look()

    def _look(self) -> None:
        wait = self._health.longest_wait if self._health is not None else None
        if wait is None:
            self._clock.stop()
            self.hide()
            return
        self._clock.start()
        lasted_s = wait.lasted_s
        self.label.setText(f"{wait.words} … {lasted_s:.0f} s")
        self.stop_button.setVisible(wait.stop is not None)
        self.setVisible(lasted_s >= _PATIENCE_S)

    def _stop(self) -> None:
        wait = self._health.longest_wait if self._health is not None else None
        if wait is not None and wait.stop is not None:
            wait.stop()
