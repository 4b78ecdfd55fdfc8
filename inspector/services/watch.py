"""Follows a store's changes into its catalogue; knows no window."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.services.catalogue import Catalogue
from inspector.services.open_session import ref_of_key
from store_adapters.contract import CancelToken, Change, ChangeKind, SessionStore
from store_adapters.errors import RecordMissing, RecordUnreadable


def follow_changes(
    store: SessionStore, catalogue: Catalogue, cancel: CancelToken
) -> Iterator[tuple[bytes, ...] | None]:
    """Apply the store's changes to the catalogue until cancelled; yield the changed keys, or None for "read all again".

    `store` is used by this thread alone: `watch` has its own connection, so changed records are read with `store.read`.
    Yields an empty tuple about every second while nothing happens.
    """
    for changes in store.watch(cancel):
        if any(change.kind is ChangeKind.RESET for change in changes):
            yield None
            continue
        # The last word on a key is the one that holds.
        newest = {change.key: change for change in changes}
        for change in newest.values():
            if cancel.is_cancelled:
                return
            _apply(store, catalogue, change)
        yield tuple(newest)


def _apply(store: SessionStore, catalogue: Catalogue, change: Change) -> None:
    if change.kind is ChangeKind.REMOVED:
        catalogue.remove(change.key)
        return
    try:
        record = store.read(ref_of_key(store, change.key))
    except RecordMissing:
        catalogue.remove(change.key)
        return
    except RecordUnreadable:
        return
    if change.kind is ChangeKind.TOUCHED and (position := catalogue.find(change.key)) is not None:
        # A touch moves the expiry only: it does not make the session "changed just now".
        catalogue.update(record, catalogue.row(position).changed_at_ms)
    else:
        catalogue.update(record, change.seen_at_ms)
