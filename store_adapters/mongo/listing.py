"""Reads all documents of a MongoDB collection, as fast as the driver lets them through.

The driver makes an object of every document in a cursor, and with raw batches too, which takes longer than all we do with
it. So the commands below a cursor are given one by one, where the next one goes to the same server; else, raw batches.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from typing import Any

from store_adapters.contract import Batch, CancelToken
from store_adapters.errors import RecordUnreadable
from store_adapters.mongo.document import Columns, DocumentReader, walk_document
from store_adapters.mongo.sessions import sessions_in
from store_adapters.options import Limits

_FIRST, _BATCH, _RAW_BATCH = 200, 3000, 1000
"""A raw batch is worked on in one go; the answer to a command in parts."""


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
        from pymongo.errors import PyMongoError

        database, name = self._collection.database, self._collection.name
        options, preference = self._collection.codec_options, self._collection.read_preference
        cursor, following = 0, None
        with database.client.start_session() as session:

            def ask(command: dict[str, Any]) -> bytes:
                reply = database.command(command, codec_options=options, read_preference=preference, session=session)
                return bytes(reply["cursor"].raw)

            try:
                data = ask({"find": name, "filter": query, "batchSize": _FIRST})
                while True:
                    start, cursor = _open_reply(data)
                    more = {"getMore": cursor, "collection": name, "batchSize": _BATCH}
                    following = _Ahead(partial(ask, more)) if cursor else None
                    yield from self._reader.read_array(data, start)
                    if following is None:
                        return
                    data = following.result()
            except GeneratorExit:
                with contextlib.suppress(PyMongoError):  # a server that is gone has no cursor either
                    if following is not None and _open_reply(following.result())[1]:
                        database.command({"killCursors": name, "cursors": [cursor]}, session=session)
                raise

    def _by_cursor(self, query: Mapping[str, Any]) -> Generator[Columns, None, None]:
        with self._collection.find_raw_batches(query, batch_size=_RAW_BATCH) as cursor:
            is_empty = True
            for stream in cursor:
                is_empty = False
                yield self._reader.read_stream(bytes(stream))
            if is_empty:
                yield Columns()

    def _batch(self, columns: Columns, read: int, total: int | None) -> Batch:
        limit = self._limits.list_payload_bytes
        sizes, payloads = columns.sizes, columns.payloads
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
            sessions=partial(sessions_in, payloads, columns.places),
            may_repeat=not self._reader.is_id_unique,
        )


class _Ahead:
    """One call under way in a thread of its own, which no exit waits for: the server works on it while we work on the last."""

    def __init__(self, call: Callable[[], bytes]) -> None:
        self._call = call
        self._found = b""
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="read ahead", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found = self._call()
        except Exception as error:  # raised where it is waited for
            self._error = error

    def result(self) -> bytes:
        """Wait for what the call returns, or raise what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found


def _open_reply(data: bytes) -> tuple[int, int]:
    """Return where the documents in a reply's cursor begin, and the cursor's number, 0 when there are no more."""
    places = {name: begin for _, name, begin in walk_document(data) or ()}
    start = places.get(b"firstBatch", places.get(b"nextBatch"))
    if start is None or b"id" not in places:
        raise RecordUnreadable("The server's answer isn't a list of documents.")
    return start, int.from_bytes(data[places[b"id"] : places[b"id"] + 8], "little", signed=True)
