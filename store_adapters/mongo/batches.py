"""Many writes to MongoDB at once, each reported on its own.

Changes go into one transaction; where the deployment has none, into one bulk write, each with its filter. Of insertions the
server tells which ones it refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Create, Delete, RawRecord, Replace, Write, Written
from store_adapters.errors import OutcomeUnknown, StoreError
from store_adapters.mongo.changes import DocumentChanges
from store_adapters.mongo.link import MongoLink
from store_adapters.mongo.optimistic_batch import OptimisticBatch
from store_adapters.mongo.outcome import OutcomeChecker
from store_adapters.mongo.transaction_batch import TransactionBatch
from store_adapters.mongo.write_errors import UNCONFIRMED, Unsettled, nothing_written
from store_adapters.one_by_one import untraced
from store_adapters.options import Limits

_DUPLICATE = 11000


class MongoBatches:
    """Does several writes at once where it can be told what became of each. `clock_ahead_ms`: of the server's clock."""

    def __init__(
        self,
        link: MongoLink,
        limits: Limits,
        changes: DocumentChanges,
        outcome: OutcomeChecker,
        clock_ahead_ms: Callable[[], int],
    ) -> None:
        self._link = link
        self._limits = limits
        self._changes = changes
        self._outcome = outcome
        self._clock_ahead_ms = clock_ahead_ms
        self._transaction = TransactionBatch(link, limits, changes, outcome)
        self._optimistic = OptimisticBatch(link, limits, changes, outcome)

    def write(self, writes: Sequence[Write]) -> list[Written] | None:
        """Return what became of each of `MOST` writes at most; None where they have to go one by one: none was done."""
        wanted = [write for write in writes if isinstance(write, Replace | Delete | ChangeExpiry)]
        if len(wanted) < len(writes) or len(writes) < 2:
            return None
        try:
            if self._ends_in_the_past(wanted):
                return None
        except StoreError:
            return None
        batch = self._transaction if self._outcome.has_transactions else self._optimistic
        return batch.write(wanted)

    def create(self, writes: Sequence[Write]) -> list[Written] | None:
        """Return what became of each of `MOST` new records at most; None where they have to go one by one: none was made."""
        import pymongo
        from bson.raw_bson import RawBSONDocument
        from pymongo.errors import BulkWriteError

        wanted = [write for write in writes if isinstance(write, Create)]
        if len(wanted) < len(writes) or len(writes) < 2:
            return None
        results: list[Written] = []
        for write in wanted:
            try:
                results.append(self._changes.new_record(write.ref, write.payload, write.expires_at_ms))
            except StoreError as error:
                results.append(untraced(error))
        places = [place for place, record in enumerate(results) if isinstance(record, RawRecord)]
        documents = [RawBSONDocument(record.payload) for record in results if isinstance(record, RawRecord)]
        if not documents:
            return None
        started = time.monotonic()
        try:
            with self._outcome.sending() as sent, pymongo.timeout(self._limits.call_s):
                collection = self._link.collection()
                sent.append(True)
                try:
                    collection.insert_many(documents, ordered=False)
                except BulkWriteError as error:
                    self._note_refused(results, places, error.details or {})
        except Unsettled as unsettled:
            return self._outcome.look_again(
                [
                    partial(self._outcome.after_break, one, unsettled, started, partial(_has_bytes, one.payload), None)
                    if isinstance(one, RawRecord)
                    else one
                    for one in results
                ]
            )
        except OutcomeUnknown as error:
            return [untraced(error) if isinstance(one, RawRecord) else one for one in results]
        except StoreError:
            return None
        return results

    def _note_refused(self, results: list[Written], places: Sequence[int], details: Any) -> None:
        """Unlike other writes, insertions that fail are told one by one."""
        from pymongo.errors import DuplicateKeyError, WriteError

        for fault in details.get("writeErrors", ()):
            kind = DuplicateKeyError if fault["code"] == _DUPLICATE else WriteError
            results[places[fault["index"]]] = nothing_written(
                self._link.describe(kind(fault["errmsg"], fault["code"], fault))
            )
        if details.get("writeConcernErrors"):
            for place, record in enumerate(results):
                if isinstance(record, RawRecord):
                    results[place] = replace(record, note=UNCONFIRMED)

    def _ends_in_the_past(self, writes: Sequence[Replace | Delete | ChangeExpiry]) -> bool:
        """Some expiry is one that a single write refuses."""
        ends = [one.expires_at_ms for one in writes if isinstance(one, ChangeExpiry) and one.expires_at_ms is not None]
        return bool(ends) and min(ends) <= now_ms() + self._clock_ahead_ms()


def by_kind(writes: Sequence[Write]) -> list[list[int]]:
    """Return the places of the writes of each kind, which can go together; of all, where a record is written twice."""
    refs = [write.ref if isinstance(write, Create) else write.base.ref for write in writes]
    if len({ref.key for ref in refs}) < len(refs):
        return [list(range(len(writes)))]
    kinds: dict[type, list[int]] = {}
    for place, write in enumerate(writes):
        kinds.setdefault(type(write), []).append(place)
    return list(kinds.values())


def _has_bytes(payload: bytes, now: RawRecord) -> bool:
    return now.payload == payload
