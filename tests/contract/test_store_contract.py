"""The one behaviour suite that every store adapter passes, on the real thing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from store_adapters.contract import (
    CancelToken,
    Change,
    ChangeExpiry,
    ChangeKind,
    Create,
    Delete,
    RawRecord,
    Replace,
    SessionStore,
)
from store_adapters.errors import (
    BadStoreAddress,
    RecordChanged,
    RecordExists,
    RecordMissing,
    StoreReadOnly,
    StoreRefused,
    Unsupported,
)
from tests.contract.backends import Backend

HOUR_MS = 3_600_000
SLACK_MS = 1500


def in_one_hour() -> int:
    return round(time.time() * 1000) + HOUR_MS


@pytest.fixture
def store(backend: Backend) -> Iterator[SessionStore]:
    opened = backend.open()
    yield opened
    opened.close()


def put(backend: Backend, store: SessionStore, sid: str = "a", number: int = 1) -> RawRecord:
    backend.put(sid, backend.payload(sid, number), in_one_hour())
    return store.read(store.ref_for(sid))


def swap(backend: Backend, record: RawRecord, sid: str = "a", number: int = 2) -> bytes:
    """Return the record's payload with another number in it, all else equal."""
    return record.payload.replace(b'"n":1', b'"n":%d' % number)


