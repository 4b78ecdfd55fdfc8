"""Writing to MongoDB with an outcome that is true: written, not written, or not known; knows no session format.

A write compares the whole document's own bytes, but for what a touch moves: in a transaction where the deployment has them,
so that nothing can come between; elsewhere right before, and by an `$eq` filter on each field in the write itself. The filter does not
see a number that changed its type alone, or null that became nothing, in the instant between the two.

When the connection breaks, the server is told to forget the transaction, if it has not committed it, and the document is read
again: then it is certain what is true. Without transactions a server that is only slow leaves it open.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, RawRecord, RecordRef, Replace
from store_adapters.errors import (
    Interrupted,
    OutcomeUnknown,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreRefused,
)
from store_adapters.mongo.bson_bytes import BrokenBson, build_document, read_fields
from store_adapters.mongo.diff import MOVED_BY_TOUCH, NameTwice, build_filter, build_update, is_same
from store_adapters.mongo.document import date_ms
from store_adapters.mongo.forget import FORGET_S, forget
from store_adapters.mongo.keys import key_of
from store_adapters.mongo.link import MongoLink, begin, is_late, is_open, is_unconfirmed
from store_adapters.mongo.outcomes import (
    CHECKED,
    UNCONFIRMED,
    Unsettled,
    as_it_was,
    changed,
    missing,
    nothing_written,
    unknown,
)
from store_adapters.options import Limits

_LOOK_S = 0.5  # for a last look, when a hung server has used up the time already
_LOCKED = 24  # an index is being built, and the server waits 5 ms for its lock
_NO_TRANSACTIONS = (20, 263)


@dataclass(frozen=True, slots=True)
class Names:
    """What this application calls the fields: the session ID's, the expiry's, and all that a touch moves."""

    identifier: str
    expires: str
    moved: frozenset[str]


_Write = Callable[[Any, dict[str, Any], Any], bool]
"""`write(collection, query, session)`: True when a document matched the query."""


class MongoWriter:
    """Writes over a link; `read` and `query` are the store's own."""

    def __init__(
        self,
        link: MongoLink,
        limits: Limits,
        names: Names,
        read: Callable[[RecordRef], RawRecord],
        query: Callable[[RecordRef], dict[str, Any]],
    ) -> None:
        self._link = link
        self._limits = limits
        self._names = names
        self._read = read
        self._query = query
        self.has_transactions = False
        self._is_settled = False

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        import pymongo
        from bson.raw_bson import RawBSONDocument

        written = self._new_record(ref, payload, expires_at_ms)
        started = time.monotonic()
        try:
            with self._sending() as sent, pymongo.timeout(self._limits.call_s):
                collection = self._link.collection()
                sent.append(True)
                collection.insert_one(RawBSONDocument(written.payload))
        except Unsettled as unsettled:
            return self._after_break(written, unsettled, started, lambda now: now.payload == written.payload, None)
        return written

    def _new_record(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        """Return a document of its own for what is to be created."""
        import bson

        fields = self._query(ref)
        if expires_at_ms is not None:
            fields[self._names.expires] = _date(expires_at_ms)
        if "_id" not in fields:
            fields = {"_id": bson.ObjectId(), **fields}
        own = {name.encode() for name in ("_id", "expires", self._names.identifier, self._names.expires)}
        try:
            rest = [field.named(field.name) for field in read_fields(payload) if field.name not in own]
        except BrokenBson:
            raise RecordUnreadable("The document is no valid BSON; nothing was written.") from None
        head = [field.named(field.name) for field in read_fields(bson.encode(fields))]
        stored = payload if self._is_whole(payload, ref, expires_at_ms) else build_document(head + rest)
        return RawRecord(ref, stored, expires_at_ms, now_ms())

    def _is_whole(self, payload: bytes, ref: RecordRef, expires_at_ms: int | None) -> bool:
        """True for the record's own document, brought back or imported: its bytes are stored as they are."""
        from bson.errors import InvalidBSON
        from bson.raw_bson import RawBSONDocument

        try:
            document = RawBSONDocument(payload)
            own = document.get("_id") if self._names.identifier == "_id" else None
            ends = date_ms(document.get(self._names.expires))
        except InvalidBSON:
            return False
        return own is not None and key_of(own) == ref.key and ends == expires_at_ms

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        update = self._build_update(base.payload, payload)
        if not update:
            return self._read(base.ref)
        return self._update(base, update, lambda now: is_same(now.payload, payload, self._names.moved))

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        if expires_at_ms is not None and expires_at_ms <= now_ms() + self.clock_ahead_ms():
            raise StoreRefused(
                "That time is in the past on the server's clock: MongoDB would delete the session.",
                "Delete it if that is meant.",
            )
        wanted = ChangeExpiry(base, expires_at_ms, payload)
        return self._update(base, self._update_of(wanted), partial(self._has_expiry, wanted))

    def _has_expiry(self, write: ChangeExpiry, now: RawRecord) -> bool:
        """True where a document is as the write leaves it, as far as that tells it from others."""
        if now.expires_at_ms != write.expires_at_ms:
            return False
        return write.payload is None or is_same(now.payload, write.payload, self._names.moved)

    def _update_of(self, write: Replace | ChangeExpiry) -> dict[str, Any]:
        """Return the operators of a write; none where it changes nothing. `StoreRefused`, `RecordUnreadable`."""
        if isinstance(write, Replace):
            return self._build_update(write.base.payload, write.payload)
        update: dict[str, Any] = {}
        if write.payload is not None:
            update = self._build_update(write.base.payload, write.payload, kept=self._names.moved)
        name, ends = self._names.expires, write.expires_at_ms
        operator, value = ("$unset", "") if ends is None else ("$set", _date(ends))
        return update | {operator: _with_field(update.get(operator), name, value)}

    def _update(self, base: RawRecord, update: dict[str, Any], is_there: Callable[[RawRecord], bool]) -> RawRecord:
        """Update if the document is still `base`; return it as this very write has left it. `is_there` tells it from others."""
        from pymongo import ReturnDocument

        found: list[bytes] = []

        def write(collection: Any, query: dict[str, Any], session: Any) -> bool:
            after = collection.find_one_and_update(query, update, return_document=ReturnDocument.AFTER, session=session)
            found[:] = [] if after is None else [bytes(after.raw)]
            return after is not None

        started = time.monotonic()
        try:
            self._compare_and(base, write)
        except Unsettled as unsettled:
            return self._after_break(base, unsettled, started, is_there, base)
        return self._left(base, found[0])

    def delete(self, base: RawRecord) -> None:
        started = time.monotonic()
        try:
            self._compare_and(
                base,
                lambda collection, query, session: bool(collection.delete_one(query, session=session).deleted_count),
            )
        except Unsettled as unsettled:
            with contextlib.suppress(RecordMissing):
                self._after_break(base, unsettled, started, lambda _now: False, base)

    def clock_ahead_ms(self) -> int:
        """Return how far the server's clock is ahead of this machine's: its clock is the one that deletes."""
        with self._link.errors():
            hello = self._link.client.admin.command("hello")
        return (date_ms(hello["localTime"]) or 0) - now_ms()

    # --- how ----------------------------------------------------------------------------------------------------

    def _build_update(self, old: bytes, new: bytes, kept: frozenset[str] | None = None) -> dict[str, Any]:
        from bson.errors import InvalidBSON
        from bson.raw_bson import RawBSONDocument

        try:
            # The newer time of a touch is kept.
            kept = MOVED_BY_TOUCH - {self._names.expires} if kept is None else kept
            update = build_update(RawBSONDocument(old), RawBSONDocument(new), kept)
            own = ("_id", self._names.identifier, *self._names.moved)
            if any(name in fields for fields in update.values() for name in own):
                raise StoreRefused("A save changes the session only; _id and the expiry have commands of their own.")
        except (BrokenBson, InvalidBSON):
            raise RecordUnreadable("The document is no valid BSON; nothing was written.") from None
        except NameTwice:
            raise RecordUnreadable(
                "The document has a field twice, which MongoDB cannot change by name; nothing was written."
            ) from None
        return update

    def _compare_and(self, base: RawRecord, write: _Write) -> None:
        """Write if the document is still `base`. `RecordChanged`, `RecordMissing`, `Unsettled`."""
        import pymongo

        if self.has_transactions and self._in_transaction(base, write):
            return
        query = self._filter(base)
        with self._sending() as sent:
            collection = self._link.collection()
            with pymongo.timeout(self._limits.call_s):
                self._check(base, collection.find_one(self._query(base.ref)))
                sent.append(True)
                is_written = write(collection, query, None)
        if not is_written:
            self._read(base.ref)
            raise changed()

    def _filter(self, base: RawRecord) -> dict[str, Any]:
        """Return what matches the document as long as it is still `base`. `RecordUnreadable`."""
        own = self._query(base.ref)
        try:
            return own | build_filter(base.payload, self._names.moved | set(own))
        except BrokenBson:
            raise RecordUnreadable("The document is no valid BSON; nothing was written.") from None

    def _in_transaction(self, base: RawRecord, write: _Write, attempts: int = 3) -> bool:
        """Compare and write in one transaction; False where the server has none after all."""
        import pymongo
        from pymongo.errors import OperationFailure, PyMongoError

        self._is_settled = False
        with self._sending() as sent:
            query = self._query(base.ref)
            collection = self._link.collection()
            with self._link.client.start_session() as session:
                begin(session)
                try:
                    with pymongo.timeout(self._limits.call_s):
                        self._check(base, collection.find_one(query, session=session))
                        write(collection, query, session)
                        sent.append(True)
                        session.commit_transaction()
                except PyMongoError as error:
                    if isinstance(error, OperationFailure) and error.code in _NO_TRANSACTIONS:
                        return False
                    if isinstance(error, OperationFailure) and error.code == _LOCKED and attempts > 1 and not sent:
                        self._forget(session, error)
                        return self._in_transaction(base, write, attempts - 1)
                    if not is_unconfirmed(error):
                        self._forget(session, error)
                    raise
        return True

    def _forget(self, session: Any, error: Exception) -> None:
        self._is_settled = forget(session, _LOOK_S if is_late(error) else FORGET_S)

    def _check(self, base: RawRecord, now: Any) -> None:
        if now is None:
            raise missing()
        try:
            if not is_same(bytes(now.raw), base.payload, self._names.moved):
                raise changed()
        except BrokenBson:
            raise RecordUnreadable("The document is no valid BSON; nothing was written.") from None

    @contextlib.contextmanager
    def _sending(self) -> Iterator[list[bool]]:
        """Run a write within the time limit. What it yields is not empty once the server may have carried it out: then what
        breaks is `Unsettled`, before that it says that nothing was written."""
        import pymongo
        from bson.errors import BSONError
        from pymongo.errors import PyMongoError

        sent: list[bool] = []
        try:
            with pymongo.timeout(self._limits.call_s + FORGET_S):
                yield sent
        except (PyMongoError, BSONError) as error:
            described = self._link.describe(error)
            if not (sent and is_open(error)):
                raise nothing_written(described) from None
            if isinstance(described, Interrupted):
                raise OutcomeUnknown(
                    "It was stopped while saving, so it is not known whether it was saved.",
                    "Refresh and look at the session.",
                ) from None
            raise Unsettled(described, is_written=is_unconfirmed(error), is_late=is_late(error)) from None

    def _after_break(
        self,
        written: RawRecord,
        unsettled: Unsettled,
        started: float,
        is_there: Callable[[RawRecord], bool],
        base: RawRecord | None,
    ) -> RawRecord:
        """Look again and return the record as it is written; whatever else is true is raised. `base`: what it was before."""
        import pymongo

        left_s = max(_LOOK_S, self._limits.call_s + _LOOK_S - (time.monotonic() - started))
        try:
            with pymongo.timeout(left_s):
                now = self._read(written.ref)
        except RecordMissing:
            if base is not None:
                raise
            raise (unknown(is_read=True) if unsettled.is_late else as_it_was(unsettled.error)) from None
        except StoreError:
            raise unknown() from None
        if is_there(now):
            return replace(now, note=UNCONFIRMED if unsettled.is_written else CHECKED)
        is_old = base is not None and is_same(now.payload, base.payload, self._names.moved)
        # A server that is only slow may still carry it out, as long as it was not told to forget it.
        if is_old and (self._is_settled if self.has_transactions else not unsettled.is_late):
            raise as_it_was(unsettled.error) from None
        raise unknown(is_read=True) from None

    def _left(self, base: RawRecord, payload: bytes) -> RawRecord:
        """Return the record as a write has left it."""
        return self._described(replace(base, payload=payload, read_at_ms=now_ms(), note=""))

    def _described(self, record: RawRecord) -> RawRecord:
        from bson.errors import InvalidBSON
        from bson.raw_bson import RawBSONDocument

        document = RawBSONDocument(record.payload)
        try:
            expires, changed = document.get(self._names.expires), document.get("lastModified")
        except InvalidBSON:  # a field that no edit touched
            return record
        return replace(record, expires_at_ms=date_ms(expires), changed_at_ms=date_ms(changed))


def _with_field(fields: Any, name: str, value: Any) -> Any:
    """Return the fields of an operator with one more."""
    import bson
    from bson.raw_bson import RawBSONDocument

    if fields is None:
        return {name: value}
    both = [*read_fields(fields.raw), *read_fields(bson.encode({name: value}))]
    return RawBSONDocument(build_document(field.named(field.name) for field in both))


def _date(epoch_ms: int) -> Any:
    from bson.datetime_ms import DatetimeMS

    return DatetimeMS(epoch_ms)
