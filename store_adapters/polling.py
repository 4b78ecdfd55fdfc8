"""Follows changes by listing again and comparing digests, where a store tells of no changes itself."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence

from store_adapters.clock import now_ms
from store_adapters.contract import Batch, CancelToken, Change, ChangeKind

_EXPIRY_SLACK_MS = 1500
"""A TTL read twice gives two expiries which differ by the time between: less than this is no change."""
_NEVER = -(2**63)


def poll_changes(
    list_records: Callable[[CancelToken], Iterator[Batch]], cancel: CancelToken, poll_s: float
) -> Iterator[Sequence[Change]]:
    """Yield what differs from the listing before, batch by batch, every `poll_s` seconds, until cancelled."""
    known = _Known()
    for batch in list_records(cancel):
        known.take(batch)
    yield ()
    while not cancel.wait(poll_s):
        known.begin()
        for batch in list_records(cancel):
            yield known.take(batch)
        if cancel.is_cancelled:
            return
        yield known.end()


class _Known:
    """What stood in the store when it was last looked at: a digest and an expiry a key, in columns."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._digests = array("q")
        self._expiries = array("q")
        self._seen = bytearray()
        self._free: list[int] = []

    def begin(self) -> None:
        """A listing begins: nothing of it was seen."""
        self._seen = bytearray(len(self._digests))

    def take(self, batch: Batch) -> tuple[Change, ...]:
        """Remember a batch; return what is new or changed in it."""
        seen_at_ms, changes = now_ms(), []
        places, digests, expiries = self._places, self._digests, self._expiries
        for key, payload, size, expires in zip(
            batch.keys, batch.payloads, batch.sizes, batch.expires_at_ms, strict=True
        ):
            digest, expiry = hash((payload, size)), _NEVER if expires is None else expires
            place = places.get(key)
            if place is None:
                places[key] = place = self._new_place()
                changes.append(Change(ChangeKind.WRITTEN, key, seen_at_ms))
            elif digests[place] != digest:
                changes.append(Change(ChangeKind.WRITTEN, key, seen_at_ms))
            elif abs(expiries[place] - expiry) > _EXPIRY_SLACK_MS:
                changes.append(Change(ChangeKind.TOUCHED, key, seen_at_ms))
            digests[place], self._seen[place] = digest, 1
            if abs(expiries[place] - expiry) > _EXPIRY_SLACK_MS:
                expiries[place] = expiry
        return tuple(changes)

    def end(self) -> tuple[Change, ...]:
        """The listing is complete: return what is gone, and forget it."""
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
        self._digests.append(0)
        self._expiries.append(_NEVER)
        self._seen.append(0)
        return len(self._digests) - 1
