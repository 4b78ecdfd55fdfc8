"""Row F50: every way in which a MongoDB server fails a command. What is reported is what is stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import bson
import pytest

from inspector.services.sessions.save_session import SaveState
from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Delete, RawRecord, SessionStore
from store_adapters.errors import (
    RecordExists,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from tests.faults.mongo.rigs import ENDS, MongoRig
from tests.faults.redis.rigs import HOUR_MS, assert_told, assert_usable, edit, look, new_role, session_bytes, told

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]
WRITES = ("findAndModify", "update", "delete", "insert")


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (10107, StoreReadOnly, "not the primary"),
        (13, StoreRefused, "no permission"),
        (50, StoreUnreachable, "did not answer in time"),
        (8000, StoreRefused, "no permission"),
        (9999, StoreRefused, "refused the command (code 9999)"),
    ],
)
def test_f50_refused_write_says_why_and_that_nothing_was_written(
    any_mongo_rig: MongoRig, open_at: Opener, code: int, kind: type[StoreError], words: str
) -> None:
    rig = any_mongo_rig
    before = rig.put()
    store = open_at(rig.url)
    opened = look(store)
    with rig.fail("findAndModify", times="always", errorCode=code), pytest.raises(kind) as refused:
        edit(store, opened)
    assert_told(told(refused.value), words, "nothing was written")
    assert rig.stored() == before
    assert_usable(store, rig)


def test_f50_connection_closed_before_the_write_writes_nothing(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    before = any_mongo_rig.put()
    store = open_at(any_mongo_rig.url)
    opened = look(store)
    with any_mongo_rig.fail("findAndModify", closeConnection=True), pytest.raises(StoreUnreachable) as broken:
        edit(store, opened)
    assert_told(told(broken.value), "connection to MongoDB broke", "nothing was written")
    assert any_mongo_rig.stored() == before
    assert_usable(store, any_mongo_rig)


def test_f50_connection_closed_while_reading_is_told(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    any_mongo_rig.put()
    store = open_at(any_mongo_rig.url)
    with any_mongo_rig.fail("find", closeConnection=True):
        look(store)  # a read is asked once more: the connection may have been dead since the server was restarted
    with any_mongo_rig.fail("find", times=2, closeConnection=True), pytest.raises(StoreUnreachable) as broken:
        look(store)
    assert_told(told(broken.value), "connection to MongoDB broke")
    assert_usable(store, any_mongo_rig)


def test_f50_lock_that_is_not_to_be_had_at_once_is_asked_for_again(mongo_rig: MongoRig, open_at: Opener) -> None:
    before = mongo_rig.put()
    store = open_at(mongo_rig.url)
    opened = look(store)
    with mongo_rig.fail("findAndModify", times=2, errorCode=24, errorLabels=["TransientTransactionError"]):
        edit(store, opened)
    assert mongo_rig.stored() == new_role(before)


def test_f50_commit_without_an_answer_is_asked_for_again(mongo_rig: MongoRig, open_at: Opener) -> None:
    before = mongo_rig.put()
    store = open_at(mongo_rig.url)
    opened = look(store)
    with mongo_rig.fail("commitTransaction", times=3, closeConnection=True):
        outcome = edit(store, opened)
    assert outcome.state is SaveState.SAVED
    assert mongo_rig.stored() == new_role(before)
    assert_usable(store, mongo_rig)


def test_f50_commit_that_is_never_answered_is_taken_back_and_leaves_nothing_locked(
    mongo_rig: MongoRig, open_at: Opener
) -> None:
    before = mongo_rig.put()
    store = open_at(mongo_rig.url)
    opened = look(store)
    with (
        mongo_rig.fail("commitTransaction", times="always", closeConnection=True),
        pytest.raises(StoreUnreachable) as broken,
    ):
        edit(store, opened)
    assert_told(told(broken.value), "a re-read shows that it's unchanged", "nothing was written")
    assert mongo_rig.stored() == before
    assert_usable(store, mongo_rig)


def test_f50_transaction_that_the_server_dropped_is_tried_again(mongo_rig: MongoRig, open_at: Opener) -> None:
    before = mongo_rig.put()
    store = open_at(mongo_rig.url)
    opened = look(store)
    with mongo_rig.fail("commitTransaction", errorCode=251):
        outcome = edit(store, opened)
    assert (outcome.state, outcome.attempts) == (SaveState.SAVED, 2)
    assert mongo_rig.stored() == new_role(before)
    assert_usable(store, mongo_rig)


def test_f50_write_that_others_have_not_confirmed_is_told_as_written(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    rig = any_mongo_rig
    before = rig.put()
    store = open_at(rig.url)
    opened = look(store)
    command = "commitTransaction" if rig.is_replica_set else "findAndModify"
    error = {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "waiting for replication timed out"}
    with rig.fail(command, times="always", writeConcernError=error):
        outcome = edit(store, opened)
    assert outcome.state is SaveState.SAVED
    assert_told(outcome.message, "saved role", "written, but not yet confirmed")
    assert rig.stored() == new_role(before)
    assert_usable(store, rig)


def test_f50_slow_server_without_transactions_is_not_said_to_have_refused(lone_rig: MongoRig, open_at: Opener) -> None:
    """It carries the write out after nobody waits any more: that it is not there yet says nothing."""
    before = lone_rig.put()
    store = open_at(lone_rig.url)
    opened = look(store)
    with lone_rig.fail("findAndModify", blockConnection=True, blockTimeMS=4500):
        started = time.monotonic()
        outcome = edit(store, opened)
        assert time.monotonic() - started < 5.5
        assert outcome.state is SaveState.UNKNOWN
        assert_told(outcome.message, "may still save it", "refresh")
        assert lone_rig.stored() in (before, new_role(before))
    assert_usable(store, lone_rig)


def test_f50_slow_server_is_given_up_within_the_limit_and_commits_nothing(mongo_rig: MongoRig, open_at: Opener) -> None:
    before = mongo_rig.put()
    store = open_at(mongo_rig.url)
    opened = look(store)
    with mongo_rig.fail("findAndModify", blockConnection=True, blockTimeMS=6000):
        started = time.monotonic()
        with pytest.raises(StoreUnreachable) as late:
            edit(store, opened)
        assert time.monotonic() - started < 4.5
        assert_told(told(late.value), "did not answer in time", "nothing was written")
        assert mongo_rig.stored() == before
    assert_usable(store, mongo_rig)


def test_f50_taken_id_is_told(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    before = any_mongo_rig.put()
    store = open_at(any_mongo_rig.url)
    payload = store.read(store.ref_for("a")).payload
    with pytest.raises(RecordExists) as taken:
        store.create(store.ref_for("a"), payload, now_ms() + HOUR_MS)
    assert_told(told(taken.value), "with this ID already")
    assert any_mongo_rig.stored() == before


def test_f50_creation_whose_answer_was_lost_is_looked_up(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    any_mongo_rig.put()
    store = open_at(any_mongo_rig.url)
    payload = store.read(store.ref_for("a")).payload
    until = now_ms() + HOUR_MS
    with any_mongo_rig.fail("insert", closeConnection=True):
        try:
            made = store.create(store.ref_for("b"), payload, until)
        except StoreUnreachable as error:  # by itself the server repeats nothing
            assert not any_mongo_rig.is_replica_set
            assert_told(told(error), "nothing was written")
            assert any_mongo_rig.stored("b") is None
        else:
            assert any_mongo_rig.document("b") == made.payload
    assert_usable(store, any_mongo_rig)


def test_f50_document_over_16_mb_is_refused(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    before = any_mongo_rig.put()
    store = open_at(any_mongo_rig.url)
    opened = look(store)
    with pytest.raises(StoreRefused) as large:
        fields = bson.decode(opened.raw.payload)
        store.replace(opened.raw, bson.encode({**fields, "more": "x" * (17 << 20)}))
    assert_told(told(large.value), "larger than MongoDB allows", "nothing was written")
    assert any_mongo_rig.stored() == before
    assert_usable(store, any_mongo_rig)


@pytest.mark.parametrize("size", [3_000, 5_000, 100_000])
def test_large_document_is_saved_expired_and_deleted(any_mongo_rig: MongoRig, open_at: Opener, size: int) -> None:
    """Of 4,096 bytes or more the driver gives a view of its buffer in the place of bytes."""
    before = any_mongo_rig.put(note="x" * size)
    any_mongo_rig.put("b", note="x" * size)
    any_mongo_rig.put("c", note="x" * size)
    store = open_at(any_mongo_rig.url)
    outcome = edit(store, look(store))
    assert outcome.state is SaveState.SAVED
    assert any_mongo_rig.stored() == new_role(before)
    moved = store.change_expiry(store.read(store.ref_for("a")), now_ms() + HOUR_MS)
    assert moved.payload == any_mongo_rig.document()
    store.delete(moved)
    many = [store.read(store.ref_for(name)) for name in ("b", "c")]
    after = store.write_many([ChangeExpiry(one, now_ms() + HOUR_MS) for one in many])
    assert [one.payload for one in after if isinstance(one, RawRecord)] == list(map(any_mongo_rig.document, "bc"))
    assert store.write_many([Delete(one) for one in after if isinstance(one, RawRecord)]) == [None, None]
    assert list(map(any_mongo_rig.document, "abc")) == [None, None, None]


def test_f50_deletion_and_expiry_that_broke_are_looked_up(mongo_rig: MongoRig, open_at: Opener) -> None:
    mongo_rig.put()
    store = open_at(mongo_rig.url)
    base = store.read(store.ref_for("a"))
    with mongo_rig.fail("commitTransaction", times=3, closeConnection=True):
        moved = store.change_expiry(base, now_ms() + 2 * HOUR_MS)
    assert mongo_rig.collection.find_one({"_id": "a"})["expires"].timestamp() * 1000 == moved.expires_at_ms
    with mongo_rig.fail("commitTransaction", times=3, closeConnection=True):
        store.delete(moved)
    assert mongo_rig.stored() is None
    mongo_rig.put()
    base = store.read(store.ref_for("a"))
    with mongo_rig.fail("delete", closeConnection=True), pytest.raises(StoreUnreachable) as broken:
        store.delete(base)
    assert_told(told(broken.value), "nothing was written")
    assert mongo_rig.stored() is not None


def test_f50_real_validation_of_the_collection_is_told(mongo_rig: MongoRig, open_at: Opener) -> None:
    before = mongo_rig.put()
    rule: dict[str, Any] = {"session": {"$not": {"$regex": "admin"}}}
    mongo_rig.client[mongo_rig.database].command("collMod", "sessions", validator=rule)
    store = open_at(mongo_rig.url)
    with pytest.raises(StoreRefused) as refused:
        edit(store, look(store))
    assert_told(told(refused.value), "validation refused", "nothing was written")
    assert mongo_rig.stored() == before
    assert mongo_rig.collection.find_one({"_id": "a"})["expires"].timestamp() * 1000 == int(ENDS)
    assert b"user" in session_bytes()
