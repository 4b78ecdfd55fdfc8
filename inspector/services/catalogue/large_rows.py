"""Does what a listing leaves for later, and reads large records one by one, within bounds."""

from __future__ import annotations

import time
from collections.abc import Iterator

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.listing import index_keys
from inspector.services.checkpoint import checkpoint
from inspector.services.sessions.open_session import ref_of_key
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import RecordMissing, RecordUnreadable

MOST_BYTES = 256 << 20
"""What is fetched after one listing; of the rows beyond, the list says that they were not read."""
_LARGE, _LARGEST = 256 << 10, 64 << 20
_BUNCH_S = 0.5


def read_large(
    catalogue: Catalogue, store: SessionStore, cancel: CancelToken, *, is_gentle: bool = False, most: int = MOST_BYTES
) -> Iterator[int]:
    """Read the large records that a listing left out, and put in who is signed in; yield how many after each.

    `is_gentle`: rest as long as each took. `StoreError` where the store does not answer.
    """
    done, left = 0, most
    for key, size in _large(catalogue):
        if cancel.is_cancelled:
            return
        if size > min(left, _LARGEST):
            continue
        checkpoint()
        begun = time.monotonic()
        left -= size
        try:
            record = store.read(ref_of_key(store, key))
        except (RecordMissing, RecordUnreadable):
            continue  # the list says so itself, or will at the next reading
        catalogue.update(record, None)
        done += 1
        yield done
        if is_gentle:
            cancel.wait(time.monotonic() - begun)


def settle(catalogue: Catalogue, store: SessionStore, cancel: CancelToken, *, is_gentle: bool = False) -> Iterator[int]:
    """Do what may wait until all rows are there; yield whenever some of them changed by it."""
    before = catalogue.generation
    index_keys(catalogue, cancel)
    if catalogue.generation != before:
        yield 0
    yield from _in_bunches(catalogue.decrypt_rows(cancel))
    yield from _in_bunches(read_large(catalogue, store, cancel, is_gentle=is_gentle))


def _large(catalogue: Catalogue) -> list[tuple[bytes, int]]:
    """Return key and size of each row whose record the listing did not read as a whole."""
    columns = catalogue.columns
    places = [place for place, size in enumerate(columns.sizes) if size > _LARGE]
    return [(columns.keys[place], columns.sizes[place]) for place in places if columns.alive[place]]


def _in_bunches(numbers: Iterator[int]) -> Iterator[int]:
    """Yield now and then how far it is, and at the end: each number would have the rows sorted again."""
    told, number = time.monotonic(), 0
    for number in numbers:
        if time.monotonic() - told >= _BUNCH_S:
            told = time.monotonic()
            yield number
    if number:
        yield number
