"""Follows a store's changes into its catalogue; knows no window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.sessions.open_session import ref_of_key
from store_adapters.contract import CancelToken, Change, ChangeKind, SessionStore
from store_adapters.errors import RecordMissing, RecordUnreadable, StoreError

_IN_ONE = 200
"""Records read again with one question: a stop is heard between two."""


def follow_changes(
    store: SessionStore, catalogue: Catalogue, cancel: CancelToken
) -> Iterator[tuple[bytes, ...] | None]:
    """Apply the store's changes to the catalogue until cancelled; yield the changed keys, or None for "read all again".

    `store` is used by this thread alone: `watch` has its own connection, so changed records are read with `store.read_many`.
    Yields an empty tuple about every second while nothing happens.
    """
    for changes in store.watch(cancel):
        if any(change.kind is ChangeKind.RESET for change in changes):
            yield None
            continue
        # The last word on a key is the one that holds.
        newest = {change.key: change for change in changes}
        for key in [key for key, change in newest.items() if change.kind is ChangeKind.REMOVED]:
            catalogue.remove(key)
        written = [change for change in newest.values() if change.kind is not ChangeKind.REMOVED]
        for start in range(0, len(written), _IN_ONE):
            if cancel.is_cancelled:
                return
            _read_again(store, catalogue, written[start : start + _IN_ONE])
        yield tuple(newest)


def _read_again(store: SessionStore, catalogue: Catalogue, changes: Sequence[Change]) -> None:
    found = store.read_many([ref_of_key(store, change.key) for change in changes])
    for change, record in zip(changes, found, strict=True):
        if isinstance(record, RecordMissing):
            catalogue.remove(change.key)
        elif isinstance(record, RecordUnreadable):
            continue
        elif isinstance(record, StoreError):
            raise record
        elif change.kind is ChangeKind.TOUCHED and (position := catalogue.find(change.key)) is not None:
            # A touch moves the expiry only: it does not make the session "changed just now".
            catalogue.update(record, catalogue.row(position).changed_at_ms)
        else:
            catalogue.update(record, change.seen_at_ms)
