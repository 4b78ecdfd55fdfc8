"""Settings of the interpreter that keep a window smooth beside busy threads."""

from __future__ import annotations

import gc
import sys

from PySide6.QtCore import QObject, QTimer

_SWITCH_S = 0.0005
_COLLECT_MS = 20_000


def tune_interpreter(parent: QObject) -> None:
    """Let threads take turns ten times as often, and collect garbage only between two events of this thread.

    By default a thread that computes keeps the window waiting for 5 ms each time it wants to run, and the collector stops
    everything whenever enough objects were made (100 to 250 ms with many sessions).
    """
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.disable()
    timer = QTimer(parent, interval=_COLLECT_MS)
    timer.timeout.connect(lambda: gc.collect())
    timer.start()
