"""Rows F04–F06, F10, F16–F18, F41: reading from a server that stops, restarts, pauses, loads, or is asked for odd keys."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from inspector.services.filtering.parser import FilterError, parse_filter
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import StoreError, StoreRefused, StoreUnreachable
from store_adapters.registry import open_store
from tests.faults.proxy import Fault, Kind, Proxy
from tests.faults.redis.rigs import (
    MakeRedis,
    Rig,
    assert_told,
    assert_usable,
    command,
    edit,
    look,
    new_role,
    read_list,
    told,
    wait_for,
)

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]


def list_until(store: SessionStore, number: int, act: Callable[[], object]) -> tuple[int, StoreError]:
    """Read a list, break something once `number` sessions have come, and return how many came and what was told."""
    read, is_done = 0, False
    with pytest.raises(StoreError) as caught:
        for batch in store.list_records(CancelToken()):
            read = batch.read
            if read >= number and not is_done:
                is_done = True
                act()
    return read, caught.value


@pytest.mark.usefixtures("hasty")
def test_f04_server_that_hangs_is_given_up_and_found_again(rig: Rig, open_at: Opener) -> None:
    store = open_at(rig.url)
    rig.put("a")
    look(store)
    rig.server.signal(signal.SIGSTOP)
    with pytest.raises(StoreUnreachable) as caught:
        look(store)
    rig.server.signal(signal.SIGCONT)
    assert_told(told(caught.value), "did not answer in time", "try again")
    assert_usable(store, rig)


@pytest.mark.usefixtures("hasty")
def test_f05_server_that_hangs_while_it_is_read_leaves_an_incomplete_list(rig: Rig, open_at: Opener) -> None:
    rig.fill(12_000)
    store = open_at(rig.url)
    read, error = list_until(store, 5000, lambda: rig.server.signal(signal.SIGSTOP))
    rig.server.signal(signal.SIGCONT)
    assert 5000 <= read < 12_000
    assert_told(told(error), "did not answer in time", f"the list is incomplete: {read:,} sessions were read")
    assert len(read_list(store)) == 12_000
    assert_usable(store, rig)


def test_f06_server_that_restarts_while_it_is_read_leaves_an_incomplete_list(
    rig: Rig, make_redis: MakeRedis, open_at: Opener
) -> None:
    rig.fill(12_000)
    rig.client.save()
    store = open_at(rig.url)
    again: list[Rig] = []

    def restart() -> None:
        rig.server.process.kill()
        rig.server.process.wait()
        again.append(make_redis(port=rig.port, folder=rig.folder))

    read, error = list_until(store, 5000, restart)
    assert again[0].client.dbsize() == 12_000
    assert read < 12_000
    assert_told(told(error), "connection", "broke", "the list is incomplete")
    assert len(read_list(store)) == 12_000
    assert_usable(store, again[0])


def test_f06_fifty_restarts_are_never_taken_for_a_short_list(rig: Rig, open_at: Opener) -> None:
    # A proxy which resets between any two pages is what a restart looks like on the wire; it is fast enough for fifty.
    rig.fill(4000)
    with Proxy(rig.port) as proxy:
        for number in range(50):
            proxy.fault = Fault(Kind.RST, match=b"SCAN", skip=number % 4, once=True)
            store = open_at(rig.at(proxy.port))
            try:
                assert len(read_list(store)) == 4000
            except StoreError as error:
                assert_told(told(error), "the list is incomplete")
            else:
                assert not proxy.fired.is_set()
            store.close()


def test_f10_reset_while_it_is_read_leaves_an_incomplete_list(rig: Rig, open_at: Opener) -> None:
    rig.fill(8000)
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        read, error = list_until(store, 3000, proxy.reset_all)
        assert 3000 <= read < 8000
        assert_told(told(error), "connection", "broke", "the list is incomplete")
        assert len(read_list(store)) == 8000
        assert_usable(store, rig)


@pytest.mark.usefixtures("hasty")
def test_f16_paused_server_is_given_up_and_found_again(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.url)
    opened = look(store)
    command(rig.client, "CLIENT", "PAUSE", 1500, "ALL")
    started = time.monotonic()
    with pytest.raises(StoreUnreachable) as caught:
        look(store)
    assert time.monotonic() - started < 3.5
    assert_told(told(caught.value), "did not answer in time", "try again")
    assert_usable(store, rig)
    assert_told(edit(store, opened).message, "saved role")
    assert rig.stored("a") == new_role(before)


@pytest.mark.usefixtures("hasty")
def test_f16_server_that_pauses_writes_is_read_and_says_that_nothing_was_written(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.url)
    command(rig.client, "CLIENT", "PAUSE", 60_000, "WRITE")
    opened = look(store)
    assert b"sess:a" in read_list(store)
    started = time.monotonic()
    with pytest.raises(StoreUnreachable) as caught:
        edit(store, opened)
    print(f"told after {time.monotonic() - started:.1f} s")
    assert_told(told(caught.value), "did not answer in time", "nothing was written")
    rig.client.client_unpause()
    assert_usable(store, rig)
    assert rig.stored("a") == before  # and it is not written later either


def test_f17_server_that_loads_its_data_says_so(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.url)
    opened = look(store)
    command(rig.client, "DEBUG", "POPULATE", 10_000)
    rig.client.config_set("loading-process-events-interval-bytes", 1024)
    rig.client.config_set("key-load-delay", 100)  # µs a key: a second
    reloading = threading.Thread(target=lambda: command(rig.client, "DEBUG", "RELOAD"))
    reloading.start()
    refused: list[StoreError] = []

    def is_refused() -> bool:
        try:
            look(store)
        except StoreRefused as error:
            refused.append(error)
        return bool(refused)

    wait_for(is_refused)
    assert_told(told(refused[0]), "starting up", "try again")
    with pytest.raises(StoreRefused) as caught:
        store.replace(opened.raw, new_role(before))
    assert_told(told(caught.value), "starting up", "nothing was written")
    reloading.join()
    assert rig.stored("a") == before
    assert_usable(store, rig)


def test_f18_server_in_a_long_script_says_so(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.url)
    opened = look(store)
    rig.client.config_set("busy-reply-threshold", 100)

    def run() -> None:
        with pytest.raises(Exception, match="killed"):
            rig.client.eval("while true do end", 0)

    looping = threading.Thread(target=run)
    looping.start()
    refused: list[StoreError] = []

    def is_refused() -> bool:
        try:
            look(store)
        except StoreRefused as error:
            refused.append(error)
        return bool(refused)

    try:
        wait_for(is_refused)
        assert_told(told(refused[0]), "busy running a long script", "SCRIPT KILL")
        with pytest.raises(StoreRefused) as caught:
            store.replace(opened.raw, new_role(before))
        assert_told(told(caught.value), "busy", "nothing was written")
        with pytest.raises(StoreRefused) as caught:
            open_store(rig.url).close()
        assert_told(told(caught.value), "busy")
    finally:
        rig.client.script_kill()
        looping.join()
    assert rig.stored("a") == before
    assert_usable(store, rig)


HOSTILE = "*?[a\\" * 1000


def test_f41_hostile_prefix_matches_itself_and_nothing_else(rig: Rig, open_at: Opener) -> None:
    rig.fill(100)
    rig.client.set(f"{HOSTILE}mine", b"{}")
    rig.client.set("a" * 5000, b"{}")
    store = open_at(f"redis://127.0.0.1:{rig.port}/0?prefix={quoted(HOSTILE)}")
    started = time.monotonic()
    assert read_list(store) == {f"{HOSTILE}mine".encode()}
    assert store.count().number == 1
    assert time.monotonic() - started < 1
    assert store.session_id_of(store.ref_for("mine").key) == "mine"


def test_f41_hostile_text_in_the_filter_is_only_text(rig: Rig, open_at: Opener) -> None:
    rig.fill(3)
    with pytest.raises(FilterError) as refused:
        parse_filter(HOSTILE)
    assert_told(str(refused.value), "too long", "shorten")
    started = time.monotonic()
    assert parse_filter(HOSTILE[:2000]) is not None
    assert time.monotonic() - started < 1
    store = open_at(rig.url)
    with pytest.raises(StoreError) as caught:
        store.read(store.ref_for(HOSTILE))
    assert_told(told(caught.value), "no such key")


def quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
