"""The time as stores speak of it."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Return this machine's time in epoch milliseconds."""
    return time.time_ns() // 1_000_000
