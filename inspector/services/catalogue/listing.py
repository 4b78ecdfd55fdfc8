"""Reads a store's whole list into its catalogue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.checkpoint import checkpoint
from store_adapters.contract import CancelToken, SessionStore

_PROGRESS_S = 0.05


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a listing is: records read, the store's estimate of all, whether it is still running."""

    read: int = 0
    total: int | None = None
    is_reading: bool = False
    is_complete: bool = False


def read_list(
    store: SessionStore, catalogue: Catalogue, cancel: CancelToken, *, is_gentle: bool = False
) -> Iterator[Progress]:
    """Yield how far it is after each batch; rows that are gone disappear at the end. Cancelled, what was read stays.

    `is_gentle`: rest as long as each batch took, for a server that others depend on.
    """
    progress, is_complete = Progress(is_reading=True), False
    catalogue.begin_listing()
    try:
        begun = time.monotonic()
        for batch in store.list_records(cancel):
            checkpoint()
            catalogue.append(batch)
            progress = Progress(batch.read, batch.total, is_reading=True)
            yield progress
            if is_gentle:
                cancel.wait(time.monotonic() - begun)
                begun = time.monotonic()
        is_complete = not cancel.is_cancelled
    finally:
        catalogue.end_listing(is_complete=is_complete)
    if is_complete:
        yield progress


def read_in_steps(
    store: SessionStore, catalogue: Catalogue, cancel: CancelToken, *, is_gentle: bool = False
) -> Iterator[Progress]:
    """Read as `read_list` does, and tell now and then how far it is: who shows it cannot follow each batch."""
    told, last = 0.0, None
    for last in read_list(store, catalogue, cancel, is_gentle=is_gentle):
        if time.monotonic() - told >= _PROGRESS_S:
            yield last
            told, last = time.monotonic(), None
    if last is not None and not cancel.is_cancelled:
        yield last


def index_keys(catalogue: Catalogue, cancel: CancelToken) -> None:
    """Index the keys that a listing left behind, in steps of a millisecond; for a lane, once the listing was told."""
    while not cancel.is_cancelled and catalogue.index_some():
        checkpoint()
