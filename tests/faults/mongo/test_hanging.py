"""Row F51 and part of F62: MongoDB that hangs, dies under a listing, or changes a type behind our back; clocks that differ."""

from __future__ import annotations

import os
import random
import signal
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import bson
import pytest
from bson.int64 import Int64
from bson.regex import Regex
from pytestqt.qtbot import QtBot

from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import change_expiry
from inspector.services.sessions.save_session import SaveState
from store_adapters.clock import now_ms
from store_adapters.contract import SessionStore
from store_adapters.errors import RecordChanged, StoreError, StoreRefused, StoreUnreachable
from store_adapters.mongo import batches as mongo_batches
from store_adapters.mongo import changes as mongo_changes
from store_adapters.mongo import store as mongo_store
from store_adapters.mongo import writer as mongo_writer
from store_adapters.registry import open_store
from tests.faults.mongo.rigs import ENDS, MakeMongo, MongoRig
from tests.faults.redis.rigs import HOUR_MS, assert_told, assert_usable, edit, look, new_role, told
from tests.faults.window.rigs import edit_role, press_save, read_box
from tests.stalls import Heartbeat, assert_smooth
from tests.ui.conftest import WAIT_MS, OpenWindow

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]
Document = dict[str, Any]
KILLS = 50 if os.environ.get("FAULTS_FULL") else 2
STOPS_S = [0.0005 * number for number in range(1, 31)] if os.environ.get("FAULTS_FULL") else [0.001, 0.004]


