"""How long a listing of MongoDB documents takes, decoded and in the catalogue, beside a bare loop over pymongo's raw cursor.

To reach: 1.3 times the bare loop, and the first 200 rows in 100 ms. `SIZE=1000000` for the whole million (default 100,000).
Prints; asserts only that nothing is missing, as machines differ.
"""

from __future__ import annotations

import datetime
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.listing import index_keys
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken
from store_adapters.registry import open_store
from tests.bench.report import SIZE, at_most, row, within
from tests.bench.sessions import sessions
from tests.servers import mongod_binary, start_mongod

ROUNDS = 3 if SIZE > 300_000 else 5
FACTOR, FIRST_MS, FIRST_ROWS = 1.3, 100, 200
OBJECTS = 20_000
"""Documents with `stringify: false` are fewer in the world: enough of them to see the pace."""


def documents(count: int, *, is_text: bool) -> Iterator[Any]:
    """Yield documents as connect-mongo writes them."""
    import bson
    from bson.raw_bson import RawBSONDocument

    now = now_ms()
    for sid, text, left_ms in sessions(count, now):
        session = text.decode() if is_text else json.loads(text)
        expires = datetime.datetime.fromtimestamp((now + left_ms) / 1000, datetime.UTC)
        yield RawBSONDocument(bson.encode({"_id": sid, "expires": expires, "session": session}))


def fill(url: str, name: str, count: int, *, is_text: bool) -> None:
    import pymongo

    with pymongo.MongoClient[Any](url, directConnection=True) as client:
        collection, found = client["bench"][name], documents(count, is_text=is_text)
        while part := list(islice(found, 5000)):
            collection.insert_many(part, ordered=False)


def read_bare(url: str, name: str) -> float:
    """Return the seconds of a loop which does nothing with the documents."""
    import pymongo
    from bson.codec_options import CodecOptions
    from bson.raw_bson import RawBSONDocument

    with pymongo.MongoClient[Any](url, directConnection=True) as client:
        collection = client["bench"].get_collection(name, CodecOptions(document_class=RawBSONDocument))
        begun = time.perf_counter()
        for _document in collection.find({}):
            pass
        return time.perf_counter() - begun


def read_listing(url: str, count: int) -> tuple[float, float, float]:
    """Return the seconds until everything is in a catalogue, until 200 rows are, and what the index of keys takes then."""
    store = open_store(url)
    catalogue, first_s = Catalogue(store), 0.0
    begun = time.perf_counter()
    catalogue.begin_listing()
    for batch in store.list_records(CancelToken()):
        rows = catalogue.append(batch)
        if not first_s and rows >= min(FIRST_ROWS, count):
            first_s = time.perf_counter() - begun
    catalogue.end_listing(is_complete=True)
    took = time.perf_counter() - begun
    index_keys(catalogue, CancelToken())
    indexed_s = time.perf_counter() - begun - took
    assert len(catalogue) == count
    store.close()
    return took, first_s, indexed_s


def best(measure: Callable[[], Any], others: Callable[[], Any]) -> tuple[Any, Any]:
    """Measure both in turns, so that other work on the machine meets both alike; return the best of each."""
    one, other = [], []
    for _ in range(ROUNDS):
        gc.collect()
        one.append(measure())
        gc.collect()
        other.append(others())
    return min(one), min(other)


def main() -> int:
    binary = mongod_binary()
    if binary is None:
        print("mongod is not installed", file=sys.stderr)
        return 1
    gc.disable()  # as the program does
    with tempfile.TemporaryDirectory() as folder:
        server = start_mongod(binary, folder)
        try:
            for name, count, is_text in (("text", SIZE, True), ("objects", min(SIZE, OBJECTS), False)):
                fill(server.url, name, count, is_text=is_text)
                bare, (ours, first, indexed_s) = best(
                    lambda: read_bare(server.url, name),  # noqa: B023 - used within this turn
                    lambda: read_listing(f"{server.url}/bench?directConnection=true&collection={name}", count),  # noqa: B023
                )
                what = f"{count:,} MongoDB documents, session as {'text' if is_text else 'sub-document'}"
                at_most(what, ours, bare, "bare RawBSON cursor", FACTOR)
                within("first 200 documents", first * 1000, "ms", FIRST_MS)
                row("their keys indexed, while the list is shown", f"{indexed_s:.3f} s", "-", None, "-", holds=True)
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
