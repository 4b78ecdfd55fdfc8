"""Reads many documents of a MongoDB collection with one question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from store_adapters.contract import RawRecord, RecordRef
from store_adapters.errors import RecordMissing, RecordUnreadable, StoreError
from store_adapters.mongo.bson_bytes import id_of, key_of
from store_adapters.mongo.link import MongoLink
from store_adapters.one_by_one import untraced

_IN_ONE = 500


def read_documents(
    link: MongoLink,
    id_field: str,
    refs: Sequence[RecordRef],
    record: Callable[[Any, RecordRef], RawRecord],
) -> list[RawRecord | StoreError]:
    """Return for each the record that `record(document, ref)` makes, or why there is none."""
    found: dict[bytes, Any] = {}
    for start in range(0, len(refs), _IN_ONE):
        wanted = [id_of(ref.key) for ref in refs[start : start + _IN_ONE]]
        try:
            with link.errors():
                for document in link.reading(_find_all(id_field, wanted)):
                    # The first one, as a single read takes it, where a field other than _id is not unique.
                    found.setdefault(key_of(document[id_field]), document)
        except StoreError as error:
            return [untraced(error)] * len(refs)
    return [_record_or_error(found.get(ref.key), ref, record) for ref in refs]


def _find_all(id_field: str, wanted: list[Any]) -> Callable[[Any], list[Any]]:
    return lambda collection: list(collection.find({id_field: {"$in": wanted}}))


def _record_or_error(
    document: Any, ref: RecordRef, record: Callable[[Any, RecordRef], RawRecord]
) -> RawRecord | StoreError:
    if document is None:
        return RecordMissing("MongoDB has no such document.", "It was logged out, it expired, or it's elsewhere.")
    try:
        return record(document, ref)
    except RecordUnreadable as error:
        return untraced(error)
