"""Sessions in a MongoDB collection, as connect-mongo keeps them: a document each; knows no codec.

Format: `{_id: <session ID>, expires: Date, session: <text | document>[, lastModified: Date]}`. The payload is the whole
document's own BSON. A write compares all of it (but for what a touch moves), in a transaction where the deployment has
them, and `$set`s only what differs. Options name what an application has changed: `prefix` (a transformId that puts one
before the session ID), `idField` and `expiresKey` (connect-mongodb-session).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

from store_adapters.address import format_address
from store_adapters.clock import now_ms
from store_adapters.command_words import mongo_preview
from store_adapters.contract import (
    Act,
    Batch,
    CancelToken,
    Capabilities,
    Change,
    ChangeKind,
    Count,
    PlannedWrite,
    RawRecord,
    RecordRef,
    StoreInfo,
)
from store_adapters.errors import (
    BadStoreAddress,
    OutcomeUnknown,
    RecordChanged,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.mongo_diff import MOVED_BY_TOUCH, build_update, is_same
from store_adapters.mongo_document import DocumentReader, date_ms
from store_adapters.mongo_keys import id_of, key_of
from store_adapters.mongo_link import MongoLink
from store_adapters.mongo_listing import MongoListing
from store_adapters.mongo_many import read_documents
from store_adapters.one_by_one import OneByOne
from store_adapters.options import Limits, StoreAddress
from store_adapters.polling import poll_changes

_BATCH = 500
_WATCH_MS = 500
_KINDS = {
    "delete": ChangeKind.REMOVED, "insert": ChangeKind.WRITTEN, "update": ChangeKind.WRITTEN, "replace": ChangeKind.WRITTEN,
}  # fmt: skip


class MongoStore(OneByOne):
    """One collection of session documents."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address = address
        self._limits = limits
        self._link = MongoLink(address, limits)
        self._watch_link = MongoLink(address, limits)
        self._list_link = MongoLink(address, limits, is_for_listing=True)
        self._poll_link = MongoLink(address, limits, is_for_listing=True)
        self._links = (self._link, self._watch_link, self._list_link, self._poll_link)
        self._has_transactions = False
        self._prefix = address.options.get("prefix", "")
        self._id_field = address.options.get("idField", "") or "_id"
        self._expires_field = address.options.get("expiresKey", "") or "expires"
        self._moved = MOVED_BY_TOUCH | {self._expires_field}
        self._reader = DocumentReader(self._id_field, self._expires_field)

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits) -> MongoStore:
        store = cls(address, limits)
        with store._link.errors():
            hello = store._link.client.admin.command("hello")
            store._link.collection().find_one({}, {"_id": 1})
        store._has_transactions = "setName" in hello or hello.get("msg") == "isdbgrid"
        return store

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("mongo")

    @property
    def label(self) -> str:
        return format_address(self._address)

    # --- reading ------------------------------------------------------------------------------------------------

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        yield from self._list(self._list_link, cancel)

    def _list(self, link: MongoLink, cancel: CancelToken) -> Iterator[Batch]:
        with link.errors():
            collection = link.collection()
            listing = MongoListing(collection, self._reader, self._limits)
            yield from listing.batches(self._all(), self._total(collection), cancel)

    def _all(self) -> dict[str, Any]:
        return {self._id_field: {"$regex": "^" + re.escape(self._prefix)}} if self._prefix else {}

    def _total(self, collection: Any) -> int | None:
        return None if self._prefix else int(collection.estimated_document_count())

    def _query(self, ref: RecordRef) -> dict[str, Any]:
        return {self._id_field: id_of(ref.key)}

    def _record(self, document: Any, ref: RecordRef) -> RawRecord:
        from bson.errors import InvalidBSON

        try:
            _key, expires, changed = self._reader.facts_of(document)
        except (InvalidBSON, KeyError):
            raise RecordUnreadable("The document is no valid BSON.") from None
        # The driver gives a view of its buffer where it unpacked a compressed answer.
        return RawRecord(ref, bytes(document.raw), expires, now_ms(), changed)

    def read(self, ref: RecordRef) -> RawRecord:
        with self._link.errors():
            document = self._link.collection().find_one(self._query(ref))
        if document is None:
            raise _missing()
        return self._record(document, ref)

    def read_many(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        return read_documents(self._link, self._id_field, refs, self._record)

    # --- writing ------------------------------------------------------------------------------------------------

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        import bson
        from bson.raw_bson import RawBSONDocument

        document = RawBSONDocument(payload)
        if self._is_whole(document, ref, expires_at_ms):
            with self._link.errors():
                self._link.collection().insert_one(document)
            return self.read(ref)
        fields = self._query(ref)
        if expires_at_ms is not None:
            fields[self._expires_field] = _date(expires_at_ms)
        own = ("_id", "expires", self._id_field, self._expires_field)
        fields.update({name: document[name] for name in document if name not in own})
        with self._link.errors():
            self._link.collection().insert_one(RawBSONDocument(bson.encode(fields)))
        return self.read(ref)

    def _is_whole(self, document: Any, ref: RecordRef, expires_at_ms: int | None) -> bool:
        """True for the record's own document, brought back or imported: its bytes are stored as they are."""
        own = document.get("_id") if self._id_field == "_id" else None
        ends = date_ms(document.get(self._expires_field))
        return own is not None and key_of(own) == ref.key and ends == expires_at_ms

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        from bson.raw_bson import RawBSONDocument

        old, new = RawBSONDocument(base.payload), RawBSONDocument(payload)
        # The newer time of a touch is kept.
        update = build_update(old, new, MOVED_BY_TOUCH - {self._expires_field})
        if any(name in fields for fields in update.values() for name in ("_id", self._id_field, *self._moved)):
            raise StoreRefused("A save changes the session only; _id and the expiry have commands of their own.")
        if not update:
            return self.read(base.ref)
        try:
            self._write(
                base, old, lambda collection, query, session: collection.update_one(query, update, session=session)
            )
        except StoreUnreachable as error:
            return self._after_break(base, new, error)
        return self.read(base.ref)

    def delete(self, base: RawRecord) -> None:
        from bson.raw_bson import RawBSONDocument

        try:
            self._write(
                base,
                RawBSONDocument(base.payload),
                lambda collection, query, session: collection.delete_one(query, session=session),
            )
        except StoreUnreachable as error:
            try:
                self.read(base.ref)
            except RecordMissing:
                return
            except StoreError:
                raise _unknown() from None
            raise error

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None) -> RawRecord:
        from bson.raw_bson import RawBSONDocument

        if expires_at_ms is not None and expires_at_ms <= now_ms():
            raise StoreRefused(
                "That time is in the past: MongoDB would delete the session.", "Delete it if that is meant."
            )
        update: dict[str, Any] = {"$unset": {self._expires_field: ""}}
        if expires_at_ms is not None:
            update = {"$set": {self._expires_field: _date(expires_at_ms)}}
        self._write(
            base,
            RawBSONDocument(base.payload),
            lambda collection, query, session: collection.update_one(query, update, session=session),
        )
        return self.read(base.ref)

    def _write(self, base: RawRecord, old: Any, write: Any) -> None:
        """Run `write(collection, query, session)` if the document is still `old`."""
        with self._link.errors():
            collection = self._link.collection()
            query = self._query(base.ref)
            if not self._has_transactions:
                # `$eq` so that a stored `{"$gt": …}` is compared and not executed.
                query |= {name: {"$eq": old[name]} for name in old if name not in query and name not in self._moved}
                result = write(collection, query, None)
                if _touched(result) == 0:
                    self._say_why(base)
                return
            with self._link.client.start_session() as session, session.start_transaction():
                now = collection.find_one(query, session=session)
                if now is None:
                    raise _missing()
                if not is_same(now, old, self._moved):
                    raise _changed()
                write(collection, query, session)

    def _say_why(self, base: RawRecord) -> None:
        self.read(base.ref)
        raise _changed()

    def _after_break(self, base: RawRecord, new: Any, error: StoreUnreachable) -> RawRecord:
        from bson.raw_bson import RawBSONDocument

        try:
            now = self.read(base.ref)
        except RecordMissing:
            raise
        except StoreError:
            raise _unknown() from None
        document = RawBSONDocument(now.payload)
        if is_same(document, new, self._moved):
            return now
        raise error if is_same(document, RawBSONDocument(base.payload), self._moved) else _changed() from None

    def preview(self, write: PlannedWrite) -> tuple[str, ...]:
        from bson.raw_bson import RawBSONDocument

        update = None
        if write.act is Act.REPLACE and write.base is not None and write.payload is not None:
            update = build_update(RawBSONDocument(write.base.payload), RawBSONDocument(write.payload))
        names = (self._id_field, self._expires_field)
        return mongo_preview(write, update, names, has_transactions=self._has_transactions)

    # --- the rest -----------------------------------------------------------------------------------------------

    def count(self) -> Count:
        with self._link.errors():
            collection = self._link.collection()
            if self._prefix:
                return Count(int(collection.count_documents(self._all())), True)
            return Count(int(collection.estimated_document_count()), True)

    def info(self) -> StoreInfo:
        with self._link.errors():
            started = time.perf_counter()
            hello = self._link.client.admin.command("hello")
            round_trip_ms = (time.perf_counter() - started) * 1000
            version = self._link.client.server_info().get("version", "")
            details = [
                ("Database", self._link.database().name),
                ("Collection", self._address.options.get("collection", "sessions")),
                ("Deployment", f"replica set {hello['setName']}" if "setName" in hello else "standalone"),
                ("Transactions", "yes" if self._has_transactions else "no: writes compare by filter"),
                ("TTL index", self._ttl_index()),
            ]
        method = "change stream" if self._has_transactions else f"polling every {self._limits.poll_s:g} s"
        return StoreInfo("MongoDB", version, self.label, tuple(details), method, round_trip_ms)

    def _ttl_index(self) -> str:
        for name, index in self._link.collection().index_information().items():
            if "expireAfterSeconds" in index:
                return f"{name}, expireAfterSeconds {index['expireAfterSeconds']}"
        return "none: MongoDB does not remove expired sessions"

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        if not self._has_transactions:
            yield from poll_changes(lambda token: self._list(self._poll_link, token), cancel, self._limits.poll_s)
            return
        with self._watch_link.errors():
            collection = self._watch_link.collection()
            with collection.watch(max_await_time_ms=_WATCH_MS) as stream:
                yield ()
                while not cancel.is_cancelled:
                    found: list[Change | None] = []
                    event = stream.try_next()
                    while event is not None and len(found) < _BATCH:
                        found.append(self._change(event))
                        event = stream.try_next() if stream.alive and len(found) < 50 else None
                    yield tuple(change for change in found if change is not None)

    def _change(self, event: Any) -> Change | None:
        kind = _KINDS.get(event["operationType"])
        if kind is None or "documentKey" not in event or self._id_field != "_id":
            # A deletion tells the _id only: where that is not the session's, the list is read again.
            return Change(ChangeKind.RESET, b"", now_ms())
        if kind is ChangeKind.WRITTEN and event["operationType"] == "update":
            changed = set(event["updateDescription"]["updatedFields"])
            if changed and changed <= self._moved:
                kind = ChangeKind.TOUCHED
        key = key_of(event["documentKey"]["_id"])
        if not key.startswith(self._prefix.encode()):
            return None
        return Change(kind, key, now_ms())

    def ref_for(self, session_id: str) -> RecordRef:
        try:
            key = (self._prefix + session_id).encode("utf-8") if session_id else b""
        except UnicodeEncodeError:
            key = b""
        if not key or key.startswith(b"\0"):
            raise BadStoreAddress("This session ID cannot be an _id in MongoDB.", "Check what was pasted.")
        return RecordRef(self._container, key)

    def session_id_of(self, key: bytes) -> str:
        if not key.startswith(b"\0"):
            return key.decode("utf-8", "surrogateescape").removeprefix(self._prefix)
        return str(id_of(key))

    def interrupt(self) -> None:
        for link in self._links:
            link.interrupt()

    def close(self) -> None:
        for link in self._links:
            link.close()

    @property
    def _container(self) -> str:
        return f"{self._address.path or 'test'}.{self._address.options.get('collection', 'sessions')}"


def _date(epoch_ms: int) -> Any:
    from bson.datetime_ms import DatetimeMS

    return DatetimeMS(epoch_ms)


def _touched(result: Any) -> int:
    return int(getattr(result, "matched_count", getattr(result, "deleted_count", 0)))


def _missing() -> RecordMissing:
    return RecordMissing(
        "There is no such document in MongoDB.", "The session was logged out, expired, or is elsewhere."
    )


def _changed() -> RecordChanged:
    return RecordChanged("The session was changed since it was read; nothing was written.", "Read it again.")


def _unknown() -> OutcomeUnknown:
    return OutcomeUnknown(
        "The connection broke while saving, and the server cannot be asked whether it was saved.",
        "When it answers again, refresh and look at the session.",
    )
