"""Follows changes by looking at all records again and again, where a store tells of no changes itself.

A look reads when each record ends and a number that changes with its content, no content. The more records there are, the
longer it is until the next look, so that looking costs the server a small share of its time.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, Change, ChangeKind, Look

_PER_RECORD_S = 120e-6
"""Redis needs 5 µs of its time for a record: 4 percent."""
_TIMES_AS_LONG = 4
"""How many times as long as a look took it is at least until the next: a slow server, or one far away, is asked less often."""
_TELL_S = 1.0
_NEVER = -(2**63)


@dataclass(frozen=True, slots=True)
class Glance:
    """Some records as a look sees them, in columns of equal length.

    `versions`: a number each that is another once the content is, as far as the store can tell without sending it.
    `slack_ms`: how much two readings of one expiry may differ, as those of a TTL that travelled do.
    """

    keys: Sequence[bytes]
    expires_at_ms: Sequence[int | None]
    versions: Sequence[int]
    slack_ms: int = 0


def describe_polling(poll_s: float) -> str:
    """Return how changes are followed, in words, before the size of the store is known."""
    return f"polling every {poll_s:g} s, less often in a large store"


def poll_changes(
    look: Callable[[CancelToken], Iterator[Glance]],
    cancel: CancelToken,
    poll_s: float,
    *,
    has_changed: Callable[[], bool] = lambda: True,
    moved: ChangeKind = ChangeKind.MOVED,
) -> Iterator[Sequence[Change]]:
    """Yield what differs from the look before, until cancelled; after each look its pace.

    `has_changed`: False where the store knows, without a look, that nothing was written since the last one. `moved`: what a
    record is told as whose expiry alone moved.
    """
    known, is_first = _Known(moved), True
    while True:
        began = time.monotonic()
        known.begin()
        for glance in look(cancel):
            changes = known.take(glance)
            if not is_first:
                yield changes
        if cancel.is_cancelled:
            return
        gone = known.end()
        every_s = max(poll_s, known.count * _PER_RECORD_S, _TIMES_AS_LONG * (time.monotonic() - began))
        yield (*gone, Change(ChangeKind.LOOKED, b"", now_ms(), Look(known.count, every_s)))
        is_first = False
        if not (yield from _wait(began + every_s, cancel, has_changed)):
            return


def _wait(
    until: float, cancel: CancelToken, has_changed: Callable[[], bool]
) -> Generator[Sequence[Change], None, bool]:
    """Wait until the next look; yield an empty batch about every second. False: it was cancelled."""
    while not cancel.wait(min(_TELL_S, max(0.0, until - time.monotonic()))):
        if time.monotonic() >= until:
            if has_changed():
                return True
            until = time.monotonic() + _TELL_S
        yield ()
    return False


class _Known:
    """What stood in the store when it was last looked at: a version and an expiry a key, in columns."""

    def __init__(self, moved: ChangeKind) -> None:
        self._moved = moved
        self._places: dict[bytes, int] = {}
        self._versions = array("q")
        self._expiries = array("q")
        self._seen = bytearray()
        self._free: list[int] = []

    @property
    def count(self) -> int:
        return len(self._places)

    def begin(self) -> None:
        """A look begins: nothing was seen in it."""
        self._seen = bytearray(len(self._versions))

    def take(self, glance: Glance) -> tuple[Change, ...]:
        """Remember a part of a look; return what is new or changed in it."""
        seen_at_ms, changes, slack_ms = now_ms(), [], glance.slack_ms
        places, versions, expiries = self._places, self._versions, self._expiries
        for key, version, expires in zip(glance.keys, glance.versions, glance.expires_at_ms, strict=True):
            expiry = _NEVER if expires is None else expires
            place = places.get(key)
            if place is None:
                places[key] = place = self._new_place()
                changes.append(Change(ChangeKind.WRITTEN, key, seen_at_ms))
            elif versions[place] != version:
                changes.append(Change(ChangeKind.WRITTEN, key, seen_at_ms))
            elif abs(expiries[place] - expiry) > slack_ms:
                changes.append(Change(self._moved, key, seen_at_ms))
            versions[place], self._seen[place] = version, 1
            if abs(expiries[place] - expiry) > slack_ms:
                expiries[place] = expiry
        return tuple(changes)

    def end(self) -> tuple[Change, ...]:
        """The look is complete: return what is gone, and forget it."""
        if self._seen.count(0) == len(self._free):
            return ()
        seen_at_ms = now_ms()
        gone = [(key, place) for key, place in self._places.items() if not self._seen[place]]
        for key, place in gone:
            del self._places[key]
            self._free.append(place)
        return tuple(Change(ChangeKind.REMOVED, key, seen_at_ms) for key, _ in gone)

    def _new_place(self) -> int:
        if self._free:
            return self._free.pop()
        self._versions.append(0)
        self._expiries.append(_NEVER)
        self._seen.append(0)
        return len(self._versions) - 1
