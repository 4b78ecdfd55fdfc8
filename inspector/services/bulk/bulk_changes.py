"""Delete and expire as many sessions as are selected: part by part, counted, stoppable.

Every write is compare-and-set against what was read just before. The generators run on a store's lane, and yield a step
after each part; between two parts they look at their token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from inspector.core.expiry import ExpiryTarget, end_from
from inspector.services.bulk.report import FIRST_PART, STOPPED, BulkStep, Tally, next_part_size
from inspector.services.bulk.selection import Selection
from inspector.services.bulk.undo import JOURNALLED, UndoBundle
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import expiry_words, move_end
from inspector.services.sessions.open_session import PLAIN, DecodeContext, ref_of_key
from store_adapters.clock import now_ms as read_clock
from store_adapters.contract import (
    CancelToken,
    Delete,
    RawRecord,
    RecordRef,
    SessionStore,
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
    ending: ExpiryTarget,
    journal: Journal,
    cancel: CancelToken,
    undo: UndoBundle | None = None,
    reading: DecodeContext = PLAIN,
) -> Iterator[BulkStep]:
    """Set when the sessions end, in the store and in what the application works it out from, both in one write (`move_end`)."""
    tally = Tally()
    now_ms = read_clock()
    words = expiry_words(end_from(ending, now_ms), now_ms)

    def act(records: list[RawRecord]) -> list[RecordRef]:
        again: list[RecordRef] = []
        writes = [move_end(store, record, ending, reading) for record in records]
        for before, result in zip(records, store.write_many(writes), strict=True):
            if isinstance(result, RawRecord):
                if tally.done < JOURNALLED:
                    journal.record(store.label, before.ref, "expiry changed", words, before, result)
                if undo is not None:
                    undo.keep(before, result)
                tally.done += 1
            elif isinstance(result, RecordChanged):
                again.append(before.ref)
            elif result is not None:
                tally.count_error(before.ref, result)
        return again

    return read_parts(store, selection, cancel, tally, act)


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
