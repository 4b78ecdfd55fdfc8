"""Writing one record to MongoDB with an outcome that is true: written, not written, or not known.

A write compares in a transaction where the deployment has them, so that nothing can come between; elsewhere right before, and by an
`$eq` filter on each field in the write itself. The filter does not see a number that changed its type alone, or null that became
nothing, in the instant between the two.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Delete, RawRecord, RecordRef, Replace
from store_adapters.errors import StoreRefused
from store_adapters.mongo.changes import DocumentChanges
from store_adapters.mongo.document import date_ms
from store_adapters.mongo.link import MongoLink, begin, is_unconfirmed
from store_adapters.mongo.outcome import OutcomeChecker
from store_adapters.mongo.write_errors import Unsettled, changed
from store_adapters.options import Limits

_LOCKED = 24  # an index is being built, and the server waits 5 ms for its lock
_NO_TRANSACTIONS = (20, 263)
_Write = Callable[[Any, dict[str, Any], Any], bool]
"""`write(collection, query, session)`: True when a document matched the query."""


class MongoWriter:
    """Writes over a link; `read` is the store's own."""

    def __init__(
        self,
        link: MongoLink,
        limits: Limits,
        changes: DocumentChanges,
        outcome: OutcomeChecker,
        read: Callable[[RecordRef], RawRecord],
    ) -> None:
        self._link = link
        self._limits = limits
        self._changes = changes
        self._outcome = outcome
        self._read = read

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        import pymongo
        from bson.raw_bson import RawBSONDocument

        written = self._changes.new_record(ref, payload, expires_at_ms)
        started = time.monotonic()
        try:
            with self._outcome.sending() as sent, pymongo.timeout(self._limits.call_s):
                collection = self._link.collection()
                sent.append(True)
                collection.insert_one(RawBSONDocument(written.payload))
        except Unsettled as unsettled:
            return self._outcome.after_break(
                written, unsettled, started, lambda now: now.payload == written.payload, None
            )
        return written

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        wanted = Replace(base, payload)
        update = self._changes.update_of(wanted)
        return self._update(wanted, update) if update else self._read(base.ref)

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        if expires_at_ms is not None and expires_at_ms <= now_ms() + self.clock_ahead_ms():
            raise StoreRefused(
                "That time is in the past on the server's clock: MongoDB would delete the session.",
                "Delete it instead if that's what you mean.",
            )
        wanted = ChangeExpiry(base, expires_at_ms, payload)
        return self._update(wanted, self._changes.update_of(wanted))

    def _update(self, wanted: Replace | ChangeExpiry, update: dict[str, Any]) -> RawRecord:
        """Update if the document is still the write's base; return it as this very write has left it."""
        from pymongo import ReturnDocument

        base, found = wanted.base, list[bytes]()

        def write(collection: Any, query: dict[str, Any], session: Any) -> bool:
            after = collection.find_one_and_update(query, update, return_document=ReturnDocument.AFTER, session=session)
            found[:] = [] if after is None else [bytes(after.raw)]
            return after is not None

        started = time.monotonic()
        try:
            self._compare_and(base, write)
        except Unsettled as unsettled:
            is_there = partial(self._changes.is_done, wanted)
            return self._outcome.after_break(base, unsettled, started, is_there, base)
        return self._changes.left(base, found[0])

    def delete(self, base: RawRecord) -> None:
        started = time.monotonic()
        try:
            self._compare_and(
                base,
                lambda collection, query, session: bool(collection.delete_one(query, session=session).deleted_count),
            )
        except Unsettled as unsettled:
            self._outcome.look_at(Delete(base), unsettled, started)

    def clock_ahead_ms(self) -> int:
        """Return how far the server's clock is ahead of this machine's: its clock is the one that deletes."""
        with self._link.errors():
            hello = self._link.client.admin.command("hello")
        return (date_ms(hello["localTime"]) or 0) - now_ms()

    def _compare_and(self, base: RawRecord, write: _Write) -> None:
        """Write if the document is still `base`. `RecordChanged`, `RecordMissing`, `Unsettled`."""
        import pymongo

        if self._outcome.has_transactions and self._in_transaction(base, write):
            return
        query = self._changes.filter_of(base)
        with self._outcome.sending() as sent:
            collection = self._link.collection()
            with pymongo.timeout(self._limits.call_s):
                self._changes.check(base, collection.find_one(self._changes.query(base.ref)))
                sent.append(True)
                is_written = write(collection, query, None)
        if not is_written:
            self._read(base.ref)
            raise changed()

    def _in_transaction(self, base: RawRecord, write: _Write, attempts: int = 3) -> bool:
        """Compare and write in one transaction; False where the server has none after all."""
        import pymongo
        from pymongo.errors import OperationFailure, PyMongoError

        self._outcome.expect_transaction()
        with self._outcome.sending() as sent:
            query = self._changes.query(base.ref)
            collection = self._link.collection()
            with self._link.client.start_session() as session:
                begin(session)
                try:
                    with pymongo.timeout(self._limits.call_s):
                        self._changes.check(base, collection.find_one(query, session=session))
                        write(collection, query, session)
                        sent.append(True)
                        session.commit_transaction()
                except PyMongoError as error:
                    if isinstance(error, OperationFailure) and error.code in _NO_TRANSACTIONS:
                        return False
                    if isinstance(error, OperationFailure) and error.code == _LOCKED and attempts > 1 and not sent:
                        self._outcome.abort(session, error)
                        return self._in_transaction(base, write, attempts - 1)
                    if not is_unconfirmed(error):
                        self._outcome.abort(session, error)
                    raise
        return True
