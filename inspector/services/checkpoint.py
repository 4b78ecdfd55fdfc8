"""Where long work may pause between two steps: what it does there is handed in by whoever runs it, and without that nothing."""

from __future__ import annotations

from collections.abc import Callable


def _go_on() -> None:
    """Work that nobody waits beside never pauses."""


_pause: Callable[[], None] = _go_on


def pause_with(pause: Callable[[], None]) -> None:
    """Have all work call `pause` between two steps of a few milliseconds, on the thread that does it."""
    global _pause
    _pause = pause


def checkpoint() -> None:
    """Pause here, if whoever runs the work wants that."""
    _pause()
