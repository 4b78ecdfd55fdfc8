"""Many writes to a MongoDB without transactions, each with the filter that a single one has.

The documents are compared with one question, and those that are still the same written by one bulk write. It tells how many it
matched, not which. So where it matched fewer than were sent, they are read again, and no more is said than that proves:

- A save or an expiry change is done where the document is as that leaves it.
- A deletion is ours where as many are gone as were deleted. One that came back meanwhile counts as gone: it stands at another
  place in the server's store (`showRecordId`). Else nobody knows which of them the application deleted, and an undo, which
  brings back what was deleted here, must bring back none of those.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from store_adapters.contract import ChangeExpiry, Delete, RawRecord, Replace, Written
from store_adapters.errors import OutcomeUnknown, StoreError, StoreUnreachable
from store_adapters.mongo.bson_bytes import BrokenBson, build_document, key_of, read_fields
from store_adapters.mongo.changes import DocumentChanges
from store_adapters.mongo.diff import is_same
from store_adapters.mongo.link import MongoLink, is_open
from store_adapters.mongo.outcome import OutcomeChecker
from store_adapters.mongo.write_errors import UNCONFIRMED, Unsettled, changed, missing, nothing_written, unknown
from store_adapters.one_by_one import untraced
from store_adapters.options import Limits

_MOST_BYTES = 12 << 20
"""Of documents in one bulk write: a larger one would be cut by the driver, and break in the middle."""
_PLACE = b"$recordId"


@dataclass(frozen=True, slots=True)
class _Found:
    """A document as it was read: its own bytes, its `_id`, and at which place the server keeps it, as far as it tells."""

    raw: bytes
    own: Any
    place: bytes = b""


@dataclass(frozen=True, slots=True)
class _Sending:
    """A write that is sent, what it was compared with, the filter that must still match, and the update; None: a deletion."""

    write: Replace | Delete | ChangeExpiry
    found: _Found
    query: dict[str, Any]
    update: dict[str, Any] | None


class OptimisticBatch:
    """Does several writes at once on a server without transactions."""

    def __init__(self, link: MongoLink, limits: Limits, changes: DocumentChanges, outcome: OutcomeChecker) -> None:
        self._link = link
        self._limits = limits
        self._changes = changes
        self._outcome = outcome

    def write(self, writes: Sequence[Replace | Delete | ChangeExpiry]) -> list[Written] | None:
        """Return what became of each of a hundred writes of one kind at most; None where they have to go one by one: none was
        done."""
        import pymongo

        is_each_once = len({write.base.ref.key for write in writes}) == len(writes)
        if not is_each_once or sum(map(_size, writes)) > _MOST_BYTES:
            return None
        results: list[Written] = [None] * len(writes)
        sending: dict[int, _Sending] = {}
        started = time.monotonic()
        try:
            with self._outcome.sending() as sent, pymongo.timeout(self._limits.call_s):
                sending = self._compare_all(writes, results)
                if not sending:
                    return results
                sent.append(True)
                said = self._send(list(sending.values()))
        except Unsettled as unsettled:
            return self._look_at_all(results, sending, unsettled, started)
        except OutcomeUnknown as error:
            return [untraced(error) if place in sending else result for place, result in enumerate(results)]
        except StoreError:
            return None
        self._tell(results, sending, said)
        return results

    def _compare_all(
        self, writes: Sequence[Replace | Delete | ChangeExpiry], results: list[Written]
    ) -> dict[int, _Sending]:
        """Return by their places those that are still as they were read; say in `results` what is wrong with the others."""
        from bson.raw_bson import RawBSONDocument

        name = self._changes.names.identifier
        query = {name: {"$in": [self._changes.query(write.base.ref)[name] for write in writes]}}
        documents: dict[bytes, Any] = {}
        for document in self._link.collection().find(query, show_record_id=True, batch_size=len(writes) + 1):
            # The first one, as a single read takes it, where a field other than _id is not unique.
            documents.setdefault(key_of(document[name]), document)
        sending: dict[int, _Sending] = {}
        for place, write in enumerate(writes):
            document = documents.get(write.base.ref.key)
            found = None if document is None else _found(document)
            try:
                self._changes.check(write.base, None if found is None else RawBSONDocument(found.raw))
                update = None if isinstance(write, Delete) else self._changes.update_of(write)
                if found is not None and update == {}:
                    results[place] = self._changes.left(write.base, found.raw)
                elif found is not None:
                    sending[place] = _Sending(write, found, self._changes.filter_of(write.base), update)
            except StoreError as error:
                results[place] = untraced(error)
        return sending

    def _send(self, sending: Sequence[_Sending]) -> Mapping[str, Any]:
        """Write, and return what the server said: how many it matched, and which ones it refused."""
        from pymongo import DeleteOne, UpdateOne
        from pymongo.errors import BulkWriteError, PyMongoError

        requests = [DeleteOne(one.query) if one.update is None else UpdateOne(one.query, one.update) for one in sending]
        try:
            done = self._link.collection().bulk_write(requests, ordered=False)
            return {"nRemoved": done.deleted_count, "nMatched": done.matched_count}
        except BulkWriteError as error:
            return error.details or {}
        except PyMongoError as error:
            if is_open(error):
                raise
            # A server whose time is up, or that shuts down, answers for none of them, though it has written some.
            raise _Ended(self._link.describe(error), is_written=False, is_late=False) from None

    def _look_at_all(
        self, results: list[Written], sending: Mapping[int, _Sending], unsettled: Unsettled, started: float
    ) -> list[Written]:
        told = self._outcome.look_again(
            [
                partial(self._outcome.look_at, sending[place].write, unsettled, started) if place in sending else result
                for place, result in enumerate(results)
            ]
        )
        is_begun = any(not isinstance(told[place], StoreError) for place in sending)
        if is_begun and not isinstance(unsettled, _Ended):
            # The connection broke while the server was at it: it may be at it still.
            told = [
                unknown(is_read=True) if place in sending and isinstance(one, StoreUnreachable) else one
                for place, one in enumerate(told)
            ]
        return told

    # --- what the number proves ---------------------------------------------------------------------------------

    def _tell(self, results: list[Written], sending: Mapping[int, _Sending], said: Mapping[str, Any]) -> None:
        from pymongo.errors import WriteError

        left, places = dict(sending), list(sending)
        for fault in said.get("writeErrors", ()):
            place = places[fault["index"]]
            error = WriteError(fault["errmsg"], fault["code"], fault)
            results[place] = nothing_written(self._link.describe(error))
            del left[place]
        if any(one.update is None for one in left.values()):
            self._tell_deleted(results, left, said["nRemoved"])
        elif left:
            self._tell_updated(results, left, said["nMatched"])
            if said.get("writeConcernErrors"):
                for place in left:
                    record = results[place]
                    if isinstance(record, RawRecord):
                        results[place] = replace(record, note=UNCONFIRMED)

    def _tell_deleted(self, results: list[Written], sending: Mapping[int, _Sending], count: int) -> None:
        if count == len(sending):
            return
        now = self._read_again(sending)
        gone = set()
        for place, one in sending.items():
            there = None if now is None else now.get(key_of(one.found.own))
            if there is None or there.place != one.found.place:
                gone.add(place)
        for place in sending:
            if now is None:
                results[place] = unknown()
            elif place not in gone:
                results[place] = changed()
            elif len(gone) != count:
                results[place] = _whose()

    def _tell_updated(self, results: list[Written], sending: Mapping[int, _Sending], count: int) -> None:
        now = self._read_again(sending)
        others: dict[int, tuple[_Sending, bytes]] = {}
        for place, one in sending.items():
            wanted = self._wanted(one)
            there = (now or {}).get(key_of(one.found.own))
            if there is not None and self._is_left(one.write, there.raw, wanted):
                results[place] = self._changes.left(one.write.base, there.raw)
            else:
                others[place] = one, wanted
        done = len(sending) - len(others)
        for place, (one, wanted) in others.items():
            if count == len(sending):
                # Written, and changed since: like a single write, it tells what it has left, not what came after.
                results[place] = self._changes.left(one.write.base, wanted)
            elif now is None:
                results[place] = unknown()
            elif key_of(one.found.own) not in now:
                results[place] = missing()
            else:
                results[place] = changed() if done >= count else _which()

    def _is_left(self, write: Replace | Delete | ChangeExpiry, raw: bytes, wanted: bytes) -> bool:
        """True where a document is as the write leaves it. A save leaves an expiry to those who touch the session."""
        moved = (
            self._changes.names.moved
            if isinstance(write, Replace)
            else self._changes.names.moved - {self._changes.names.expires}
        )
        try:
            return is_same(raw, wanted, moved)
        except BrokenBson:
            return False

    def _wanted(self, one: _Sending) -> bytes:
        """Return the document as the write leaves it: its fields in their order, and behind them what is new."""
        import bson
        from bson.datetime_ms import DatetimeMS

        fields, write = read_fields(one.found.raw), one.write
        if not isinstance(write, Delete) and write.payload is not None:
            moved = {name.encode() for name in self._changes.names.moved}
            after = {field.name: field for field in read_fields(write.payload) if field.name not in moved}
            kept = [after.pop(field.name, field) for field in fields if field.name in after or field.name in moved]
            fields = [*kept, *after.values()]
        if isinstance(write, ChangeExpiry):
            ends = {} if write.expires_at_ms is None else {self._changes.names.expires: DatetimeMS(write.expires_at_ms)}
            after = {field.name: field for field in read_fields(bson.encode(ends))}
            name = self._changes.names.expires.encode()
            kept = [after.pop(field.name, field) for field in fields if field.name != name or ends]
            fields = [*kept, *after.values()]
        return build_document(field.named(field.name) for field in fields)

    def _read_again(self, sending: Mapping[int, _Sending]) -> dict[bytes, _Found] | None:
        """Return by their `_id` those that are there; None where the server does not answer any more."""
        query = {"_id": {"$in": [one.found.own for one in sending.values()]}}

        def find(collection: Any) -> list[Any]:
            return list(collection.find(query, show_record_id=True, batch_size=len(sending) + 1))

        try:
            with self._link.errors():
                return {key_of(document["_id"]): _found(document) for document in self._link.reading(find)}
        except StoreError:
            return None


class _Ended(Unsettled):
    """The server said that it stopped, not how far it had come: it does no more of it."""


def _size(write: Replace | Delete | ChangeExpiry) -> int:
    return len(write.base.payload) + (0 if isinstance(write, Delete) else len(write.payload or b""))


def _found(document: Any) -> _Found:
    raw, own = bytes(document.raw), document["_id"]
    try:
        *fields, last = read_fields(raw)
    except BrokenBson:
        return _Found(raw, own)
    if last.name != _PLACE:
        return _Found(raw, own)
    return _Found(build_document(field.named(field.name) for field in fields), own, last.value)


def _whose() -> OutcomeUnknown:
    return OutcomeUnknown(
        "The application deleted sessions at the same moment, and MongoDB tells how many were deleted here, not which: "
        "this one may have been deleted by the application.",
        "Refresh to see whether it's there.",
    )


def _which() -> OutcomeUnknown:
    return OutcomeUnknown(
        "The application changed sessions at the same moment, and MongoDB tells how many were written here, not which: "
        "this one may have been written before the application wrote it.",
        "Refresh and check the session.",
    )
