"""Many deletions and expiry changes on a MongoDB without transactions: together, and each tells what became of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import bson
import pymongo
import pytest
from pymongo.collection import Collection

from store_adapters.contract import ChangeExpiry, Delete, RawRecord, Replace, SessionStore, Write, Written
from store_adapters.errors import (
    OutcomeUnknown,
    RecordChanged,
    RecordMissing,
    StoreError,
    StoreRefused,
    StoreUnreachable,
)
from tests.faults.mongo.rigs import ENDS, MongoRig
from tests.faults.mongo.test_together import ENDS_LATER, LATER, filled, left, requests, with_number, written
from tests.faults.proxy import Fault, Kind, Proxy
from tests.faults.redis.rigs import assert_told, told

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]
Acts = Callable[..., None]


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Acts:
    """Have the application act in the instants right before, and right after, the next bulk write."""

    def put(before: Callable[[], Any] = int, after: Callable[[], Any] = int) -> None:
        real: Any = Collection.bulk_write

        def bulk_write(collection: Any, *args: Any, **options: Any) -> Any:
            monkeypatch.undo()
            before()
            try:
                return real(collection, *args, **options)
            finally:
                after()

        monkeypatch.setattr(Collection, "bulk_write", bulk_write)

    return put


def kinds(results: list[Written]) -> dict[int, type]:
    """Return of which kind those are that were not done, by their places."""
    return {place: type(one) for place, one in enumerate(results) if isinstance(one, StoreError)}


def expiry(rig: MongoRig, sid: str) -> int | None:
    ends = rig.collection.find_one({"_id": sid}).get("expires")
    return None if ends is None else round(ends.replace(tzinfo=datetime.UTC).timestamp() * 1000)


def change(rig: MongoRig, sid: str) -> int:
    """Have the application change a session; return how many it changed."""
    return int(rig.collection.update_one({"_id": sid}, {"$set": {"session": "theirs"}}).matched_count)


def touch(rig: MongoRig, sid: str) -> int:
    """Have the application move a session's expiry; return how many it moved."""
    moved = {"expires": ENDS_LATER, "lastModified": ENDS_LATER}
    return int(rig.collection.update_one({"_id": sid}, {"$set": moved}).matched_count)


def test_many_are_deleted_in_few_commands_and_each_is_told(lone_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 250)
    lone_rig.put("s7", changed=True)
    lone_rig.collection.delete_one({"_id": "s120"})
    before = requests(lone_rig)
    results = store.write_many([Delete(record) for record in records])
    assert requests(lone_rig) - before < 20
    assert kinds(results) == {7: RecordChanged, 120: RecordMissing}
    assert left(lone_rig) == {"s7"}


def test_many_expire_in_few_commands_and_are_returned_as_written(lone_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 150)
    lone_rig.put("s7", changed=True)
    lone_rig.collection.delete_one({"_id": "s120"})
    before = requests(lone_rig)
    results = store.write_many(
        [ChangeExpiry(record, LATER if place % 2 else None) for place, record in enumerate(records)]
    )
    assert requests(lone_rig) - before < 20
    assert kinds(results) == {7: RecordChanged, 120: RecordMissing}
    for place, record in enumerate(results):
        if isinstance(record, RawRecord):
            now = store.read(record.ref)
            assert (record.payload, record.expires_at_ms) == (now.payload, now.expires_at_ms)
            assert record.expires_at_ms == (LATER if place % 2 else None)
    again = store.write_many([ChangeExpiry(one, LATER) for one in results if isinstance(one, RawRecord)])
    assert kinds(again) == {}


def test_those_that_change_in_the_instant_between_are_not_deleted(
    lone_rig: MongoRig, open_at: Opener, around: Acts
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 20)
    around(before=lambda: [change(lone_rig, "s3"), change(lone_rig, "s9")])
    results = store.write_many([Delete(record) for record in records])
    assert kinds(results) == {3: RecordChanged, 9: RecordChanged}
    assert left(lone_rig) == {"s3", "s9"}


