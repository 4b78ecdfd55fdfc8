"""What a listing of MongoDB takes from raw documents, beside what the driver decodes; and a listing that is cut short."""

from __future__ import annotations

import datetime
import signal
import struct
import threading
import time
from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from hypothesis import given
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from store_adapters.contract import CancelToken
from store_adapters.errors import Interrupted, StoreUnreachable
from store_adapters.mongo.document import Columns, DocumentReader, hidden_by_expires, raw_options
from store_adapters.mongo.link import describe_error
from store_adapters.record_form import PASSED_OVER_MS
from store_adapters.registry import open_store
from tests.servers import Server

DATES = st.datetimes(min_value=datetime.datetime(1900, 1, 1))
IDS = st.one_of(st.text("ab\0é", max_size=3), st.integers(0, 9), st.just("i" * 32), st.just(bson.ObjectId("0" * 24)))
FIELDS = st.lists(
    st.sampled_from(["expires", "session", "lastModified", "updatedAt", "n", "user"]), unique=True, max_size=6
)
CUTS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=1)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    values: dict[str, Any] = {
        "expires": draw(st.one_of(DATES, st.just("soon"))), "session": draw(st.sampled_from(["{}", {}, {"a": 1}, 7])),
        "lastModified": draw(st.one_of(DATES, st.just(datetime.datetime(1970, 1, 1)))), "updatedAt": draw(DATES),
        "n": draw(st.sampled_from([1, 2**40, 1.5, True, None])), "user": "x",
    }  # fmt: skip
    has_id = draw(st.integers(0, 9)) > 0
    data = bytearray(bson.encode({**({"_id": draw(IDS)} if has_id else {}), **{k: values[k] for k in draw(FIELDS)}}))
    for place, byte in draw(CUTS):
        data[4 + place % (len(data) - 4)] = byte
    return bytes(data)


def rows_of(columns: Columns) -> list[tuple[bytes, bytes, int | None, int | None]]:
    return list(zip(columns.keys, columns.payloads, columns.expires_at_ms, columns.changed_at_ms, strict=True))


@given(st.lists(documents(), max_size=12))
def test_documents_by_layout_are_what_the_driver_decodes(found: list[bytes]) -> None:
    reader = DocumentReader("_id", "expires")
    columns = reader.read_stream(b"".join(found))
    assert len(columns.keys) + len(columns.skipped) == len(found)
    read = {payload: (key, expires, changed) for key, payload, expires, changed in rows_of(columns)}
    for document in found:
        try:
            opened = RawBSONDocument(document, raw_options())
            key, ends, changed = reader.facts_of(opened)
            expected = key, PASSED_OVER_MS if hidden_by_expires(opened) else ends, changed
        except (bson.errors.InvalidBSON, KeyError):
            continue  # the walk reads some that the driver refuses for a value nobody asked for
        assert read[document] == expected


def of_some_layout(number: int, layout: int) -> bytes:
    document: dict[str, Any] = {"_id": f"{number:032d}", "expires": datetime.datetime(2030, 1, number % 28 + 1)}
    match layout:
        case 1:
            document["lastModified"] = datetime.datetime(2029, 1, 1)
        case 2:
            document["_id"] = f"{number:08d}"
        case 3:
            document["_id"] = f"é{number:030d}"
        case 4:
            document = {"_id": document["_id"], "session": {"n": number}, "x": True}
    data = bson.encode({**document, "session": {"n": number} if layout == 4 else "{}" * (number % 5)})
    return data.replace(b"\x02session", b"\x55session") if layout == 5 else data


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(0, 5))
def test_documents_of_several_layouts_are_what_each_is_alone_and_in_order(layouts: list[int], first: int) -> None:
    found = [of_some_layout(number, layout) for number, layout in enumerate(layouts)]
    reader = DocumentReader("_id", "expires")
    reader.read_stream(of_some_layout(0, first))
    columns = reader.read_stream(b"".join(found))
    alone = [DocumentReader("_id", "expires").read_stream(document) for document in found]
    assert rows_of(columns) == [row for one in alone for row in rows_of(one)]
    assert [*columns.skipped] == [skipped for one in alone for skipped in one.skipped]
    for payload, place in zip(columns.payloads, columns.places, strict=True):
        session = RawBSONDocument(payload, raw_options())["session"]
        assert place is None or payload[place[1]] == (session.encode() if isinstance(session, str) else session.raw)


