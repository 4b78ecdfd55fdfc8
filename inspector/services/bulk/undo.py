"""Take a bulk act back: what was deleted is created again where it is absent, what was expired is set back.

The before-images are in memory only, since they are session data.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.services.bulk.report import FIRST_PART, STOPPED, BulkStep, Tally, next_part_size
from inspector.services.sessions.journal import Journal
from store_adapters.clock import now_ms as read_clock
from store_adapters.contract import CancelToken, ChangeExpiry, Create, RawRecord, Replace, SessionStore, Write, Written
from store_adapters.errors import Interrupted, RecordChanged, RecordExists, StoreError, StoreUnreachable

JOURNALLED = 200
"""How many records of one bulk act go to the journal: it is for single edits, which a bulk act must not push out."""

UNDO_BYTES = 256 * 1024 * 1024
OVERHEAD_BYTES = 500
"""What a before-image takes beside its payload, in bytes."""


@dataclass(frozen=True, slots=True)
class BeforeImage:
    """A record as it was, and the digest of what was written in its place (None: it was deleted)."""

    record: RawRecord
    written: bytes | None


class UndoBundle:
    """The before-images of one bulk act in one store, the last one at the end, within `limit_bytes`.

    `left_out` counts the records beyond the limit, which cannot be taken back; `selection.preview` tells before how many that
    will be. One thread at a time.
    """

    def __init__(self, store_label: str, limit_bytes: int = UNDO_BYTES) -> None:
        self.store_label = store_label
        self.images: list[BeforeImage] = []
        self.left_out = 0
        self._limit_bytes = limit_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self.images)

    def keep(self, before: RawRecord, after: RawRecord | None) -> None:
        """Note what a write changed; `after` None: the record was deleted."""
        size = len(before.payload) + OVERHEAD_BYTES
        if self._bytes + size > self._limit_bytes:
            self.left_out += 1
            return
        self._bytes += size
        self.images.append(BeforeImage(before, None if after is None else _digest(after.payload)))


def undo_bulk(store: SessionStore, bundle: UndoBundle, journal: Journal, cancel: CancelToken) -> Iterator[BulkStep]:
    """Take the bulk act back: create again what is absent, set back what is still as it was written.

    What has expired meanwhile is counted as gone, what somebody else has written as changed. Images that were handled
    leave the bundle: after a stop, the rest can be taken back later.
    """
    tally, size = Tally(), FIRST_PART
    while bundle.images and not tally.stopped:
        if cancel.is_cancelled:
            tally.stopped = STOPPED
            break
        begun = time.monotonic()
        images = bundle.images[-size:]
        tried = _take_back(store, images, journal, tally)
        del bundle.images[len(bundle.images) - len(images) :]
        bundle.images += [image for image, was_tried in zip(images, tried, strict=True) if not was_tried]
        yield tally.step()
        size = next_part_size(size, time.monotonic() - begun)
    yield tally.step()


def _take_back(store: SessionStore, images: list[BeforeImage], journal: Journal, tally: Tally) -> list[bool]:
    """Take these back; return for each whether it was tried."""
    now, tried = read_clock(), [True] * len(images)
    is_inside = store.capabilities.keeps_expiry_inside
    writes: list[tuple[int, Write]] = []
    currents: dict[int, RawRecord] = {}
    found = iter(store.read_many([image.record.ref for image in images if image.written is not None]))
    for place, image in enumerate(images):
        before = image.record
        current = next(found) if image.written is not None else None
        if before.expires_at_ms is not None and before.expires_at_ms <= now:
            tally.gone += 1
        elif current is None:
            ends = None if is_inside else before.expires_at_ms
            writes.append((place, Create(before.ref, before.payload, ends)))
        elif isinstance(current, StoreError):
            tried[place] = not isinstance(current, StoreUnreachable | Interrupted)
            tally.count_error(before.ref, current)
        elif _digest(current.payload) != image.written:
            tally.changed += 1
        elif is_inside:
            currents[place] = current
            writes.append((place, Replace(current, before.payload)))
        else:
            currents[place] = current
            payload = before.payload if before.payload != current.payload else None
            writes.append((place, ChangeExpiry(current, before.expires_at_ms, payload)))
    results = dict(zip((place for place, _ in writes), store.write_many([one for _, one in writes]), strict=True))
    for place, result in results.items():
        tried[place] = _count_back(store, images[place], currents.get(place), result, journal, tally)
    return tried


def _count_back(
    store: SessionStore, image: BeforeImage, current: RawRecord | None, result: Written, journal: Journal, tally: Tally
) -> bool:
    if isinstance(result, RawRecord):
        if tally.done < JOURNALLED:
            what = "deleted" if image.written is None else "expiry changed"
            journal.record(store.label, result.ref, "restored", what, current, result)
        tally.done += 1
        return True
    if isinstance(result, RecordExists | RecordChanged):
        tally.changed += 1
        return True
    if result is not None:
        tally.count_error(image.record.ref, result)
    return not isinstance(result, StoreUnreachable | Interrupted)


def _digest(payload: bytes) -> bytes:
    """Return what a payload is recognised by."""
    return hashlib.blake2b(payload, digest_size=16).digest()
