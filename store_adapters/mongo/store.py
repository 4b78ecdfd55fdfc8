"""Sessions in a MongoDB collection, as connect-mongo keeps them: a document each.

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
    Batch,
    CancelToken,
    Capabilities,
    Change,
    ChangeKind,
    Count,
    Operation,
    PlannedWrite,
    RawRecord,
    RecordRef,
    ServerFacts,
    StoreInfo,
    Write,
    Written,
)
from store_adapters.errors import (
    BadStoreAddress,
    Interrupted,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreUnreachable,
)
from store_adapters.known_kinds import unused_options
from store_adapters.mongo.batches import MongoBatches, by_kind
from store_adapters.mongo.bson_bytes import id_of, key_of
from store_adapters.mongo.changes import DocumentChanges, Names
from store_adapters.mongo.diff import MOVED_BY_TOUCH, build_update
from store_adapters.mongo.document import DocumentReader, hidden_by_expires
from store_adapters.mongo.glances import MongoGlances
from store_adapters.mongo.kind import MONGO
from store_adapters.mongo.link import MongoLink
from store_adapters.mongo.listing import MongoListing
from store_adapters.mongo.many import read_documents
from store_adapters.mongo.outcome import OutcomeChecker
from store_adapters.mongo.server_facts import server_facts
from store_adapters.mongo.transaction_batch import MOST
from store_adapters.mongo.writer import MongoWriter
from store_adapters.one_by_one import SequentialBatch
from store_adapters.options import Limits, StoreAddress
from store_adapters.polling import describe_polling, poll_changes

_BATCH = 500
_WATCH_MS = 500
_CLOCK_SLACK_MS = 2000
_KINDS = {
    "delete": ChangeKind.REMOVED, "insert": ChangeKind.WRITTEN, "update": ChangeKind.WRITTEN, "replace": ChangeKind.WRITTEN,
}  # fmt: skip


class MongoStore(SequentialBatch):
    """One collection of session documents."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address = address
        self._limits = limits
        self._link = MongoLink(address, limits)
        self._watch_link = MongoLink(address, limits)
        self._list_link = MongoLink(address, limits, is_for_listing=True)
        self._poll_link = MongoLink(address, limits, is_for_listing=True)
        self._links = (self._link, self._watch_link, self._list_link, self._poll_link)
        self._refusal = ""
        self._prefix = address.options.get("prefix", "")
        self._id_field = address.options.get("idField", "") or "_id"
        self._expires_field = address.options.get("expiresKey", "") or "expires"
        # Only connect-mongodb-session has these options, and it treats an expiry that isn't a date as none.
        self._is_mongodb_session = (self._id_field, self._expires_field) != ("_id", "expires")
        self._moved = MOVED_BY_TOUCH | {self._expires_field}
        self._reader = DocumentReader(self._id_field, self._expires_field)
        names = Names(self._id_field, self._expires_field, self._moved)
        changes = DocumentChanges(names, self._query)
        self._outcome = OutcomeChecker(self._link, limits, changes, self.read)
        self._writer = MongoWriter(self._link, limits, changes, self._outcome, self.read)
        self._batches = MongoBatches(self._link, limits, changes, self._outcome, self._writer.clock_ahead_ms)

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, read_only: bool = False) -> MongoStore:
        store = cls(address, limits)
        try:
            with store._link.errors():
                hello = store._link.client.admin.command("hello")
                store._link.collection().find_one({}, {"_id": 1})
        except BaseException:
            store.close()
            raise
        if not (hello.get("isWritablePrimary") or hello.get("ismaster")):
            store._refusal = "This server is not the primary and takes no writes. Connect to the replica set."
        store._outcome.has_transactions = "setName" in hello or hello.get("msg") == "isdbgrid"
        return store

    @property
    def capabilities(self) -> Capabilities:
        return MONGO.capabilities(write_refusal=self._refusal)

    @property
    def label(self) -> str:
        return format_address(self._address)

    # --- reading ------------------------------------------------------------------------------------------------

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        yield from self._list(self._list_link, cancel)

    def _list(self, link: MongoLink, cancel: CancelToken) -> Iterator[Batch]:
        with link.errors():
            total = link.reading(self._total)
            listing = MongoListing(link.collection(), self._reader, self._limits)
            yield from listing.batches(self._all(), total, cancel)

    def _all(self) -> dict[str, Any]:
        return {self._id_field: {"$regex": "^" + re.escape(self._prefix)}} if self._prefix else {}

    def _total(self, collection: Any) -> int | None:
        """Return how many there are, where that costs nothing; asks the server in any case, which wakes the connection."""
        if self._prefix:
            collection.database.client.admin.command("ping")
            return None
        return int(collection.estimated_document_count())

    def _query(self, ref: RecordRef) -> dict[str, Any]:
        return {self._id_field: id_of(ref.key)}

    def _record(self, document: Any, ref: RecordRef) -> RawRecord:
        from bson.errors import InvalidBSON

        try:
            _key, expires, changed = self._reader.facts_of(document)
        except (InvalidBSON, KeyError):
            raise RecordUnreadable("The document isn't valid BSON.") from None
        hidden_by = "" if self._is_mongodb_session else hidden_by_expires(document)
        # The driver gives a view of its buffer where the document is large (4,096 bytes).
        return RawRecord(ref, bytes(document.raw), expires, now_ms(), changed, hidden_by=hidden_by)

    def read(self, ref: RecordRef) -> RawRecord:
        with self._link.errors():
            document = self._link.reading(lambda collection: collection.find_one(self._query(ref)))
        if document is None:
            raise _missing()
        return self._record(document, ref)

    def read_many(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        return read_documents(self._link, self._id_field, refs, self._record)

    # --- writing ------------------------------------------------------------------------------------------------

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        return self._writer.create(ref, payload, expires_at_ms)

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        return self._writer.replace(base, payload)

    def delete(self, base: RawRecord) -> None:
        self._writer.delete(base)

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        return self._writer.change_expiry(base, expires_at_ms, payload)

    def write_many(self, writes: Sequence[Write]) -> list[Written]:
        done: list[Written] = []
        for start in range(0, len(writes), MOST):
            part = writes[start : start + MOST]
            results: dict[int, Written] = {}
            for places in by_kind(part):
                alike = [part[place] for place in places]
                together = self._batches.write(alike) or self._batches.create(alike)
                found = together or super().write_many(alike)
                results.update(zip(places, found, strict=True))
                if isinstance(found[-1], StoreUnreachable | Interrupted):
                    done += [results.get(place, found[-1]) for place in range(len(part))]
                    return done + [found[-1]] * (len(writes) - len(done))
            done += [results[place] for place in range(len(part))]
        return done

    def preview(self, write: PlannedWrite) -> tuple[str, ...]:
        from bson.raw_bson import RawBSONDocument

        update = None
        if write.operation is Operation.REPLACE and write.base is not None and write.payload is not None:
            update = build_update(RawBSONDocument(write.base.payload), RawBSONDocument(write.payload))
        names = (self._id_field, self._expires_field)
        return mongo_preview(write, update, names, has_transactions=self._outcome.has_transactions)

    # --- the rest -----------------------------------------------------------------------------------------------

    def count(self) -> Count:
        with self._link.errors():
            if self._prefix:
                return Count(int(self._link.reading(lambda collection: collection.count_documents(self._all()))), True)
            return Count(self._link.reading(self._total) or 0, True)

    def ping(self) -> None:
        with self._link.errors():
            self._link.client.admin.command("ping")

    def info(self) -> StoreInfo:
        with self._link.errors():
            self._link.reading(self._total)
            started = time.perf_counter()
            hello = self._link.client.admin.command("hello")
            round_trip_ms = (time.perf_counter() - started) * 1000
            version = self._link.client.server_info().get("version", "")
            details = [
                ("Database", self._link.database().name),
                ("Collection", self._address.options.get("collection", "sessions")),
                ("Deployment", f"replica set {hello['setName']}" if "setName" in hello else "standalone"),
                ("Clock", _clock_words(self._writer.clock_ahead_ms())),
                ("Transactions", "yes" if self._outcome.has_transactions else "no: writes compare by filter"),
                ("TTL index", self._ttl_index()),
            ]
        if unused := unused_options(self._address.options):
            details.append(("Ignored address options", ", ".join(unused)))
        method = "change stream" if self._outcome.has_transactions else describe_polling(self._limits.poll_s)
        return StoreInfo("MongoDB", version, self.label, tuple(details), method, round_trip_ms)

    def server_facts(self) -> ServerFacts:
        return server_facts(self._link, self._expires_field)

    def _ttl_index(self) -> str:
        for name, index in self._link.collection().index_information().items():
            if "expireAfterSeconds" in index:
                return f"{name}, expireAfterSeconds {index['expireAfterSeconds']}"
        return "none: MongoDB does not remove expired sessions"

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        if not self._outcome.has_transactions:
            names = (self._id_field, self._expires_field)
            glances = MongoGlances(self._poll_link, self._all(), names)
            yield from poll_changes(glances.look, cancel, self._limits.poll_s, moved=ChangeKind.TOUCHED)
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


def _clock_words(ahead_ms: int) -> str:
    if abs(ahead_ms) < _CLOCK_SLACK_MS:
        return "as here"
    return f"{abs(ahead_ms) // 1000:,} s {'ahead of' if ahead_ms > 0 else 'behind'} this machine's; MongoDB's counts"


def _missing() -> RecordMissing:
    return RecordMissing("MongoDB has no such document.", "It was logged out, it expired, or it's elsewhere.")
