"""Reads what a listing leaves out: large records, one by one and within bounds; knows no window and starts no thread."""

from __future__ import annotations

import time
from collections.abc import Iterator

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.right_of_way import give_way
from inspector.services.sessions.open_session import ref_of_key
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import RecordMissing, RecordUnreadable

MOST_BYTES = 256 << 20
"""What is fetched after one listing; of the rows beyond, the list says that they were not read."""
_LARGEST = 64 << 20


def read_large(
    catalogue: Catalogue, store: SessionStore, cancel: CancelToken, *, is_gentle: bool = False, most: int = MOST_BYTES
) -> Iterator[int]:
    """Read the large records that a listing left out, and put in who is signed in; yield how many after each.

    `is_gentle`: rest as long as each took. `StoreError` where the store does not answer.
    """
    done, left = 0, most
    for key, size in list(catalogue.large_keys()):
        if cancel.is_cancelled:
            return
        if size > min(left, _LARGEST):
            continue
        give_way()
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