def test_f51_stopped_server_is_told_within_the_limit_and_used_again(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    rig = any_mongo_rig
    before = rig.put()
    store = open_at(rig.url)
    opened = look(store)
    rig.server.signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(StoreError) as hung:
            edit(store, opened)
        assert time.monotonic() - started < 4.5
        assert_told(told(hung.value), "did not answer in time")
        started = time.monotonic()
        with pytest.raises(StoreUnreachable):
            store.read(opened.raw.ref)
        assert time.monotonic() - started < 4.5
    finally:
        rig.server.signal(signal.SIGCONT)
    assert rig.stored() == before
    assert_usable(store, rig)


def test_f51_closing_a_store_whose_server_hangs_takes_no_time(mongo_rig: MongoRig) -> None:
    mongo_rig.put()
    store = open_store(mongo_rig.url)
    edit(store, look(store))
    mongo_rig.server.signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        store.close()
        assert time.monotonic() - started < 1  # three and a half, were it to say goodbye
    finally:
        mongo_rig.server.signal(signal.SIGCONT)


def test_f51_server_stopped_in_the_middle_of_a_save_is_never_misreported(
    any_mongo_rig: MongoRig, open_at: Opener
) -> None:
    """The write waits in the server's queue while it is stopped, and may be carried out when it goes on."""
    rig = any_mongo_rig
    store = open_at(rig.url)
    said: dict[str, int] = {}
    for number, delay_s in enumerate(STOPS_S):
        before = rig.put(sid := f"s{number}")
        opened = look(store, sid)
        stop = threading.Timer(delay_s, rig.server.signal, [signal.SIGSTOP])
        stop.start()
        try:
            state = edit(store, opened).state.value
        except StoreError as error:
            assert_told(told(error), ".")
            state = "not saved"
        stop.join()
        rig.server.signal(signal.SIGCONT)
        assert_usable(store, rig)  # whatever waited has been carried out by now
        found = rig.stored(sid)
        said[state] = said.get(state, 0) + 1
        assert found == {"saved": new_role(before), "not saved": before}.get(state, found)
        assert found in (before, new_role(before))
    print(f"stopped while saving: {said}")


def test_f51_document_is_the_applications_again_as_soon_as_the_server_goes_on(
    mongo_rig: MongoRig, open_at: Opener
) -> None:
    """A transaction that broke would hold the document for a minute: the commit hangs, then the whole server does."""
    mongo_rig.put()
    store = open_at(mongo_rig.url)
    opened = look(store)
    with mongo_rig.fail("commitTransaction", times=1, errorCode=50, blockConnection=True, blockTimeMS=200):
        timer = threading.Timer(0.1, mongo_rig.server.signal, [signal.SIGSTOP])
        timer.start()
        try:
            state = edit(store, opened).state
        except StoreError as error:
            assert_told(told(error), ".")
            state = SaveState.UNCHANGED
        finally:
            mongo_rig.server.signal(signal.SIGCONT)
    assert state in (SaveState.UNCHANGED, SaveState.UNKNOWN)
    started = time.monotonic()
    mongo_rig.collection.update_one({"_id": "a"}, {"$set": {"session": "{}"}})
    assert time.monotonic() - started < 20


@pytest.mark.timeout(900)
def test_f51_kills_while_saving_report_what_is_stored(make_mongo: MakeMongo, open_at: Opener) -> None:
    rig = make_mongo()
    rig.put()
    store = open_at(rig.url)
    dice, stored, kinds = random.Random(3), "user", dict.fromkeys(("saved", "not saved", "unknown"), 0)
    for number in range(KILLS):
        timer = threading.Timer(dice.uniform(0, 0.03), rig.server.process.kill)
        timer.start()
        told_last = ""
        while rig.server.process.poll() is None:
            role = f"r{number}-{now_ms()}"
            try:
                outcome = edit(store, look(store), role)
                told_last = outcome.state.value
            except StoreError as error:
                assert_told(told(error), ".")
                told_last = "not saved"
            if told_last != "saved":
                break
            stored = role
        timer.join()
        rig.server.process.wait()
        make_mongo(again=rig)
        found = (rig.stored() or b"").split(b'"role":"')[1].split(b'"')[0].decode()
        kinds[told_last] += 1
        if told_last == "unknown":
            assert found in (stored, role)
            stored = found
        assert found == stored, f"kill {number}: {told_last} was reported"
        assert_usable(store, rig)
    print(f"{KILLS} kills of mongod: {kinds}")


def _nested_int(document: bytes) -> bytes:
    """Turn the int32 inside the session into the double of the same value: the driver and `$eq` call them equal."""
    assert document.count(b"\x10n\0\x07\0\0\0") == 1
    changed = document.replace(b"\x10n\0\x07\0\0\0", b"\x01n\0" + struct.pack("<d", 7.0))
    return _longer(changed, 4)


def _longer(document: bytes, by: int) -> bytes:
    inner = document.index(b"\x03session\0") + len(b"\x03session\0")
    size = struct.unpack_from("<i", document, inner)[0] + by
    whole = document[:inner] + struct.pack("<i", size) + document[inner + 4 :]
    return struct.pack("<i", len(whole)) + whole[4:]


# What filters on the old value do not notice, and a decoder does not see: section 7 of the measurements.
BEFORE_AFTER: dict[str, tuple[Any, Any]] = {
    "int32 to double": (7, 7.0),
    "int32 to int64": (7, Int64(7)),
    "int64 to double": (Int64(7), 7.0),
    "double zero to minus zero": (0.0, -0.0),
    "decimal 1.10 to 1.1": (bson.Decimal128("1.10"), bson.Decimal128("1.1")),
    "scalar to an array with it": (7, [7]),
    "text to a pattern that matches it": (Regex("^a"), "abc"),
    "key order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
}


@pytest.mark.parametrize("case", BEFORE_AFTER)
def test_f51_type_changed_in_the_background_is_noticed(any_mongo_rig: MongoRig, open_at: Opener, case: str) -> None:
    before, after = BEFORE_AFTER[case]
    _notice(any_mongo_rig, open_at, {"n": before}, {"n": after})


def test_f51_null_that_became_nothing_is_noticed(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    _notice(any_mongo_rig, open_at, {"n": None}, {})


def test_f51_document_with_operators_for_names_is_compared_and_not_executed(
    any_mongo_rig: MongoRig, open_at: Opener
) -> None:
    _notice(any_mongo_rig, open_at, {"n": {"$gt": ""}}, {"n": {"$gt": "z"}})


def _notice(rig: MongoRig, open_at: Opener, before: Document, after: Document) -> None:
    rig.put_document(bson.encode({"_id": "a", "expires": ENDS, "session": {"cookie": {}, "role": "user"}, **before}))
    store = open_at(rig.url)
    base = store.read(store.ref_for("a"))
    payload = base.payload.replace(b"role\0\x05\0\0\0user", b"role\0\x05\0\0\0root")
    rig.put_document(bson.encode({"_id": "a", "expires": ENDS, "session": {"cookie": {}, "role": "user"}, **after}))
    stored = rig.document()
    assert stored is not None
    assert stored != base.payload
    for write in (
        lambda: store.replace(base, payload),
        lambda: store.delete(base),
        lambda: store.change_expiry(base, now_ms() + HOUR_MS),
    ):
        with pytest.raises(RecordChanged) as changed:
            write()
        assert_told(told(changed.value), "changed after it was read; nothing was written")
        assert rig.document() == stored
    fresh = store.read(base.ref)
    store.replace(fresh, fresh.payload.replace(b"role\0\x05\0\0\0user", b"role\0\x05\0\0\0root"))
    assert rig.document() == stored.replace(b"role\0\x05\0\0\0user", b"role\0\x05\0\0\0root")


def test_f51_number_that_changed_its_type_inside_the_session_is_noticed(
    any_mongo_rig: MongoRig, open_at: Opener
) -> None:
    rig = any_mongo_rig
    session = {"cookie": {}, "role": "user", "n": 7}
    document = bson.encode({"_id": "a", "expires": ENDS, "session": session})
    rig.put_document(document)
    store = open_at(rig.url)
    opened = look(store)
    base = opened.raw
    rig.put_document(_nested_int(document))
    stored = rig.document()
    assert stored is not None
    assert stored == _nested_int(document)
    with pytest.raises(RecordChanged):
        store.replace(base, base.payload.replace(b"role\0\x05\0\0\0user", b"role\0\x05\0\0\0root"))
    assert rig.document() == stored
    # The save merges by field: the application's double stays a double.
    outcome = edit(store, opened, "root")
    assert outcome.state is SaveState.SAVED
    assert rig.document() == stored.replace(b"role\0\x05\0\0\0user", b"role\0\x05\0\0\0root")


def test_f51_types_the_driver_would_change_are_written_back_as_they_were(
    any_mongo_rig: MongoRig, open_at: Opener
) -> None:
    """`undefined` reads as null, a symbol as a string, a year after 9999 not at all: the edit goes round the decoder."""
    odd = b"\x06u\0" + b"\x0es\0\x04\0\0\0sym\0" + b"\x09d\0" + struct.pack("<q", 253_402_300_800_000)
    odd += b"\x0br\0a\0gi\0" + b"\x01z\0" + struct.pack("<d", -0.0)
    plain = bson.encode({"cookie": {}, "role": "user"})
    session = struct.pack("<i", len(plain) + len(odd)) + plain[4:-1] + odd + b"\0"
    head = bson.encode({"_id": "a"})[4:-1] + b"\x03session\0" + session
    document = struct.pack("<i", len(head) + 5) + head + b"\0"
    any_mongo_rig.put_document(document)
    assert any_mongo_rig.document() == document
    store = open_at(any_mongo_rig.url)
    base = store.read(store.ref_for("a"))
    assert base.payload == document
    # The whole session is set, odd types and all.
    wanted = document.replace(b"role\0\x05\0\0\0user", b"r.le\0\x05\0\0\0root")
    store.replace(base, wanted)
    assert any_mongo_rig.document() == wanted


def test_f51_window_answers_while_mongodb_hangs(
    qtbot: QtBot, make_window: OpenWindow, heartbeat: Heartbeat, mongo_rig: MongoRig
) -> None:
    before = mongo_rig.put()
    window = make_window(mongo_rig.url)
    window.go_to_session(b"a")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    edit_role(qtbot, window)
    mongo_rig.server.signal(signal.SIGSTOP)
    try:
        window.saving.review()
        assert "did not answer in time" in read_box(qtbot)
    finally:
        mongo_rig.server.signal(signal.SIGCONT)
    assert window.panel.can_review  # what was typed is still there
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: mongo_rig.stored() == new_role(before), timeout=WAIT_MS)
    assert_smooth(heartbeat)


@pytest.mark.parametrize("hours", [-1, 1])
def test_f62_wrong_clock_here_changes_no_expiry_and_ends_no_session(
    mongo_rig: MongoRig, open_at: Opener, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    mongo_rig.put()
    until = now_ms() + 30 * 60_000
    mongo_rig.collection.update_one({"_id": "a"}, {"$set": {"expires": bson.datetime_ms.DatetimeMS(until)}})
    for module in (mongo_store, mongo_writer, mongo_changes, mongo_batches):
        monkeypatch.setattr(module, "now_ms", lambda: now_ms() + hours * HOUR_MS)
    store = open_at(mongo_rig.url)
    outcome = edit(store, look(store))
    assert outcome.state is SaveState.SAVED
    assert outcome.record is not None
    assert outcome.record.raw.expires_at_ms == until
    assert mongo_rig.collection.find_one({"_id": "a"})["expires"].timestamp() * 1000 == until
    clock = dict(store.info().details)["Clock"]
    assert ("behind" if hours > 0 else "ahead of") in clock
    # In the past for the server, whatever the clock here says: it would delete the session at once.
    with pytest.raises(StoreRefused) as past:
        store.change_expiry(store.read(store.ref_for("a")), until - HOUR_MS)
    assert_told(told(past.value), "on the server's clock", "delete")
    assert (
        change_expiry(store, look(store), until + HOUR_MS, Journal(), lasting=False).raw.expires_at_ms
        == until + HOUR_MS
    )
