"""Reads all documents of a MongoDB collection, as fast as the driver lets them through; knows no format of a session.

The driver makes an object of every document in a cursor, and with raw batches too, which takes longer than all we do with
it. So the commands below a cursor are given one by one, where the next one goes to the same server; else, raw batches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from store_adapters.contract import Batch, CancelToken
from store_adapters.errors import RecordUnreadable
from store_adapters.mongo_document import Columns, DocumentReader, walk_document
from store_adapters.options import Limits

_FIRST, _BATCH = 200, 1000


class MongoListing:
    """One listing of `collection`, whose client has no deadline of its own. The driver's exceptions pass."""

    def __init__(self, collection: Any, reader: DocumentReader, limits: Limits) -> None:
        self._collection = collection
        self._reader = reader
        self._limits = limits

    def batches(self, query: Mapping[str, Any], total: int | None, cancel: CancelToken) -> Iterator[Batch]:
        """Yield the documents that match; at least one batch, unless cancelled."""
        read = 0
        found = self._by_command(query) if self._keeps_to_one_server() else self._by_cursor(query)
        with contextlib.closing(found):
            while not cancel.is_cancelled:
                columns = next(found, None)
                if columns is None or cancel.is_cancelled:
                    break
                read += len(columns.keys)
                yield self._batch(columns, read, total)

    def _keeps_to_one_server(self) -> bool:
        client = self._collection.database.client
        client.admin.command("ping")  # the driver knows its servers once it has asked one
        kind = str(client.topology_description.topology_type_name)
        is_primary = bool(self._collection.read_preference.mode == 0)
        return kind == "Single" or (is_primary and kind == "ReplicaSetWithPrimary")

    def _by_command(self, query: Mapping[str, Any]) -> Generator[Columns, None, None]:
        database, name = self._collection.database, self._collection.name
        options, preference = self._collection.codec_options, self._collection.read_preference
        cursor = 0
        with database.client.start_session() as session:

            def ask(command: dict[str, Any]) -> tuple[Columns, int]:
                reply = database.command(command, codec_options=options, read_preference=preference, session=session)
                return self._take(bytes(reply["cursor"].raw))

            try:
                columns, cursor = ask({"find": name, "filter": query, "batchSize": _FIRST})
                yield columns
                while cursor:
                    columns, cursor = ask({"getMore": cursor, "collection": name, "batchSize": _BATCH})
                    yield columns
            except GeneratorExit:
                if cursor:
                    database.command({"killCursors": name, "cursors": [cursor]}, session=session)
                raise

    def _take(self, data: bytes) -> tuple[Columns, int]:
        """Return the documents in a reply's cursor, and the cursor's number, 0 when there are no more."""
        places = {name: begin for _, name, begin in walk_document(data) or ()}
        start = places.get(b"firstBatch", places.get(b"nextBatch"))
        if start is None or b"id" not in places:
            raise RecordUnreadable("The server's answer is no list of documents.")
        number = int.from_bytes(data[places[b"id"] : places[b"id"] + 8], "little", signed=True)
        return self._reader.read_array(data, start), number

    def _by_cursor(self, query: Mapping[str, Any]) -> Generator[Columns, None, None]:
        with self._collection.find_raw_batches(query, batch_size=_BATCH) as cursor:
            is_empty = True
            for stream in cursor:
                is_empty = False
                yield self._reader.read_stream(bytes(stream))
            if is_empty:
                yield Columns()

    def _batch(self, columns: Columns, read: int, total: int | None) -> Batch:
        limit = self._limits.list_payload_bytes
        sizes, payloads = list(map(len, columns.payloads)), columns.payloads
        if max(sizes, default=0) > limit:
            payloads = [payload if len(payload) <= limit else b"" for payload in payloads]
        return Batch(
            keys=columns.keys,
            payloads=payloads,
            sizes=sizes,
            expires_at_ms=columns.expires_at_ms,
            changed_at_ms=columns.changed_at_ms,
            skipped=columns.skipped,
            read=read,
            total=total,
        )
