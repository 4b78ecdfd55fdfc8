"""Write sessions as JSON lines, a part at a time, in constant memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from inspector.services.bulk.bulk_changes import read_parts
from inspector.services.bulk.report import STOPPED, BulkStep, Tally
from inspector.services.bulk.selection import Selection
from inspector.services.bulk.session_lines import format_line
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.filtering.parser import SessionFilter
from inspector.services.sessions.open_session import PLAIN, DecodeContext, ref_of_key
from inspector.services.settings.new_file import is_special, open_new_file, open_special
from inspector.services.settings.unfinished_files import UnfinishedFiles
from store_adapters.clock import now_ms
from store_adapters.contract import Batch, CancelToken, RawRecord, RecordRef, SessionStore

_TELL_S = 0.1
Put = Callable[[bytes], object]


def export_selection(store: SessionStore, selection: Selection, put: Put, cancel: CancelToken) -> Iterator[BulkStep]:
    """Write the selected sessions as they are now; those that are gone are counted."""
    tally = Tally()

    def write(records: list[RawRecord]) -> list[RecordRef]:
        _write(store, records, put, tally)
        return []

    return read_parts(store, selection, cancel, tally, write)


def export_all(
    store: SessionStore,
    put: Put,
    cancel: CancelToken,
    wanted: SessionFilter | None = None,
    reading: DecodeContext = PLAIN,
) -> Iterator[BulkStep]:
    """Write all sessions of the store, or the ones that a filter lets through, while they are listed. `StoreError`.

    A store may list a key twice while it is being rearranged; it is then written twice, and an import counts it once.
    """
    tally, told = Tally(), 0.0
    for batch in store.list_records(cancel):
        _write(store, _records(store, batch, _chosen(store, batch, wanted, reading), tally), put, tally)
        for skipped in batch.skipped:
            tally.fail(f"Not a session: {skipped.reason}.")
        if time.monotonic() - told > _TELL_S:
            told = time.monotonic()
            yield tally.step()
    if cancel.is_cancelled:
        tally.stopped = STOPPED
    yield tally.step()


def export_to_file(
    path: Path, steps: Callable[[Put], Iterator[BulkStep]], unfinished: UnfinishedFiles, *, may_be_special: bool = False
) -> Iterator[BulkStep]:
    """Run an export into a new file, which is there whole or not at all: not after a stop or an error. `OSError`.

    `may_be_special`: what isn't a regular file is written through, where a pipe may wait for its reader; else it is refused.
    """
    target = open_special(path) if may_be_special and is_special(path) else open_new_file(path, unfinished)
    with suppress(_Stopped), target as file:
        for step in steps(file.write):
            yield step
            if step.report.stopped:
                raise _Stopped


class _Stopped(Exception):
    """The file is not to be kept."""


def _chosen(store: SessionStore, batch: Batch, wanted: SessionFilter | None, reading: DecodeContext) -> Sequence[int]:
    if wanted is None:
        return range(len(batch.keys))
    # A list of this batch alone: the filter is the window's own, and no more than a batch is held.
    catalogue = Catalogue(store, reading)
    catalogue.append(batch)
    found = set(catalogue.keys_at(catalogue.select(wanted, None, descending=False, now_ms=now_ms())))
    return [place for place, key in enumerate(batch.keys) if key in found]


def _records(store: SessionStore, batch: Batch, places: Sequence[int], tally: Tally) -> Iterator[RawRecord]:
    container, at_ms = ref_of_key(store, b"").container, now_ms()
    for place in places:
        ref, payload = RecordRef(container, batch.keys[place]), batch.payloads[place]
        if len(payload) == batch.sizes[place]:
            yield RawRecord(ref, payload, batch.expires_at_ms[place], at_ms)
            continue
        # A listing cuts what is very large.
        [found] = store.read_many([ref])
        if isinstance(found, RawRecord):
            yield found
        else:
            tally.count_error(ref, found)


def _write(store: SessionStore, records: Iterator[RawRecord] | list[RawRecord], put: Put, tally: Tally) -> None:
    kind = store.capabilities.kind
    for record in records:
        put(format_line(record, store.session_id_of(record.ref.key), kind))
        tally.done += 1
