"""The window goes first: while it works, lanes that compute wait at their next checkpoint.

Threads of Python share one interpreter. A lane that computes takes every second turn of half a millisecond, and two of
them two of three, so that filling a panel takes three times as long while a million sessions stream in.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

_LONGEST_S = 0.05
"""What takes longer isn't work but waits for somebody, such as a dialog that was opened: then nobody waits for it."""
_STEP_S = 0.0005
_until = 0.0  # written by the window's thread alone


@contextlib.contextmanager
def go_first() -> Iterator[None]:
    """Have the lanes wait while this block runs, 50 ms at most; for the window's thread."""
    global _until
    before, _until = _until, time.monotonic() + _LONGEST_S
    try:
        yield
    finally:
        _until = before


def is_first() -> bool:
    """True while the window works and the lanes wait."""
    return time.monotonic() < _until


def give_way() -> None:
    """Wait while the window works; for lanes, between two steps of a few milliseconds."""
    while is_first():
        time.sleep(_STEP_S)
