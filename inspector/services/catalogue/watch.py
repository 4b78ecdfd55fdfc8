"""Follows a store's changes into its catalogue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.sessions.open_session import ref_of_key
from store_adapters.contract import CancelToken, Change, ChangeKind, Look, RawRecord, SessionStore
from store_adapters.errors import RecordMissing, RecordUnreadable, StoreError

_IN_ONE = 200
"""Records read again with one question: a stop is heard between two."""
_CLOSELY_S = 2.0
_SLACK_MS = 1500


def follow_changes(
    store: SessionStore,
    catalogue: Catalogue,
    cancel: CancelToken,
    followed_key: Callable[[], bytes | None] = lambda: None,
) -> Iterator[tuple[bytes, ...] | Look | None]:
    """Apply the store's changes to the catalogue until cancelled; yield the changed keys, or None for "read all again".

    `store` is used by this thread alone: `watch` has its own connection, so changed records are read with `store.read_many`.
    Yields an empty tuple about every second while nothing happens. Where the store tells of no changes and is looked through, each
    look is yielded, and between two of them the record of `followed_key` is read every 2 s.
    """
    followed: _Followed | None = None
    for changes in store.watch(cancel):
        if any(change.kind is ChangeKind.RESET for change in changes):
            yield None
            continue
        # The last word on a key is the one that holds.
        newest = {change.key: change for change in changes if change.look is None}
        for key in [key for key, change in newest.items() if change.kind is ChangeKind.REMOVED]:
            catalogue.remove(key)
        written = [change for change in newest.values() if change.kind is not ChangeKind.REMOVED]
        for start in range(0, len(written), _IN_ONE):
            if cancel.is_cancelled:
                return
            _read_again(store, catalogue, written[start : start + _IN_ONE])
        yield tuple(newest)
        for look in [change.look for change in changes if change.look is not None]:
            followed = followed or _Followed(store, catalogue)
            yield look
        if followed is not None and (key_now := followed_key()) is not None and followed.has_changed(key_now):
            yield (key_now,)


def _read_again(store: SessionStore, catalogue: Catalogue, changes: Sequence[Change]) -> None:
    found = store.read_many([ref_of_key(store, change.key) for change in changes])
    for change, record in zip(changes, found, strict=True):
        if isinstance(record, RecordMissing):
            catalogue.remove(change.key)
        elif isinstance(record, RecordUnreadable):
            continue
        elif isinstance(record, StoreError):
            raise record
        elif (position := catalogue.find(change.key)) is not None and _is_touch(change, record, catalogue, position):
            # A touch moves the expiry only: it does not make the session "changed just now".
            catalogue.update(record, catalogue.row(position).changed_at_ms)
        else:
            catalogue.update(record, change.seen_at_ms)


def _is_touch(change: Change, record: RawRecord, catalogue: Catalogue, position: int) -> bool:
    if change.kind is ChangeKind.MOVED:
        return catalogue.columns.payloads[position] == record.payload
    return change.kind is ChangeKind.TOUCHED


class _Followed:
    """The one record that is followed closely in a store that is otherwise looked through now and then."""

    def __init__(self, store: SessionStore, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._key = b""
        self._was: RawRecord | None = None
        self._read_at = 0.0

    def has_changed(self, key: bytes) -> bool:
        """Read it if it was not in the last 2 s; True when it is not what it was, which the catalogue then knows."""
        if key == self._key and time.monotonic() - self._read_at < _CLOSELY_S:
            return False
        [found] = self._store.read_many([ref_of_key(self._store, key)])
        now = found if isinstance(found, RawRecord) else None
        before = self._was if key == self._key else None
        self._key, self._was, self._read_at = key, now, time.monotonic()
        if isinstance(found, RecordMissing):
            return self._catalogue.remove(key)
        if now is None:
            return False
        listed = before.payload if before is not None else self._listed(key)
        if listed and listed != now.payload:
            self._catalogue.update(now, round(time.time() * 1000))
            return True
        return before is not None and _is_moved(before, now)

    def _listed(self, key: bytes) -> bytes:
        """Return what the list holds of it: what came after that is a change, even before the first read here."""
        position = self._catalogue.find(key)
        return b"" if position is None else self._catalogue.columns.payloads[position]


def _is_moved(before: RawRecord, now: RawRecord) -> bool:
    old, new = before.expires_at_ms, now.expires_at_ms
    return (old is None) != (new is None) or abs((old or 0) - (new or 0)) > _SLACK_MS
