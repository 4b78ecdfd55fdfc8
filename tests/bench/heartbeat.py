"""How long a window's thread stands still, as its user would feel it."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QTimer


class Watch:
    """Beats every millisecond on the GUI thread and keeps the times between two beats, in ms."""

    def __init__(self) -> None:
        self.gaps_ms: list[float] = []
        self._clock = QElapsedTimer()
        self._timer = QTimer(interval=1)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._clock.start()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def percentile(self, share: float) -> float:
        return sorted(self.gaps_ms)[int(len(self.gaps_ms) * share)]

    def _beat(self) -> None:
        self.gaps_ms.append(self._clock.nsecsElapsed() / 1e6)
        self._clock.restart()