def test_record_is_read_with_its_bytes_and_expiry(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    assert record.payload == backend.raw("a")
    assert record.expires_at_ms is not None
    assert abs(record.expires_at_ms - in_one_hour()) < SLACK_MS


def test_missing_record_is_missing(store: SessionStore) -> None:
    with pytest.raises(RecordMissing):
        store.read(store.ref_for("nobody"))


def test_listing_finds_every_session_once_in_columns(backend: Backend, store: SessionStore) -> None:
    for number in range(1203):
        backend.put(f"s{number}", backend.payload(f"s{number}", number), None)
    found: dict[bytes, bytes] = {}
    for batch in store.list_records(CancelToken()):
        assert len(batch.keys) == len(batch.payloads) == len(batch.sizes) == len(batch.expires_at_ms)
        assert not batch.skipped
        found.update(zip(batch.keys, batch.payloads, strict=True))
    assert {store.session_id_of(key) for key in found} == {f"s{number}" for number in range(1203)}
    assert found[store.ref_for("s7").key] == backend.raw("s7")
    assert batch.read >= 1203


def test_cancelled_listing_ends_early(backend: Backend, store: SessionStore) -> None:
    for number in range(20):
        backend.put(f"s{number}", backend.payload(f"s{number}", number), None)
    cancel = CancelToken()
    cancel.cancel()
    assert list(store.list_records(cancel)) == []


def test_replace_writes_the_payload_and_keeps_the_expiry(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    after = store.replace(record, swap(backend, record))
    assert after.payload == swap(backend, record) == backend.raw("a")
    assert abs((after.expires_at_ms or 0) - (record.expires_at_ms or 0)) < SLACK_MS


def test_replace_of_a_record_that_never_ends_gives_it_no_end(backend: Backend, store: SessionStore) -> None:
    payload = backend.payload("a", 1).replace(b',"__lastAccess"', b',"was"')
    backend.put("a", payload, None)
    record = store.read(store.ref_for("a"))
    assert record.expires_at_ms == backend.endless
    assert store.replace(record, swap(backend, record)).expires_at_ms == backend.endless


def test_replace_refuses_a_record_the_application_changed(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    backend.put("a", backend.payload("a", 9), in_one_hour())
    theirs = backend.raw("a")
    with pytest.raises(RecordChanged):
        store.replace(record, swap(backend, record))
    assert backend.raw("a") == theirs


def test_replace_never_brings_a_destroyed_session_back(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    backend.drop("a")
    with pytest.raises(RecordMissing):
        store.replace(record, swap(backend, record))
    assert backend.raw("a") is None


def test_create_makes_a_new_record_with_its_expiry(backend: Backend, store: SessionStore) -> None:
    record = store.create(store.ref_for("new"), backend.payload("new", 1), in_one_hour())
    assert abs((record.expires_at_ms or 0) - in_one_hour()) < SLACK_MS
    assert backend.raw("new") == record.payload


def test_create_refuses_a_taken_id(backend: Backend, store: SessionStore) -> None:
    put(backend, store)
    before = backend.raw("a")
    with pytest.raises(RecordExists):
        store.create(store.ref_for("a"), backend.payload("a", 5), in_one_hour())
    assert backend.raw("a") == before


def test_delete_removes_what_was_read(backend: Backend, store: SessionStore) -> None:
    store.delete(put(backend, store))
    assert backend.raw("a") is None


def test_delete_refuses_a_changed_or_missing_record(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    backend.put("a", backend.payload("a", 9), in_one_hour())
    with pytest.raises(RecordChanged):
        store.delete(record)
    assert backend.raw("a") is not None
    backend.drop("a")
    with pytest.raises(RecordMissing):
        store.delete(record)


def test_change_of_expiry_moves_the_expiry_alone(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    wanted = in_one_hour() + HOUR_MS
    after = store.change_expiry(record, wanted)
    assert abs((after.expires_at_ms or 0) - wanted) < SLACK_MS
    assert b'"n":1' in after.payload
    again = store.read(record.ref)
    assert abs((again.expires_at_ms or 0) - wanted) < SLACK_MS


def test_expiry_and_payload_are_changed_in_one_write(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    wanted = in_one_hour() + HOUR_MS
    after = store.change_expiry(record, wanted, swap(backend, record))
    again = store.read(record.ref)
    assert again.payload == after.payload == backend.raw("a")
    for one in (after, again):
        assert b'"n":2' in one.payload
        assert abs((one.expires_at_ms or 0) - wanted) < SLACK_MS


def test_expiry_and_payload_of_a_changed_record_stay(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    backend.put("a", backend.payload("a", 9), in_one_hour())
    before = store.read(record.ref)
    with pytest.raises(RecordChanged):
        store.change_expiry(record, in_one_hour() + HOUR_MS, swap(backend, record))
    after = store.read(record.ref)
    assert after.payload == before.payload
    assert abs((after.expires_at_ms or 0) - (before.expires_at_ms or 0)) < SLACK_MS


def test_expiry_is_taken_away_and_the_payload_changed_in_one_write(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    if not store.capabilities.can_persist:
        with pytest.raises(Unsupported):
            store.change_expiry(record, None, swap(backend, record))
        return
    store.change_expiry(record, None, swap(backend, record))
    again = store.read(record.ref)
    assert b'"n":2' in again.payload
    assert again.expires_at_ms is None


def test_expiry_can_be_taken_away_where_the_store_says_so(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    if not store.capabilities.can_persist:
        with pytest.raises(Unsupported):
            store.change_expiry(record, None)
        return
    assert store.change_expiry(record, None).expires_at_ms is None
    assert store.read(record.ref).expires_at_ms is None


def test_expiry_in_the_past_is_refused_or_ends_the_session(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    if backend.name == "memory":
        store.change_expiry(record, 1)
        with pytest.raises(RecordMissing):
            store.read(record.ref)
        return
    with pytest.raises(StoreRefused):
        store.change_expiry(record, 1)
    assert backend.raw("a") is not None


def put_many(backend: Backend, store: SessionStore, count: int) -> list[RawRecord]:
    """Put the sessions s0, s1 … and return them as read."""
    for number in range(count):
        backend.put(f"s{number}", backend.payload(f"s{number}", 1), in_one_hour())
    found = store.read_many([store.ref_for(f"s{number}") for number in range(count)])
    return [record for record in found if isinstance(record, RawRecord)]


def test_many_are_read_in_order_and_the_missing_told(backend: Backend, store: SessionStore) -> None:
    singly = put(backend, store, "a"), put(backend, store, "b", 2)
    found = store.read_many([store.ref_for(sid) for sid in ("b", "nobody", "a")])
    assert isinstance(found[1], RecordMissing)
    for record, single in ((found[0], singly[1]), (found[2], singly[0])):
        assert isinstance(record, RawRecord)
        assert (record.ref, record.payload) == (single.ref, single.payload)
        assert abs((record.expires_at_ms or 0) - (single.expires_at_ms or 0)) < SLACK_MS
    assert store.read_many([]) == []


def test_many_are_deleted_and_nothing_else(backend: Backend, store: SessionStore) -> None:
    records = put_many(backend, store, 703)
    assert len(records) == 703
    assert store.write_many([Delete(record) for record in records[1:]]) == [None] * 702
    assert store.count().number == 1
    assert backend.raw("s0") == records[0].payload


def test_many_writes_tell_which_were_changed_or_gone_and_do_the_others(backend: Backend, store: SessionStore) -> None:
    records = put_many(backend, store, 10)
    for number in (1, 3, 5, 9):
        backend.put(f"s{number}", backend.payload(f"s{number}", 9), in_one_hour())
    for number in (2, 4, 6):
        backend.drop(f"s{number}")
    theirs = [backend.raw(f"s{number}") for number in range(1, 7)]
    later = in_one_hour() + HOUR_MS
    swapped = swap(backend, records[0])
    results = store.write_many(
        [
            Replace(records[0], swapped), Replace(records[1], swap(backend, records[1])),
            Replace(records[2], swap(backend, records[2])), Delete(records[3]), Delete(records[4]),
            ChangeExpiry(records[5], later), ChangeExpiry(records[6], later), ChangeExpiry(records[7], later),
            ChangeExpiry(records[8], later, swap(backend, records[8])),
            ChangeExpiry(records[9], later, swap(backend, records[9])),
        ]
    )  # fmt: skip
    kinds = [type(one) for one in results]
    assert kinds[1:7] == [RecordChanged, RecordMissing] * 3
    assert [backend.raw(f"s{number}") for number in range(1, 7)] == theirs
    assert isinstance(results[0], RawRecord)
    assert results[0].payload == swapped == backend.raw("s0")
    for result, content in ((results[7], b'"n":1'), (results[8], b'"n":2')):
        assert isinstance(result, RawRecord)
        after = store.read(result.ref)
        assert after.payload == result.payload
        assert content in after.payload
        assert abs((after.expires_at_ms or 0) - later) < SLACK_MS
    assert isinstance(results[9], RecordChanged)
    kept = store.read(records[0].ref).expires_at_ms
    assert abs((kept or 0) - (records[0].expires_at_ms or 0)) < SLACK_MS


def test_many_are_created_and_a_taken_id_is_refused(backend: Backend, store: SessionStore) -> None:
    put(backend, store)
    before = backend.raw("a")
    names = ["x", "a", "y"]
    results = store.write_many([Create(store.ref_for(sid), backend.payload(sid, 5), in_one_hour()) for sid in names])
    assert isinstance(results[1], RecordExists)
    assert backend.raw("a") == before
    for sid, result in ((names[0], results[0]), (names[2], results[2])):
        assert isinstance(result, RawRecord)
        assert result.payload == backend.raw(sid)
        assert abs((result.expires_at_ms or 0) - in_one_hour()) < SLACK_MS


def test_deleted_record_created_again_has_the_same_bytes(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    store.delete(record)
    results = store.write_many([Create(record.ref, record.payload, record.expires_at_ms)])
    assert isinstance(results[0], RawRecord)
    assert backend.raw("a") == record.payload


def test_read_only_store_refuses_every_write(backend: Backend, store: SessionStore) -> None:
    record = put(backend, store)
    closed = backend.open(read_only=True)
    assert not closed.capabilities.can_write
    assert closed.read(record.ref).payload == record.payload
    for write in (
        lambda: closed.replace(record, swap(backend, record)),
        lambda: closed.delete(record),
        lambda: closed.change_expiry(record, in_one_hour()),
        lambda: closed.create(closed.ref_for("b"), record.payload, None),
        lambda: closed.write_many([Delete(record)]),
    ):
        with pytest.raises(StoreReadOnly):
            write()
    closed.close()
    assert backend.raw("a") == record.payload


def test_ping_of_a_store_that_answers_returns_and_changes_nothing(backend: Backend, store: SessionStore) -> None:
    backend.put("a", backend.payload("a", 1), None)
    before = backend.raw("a")
    store.ping()
    assert backend.raw("a") == before


def test_count_and_info_describe_the_store(backend: Backend, store: SessionStore) -> None:
    for number in range(3):
        backend.put(f"s{number}", backend.payload(f"s{number}", number), None)
    assert store.count().number == 3
    info = store.info()
    assert info.product in backend.products
    assert info.watch_method


def test_watch_tells_what_was_written_and_removed(backend: Backend, store: SessionStore) -> None:
    cancel, is_ready = CancelToken(), threading.Event()
    seen: list[Change] = []
    watcher = backend.open()

    def follow() -> None:
        for changes in watcher.watch(cancel):
            seen.extend(changes)
            is_ready.set()

    thread = threading.Thread(target=follow)
    thread.start()
    assert is_ready.wait(10)
    key = store.ref_for("w").key
    deadline = time.monotonic() + 15
    backend.put("w", backend.payload("w", 1), in_one_hour())
    while not any(c.key == key and c.kind is ChangeKind.WRITTEN for c in seen) and time.monotonic() < deadline:
        cancel.wait(0.05)
    backend.drop("w")
    while not any(c.key == key and c.kind is ChangeKind.REMOVED for c in seen) and time.monotonic() < deadline:
        cancel.wait(0.05)
    cancel.cancel()
    thread.join(10)
    watcher.close()
    kinds = [change.kind for change in seen if change.key == key]
    assert ChangeKind.WRITTEN in kinds
    assert ChangeKind.REMOVED in kinds


@pytest.mark.parametrize("sid", ["../../etc/passwd", "a/b", "..", ".hidden", "nul\0", "x" * 300, ""])
def test_hostile_session_id_never_becomes_another_place(backend: Backend, store: SessionStore, sid: str) -> None:
    try:
        ref = store.ref_for(sid)
    except BadStoreAddress:
        return
    assert backend.name != "file"
    assert store.session_id_of(ref.key) == sid


def test_racing_writers_lose_no_update(backend: Backend, store: SessionStore) -> None:
    start = 100_000  # of one width, so that the bytes around it stay valid BSON
    backend.put("a", backend.payload("a", start), in_one_hour())
    each, threads, conflicts = 40, 3, []

    def add() -> None:
        mine = backend.open()
        for _ in range(each):
            while True:
                record = mine.read(mine.ref_for("a"))
                number = int(record.payload.split(b'"n":')[1].split(b",")[0].split(b"}")[0])
                try:
                    mine.replace(record, record.payload.replace(b'"n":%d' % number, b'"n":%d' % (number + 1)))
                except RecordChanged:
                    conflicts.append(1)
                    continue
                break
        mine.close()

    workers = [threading.Thread(target=add) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    final = store.read(store.ref_for("a"))
    assert b'"n":%d' % (start + each * threads) in final.payload
    assert abs((final.expires_at_ms or 0) - in_one_hour()) < 60_000
