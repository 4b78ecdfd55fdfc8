"""Rows F07–F10, F19, F20, F59: saving while the server or the wire fails. What is reported is what is stored."""

from __future__ import annotations

import random
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inspector.services.bulk.bulk_changes import delete_sessions
from inspector.services.bulk.selection import Selection
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.save_session import SaveOutcome, SaveState
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, ChangeExpiry, RawRecord, SessionStore
from store_adapters.errors import StoreError, StoreRefused, StoreUnreachable
from store_adapters.redis import link as redis_link
from store_adapters.registry import open_store
from tests.faults.proxy import Fault, Kind, Proxy
from tests.faults.redis.rigs import (
    HOUR_MS,
    MakeRedis,
    Rig,
    assert_told,
    assert_usable,
    edit,
    look,
    new_role,
    told,
    wait_for,
)

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]
KILLS = 50


def try_to_edit(store: SessionStore, sid: str, role: str) -> SaveState | None:
    """Read and save; None when it was told that nothing was written."""
    try:
        return edit(store, look(store, sid), role).state
    except StoreError as error:
        assert_told(told(error), ".")
        return None


def test_f07_fifty_kills_while_saving_report_what_is_stored(
    make_redis: MakeRedis, open_at: Opener, tmp_path: Path
) -> None:
    options = ("--appendonly", "yes", "--appendfsync", "always")
    rig = make_redis(*options, folder=str(tmp_path))
    rig.put("a", ttl_ms=HOUR_MS)
    store = open_at(rig.url)
    dice = random.Random(7)
    stored, saves, kinds = "user", 0, dict.fromkeys(("saved", "not saved", "unknown"), 0)
    for number in range(KILLS):
        while try_to_edit(store, "a", stored) is None:
            pass  # reconnected, so that the kill comes while saving
        timer = threading.Timer(dice.uniform(0, 0.008), rig.server.process.kill)
        timer.start()
        last: tuple[str, SaveState | None] = ("", None)
        while rig.server.process.poll() is None:
            role = f"r{number}-{saves}"
            last = role, try_to_edit(store, "a", role)
            saves += 1
            if last[1] is not SaveState.SAVED:
                break
            stored = role
        timer.join()
        rig.server.process.wait()
        rig = make_redis(*options, port=rig.port, folder=rig.folder)
        found = (rig.stored("a") or b"").split(b'"role":"')[1].split(b'"')[0].decode()
        kinds["saved" if last[1] is SaveState.SAVED else "unknown" if last[1] else "not saved"] += 1
        if last[1] is SaveState.UNKNOWN:
            assert found in (stored, last[0])
            stored = found
        assert found == stored, f"kill {number}: {last} was reported"
    left: Any = rig.client.pttl("sess:a")
    assert HOUR_MS - 120_000 < left <= HOUR_MS
    print(f"{KILLS} kills during {saves} saves: {kinds}, reported as stored {KILLS}/{KILLS}")
    assert_usable(store, rig)


