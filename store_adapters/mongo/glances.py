"""Looks at all documents of a collection without their sessions: when each ends, when it was changed, and how long it is.

Not seen is a write that changes none of the three, as no store library makes one: each sets the expiry again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from store_adapters.contract import CancelToken
from store_adapters.mongo.bson_bytes import key_of
from store_adapters.mongo.document import date_ms
from store_adapters.mongo.link import MongoLink
from store_adapters.polling import Glance

_BATCH = 1000
_SIZE = "inspector:size"
_TELLS_SIZE = [4, 4]
"""The version from which a find can tell the size of a document."""
_CHANGED = ("lastModified", "updatedAt")


class MongoGlances:
    """Looks over `link`, which is its own. `names`: of the fields with the session ID and the expiry."""

    def __init__(self, link: MongoLink, query: Mapping[str, Any], names: tuple[str, str]) -> None:
        self._link = link
        self._query = query
        self._id_field, self._expires_field = names

    def look(self, cancel: CancelToken) -> Iterator[Glance]:
        """Yield all documents, part by part. `StoreError`."""
        wanted = {self._id_field: 1, self._expires_field: 1, **dict.fromkeys(_CHANGED, 1)}
        with self._link.errors():
            tells_size = self._link.client.server_info()["versionArray"] >= _TELLS_SIZE
            size = {_SIZE: {"$bsonSize": "$$ROOT"}} if tells_size else {}
            found = self._link.reading(
                lambda collection: collection.find(self._query, wanted | size, batch_size=_BATCH)
            )
            with found:
                while not cancel.is_cancelled:
                    part = [one for one in islice(found, _BATCH) if self._id_field in one]
                    yield self._glance(part)
                    if not found.alive:
                        return

    def _glance(self, documents: list[Any]) -> Glance:
        return Glance(
            [key_of(one[self._id_field]) for one in documents],
            [date_ms(one.get(self._expires_field)) for one in documents],
            [hash((one.get(_SIZE), *(date_ms(one.get(name)) for name in _CHANGED))) for one in documents],
        )
