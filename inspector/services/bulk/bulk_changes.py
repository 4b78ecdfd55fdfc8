"""Delete and expire as many sessions as are selected: part by part, counted, stoppable; knows no window.

Every write is compare-and-set against what was read just before. The generators run on a store's lane, and yield a step
after each part; between two parts they look at their token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from inspector.codecs import CodecError, quick_lifetime
from inspector.core.expiry import Ending, end_from
from inspector.services.bulk.report import FIRST_PART, STOPPED, BulkStep, Tally, next_part_size
from inspector.services.bulk.selection import Selection
from inspector.services.bulk.undo import JOURNALLED, UndoBundle
from inspector.services.sessions.decoder import decode_record, encode_record
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import expiry_words, with_lifetime
from inspector.services.sessions.open_session import PLAIN, Reading, ref_of_key
from store_adapters.clock import now_ms as read_clock
from store_adapters.contract import (
    CancelToken,
    ChangeExpiry,
    Delete,
    RawRecord,
    RecordRef,
    Replace,
    SessionStore,
    Write,
)
from store_adapters.errors import RecordChanged, StoreError

_ATTEMPTS = 5
_MOST_BYTES = 8 << 20


def delete_sessions(
    store: SessionStore, selection: Selection, journal: Journal, cancel: CancelToken, undo: UndoBundle | None = None
) -> Iterator[BulkStep]:
    """Delete the sessions as they are now; one that changes under our hands is read again, a few times."""
    tally = Tally()

    def act(records: list[RawRecord]) -> list[RecordRef]:
        again: list[RecordRef] = []
        for record, result in zip(records, store.write_many([Delete(one) for one in records]), strict=True):
            if result is None:
                if tally.done < JOURNALLED:
                    journal.record(store.label, record.ref, "deleted", "", record, None)
                if undo is not None:
                    undo.keep(record, None)
                tally.done += 1
                tally.missing.append(record.ref.key)
            elif isinstance(result, RecordChanged):
                again.append(record.ref)
            elif isinstance(result, StoreError):
                tally.count_error(record.ref, result)
        return again

    return read_parts(store, selection, cancel, tally, act)


def expire_sessions(
    store: SessionStore,
    selection: Selection,
    ending: Ending,
    journal: Journal,
    cancel: CancelToken,
    undo: UndoBundle | None = None,
    reading: Reading = PLAIN,
) -> Iterator[BulkStep]:
    """Set when the sessions end, in the store and in what the application works it out from (`change_expiry`)."""
    tally = Tally()
    now_ms = read_clock()
    words = expiry_words(end_from(ending, now_ms), now_ms)
    originals: dict[bytes, int | None] = {}  # the expiries of those that had to be tried again, from before all of it

    def act(records: list[RawRecord]) -> list[RecordRef]:
        again: list[RecordRef] = []
        for before, after, error in _move_all(store, records, ending, reading):
            key = before.ref.key
            if isinstance(error, RecordChanged):
                originals.setdefault(key, before.expires_at_ms)
                again.append(before.ref)
                continue
            if after is not before:
                before = replace(before, expires_at_ms=originals.pop(key, before.expires_at_ms))
                if tally.done < JOURNALLED:
                    journal.record(store.label, before.ref, "expiry changed", words, before, after)
                if undo is not None:
                    undo.keep(before, after)
            if error is None:
                tally.done += 1
            else:
                tally.count_error(before.ref, error)
        return again

    return read_parts(store, selection, cancel, tally, act)


def _move_all(
    store: SessionStore, records: list[RawRecord], ending: Ending, reading: Reading
) -> Iterator[tuple[RawRecord, RawRecord, StoreError | None]]:
    """Write expiry and lifetime of each in two rounds; yield the record before, as last written, and what went wrong.

    Which comes first: none is left to end sooner than both the old and the new time say.
    """
    now: list[RawRecord] = list(records)
    errors: list[StoreError | None] = [None] * len(records)
    for is_second in (False, True):
        places, writes = [], []
        for place, before in enumerate(records):
            if errors[place] is None:
                write = _next_write(store, before, now[place], ending, reading, is_second=is_second)
                if write is not None:
                    places.append(place)
                    writes.append(write)
        for place, result in zip(places, store.write_many(writes), strict=True):
            if isinstance(result, RawRecord):
                now[place] = result
            else:
                errors[place] = result
    yield from zip(records, now, errors, strict=True)


def _next_write(
    store: SessionStore, before: RawRecord, now: RawRecord, ending: Ending, reading: Reading, *, is_second: bool
) -> Write | None:
    # Both rounds count from the same moment.
    now_ms = before.read_at_ms
    ends = end_from(ending, now_ms)
    is_longer = ends is None or (before.expires_at_ms is not None and ends > before.expires_at_ms)
    # A file has no expiry beside its content: __lastAccess and the lifetime are written in one go.
    is_inside = store.capabilities.lifetime_ms is not None and ends is not None
    payload = _lifetime_payload(store, now, ends, now_ms, reading) if is_inside or is_longer == is_second else None
    if is_inside:
        if is_second:
            return None
        return ChangeExpiry(now, ends) if payload is None else Replace(now, payload)
    if is_longer == is_second:
        return Replace(now, payload) if payload is not None and payload != now.payload else None
    return ChangeExpiry(now, ends)


def _lifetime_payload(
    store: SessionStore, record: RawRecord, ends: int | None, now_ms: int, reading: Reading
) -> bytes | None:
    session_id, kind = store.session_id_of(record.ref.key), store.capabilities.kind
    quick = quick_lifetime(record.payload, kind, ends, now_ms)
    if quick is not None:
        return quick
    try:
        decoded = decode_record(record.payload, kind, reading.secrets, session_id)
        root = with_lifetime(decoded, ends, now_ms)
        return encode_record(decoded, root) if root is not None else None
    except CodecError:
        return None  # what no codec reads keeps its content: only the store's own expiry moves


def read_parts(
    store: SessionStore,
    selection: Selection,
    cancel: CancelToken,
    tally: Tally,
    act: Callable[[list[RawRecord]], list[RecordRef]],
) -> Iterator[BulkStep]:
    """Read the records part by part and act on them; `act` returns what had changed and is to be tried again."""
    container, size = ref_of_key(store, b"").container, FIRST_PART
    keys = selection.keys()
    while not tally.stopped:
        if cancel.is_cancelled:
            tally.stopped = STOPPED
            break
        begun = time.monotonic()
        refs, is_last = _next_part(keys, size, container, tally)
        for _attempt in range(_ATTEMPTS):
            if refs:
                refs = act(_read(store, refs, tally))
        tally.changed += len(refs)
        if is_last:
            break
        yield tally.step()
        size = next_part_size(size, time.monotonic() - begun)
    yield tally.step()


def _next_part(
    keys: Iterator[tuple[bytes | None, int]], most: int, container: str, tally: Tally
) -> tuple[list[RecordRef], bool]:
    refs: list[RecordRef] = []
    held = 0
    for key, size in keys:
        held += size
        if key is None:
            tally.gone += 1
        else:
            refs.append(RecordRef(container, key))
        if len(refs) >= most or held >= _MOST_BYTES:
            return refs, False
    return refs, True


def _read(store: SessionStore, refs: list[RecordRef], tally: Tally) -> list[RawRecord]:
    records: list[RawRecord] = []
    for ref, found in zip(refs, store.read_many(refs), strict=True):
        if isinstance(found, RawRecord):
            records.append(found)
        else:
            tally.count_error(ref, found)
    return records
