"""When a key expires, to the millisecond where the server says so.

PTTL counts from the server's clock at the moment it answers: added to ours, it is off by the time the answer took. PEXPIRETIME
(Redis 7, Valkey) is exact, but by the server's clock; it is taken where both clocks agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hiredis

from store_adapters.clock import now_ms

_SAME_CLOCK_MS = 1000

Command = tuple[bytes | str, ...]


class KeyExpiry:
    """What to ask of a key and what the answers mean. Remembers when the server has no PEXPIRETIME, or forbids it to this user."""

    def __init__(self) -> None:
        self._is_exact = True

    @property
    def commands(self) -> int:
        """How many commands `ask` returns."""
        return 2 if self._is_exact else 1

    def ask(self, key: bytes) -> list[Command]:
        both: list[Command] = [("PTTL", key), ("PEXPIRETIME", key)]
        return both[: self.commands]

    def end(self, answers: Sequence[Any], asked_ms: int, answered_ms: int | None = None) -> int | None:
        """Return the expiry in epoch milliseconds, None for never. `answers` are those to `ask`, of which the first is a number."""
        left = answers[0]
        if left < 0:
            return None
        answered_ms = now_ms() if answered_ms is None else answered_ms
        if len(answers) > 1:
            moment = answers[1]
            if isinstance(moment, hiredis.ReplyError):
                self._is_exact = False
            elif asked_ms + left - _SAME_CLOCK_MS <= moment <= answered_ms + left + _SAME_CLOCK_MS:
                return int(moment)
        return int(answered_ms + left)
