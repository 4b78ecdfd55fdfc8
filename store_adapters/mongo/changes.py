"""A write to a MongoDB document as values: the new document, the operators of an update, the filter that compares.

A write compares the whole document's own bytes, but for what a touch moves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Delete, RawRecord, RecordRef, Replace
from store_adapters.errors import RecordUnreadable, StoreRefused
from store_adapters.mongo.bson_bytes import BrokenBson, build_document, key_of, read_fields
from store_adapters.mongo.diff import MOVED_BY_TOUCH, NameTwice, build_filter, build_update, is_same
from store_adapters.mongo.document import date_ms
from store_adapters.mongo.write_errors import changed, missing


@dataclass(frozen=True, slots=True)
class Names:
    """What this application calls the fields: the session ID's, the expiry's, and all that a touch moves."""

    identifier: str
    expires: str
    moved: frozenset[str]


class DocumentChanges:
    """Writes as what they compare with, and what they turn a document into. `query` finds a record's document."""

    def __init__(self, names: Names, query: Callable[[RecordRef], dict[str, Any]]) -> None:
        self.names = names
        self.query = query

    def new_record(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        """Return a document of its own for what is to be created."""
        import bson

        fields = self.query(ref)
        if expires_at_ms is not None:
            fields[self.names.expires] = _date(expires_at_ms)
        if "_id" not in fields:
            fields = {"_id": bson.ObjectId(), **fields}
        own = {name.encode() for name in ("_id", "expires", self.names.identifier, self.names.expires)}
        try:
            rest = [field.named(field.name) for field in read_fields(payload) if field.name not in own]
        except BrokenBson:
            raise RecordUnreadable("The document isn't valid BSON; nothing was written.") from None
        head = [field.named(field.name) for field in read_fields(bson.encode(fields))]
        stored = payload if self._is_whole(payload, ref, expires_at_ms) else build_document(head + rest)
        return RawRecord(ref, stored, expires_at_ms, now_ms())

    def _is_whole(self, payload: bytes, ref: RecordRef, expires_at_ms: int | None) -> bool:
        """True for the record's own document, brought back or imported: its bytes are stored as they are."""
        from bson.errors import InvalidBSON
        from bson.raw_bson import RawBSONDocument

        try:
            document = RawBSONDocument(payload)
            own = document.get("_id") if self.names.identifier == "_id" else None
            ends = date_ms(document.get(self.names.expires))
        except InvalidBSON:
            return False
        return own is not None and key_of(own) == ref.key and ends == expires_at_ms

    def update_of(self, write: Replace | ChangeExpiry) -> dict[str, Any]:
        """Return the operators of a write; none where it changes nothing. `StoreRefused`, `RecordUnreadable`."""
        if isinstance(write, Replace):
            return self._build_update(write.base.payload, write.payload)
        update: dict[str, Any] = {}
        if write.payload is not None:
            update = self._build_update(write.base.payload, write.payload, kept=self.names.moved)
        name, ends = self.names.expires, write.expires_at_ms
        operator, value = ("$unset", "") if ends is None else ("$set", _date(ends))
        return update | {operator: _with_field(update.get(operator), name, value)}

    def _build_update(self, old: bytes, new: bytes, kept: frozenset[str] | None = None) -> dict[str, Any]:
        from bson.errors import InvalidBSON
        from bson.raw_bson import RawBSONDocument

        try:
            # The newer time of a touch is kept.
            kept = MOVED_BY_TOUCH - {self.names.expires} if kept is None else kept
            update = build_update(RawBSONDocument(old), RawBSONDocument(new), kept)
            own = ("_id", self.names.identifier, *self.names.moved)
            if any(name in fields for fields in update.values() for name in own):
                raise StoreRefused("A save changes the session only; _id and the expiry have commands of their own.")
        except (BrokenBson, InvalidBSON):
            raise RecordUnreadable("The document isn't valid BSON; nothing was written.") from None
        except NameTwice:
            raise RecordUnreadable(
                "The document has a field twice, which MongoDB cannot change by name; nothing was written."
            ) from None
        return update

    def filter_of(self, base: RawRecord) -> dict[str, Any]:
        """Return what matches the document as long as it is still `base`. `RecordUnreadable`."""
        own = self.query(base.ref)
        try:
            return own | build_filter(base.payload, self.names.moved | set(own))
        except BrokenBson:
            raise RecordUnreadable("The document isn't valid BSON; nothing was written.") from None

    def check(self, base: RawRecord, now: Any) -> None:
        """Raise what is wrong where a document is no longer `base`. `RecordMissing`, `RecordChanged`, `RecordUnreadable`."""
        if now is None:
            raise missing()
        try:
            if not is_same(bytes(now.raw), base.payload, self.names.moved):
                raise changed()
        except BrokenBson:
            raise RecordUnreadable("The document isn't valid BSON; nothing was written.") from None

    def is_done(self, write: Replace | Delete | ChangeExpiry, now: RawRecord) -> bool:
        """True where a document is as the write leaves it, as far as that tells it from others."""
        if isinstance(write, Replace):
            return is_same(now.payload, write.payload, self.names.moved)
        return isinstance(write, ChangeExpiry) and self._has_expiry(write, now)

    def _has_expiry(self, write: ChangeExpiry, now: RawRecord) -> bool:
        if now.expires_at_ms != write.expires_at_ms:
            return False
        return write.payload is None or is_same(now.payload, write.payload, self.names.moved)

    def left(self, base: RawRecord, payload: bytes) -> RawRecord:
        """Return the record as a write has left it."""
        return self._described(replace(base, payload=payload, read_at_ms=now_ms(), note=""))

    def _described(self, record: RawRecord) -> RawRecord:
        from bson.errors import InvalidBSON
        from bson.raw_bson import RawBSONDocument

        document = RawBSONDocument(record.payload)
        try:
            expires, changed = document.get(self.names.expires), document.get("lastModified")
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
