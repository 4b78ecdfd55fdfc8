"""Rows F23–F27 and the ways of writing: what a user may do, what a replica is, and that nothing is written unasked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from inspector.services.sessions.journal import Journal
from inspector.services.sessions.save_session import SaveState, review_changes, save_session
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, Change, SessionStore
from store_adapters.errors import NotConnected, RecordChanged, RecordMissing, StoreReadOnly, StoreRefused, Unsupported
from store_adapters.redis.cas import CasStrategy
from store_adapters.registry import open_store
from tests.faults.redis.rigs import (
    HOUR_MS,
    Rig,
    assert_told,
    assert_usable,
    command,
    edit,
    edit_of,
    look,
    monitored,
    new_role,
    read_list,
    told,
)

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]
VIEW = ("+scan", "+get", "+pttl")
WATCH_RIGHTS = (*VIEW, "+set", "+watch", "+multi", "+exec", "+unwatch")
WRITES = ("SET", "EVAL", "DEL", "PEXPIREAT", "PERSIST", "MULTI", "EXEC", "UNLINK", "SETEX", "RESTORE", "EXPIRE")


def forbidden_ways(store: SessionStore) -> set[CasStrategy]:
    ways: set[CasStrategy] = store._writer.cas._forbidden  # type: ignore[attr-defined]
    return ways


def test_f23_viewer_sees_everything_and_is_told_why_it_cannot_edit(rig: Rig, open_at: Opener) -> None:
    rig.fill(2500)
    before = rig.put("a", ttl_ms=HOUR_MS)
    store = open_at(rig.at(rig.port, rig.acl("viewer", *VIEW)))
    assert len(read_list(store)) == 2501
    assert store.count().number == 2501
    opened = look(store)
    assert opened.raw.payload == before
    assert abs((opened.raw.expires_at_ms or 0) - opened.raw.read_at_ms - HOUR_MS) < 5000
    assert opened.decoded is not None
    assert store.info().watch_method.startswith("polling")
    assert not store.capabilities.can_write
    assert_told(store.capabilities.write_refusal, "no permission for the SET command", "ACL")
    with pytest.raises(StoreRefused) as caught:
        edit(store, opened)
    assert_told(told(caught.value), "no permission for the SET command", "nothing was written", "ACL")
    assert rig.stored("a") == before


def test_f23_viewer_of_every_key_can_count_without_dbsize(rig: Rig, open_at: Opener) -> None:
    rig.fill(30)
    login = rig.acl("viewer", *VIEW, "allkeys")
    store = open_at(f"redis://{login}127.0.0.1:{rig.port}/0?prefix=")
    assert store.count().number == 30


def test_f23_viewer_follows_changes(rig: Rig, open_at: Opener) -> None:
    store = open_at(rig.at(rig.port, rig.acl("viewer", *VIEW)))
    cancel, is_ready, seen = CancelToken(), threading.Event(), set[bytes]()

    def follow() -> None:
        for changes in store.watch(cancel):
            seen.update(change.key for change in changes if isinstance(change, Change) and change.key)
            is_ready.set()
            if seen:
                return

    thread = threading.Thread(target=follow)
    thread.start()
    assert is_ready.wait(10)
    rig.put("new")
    thread.join(10)
    cancel.cancel()
    assert seen == {b"sess:new"}


def test_f23_keys_of_others_are_listed_as_not_permitted(rig: Rig, open_at: Opener) -> None:
    rig.put("a")
    rig.client.set("sess2:b", b"{}")
    login = rig.acl("viewer", *VIEW)
    store = open_at(f"redis://{login}127.0.0.1:{rig.port}/0?prefix=sess")
    batches = list(store.list_records(CancelToken()))
    assert {key for batch in batches for key in batch.keys} == {b"sess:a"}
    skipped = [one for batch in batches for one in batch.skipped]
    assert [one.key for one in skipped] == [b"sess2:b"]
    assert_told(skipped[0].reason, "no permission")


@pytest.mark.parametrize(
    ("way", "server"),
    # Redis 7 has no SET IFEQ.
    [
        (CasStrategy.SCRIPT, "redis"),
        (CasStrategy.WATCH, "redis"),
        (CasStrategy.SCRIPT, "valkey"),
        (CasStrategy.IFEQ, "valkey"),
        (CasStrategy.WATCH, "valkey"),
    ],
)
def test_f24_each_way_of_writing_saves_keeps_and_compares(
    request: pytest.FixtureRequest, open_at: Opener, way: CasStrategy, server: str
) -> None:
    rig: Rig = request.getfixturevalue("rig" if server == "redis" else "valkey_rig")
    other_writes = ("+del", "+pexpireat", "+persist")
    rules = {
        CasStrategy.SCRIPT: ("+eval", "+set", *other_writes),
        CasStrategy.IFEQ: ("+set",),
        CasStrategy.WATCH: (*WATCH_RIGHTS, *other_writes),
    }
    store = open_at(rig.at(rig.port, rig.acl("editor", *VIEW, *rules[way])))
    if way is CasStrategy.WATCH:
        forbidden_ways(store).add(CasStrategy.IFEQ)  # as on a server without it
    before = rig.put("a")
    opened = look(store)
    with monitored(rig) as commands:
        outcome = edit(store, opened)
    assert_told(outcome.message, "saved role")
    assert rig.stored("a") == new_role(before)
    left: Any = rig.client.pttl("sess:a")
    assert HOUR_MS - 60_000 < left <= HOUR_MS
    used = {
        CasStrategy.SCRIPT: any(one.startswith("EVAL") for one in commands),
        CasStrategy.IFEQ: any("IFEQ" in one for one in commands),
        CasStrategy.WATCH: any(one.startswith("EXEC") for one in commands),
    }
    assert [one for one, is_used in used.items() if is_used] == [way]
    stale = opened.raw
    with pytest.raises(RecordChanged) as changed:
        store.replace(stale, b"{}")
    assert_told(told(changed.value), "changed", "nothing was written")
    assert rig.stored("a") == new_role(before)
    rig.client.delete("sess:a")
    with pytest.raises(RecordMissing) as gone:
        store.replace(stale, b"{}")
    assert_told(told(gone.value), "no longer in redis", "nothing was written")
    assert rig.stored("a") is None
    assert_usable(store, rig)
    if way is CasStrategy.IFEQ:
        return  # for SET only
    rig.put("a", role="guest")
    record = look(store).raw
    for write in (lambda: store.delete(stale), lambda: store.change_expiry(stale, now_ms() + 2 * HOUR_MS)):
        with pytest.raises(RecordChanged):
            write()
    assert store.change_expiry(record, None).expires_at_ms is None
    assert rig.client.ttl("sess:a") == -1
    store.change_expiry(record, now_ms() + 2 * HOUR_MS)
    left = rig.client.pttl("sess:a")
    assert left > HOUR_MS
    store.delete(record)
    assert rig.stored("a") is None


def test_f24_user_without_any_safe_way_is_refused(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.at(rig.port, rig.acl("editor", *VIEW, "+set")))
    with pytest.raises(Unsupported) as caught:
        edit(store, look(store))
    assert_told(told(caught.value), "no safe way to write", "nothing was written", "EVAL", "WATCH")
    assert rig.stored("a") == before
    rig.acl("editor", *VIEW, "+set", "+eval")
    assert_usable(store, rig)


def test_f24_watch_that_lost_its_connection_writes_nothing(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.at(rig.port, rig.acl("editor", *WATCH_RIGHTS)))
    opened = look(store)
    link: Any = store._link  # type: ignore[attr-defined]
    pipe = link.pipe

    def pipe_and_close(commands: Any, **options: Any) -> Any:
        replies = pipe(commands, **options)
        if commands[0][0] == "WATCH":
            link.disconnect()  # what closing the store in another thread does
            rig.put("a", role="guest")
        return replies

    link.pipe = pipe_and_close
    with pytest.raises(NotConnected) as caught:
        store.replace(opened.raw, new_role(before))
    assert_told(told(caught.value), "nothing was written")
    assert rig.stored("a") == before.replace(b'"user"', b'"guest"')


def test_f25_right_that_is_taken_away_while_editing_loses_nothing(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    login = rig.acl("editor", "+@all")
    store = open_at(rig.at(rig.port, login))
    opened = look(store)
    assert store.capabilities.can_write
    rig.acl("editor", *VIEW)
    with pytest.raises(StoreRefused) as caught:
        edit(store, opened)
    assert_told(told(caught.value), "no permission for the SET command", "nothing was written")
    assert rig.stored("a") == before
    rig.acl("editor", "+@all")
    assert_usable(store, rig)


def test_f26_replica_is_recognised_when_it_is_opened(rig: Rig, replica: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    command(rig.client, "WAIT", 1, 5000)
    store = open_at(replica.url)
    assert not store.capabilities.can_write
    assert_told(store.capabilities.write_refusal, "read-only replica", "master")
    opened = look(store)
    assert opened.raw.payload == before
    for write in (
        lambda: store.replace(opened.raw, new_role(before)),
        lambda: store.delete(opened.raw),
        lambda: store.change_expiry(opened.raw, None),
        lambda: store.create(store.ref_for("b"), b"{}", None),
    ):
        with pytest.raises(StoreReadOnly) as caught:
            write()
        assert_told(told(caught.value), "read-only replica", "nothing was written", "master")
    assert rig.stored("a") == before


def test_f26_replica_that_lost_its_master_says_so(rig: Rig, replica: Rig, open_at: Opener) -> None:
    rig.put("a")
    command(rig.client, "WAIT", 1, 5000)
    store = open_at(replica.url)
    replica.client.config_set("replica-serve-stale-data", "no")
    rig.server.stop()
    with pytest.raises(StoreRefused) as caught:
        look(store)
    assert_told(told(caught.value), "lost its master")


@pytest.mark.parametrize("rules", [("+@all",), WATCH_RIGHTS], ids=["script", "WATCH"])
def test_f27_stale_replica_is_no_conflict(rig: Rig, replica: Rig, open_at: Opener, rules: tuple[str, ...]) -> None:
    old = rig.put("a")
    command(rig.client, "WAIT", 1, 5000)
    login = replica.acl("editor", *rules)
    rig.acl("editor", *rules)
    on_master = open_at(rig.url)
    on_replica = open_at(replica.at(replica.port, login))
    replica.client.config_set("masterauth", "wrong")
    command(rig.client, "CLIENT", "KILL", "TYPE", "replica")
    command(rig.client, "CONFIG", "SET", "requirepass", "keeps-the-replica-out")
    newer = look(on_master)
    assert edit(on_master, newer).state is SaveState.SAVED
    read_on_master = look(on_master).raw
    assert look(on_replica).raw.payload == old  # behind
    with pytest.raises(StoreReadOnly) as caught:
        on_replica.replace(read_on_master, b"{}")
    assert_told(told(caught.value), "read-only replica", "nothing was written")
    command(rig.client, "DEL", "sess:a")
    with pytest.raises(StoreReadOnly):
        on_replica.delete(read_on_master)


def number_of_changes(rig: Rig) -> int:
    """Return how often the server changed its data, by its own count."""
    facts: Any = rig.client.info("persistence")
    return int(facts["rdb_changes_since_last_save"])


def test_nothing_is_written_when_nothing_was_edited(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    rig.fill(3)
    with monitored(rig) as commands:
        store = open_store(rig.url, read_only=True)
        store.info()
        store.count()
        read_list(store)
        opened = look(store)
        assert opened.decoded is not None
        review_changes(store, opened, opened.decoded.root)
        store.close()
    assert len(commands) > 8
    assert [one for one in commands if one.split()[0].upper() in WRITES] == []
    changes = number_of_changes(rig)
    with monitored(rig) as commands:
        store = open_at(rig.url)
    questions = [one for one in commands if one.split()[0].upper() in WRITES]
    assert questions
    assert all(one.endswith("ONLY-ASKING") for one in questions)
    with monitored(rig) as commands:
        opened = look(store)
        assert opened.decoded is not None
        root = opened.decoded.root
        assert not review_changes(store, opened, root).can_save
        outcome = save_session(store, opened, root, Journal())
        assert outcome.state is SaveState.UNCHANGED
        # An edit that comes back to what was there is no edit either.
        assert save_session(store, opened, edit_of(opened, "user"), Journal()).state is SaveState.UNCHANGED
    assert [one for one in commands if one.split()[0].upper() in WRITES] == []
    assert_told(outcome.message, "nothing was edited", "nothing was written")
    assert rig.stored("a") == before
    assert number_of_changes(rig) == changes
