"""Follows a store's changes into its catalogue; knows no window."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.services.catalogue import Catalogue
from store_adapters.contract import CancelToken, SessionStore


def follow_changes(
    store: SessionStore, catalogue: Catalogue, cancel: CancelToken
) -> Iterator[tuple[bytes, ...] | None]:
    """Apply the store's changes to the catalogue until cancelled; yield the changed keys, or None for "read all again".

    `store` is used by this thread alone: `watch` has its own connection, so changed records are read with `store.read`.
    Yields an empty tuple about every second while nothing happens.
    """
    raise NotImplementedError