def test_it_is_not_said_who_deleted_what_the_application_may_have_deleted(
    lone_rig: MongoRig, open_at: Opener, around: Acts
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 20)
    around(before=lambda: [change(lone_rig, "s3"), lone_rig.collection.delete_one({"_id": "s9"})])
    results = store.write_many([Delete(record) for record in records])
    assert kinds(results) == {place: RecordChanged if place == 3 else OutcomeUnknown for place in range(20)}
    assert_told(told(results[9]), "may have been deleted by the application")  # type: ignore[arg-type]
    assert left(lone_rig) == {"s3"}


def test_one_that_came_back_is_not_taken_for_another_that_the_application_deleted(
    lone_rig: MongoRig, open_at: Opener, around: Acts
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    around(before=lambda: lone_rig.collection.delete_one({"_id": "s1"}), after=lambda: lone_rig.put("s4", back=True))
    results = store.write_many([Delete(record) for record in records])
    assert kinds(results) == dict.fromkeys(range(5), OutcomeUnknown)
    assert left(lone_rig) == {"s4"}


def test_one_that_came_back_was_deleted_all_the_same(lone_rig: MongoRig, open_at: Opener, around: Acts) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    around(before=lambda: change(lone_rig, "s1"), after=lambda: lone_rig.put("s4", back=True))
    results = store.write_many([Delete(record) for record in records])
    assert kinds(results) == {1: RecordChanged}
    assert left(lone_rig) == {"s1", "s4"}


def test_those_that_change_in_the_instant_between_do_not_expire(
    lone_rig: MongoRig, open_at: Opener, around: Acts
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 20)
    around(before=lambda: [change(lone_rig, "s3"), lone_rig.collection.delete_one({"_id": "s9"})])
    results = store.write_many([ChangeExpiry(record, LATER) for record in records])
    assert kinds(results) == {3: RecordChanged, 9: RecordMissing}
    assert expiry(lone_rig, "s3") == int(ENDS)
    for record in results:
        assert not isinstance(record, RawRecord) or record.payload == store.read(record.ref).payload


def test_one_that_changes_right_after_is_returned_as_it_was_left(
    lone_rig: MongoRig, open_at: Opener, around: Acts
) -> None:
    """The application's newer content is never taken for what was written: an undo would overwrite it."""
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    for ends in (LATER + 1, None):
        around(
            after=lambda: [
                change(lone_rig, "s1"),
                lone_rig.collection.delete_one({"_id": "s2"}),
                touch(lone_rig, "s3"),
            ]
        )
        results = store.write_many([ChangeExpiry(record, ends) for record in records])
        assert lone_rig.stored("s1") == b"theirs"
        for record, result in zip(records, results, strict=True):
            lone_rig.put_document(record.payload)
            assert isinstance(result, RawRecord)
            assert result.payload == store.change_expiry(record, ends).payload
            lone_rig.put_document(record.payload)


def test_saves_of_what_changes_right_before_or_after_tell_what_was_left(
    lone_rig: MongoRig, open_at: Opener, around: Acts
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    wanted = [with_number(record, 7) for record in records]
    # A save leaves to those who touch a session what they move.
    later = bson.encode({**bson.decode(wanted[2]), "lastModified": ENDS_LATER})
    writes = [Replace(one, later if place == 2 else wanted[place]) for place, one in enumerate(records)]
    around(after=lambda: [change(lone_rig, "s1"), lone_rig.collection.delete_one({"_id": "s2"})])
    results = store.write_many(writes)
    assert [one.payload for one in results if isinstance(one, RawRecord)] == wanted
    assert lone_rig.stored("s1") == b"theirs"
    records = filled(lone_rig, store, 5)
    around(
        before=lambda: [change(lone_rig, "s1"), lone_rig.collection.delete_one({"_id": "s2"})],
        after=lambda: touch(lone_rig, "s3"),
    )
    results = store.write_many(writes)
    assert kinds(results) == {1: RecordChanged, 2: RecordMissing}
    assert lone_rig.stored("s1") == b"theirs"
    assert left(lone_rig) == {"s0", "s1", "s3", "s4"}


def test_one_that_changes_right_after_while_another_changed_before_is_not_called_unwritten(
    lone_rig: MongoRig, open_at: Opener, around: Acts
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    around(before=lambda: change(lone_rig, "s1"), after=lambda: change(lone_rig, "s4"))
    results = store.write_many([ChangeExpiry(record, LATER) for record in records])
    assert kinds(results) == {1: OutcomeUnknown, 4: OutcomeUnknown}


@pytest.mark.parametrize("kind", [Delete, ChangeExpiry, Replace])
def test_f50_bulk_write_whose_answer_was_lost_is_looked_up(
    lone_rig: MongoRig, open_at: Opener, kind: type[Write]
) -> None:
    with Proxy(lone_rig.server.port) as proxy:
        store = open_at(lone_rig.url.replace(f":{lone_rig.server.port}/", f":{proxy.port}/"))
        records = filled(lone_rig, store, 5)
        lone_rig.put("s1", changed=True)
        match = b"\x02delete\0" if kind is Delete else b"\x02update\0"
        proxy.fault = Fault(Kind.DROP_REPLY, match=match, once=True)
        results = store.write_many([written(kind, one) for one in records])
        assert proxy.hits == 1
        assert kinds(results) == {1: RecordChanged}
        assert left(lone_rig) == ({"s1"} if kind is Delete else {f"s{number}" for number in range(5)})
        for record in results:
            assert not isinstance(record, RawRecord) or "a re-read shows that it was saved" in record.note


@pytest.mark.parametrize("kind", [Delete, ChangeExpiry, Replace])
def test_f50_bulk_write_that_the_server_never_carried_out_wrote_nothing(
    lone_rig: MongoRig, open_at: Opener, kind: type[Write]
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    with lone_rig.fail("delete", "update", times="always", closeConnection=True):
        results = store.write_many([written(kind, one) for one in records])
    assert kinds(results) == dict.fromkeys(range(5), StoreUnreachable)
    assert all("nothing was written" in str(one) for one in results)
    assert {store.read(record.ref).payload for record in records} == {record.payload for record in records}


def test_f50_bulk_write_that_the_server_is_slow_with_is_left_open(lone_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    with lone_rig.fail("delete", blockConnection=True, blockTimeMS=4500):
        results = store.write_many([Delete(record) for record in records])
    assert kinds(results) == dict.fromkeys(range(5), OutcomeUnknown)
    assert "may still save it" in str(results[0])


def test_f50_bulk_write_that_broke_half_way_leaves_open_what_the_server_may_still_do(
    lone_rig: MongoRig, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)

    def bulk_write(*_args: Any, **_options: Any) -> None:
        lone_rig.collection.delete_one({"_id": "s0"})
        raise pymongo.errors.AutoReconnect("connection closed")

    monkeypatch.setattr(Collection, "bulk_write", bulk_write)
    results = store.write_many([Delete(record) for record in records])
    assert kinds(results) == dict.fromkeys(range(1, 5), OutcomeUnknown)


def test_bulk_write_that_is_stopped_is_not_tried_once_more(
    lone_rig: MongoRig, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    lone_rig.put("s3", changed=True)
    real: Any = Collection.bulk_write

    def bulk_write(collection: Any, *args: Any, **options: Any) -> None:
        real(collection, *args, **options)
        store.interrupt()
        raise pymongo.errors.InvalidOperation("Cannot use MongoClient after close")

    monkeypatch.setattr(Collection, "bulk_write", bulk_write)
    results = store.write_many([Delete(record) for record in records])
    assert kinds(results) == {place: RecordChanged if place == 3 else OutcomeUnknown for place in range(5)}
    assert "The save was interrupted" in str(results[0])


@pytest.mark.parametrize(("code", "kind"), [(13, StoreRefused), (50, StoreUnreachable), (91, StoreError)])
def test_f50_bulk_write_that_the_server_ended_is_looked_up(
    lone_rig: MongoRig, open_at: Opener, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[StoreError]
) -> None:
    """Where its time is up or it shuts down, it answers for none of the batch, though it has done some of it."""
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    real: Any = Collection.bulk_write

    def bulk_write(collection: Any, *args: Any, **options: Any) -> Any:
        lone_rig.collection.delete_one({"_id": "s0"})
        return real(collection, *args, **options)

    monkeypatch.setattr(Collection, "bulk_write", bulk_write)
    with lone_rig.fail("delete", times="always", errorCode=code, skip=1):
        results = store.write_many([Delete(record) for record in records])
    assert list(kinds(results)) == [1, 2, 3, 4]
    assert all(isinstance(one, kind) and "nothing was written" in str(one) for one in results[1:])
    assert left(lone_rig) == {"s1", "s2", "s3", "s4"}


def test_what_the_collection_refuses_is_told_of_each(lone_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    lone_rig.client[lone_rig.database].command("collMod", "sessions", validator={"expires": {"$exists": True}})
    results = store.write_many(
        [ChangeExpiry(record, None if place == 2 else LATER) for place, record in enumerate(records)]
    )
    assert kinds(results) == {2: StoreRefused}
    assert_told(told(results[2]), "validation refused", "nothing was written")  # type: ignore[arg-type]
    assert [expiry(lone_rig, f"s{number}") for number in range(5)] == [LATER, LATER, int(ENDS), LATER, LATER]


def test_f50_bulk_write_that_others_have_not_confirmed_is_told_as_written(lone_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    error = {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "waiting for replication timed out"}
    with lone_rig.fail("update", "delete", times="always", writeConcernError=error):
        moved = store.write_many([ChangeExpiry(record, LATER) for record in records])
        assert all(isinstance(one, RawRecord) and "not yet confirmed" in one.note for one in moved)
        results = store.write_many([Delete(one) for one in moved if isinstance(one, RawRecord)])
    assert results == [None] * 5
    assert left(lone_rig) == set()


def test_many_whose_documents_cannot_be_read_again_are_told_as_they_were_left(
    lone_rig: MongoRig, open_at: Opener, around: Acts
) -> None:
    store = open_at(lone_rig.url)
    records = filled(lone_rig, store, 5)
    with lone_rig.fail("find", times="always", errorCode=9999, skip=1):
        results = store.write_many([ChangeExpiry(record, LATER) for record in records])
    for result in results:
        assert isinstance(result, RawRecord)
        assert result.payload == store.read(result.ref).payload
    around(before=lambda: change(lone_rig, "s3"))
    with lone_rig.fail("find", times="always", errorCode=9999, skip=1):
        deleted = store.write_many([Delete(one) for one in results if isinstance(one, RawRecord)])
    assert kinds(deleted) == dict.fromkeys(range(5), OutcomeUnknown)
    assert all("can't be asked" in str(one) for one in deleted)
    records = filled(lone_rig, store, 5)
    around(before=lambda: change(lone_rig, "s3"))
    with lone_rig.fail("find", times="always", errorCode=9999, skip=1):
        results = store.write_many([ChangeExpiry(record, LATER) for record in records])
    assert kinds(results) == dict.fromkeys(range(5), OutcomeUnknown)


@pytest.mark.parametrize("writes", ["a record twice", "both ways", "too large for one message"])
def test_what_does_not_go_together_goes_one_by_one(
    lone_rig: MongoRig, open_at: Opener, around: Acts, writes: str
) -> None:
    store = open_at(lone_rig.url)
    one, _two = filled(lone_rig, store, 2)
    lone_rig.put("large1", data="x" * (7 << 20))
    lone_rig.put("large2", data="x" * (7 << 20))
    large = [Delete(store.read(store.ref_for(name))) for name in ("large1", "large2")]
    wanted: dict[str, list[Write]] = {
        "a record twice": [Delete(one), Delete(one)],
        "both ways": [ChangeExpiry(one, None), Delete(one)],
        "too large for one message": [*large],
    }
    sent: list[str] = []
    around(before=lambda: sent.append("a bulk write"))
    results = store.write_many(wanted[writes])
    assert kinds(results) == ({1: RecordMissing} if writes == "a record twice" else {})
    assert len(left(lone_rig)) == (2 if writes == "too large for one message" else 3)
    assert sent == []