def test_f08_lost_reply_to_a_save_is_looked_up(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        proxy.fault = Fault(Kind.DROP_REPLY, match=b"EVAL", once=True)
        outcome = edit(store, look(store))
        assert proxy.hits == 1
        assert outcome.state is SaveState.SAVED
        assert_told(outcome.message, "saved role", "a re-read shows")
        assert rig.stored("a") == new_role(before)
        assert_usable(store, rig)


def test_f08_lost_reply_and_no_second_look_is_unknown(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        opened = look(store)
        proxy.fault = Fault(Kind.HOLD_REPLY, match=b"EVAL")

        def refuse() -> None:
            wait_for(lambda: rig.stored("a") == new_role(before))
            proxy.refuse()

        done = threading.Thread(target=refuse)
        done.start()
        outcome = edit(store, opened)
        done.join()
        assert outcome.state is SaveState.UNKNOWN
        assert_told(outcome.message, "can't be asked whether it was saved", "refresh")
        proxy.fault = Fault(Kind.PASS)
        proxy.accept()
        assert edit(store, opened).state is SaveState.UNCHANGED  # seen again, it is there already
        assert_usable(store, rig)


@pytest.mark.parametrize("act", ["delete", "change_expiry", "create"])
def test_f08_lost_reply_to_another_write_is_looked_up(rig: Rig, open_at: Opener, act: str) -> None:
    rig.put("a")
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        record = look(store).raw
        proxy.fault = Fault(Kind.DROP_REPLY, match=b"SET" if act == "create" else b"EVAL", once=True)
        if act == "delete":
            store.delete(record)
            assert rig.stored("a") is None
        elif act == "change_expiry":
            store.change_expiry(record, now_ms() + 2 * HOUR_MS)
            left: Any = rig.client.pttl("sess:a")
            assert left > HOUR_MS
        else:
            assert store.create(store.ref_for("b"), b"{}", None).payload == rig.stored("b") == b"{}"
        assert proxy.hits == 1


@pytest.mark.parametrize("is_one_of_many", [False, True])
def test_f08_lost_reply_to_an_expiry_with_a_payload_is_looked_up(
    rig: Rig, open_at: Opener, is_one_of_many: bool
) -> None:
    before = rig.put("a")
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        record, ends = look(store).raw, now_ms() + 2 * HOUR_MS
        proxy.fault = Fault(Kind.DROP_REPLY, match=b"EVAL", once=True)
        if is_one_of_many:
            [after] = store.write_many([ChangeExpiry(record, ends, new_role(before))])
        else:
            after = store.change_expiry(record, ends, new_role(before))
        assert proxy.hits == 1
        assert isinstance(after, RawRecord)
        assert after.payload == rig.stored("a") == new_role(before)
        left: Any = rig.client.pttl("sess:a")
        assert left > HOUR_MS


@pytest.mark.parametrize("act", ["replace", "delete", "change_expiry", "both", "create"])
def test_f10_reset_before_the_server_got_a_write_says_that_nothing_was_written(
    rig: Rig, open_at: Opener, act: str
) -> None:
    before = rig.put("a")
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        record = look(store).raw
        writes: dict[str, Callable[[], object]] = {
            "replace": lambda: store.replace(record, new_role(before)),
            "delete": lambda: store.delete(record),
            "change_expiry": lambda: store.change_expiry(record, now_ms() + 2 * HOUR_MS),
            "both": lambda: store.change_expiry(record, now_ms() + 2 * HOUR_MS, new_role(before)),
            "create": lambda: store.create(store.ref_for("b"), b"{}", None),
        }
        proxy.fault = Fault(Kind.RST, match=b"SET" if act == "create" else b"EVAL", once=True)
        with pytest.raises(StoreUnreachable) as caught:
            writes[act]()
        assert proxy.hits == 1
        assert_told(told(caught.value), "connection", "broke", "nothing was written")
        assert rig.stored("a") == before
        assert rig.stored("b") is None
        left: Any = rig.client.pttl("sess:a")
        assert left <= HOUR_MS
        assert_usable(store, rig)


@pytest.mark.usefixtures("hasty")
def test_f09_save_that_a_hung_server_wakes_up_to_is_not_applied(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        opened = look(store)
        assert edit(store, opened, "first").state is SaveState.SAVED  # the server's time is known from here on
        opened = look(store)
        outcomes: list[SaveOutcome] = []
        # A held request: the proxy stands for a network which delivers it after the server has woken up.
        proxy.fault = Fault(Kind.LATENCY, match=b"EVAL", seconds=1.5)
        thread = threading.Thread(target=lambda: outcomes.append(_edit_or_told(store, opened)))
        thread.start()
        assert proxy.fired.wait(10)
        rig.server.signal(signal.SIGSTOP)
        thread.join()
        rig.server.signal(signal.SIGCONT)
        assert outcomes[0].state is SaveState.UNKNOWN
        assert_told(outcomes[0].message, "can't be asked whether it was saved", "refresh")
        sent: Any = rig.client.info("commandstats")
        wait_for(lambda: _calls(rig) > sent["cmdstat_eval"]["calls"])  # the late one has come
        assert rig.stored("a") == new_role(before, "first")
        proxy.fault = Fault(Kind.PASS)
        assert_usable(store, rig)


@pytest.mark.usefixtures("hasty")
def test_f09_save_without_a_deadline_that_may_still_arrive_is_called_unknown(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    login = rig.acl("editor", "+@all", "-eval")  # WATCH has no deadline
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port, login))
        opened = look(store)
        proxy.fault = Fault(Kind.LATENCY, match=b"EXEC", seconds=1.5, once=True)
        outcome = edit(store, opened)
        assert outcome.state is SaveState.UNKNOWN
        assert_told(outcome.message, "did not answer in time", "if the request still arrives", "refresh")
        wait_for(lambda: rig.stored("a") == new_role(before))  # and so it does


def _edit_or_told(store: SessionStore, opened: Any) -> SaveOutcome:
    try:
        return edit(store, opened)
    except StoreError as error:
        return SaveOutcome(SaveState.BUSY, told(error))


def _calls(rig: Rig) -> int:
    facts: Any = rig.client.info("commandstats")
    return int(facts["cmdstat_eval"]["calls"])


def test_f09_clock_that_was_set_does_not_keep_us_from_saving(
    rig: Rig, open_at: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rig.put("a")
    store = open_at(rig.url)
    assert edit(store, look(store), "first").state is SaveState.SAVED
    # This machine slept for an hour, or the server's clock went an hour ahead: the server calls every write too late.
    clock: Any = store._writer.cas._clock  # type: ignore[attr-defined]
    clock._offset_us -= 3_600_000_000
    assert edit(store, look(store)).state is SaveState.SAVED
    assert rig.stored("a") == new_role(before)


def test_f19_full_server_keeps_the_original(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.url)
    opened = look(store)
    rig.client.config_set("maxmemory", "1mb")
    with pytest.raises(StoreRefused) as caught:
        edit(store, opened)
    assert_told(told(caught.value), "out of memory", "nothing was written", "maxmemory")
    with pytest.raises(StoreRefused) as caught:
        store.create(store.ref_for("b"), b"{}", None)
    assert_told(told(caught.value), "out of memory", "nothing was written")
    assert rig.stored("a") == before
    assert look(store).raw.payload == before
    rig.client.config_set("maxmemory", "0")
    assert_usable(store, rig)


def test_f20_server_that_cannot_write_its_disk_keeps_the_original(
    make_redis: MakeRedis, open_at: Opener, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    rig = make_redis("--save", "3600 1", "--enable-protected-configs", "yes", folder=str(folder))
    before = rig.put("a")
    store = open_at(rig.url)
    opened = look(store)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    rig.client.bgsave()

    def has_failed() -> bool:
        facts: Any = rig.client.info("persistence")
        return bool(facts["rdb_last_bgsave_status"] == "err")

    wait_for(has_failed)
    with pytest.raises(StoreRefused) as caught:
        edit(store, opened)
    assert_told(told(caught.value), "cannot save to disk", "nothing was written", "log")
    assert look(store).raw.payload == before
    rig.client.config_set("dir", str(tmp_path))
    rig.client.save()
    assert_usable(store, rig)
    assert rig.stored("a") == before
    rig.client.config_set("save", "")


def test_f59_closed_store_writes_no_more(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.url)
    record = look(store).raw
    store.close()  # while work for it still waits on its lane
    with pytest.raises(StoreUnreachable) as caught:
        store.replace(record, new_role(before))
    assert_told(told(caught.value), "closed", "nothing was written")
    assert rig.stored("a") == before


def test_f59_many_that_are_stopped_on_the_way_stop(rig: Rig, open_at: Opener) -> None:
    rig.fill(400)
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        catalogue = Catalogue(store)
        for batch in store.list_records(CancelToken()):
            catalogue.append(batch)
        proxy.fault = Fault(Kind.BLACKHOLE, match=b"EVAL", skip=1)
        stopping = threading.Thread(target=lambda: (proxy.fired.wait(10), store.interrupt()))  # type: ignore[func-returns-value]
        stopping.start()
        *_, last = delete_sessions(store, Selection(catalogue, range(400)), Journal(), CancelToken())
        stopping.join()
    report = last.report
    assert rig.client.dbsize() == 400 - report.done
    assert 0 < report.done < 400
    assert report.stopped
    assert_told(report.troubles[0][0], "can't be asked whether it was done")
    assert report.failed > 0


class _Failing:
    """A socket whose Nth call fails, counted over all sockets of one attempt."""

    left = 0

    def __init__(self, real: socket.socket) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def sendall(self, data: bytes) -> None:
        self._count()
        self._real.sendall(data)

    def recv(self, size: int) -> bytes:
        data = self._real.recv(size)
        self._count()  # what came is lost
        return data

    def _count(self) -> None:
        _Failing.left -= 1
        if _Failing.left == 0:
            self._real.close()
            raise ConnectionResetError


@pytest.mark.parametrize("way", ["script", "IFEQ", "WATCH"])
def test_f59_failure_of_any_socket_call_while_saving_is_reported_right(
    rig: Rig, valkey_rig: Rig, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    rig = valkey_rig if way == "IFEQ" else rig
    login = "" if way == "script" else rig.acl("writer", "+@all", "-eval")
    connect = redis_link.RedisLink._connect

    def connect_failing(link: Any, deadline: float) -> None:
        connect(link, deadline)
        link._socket = _Failing(link._socket)

    monkeypatch.setattr(redis_link.RedisLink, "_connect", connect_failing)
    seen: dict[str, int] = {}
    for number in range(1, 100):
        before = rig.put("a")
        _Failing.left = 0
        store = open_store(rig.at(rig.port, login))
        opened = look(store)
        _Failing.left = number
        try:
            outcome = edit(store, opened)
        except StoreError as error:
            assert_told(told(error), ".")
            state = "not saved"
            assert rig.stored("a") == before, told(error)
        else:
            state = outcome.state.value
            assert outcome.state is SaveState.SAVED, outcome.message
            assert rig.stored("a") == new_role(before)
            left: Any = rig.client.pttl("sess:a")
            assert left > HOUR_MS - 60_000
        seen[state] = seen.get(state, 0) + 1
        store.close()
        if _Failing.left > 0:
            break
    print(f"{way}: each of the first {number - 1} socket calls failed once: {seen}")
    assert number > 6
    assert seen["saved"] > 1
