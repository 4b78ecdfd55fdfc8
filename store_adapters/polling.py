"""Follows changes by listing again and comparing digests, where a store tells of no changes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from store_adapters.clock import now_ms
from store_adapters.contract import Batch, CancelToken, Change, ChangeKind

_EXPIRY_SLACK_MS = 1500
"""A TTL read twice gives two expiries which differ by the time between: less than this is no change."""

_Seen = dict[bytes, tuple[int, int | None]]


def poll_changes(
    list_records: Callable[[CancelToken], Iterator[Batch]], cancel: CancelToken, poll_s: float
) -> Iterator[Sequence[Change]]:
    """Yield what differs between one listing and the next, every `poll_s` seconds, until cancelled."""
    before = _take(list_records, cancel)
    yield ()
    while not cancel.wait(poll_s):
        after = _take(list_records, cancel)
        if cancel.is_cancelled:
            return
        yield tuple(_compare(before, after))
        before = after


def _take(list_records: Callable[[CancelToken], Iterator[Batch]], cancel: CancelToken) -> _Seen:
    seen: _Seen = {}
    for batch in list_records(cancel):
        for key, payload, size, expiry in zip(
            batch.keys, batch.payloads, batch.sizes, batch.expires_at_ms, strict=True
        ):
            seen[key] = (hash((payload, size)), expiry)
    return seen


def _compare(before: _Seen, after: _Seen) -> Iterator[Change]:
    seen_at_ms = now_ms()
    for key, (digest, expiry) in after.items():
        old = before.get(key)
        if old is None or old[0] != digest:
            yield Change(ChangeKind.WRITTEN, key, seen_at_ms)
        elif (old[1] is None) != (expiry is None) or abs((old[1] or 0) - (expiry or 0)) > _EXPIRY_SLACK_MS:
            yield Change(ChangeKind.TOUCHED, key, seen_at_ms)
    for key in before.keys() - after.keys():
        yield Change(ChangeKind.REMOVED, key, seen_at_ms)
