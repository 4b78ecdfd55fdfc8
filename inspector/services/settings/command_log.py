"""What was sent to each store in this run, in words without values; bounded, in memory only. Knows no adapter."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from store_adapters.clock import now_ms


@dataclass(frozen=True, slots=True)
class SentCommand:
    """One packet: when, to which store (its name), and what, without values."""

    number: int
    at_ms: int
    store: str
    words: str


class CommandLog:
    """Keeps the newest commands; thread-safe. `on_sent` is called from the lane that sends."""

    def __init__(self, max_commands: int = 2000, on_sent: Callable[[SentCommand], None] | None = None) -> None:
        self._sent: deque[SentCommand] = deque(maxlen=max_commands)
        self._on_sent = on_sent
        self._number = 0
        self._lock = threading.Lock()

    def note(self, store: str, words: str) -> None:
        """Note what goes to a store, before it goes."""
        with self._lock:
            self._number += 1
            sent = SentCommand(self._number, now_ms(), store, words)
            self._sent.append(sent)
        if self._on_sent is not None:
            self._on_sent(sent)

    def after(self, number: int) -> tuple[SentCommand, ...]:
        """Return what was sent after the command of that number (0: all that is kept), oldest first."""
        with self._lock:
            fresh: deque[SentCommand] = deque()
            for sent in reversed(self._sent):
                if sent.number <= number:
                    break
                fresh.appendleft(sent)
            return tuple(fresh)

    def clear(self) -> None:
        with self._lock:
            self._sent.clear()