def test_array_of_many_documents_is_read_like_a_stream_of_them() -> None:
    found = [
        bson.encode(
            {"_id": f"{number % 1009:032d}", "expires": datetime.datetime(2030, 1, 1), "session": "{}" * (number % 7)}
        )
        for number in range(12_345)
    ]
    array = b"".join(b"\x03%d\0%s" % (place, document) for place, document in enumerate(found))
    reader = DocumentReader("_id", "expires")
    parts = [*reader.read_array(b"head" + struct.pack("<i", len(array) + 5) + array + b"\0tail", 4)]
    assert {len(columns.keys) for columns in parts[:-1]} == {1000}
    rows = [row for columns in parts for row in rows_of(columns)]
    assert [payload for _key, payload, *_ in rows] == found
    assert rows == rows_of(DocumentReader("_id", "expires").read_stream(b"".join(found)))


def test_broken_document_is_told_and_the_others_are_listed() -> None:
    good = [bson.encode({"_id": f"s{number}", "session": "{}"}) for number in range(3)]
    broken = good[1].replace(b"\x02session", b"\x55session")
    columns = DocumentReader("_id", "expires").read_stream(good[0] + broken + good[2])
    assert columns.keys == [b"s0", b"s2"]
    assert [skipped.key for skipped in columns.skipped] == [b"s1"]


@pytest.fixture
def many(mongo_url: str) -> str:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        rows = [{"_id": f"s{number}", "session": '{"cookie":{}}'} for number in range(9000)]
        client.get_default_database()["sessions"].insert_many(rows)
    return mongo_url


def open_cursors(client: MongoClient[dict[str, Any]]) -> list[int]:
    name = f"{client.get_default_database().name}.sessions"
    found = client.admin.aggregate([{"$currentOp": {"idleCursors": True, "allUsers": True}}])
    return [op["cursor"]["cursorId"] for op in found if op.get("ns") == name and "cursor" in op]


def test_cursor_lost_on_the_way_is_told(many: str) -> None:
    store = open_store(many)
    with MongoClient[dict[str, Any]](many) as client:
        batches = store.list_records(CancelToken())
        next(batches)
        client.get_default_database().command({"killCursors": "sessions", "cursors": open_cursors(client)})
        with pytest.raises(StoreUnreachable, match="incomplete"):
            list(batches)
    store.close()


@pytest.mark.parametrize("code", [43, 175, 237])
def test_listing_that_the_server_ended_is_incomplete_whatever_it_was_doing(code: int) -> None:
    told = describe_error(OperationFailure("gone", code))
    assert isinstance(told, StoreUnreachable) and "incomplete" in told.message


def test_cancelled_listing_leaves_no_cursor_on_the_server(many: str) -> None:
    store, cancel = open_store(many), CancelToken()
    with MongoClient[dict[str, Any]](many) as client:
        batches = store.list_records(cancel)
        next(batches)
        assert len(open_cursors(client)) == 1
        cancel.cancel()
        assert list(batches) == []
        assert open_cursors(client) == []
    store.close()


def test_server_that_hangs_on_the_way_is_told_in_seconds(many: str, mongo_server: Server) -> None:
    store = open_store(many)
    batches = store.list_records(CancelToken())
    next(batches)
    mongo_server.signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(StoreUnreachable):
            list(batches)
        assert time.monotonic() - begun < 15
    finally:
        mongo_server.signal(signal.SIGCONT)
        store.close()


def test_interrupt_does_not_wait_for_a_server_that_hangs(many: str, mongo_server: Server) -> None:
    store = open_store(many)
    batches = store.list_records(CancelToken())
    next(batches)
    mongo_server.signal(signal.SIGSTOP)
    try:
        found: list[float] = []

        def interrupt() -> None:
            begun = time.monotonic()
            store.interrupt()
            found.append(time.monotonic() - begun)

        threading.Timer(0.3, interrupt).start()
        with pytest.raises(Interrupted):
            list(batches)
        assert found[0] < 2
    finally:
        mongo_server.signal(signal.SIGCONT)
        store.close()


def test_date_beyond_the_calendar_is_listed_and_read(mongo_url: str) -> None:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        far = bson.datetime_ms.DatetimeMS(2**52)
        client.get_default_database()["sessions"].insert_one({"_id": "far", "expires": far, "session": "{}"})
    store = open_store(mongo_url)
    [batch] = list(store.list_records(CancelToken()))
    assert list(batch.expires_at_ms) == [2**52] == [store.read(store.ref_for("far")).expires_at_ms]
    store.close()
