"""Many deletions and expiry changes in one transaction: each tells what became of it, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bson
import pytest
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import InvalidOperation

from store_adapters.contract import ChangeExpiry, Create, Delete, RawRecord, Replace, SessionStore, Write
from store_adapters.errors import (
    OutcomeUnknown,
    RecordChanged,
    RecordExists,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreRefused,
    StoreUnreachable,
)
from tests.faults.mongo.rigs import MongoRig

Opener = Callable[[str], SessionStore]
LATER = 1_950_000_000_000
ENDS_LATER = bson.datetime_ms.DatetimeMS(LATER)


def filled(rig: MongoRig, store: SessionStore, count: int) -> list[RawRecord]:
    for number in range(count):
        rig.put(f"s{number}", number=number)
    found = store.read_many([store.ref_for(f"s{number}") for number in range(count)])
    records = [record for record in found if isinstance(record, RawRecord)]
    assert len(records) == count
    return records


def commits(rig: MongoRig) -> int:
    return int(rig.client.admin.command("serverStatus")["transactions"]["totalCommitted"])


def requests(rig: MongoRig) -> int:
    return int(rig.client.admin.command("serverStatus")["network"]["numRequests"])


def left(rig: MongoRig) -> set[str]:
    return {document["_id"] for document in rig.collection.find({}, {"_id": 1})}


def test_many_are_deleted_in_few_transactions_and_each_is_told(mongo_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(mongo_rig.url)
    records = filled(mongo_rig, store, 250)
    mongo_rig.put("s7", changed=True)
    mongo_rig.collection.delete_one({"_id": "s120"})
    before = commits(mongo_rig)
    results = store.write_many([Delete(record) for record in records])
    assert commits(mongo_rig) - before == 3
    assert {place: type(one) for place, one in enumerate(results) if one is not None} == {
        7: RecordChanged,
        120: RecordMissing,
    }
    assert left(mongo_rig) == {"s7"}


def test_many_expire_in_few_transactions_and_are_returned_as_written(mongo_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(mongo_rig.url)
    records = filled(mongo_rig, store, 150)
    mongo_rig.put("s7", changed=True)
    before = commits(mongo_rig)
    results = store.write_many(
        [ChangeExpiry(record, LATER if place % 2 else None) for place, record in enumerate(records)]
    )
    assert commits(mongo_rig) - before == 2
    assert isinstance(results.pop(7), RecordChanged)
    for record in results:
        assert isinstance(record, RawRecord)
        now = store.read(record.ref)
        assert (record.payload, record.expires_at_ms) == (now.payload, now.expires_at_ms)
        assert record.expires_at_ms == (LATER if int(record.ref.key.decode()[1:]) % 2 else None)


def test_one_that_the_application_is_writing_does_not_keep_the_others(mongo_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(mongo_rig.url)
    records = filled(mongo_rig, store, 20)
    with mongo_rig.client.start_session() as session, session.start_transaction():
        mongo_rig.collection.update_one({"_id": "s3"}, {"$set": {"session": "theirs"}}, session=session)
        results = store.write_many([Delete(record) for record in records])
    assert [place for place, one in enumerate(results) if one is not None] == [3]
    assert isinstance(results[3], StoreError)
    assert left(mongo_rig) == {"s3"}
    assert mongo_rig.collection.find_one({"_id": "s3"})["session"] == "theirs"


@pytest.mark.parametrize("kind", [Delete, ChangeExpiry, Replace])
def test_f50_commit_of_many_without_an_answer_is_looked_up(
    mongo_rig: MongoRig, open_at: Opener, kind: type[Write]
) -> None:
    store = open_at(mongo_rig.url)
    records = filled(mongo_rig, store, 5)
    writes = [written(kind, record) for record in records]
    with mongo_rig.fail("commitTransaction", times="always", closeConnection=True):
        results = store.write_many(writes)
    assert [type(one) for one in results] == [StoreUnreachable] * 5
    assert all("nothing was written" in str(one) for one in results)
    assert {store.read(record.ref).payload for record in records} == {record.payload for record in records}
    with mongo_rig.fail("commitTransaction", times=3, closeConnection=True):
        results = store.write_many(writes)
    assert not any(isinstance(one, StoreError) for one in results)
    assert left(mongo_rig) == (set() if kind is Delete else {f"s{number}" for number in range(5)})


def test_many_that_are_stopped_while_they_are_committed_are_not_tried_once_more(
    mongo_rig: MongoRig, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_at(mongo_rig.url)
    records = filled(mongo_rig, store, 5)
    mongo_rig.put("s3", changed=True)
    real: Any = ClientSession.commit_transaction

    def commit(session: Any) -> None:
        real(session)
        store.interrupt()
        raise InvalidOperation("Cannot use MongoClient after close")

    monkeypatch.setattr(ClientSession, "commit_transaction", commit)
    results = store.write_many([Delete(record) for record in records])
    assert [type(one) for one in results] == [OutcomeUnknown] * 3 + [RecordChanged, OutcomeUnknown]


def test_many_that_are_stopped_while_they_are_created_are_not_tried_once_more(
    any_mongo_rig: MongoRig, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_at(any_mongo_rig.url)
    records = filled(any_mongo_rig, store, 5)
    any_mongo_rig.collection.delete_many({})
    real: Any = Collection.insert_many

    def insert_many(collection: Any, *args: Any, **options: Any) -> None:
        real(collection, *args, **options)
        store.interrupt()
        raise InvalidOperation("Cannot use MongoClient after close")

    monkeypatch.setattr(Collection, "insert_many", insert_many)
    results = store.write_many([Create(one.ref, one.payload, one.expires_at_ms) for one in records])
    assert [type(one) for one in results] == [OutcomeUnknown] * 5


@pytest.mark.parametrize("command", ["find", "delete"])
def test_what_fails_together_goes_one_by_one(mongo_rig: MongoRig, open_at: Opener, command: str) -> None:
    store = open_at(mongo_rig.url)
    records = filled(mongo_rig, store, 5)
    with mongo_rig.fail(command, times=1, errorCode=112, errorLabels=["TransientTransactionError"]):
        results = store.write_many([Delete(record) for record in records])
    assert results == [None] * 5
    assert left(mongo_rig) == set()


def test_many_are_created_at_once_and_each_refusal_is_told(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(any_mongo_rig.url)
    records = filled(any_mongo_rig, store, 120)
    any_mongo_rig.collection.delete_many({"_id": {"$ne": "s7"}})
    writes = [Create(record.ref, record.payload, record.expires_at_ms) for record in records]
    writes[3] = Create(writes[3].ref, b"no BSON", None)
    before = requests(any_mongo_rig)
    results = store.write_many(writes)
    assert requests(any_mongo_rig) - before < 60
    assert {place: type(one) for place, one in enumerate(results) if not isinstance(one, RawRecord)} == {
        3: RecordUnreadable,
        7: RecordExists,
    }
    assert left(any_mongo_rig) == {f"s{number}" for number in range(120)} - {"s3"}
    for record, result in zip(records, results, strict=True):
        if isinstance(result, RawRecord):
            assert result.payload == record.payload == any_mongo_rig.document(result.ref.key.decode())


def with_number(record: RawRecord, number: int) -> bytes:
    """Return the document with another session, as an edit makes it."""
    fields = bson.decode(record.payload)
    return bson.encode({**fields, "session": fields["session"].replace('"number":', f'"was":{number},"number":')})


def written(kind: type[Write], record: RawRecord) -> Write:
    if kind is Replace:
        return Replace(record, with_number(record, 7))
    return Delete(record) if kind is Delete else ChangeExpiry(record, LATER)


def test_many_expiries_with_payloads_are_returned_as_written(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(any_mongo_rig.url)
    records = filled(any_mongo_rig, store, 20)
    any_mongo_rig.put("s7", changed=True)
    results = store.write_many([ChangeExpiry(one, LATER, with_number(one, 7)) for one in records])
    assert [place for place, one in enumerate(results) if isinstance(one, RecordChanged)] == [7]
    for result in results[:7] + results[8:]:
        assert isinstance(result, RawRecord)
        now = store.read(result.ref)
        assert (result.payload, result.expires_at_ms) == (now.payload, LATER)
        assert b'"was":7' in now.payload


def test_many_are_saved_in_few_commands_and_are_returned_as_written(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(any_mongo_rig.url)
    records = filled(any_mongo_rig, store, 120)
    any_mongo_rig.put("s7", changed=True)
    any_mongo_rig.collection.delete_one({"_id": "s110"})
    any_mongo_rig.collection.update_one({"_id": "s8"}, {"$set": {"expires": ENDS_LATER, "lastModified": ENDS_LATER}})
    wanted = [with_number(record, place) for place, record in enumerate(records)]
    wanted[3] = b"no BSON"
    wanted[4] = bson.encode({**bson.decode(wanted[4]), "expires": ENDS_LATER})
    wanted[5] = records[5].payload
    before = requests(any_mongo_rig)
    results = store.write_many([Replace(record, payload) for record, payload in zip(records, wanted, strict=True)])
    assert requests(any_mongo_rig) - before < 40
    assert {place: type(one) for place, one in enumerate(results) if not isinstance(one, RawRecord)} == {
        3: RecordUnreadable,
        4: StoreRefused,
        7: RecordChanged,
        110: RecordMissing,
    }
    for place, result in enumerate(results):
        if isinstance(result, RawRecord):
            now = store.read(result.ref)
            assert (result.payload, result.expires_at_ms) == (now.payload, now.expires_at_ms)
            assert bson.decode(now.payload)["session"] == bson.decode(wanted[place])["session"]
    assert store.read(records[8].ref).expires_at_ms == int(ENDS_LATER)


def test_writes_of_each_kind_go_together_where_they_are_mixed(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    """As an expiry change of many sessions does it: some get their new lifetime first, some their new expiry."""
    store = open_at(any_mongo_rig.url)
    records = filled(any_mongo_rig, store, 90)
    any_mongo_rig.collection.delete_many({"_id": {"$in": ["s2", "s5"]}})
    any_mongo_rig.put("s4", changed=True)
    any_mongo_rig.put("s6", changed=True)
    kinds: list[Callable[[RawRecord], Write]] = [
        Delete,
        lambda record: ChangeExpiry(record, LATER),
        lambda record: Create(record.ref, record.payload, record.expires_at_ms),
    ]
    writes = [kinds[place % 3](record) for place, record in enumerate(records)]
    before = requests(any_mongo_rig)
    results = store.write_many(writes)
    assert requests(any_mongo_rig) - before < 40
    for place, result in enumerate(results):
        expected = [type(None), RawRecord, RecordExists][place % 3]
        assert type(result) is {2: RawRecord, 4: RecordChanged, 5: RawRecord, 6: RecordChanged}.get(place, expected)
        assert not isinstance(result, RawRecord) or result.ref == records[place].ref


def test_writes_after_one_that_nobody_answered_are_not_tried(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(any_mongo_rig.url)
    records = filled(any_mongo_rig, store, 104)
    writes: list[Write] = [Delete(one) if place % 2 else ChangeExpiry(one, LATER) for place, one in enumerate(records)]
    commands = ["find", "delete", "update", "findAndModify"]
    with any_mongo_rig.fail(*commands, times="always", closeConnection=True):
        results = store.write_many(writes)
    assert [type(one) for one in results] == [StoreUnreachable] * 104
    assert {store.read(record.ref).payload for record in records} == {record.payload for record in records}


def test_f50_creation_of_many_without_an_answer_is_looked_up(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    store = open_at(any_mongo_rig.url)
    records = filled(any_mongo_rig, store, 5)
    any_mongo_rig.collection.delete_many({})
    writes = [Create(record.ref, record.payload, record.expires_at_ms) for record in records]
    with any_mongo_rig.fail("insert", times="always", closeConnection=True):
        results = store.write_many(writes)
    assert all(isinstance(one, StoreError) for one in results)
    assert left(any_mongo_rig) == set()
    error = {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "waiting for replication timed out"}
    with any_mongo_rig.fail("insert", times=1, writeConcernError=error):
        results = store.write_many(writes)
    assert all(isinstance(one, RawRecord) and "not yet confirmed" in one.note for one in results)
    assert left(any_mongo_rig) == {f"s{number}" for number in range(5)}
