"""Many writes to MongoDB at once, each told by itself; knows no session format.

A bulk write tells how many documents it changed and not which. So saves, deletions and expiry changes go into one transaction:
nothing can come between comparing and writing, and all that were compared are written, or none. Where that fails they go one
by one; where the deployment has none, each with its filter (`mongo_filtered.py`). Of insertions the server tells which ones it
refused.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Create, Delete, RawRecord, Replace, Write, Written
from store_adapters.errors import OutcomeUnknown, StoreError
from store_adapters.mongo.filtered import FilteredWriter
from store_adapters.mongo.keys import key_of
from store_adapters.mongo.link import begin, is_unconfirmed
from store_adapters.mongo.outcomes import UNCONFIRMED, Unsettled, nothing_written
from store_adapters.one_by_one import untraced

MOST = 100
"""Writes in one transaction, or one bulk write: the application waits for a document that a transaction holds."""
_DUPLICATE = 11000


class _NotTogether(Exception):
    """Not all were written, and it is not known which: the transaction is given up."""


class TogetherWriter(FilteredWriter):
    """A writer that does several writes at once where it can tell what became of each."""

    def write_together(self, writes: Sequence[Write]) -> list[Written] | None:
        """Return what became of each of `MOST` writes at most; None where they have to go one by one: none was done."""
        wanted = [write for write in writes if isinstance(write, Replace | Delete | ChangeExpiry)]
        if len(wanted) < len(writes) or len(writes) < 2:
            return None
        try:
            if self._ends_in_the_past(wanted):
                return None
        except StoreError:
            return None
        return self._write_in_transaction(wanted) if self.has_transactions else self.write_filtered(wanted)

    def _write_in_transaction(self, writes: Sequence[Replace | Delete | ChangeExpiry]) -> list[Written] | None:
        import pymongo
        from pymongo.errors import PyMongoError

        self._is_settled = False
        started = time.monotonic()
        results: list[Written] = []
        try:
            with self._sending() as sent, self._link.client.start_session() as session:
                begin(session)
                try:
                    with pymongo.timeout(self._limits.call_s):
                        results = self._write_in(session, writes)
                        sent.append(True)
                        session.commit_transaction()
                except PyMongoError as error:
                    if not is_unconfirmed(error):
                        self._forget(session, error)
                    raise
        except Unsettled as unsettled:
            return self._look_again(
                [
                    result if isinstance(result, StoreError) else partial(self._look_at, write, unsettled, started)
                    for write, result in zip(writes, results, strict=True)
                ]
            )
        except OutcomeUnknown as error:
            return [result if isinstance(result, StoreError) else untraced(error) for result in results]
        except (_NotTogether, StoreError):
            return None
        return results

    def create_together(self, writes: Sequence[Write]) -> list[Written] | None:
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
                results.append(self._new_record(write.ref, write.payload, write.expires_at_ms))
            except StoreError as error:
                results.append(untraced(error))
        places = [place for place, record in enumerate(results) if isinstance(record, RawRecord)]
        documents = [RawBSONDocument(record.payload) for record in results if isinstance(record, RawRecord)]
        if not documents:
            return None
        started = time.monotonic()
        try:
            with self._sending() as sent, pymongo.timeout(self._limits.call_s):
                collection = self._link.collection()
                sent.append(True)
                try:
                    collection.insert_many(documents, ordered=False)
                except BulkWriteError as error:
                    self._note_refused(results, places, error.details or {})
        except Unsettled as unsettled:
            return self._look_again(
                [
                    partial(self._after_break, one, unsettled, started, partial(_has_bytes, one.payload), None)
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
        return bool(ends) and min(ends) <= now_ms() + self.clock_ahead_ms()

    def _write_in(self, session: Any, writes: Sequence[Replace | Delete | ChangeExpiry]) -> list[Written]:
        """Compare and write; return what will have become of each once it is committed."""
        from pymongo import UpdateOne

        collection, name = self._link.collection(), self._names.identifier
        found: dict[bytes, Any] = {}
        query = {name: {"$in": [self._query(write.base.ref)[name] for write in writes]}}
        for document in collection.find(query, session=session, batch_size=MOST + 1):
            # The first one, as a single read takes it, where a field other than _id is not unique.
            found.setdefault(key_of(document[name]), document)
        results: list[Written] = [None] * len(writes)
        deleted: list[Any] = []
        updated: dict[int, Any] = {}
        changes: list[Any] = []
        for place, write in enumerate(writes):
            now: Any = found.get(write.base.ref.key)
            try:
                self._check(write.base, now)
                update = None if isinstance(write, Delete) else self._update_of(write)
            except StoreError as error:
                results[place] = untraced(error)
                continue
            if update is None:
                deleted.append(now["_id"])
            elif update:
                updated[place] = now["_id"]
                changes.append(UpdateOne({"_id": now["_id"]}, update))
            else:
                results[place] = self._left(write.base, bytes(now.raw))
        if deleted and collection.delete_many({"_id": {"$in": deleted}}, session=session).deleted_count != len(deleted):
            raise _NotTogether
        if updated:
            if collection.bulk_write(changes, ordered=False, session=session).matched_count != len(changes):
                raise _NotTogether
            query = {"_id": {"$in": list(updated.values())}}
            after = {key_of(one["_id"]): one for one in collection.find(query, session=session, batch_size=MOST + 1)}
            for place, own in updated.items():
                results[place] = self._left(writes[place].base, bytes(after[key_of(own)].raw))
        return results


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
