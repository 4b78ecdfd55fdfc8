"""Many writes to a real Redis in one go: large records, forbidden scripts, late and broken connections."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis

from store_adapters.contract import ChangeExpiry, Create, Delete, RawRecord, Replace, SessionStore
from store_adapters.errors import OutcomeUnknown, RecordUnreadable, StoreUnreachable
from store_adapters.options import Limits
from store_adapters.redis.link import RedisLink
from store_adapters.registry import open_store

HOUR_MS = 3_600_000


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened


@pytest.fixture
def store(redis_url: str) -> Iterator[SessionStore]:
    opened = open_store(redis_url, limits=Limits(call_s=0.6, deadline_s=1.0, max_record_bytes=3 << 20))
    yield opened
    opened.close()


def put(client: redis.Redis, store: SessionStore, values: list[bytes]) -> list[RawRecord]:
    for number, value in enumerate(values):
        client.set(f"sess:{number}", value, px=HOUR_MS)
    found = store.read_many([store.ref_for(str(number)) for number in range(len(values))])
    return [one for one in found if isinstance(one, RawRecord)]


def test_bytes_in_one_pipeline_are_bounded(
    client: redis.Redis, store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    plain = RedisLink._send

    def note(link: RedisLink, data: bytes) -> None:
        sent.append(len(data))
        plain(link, data)

    monkeypatch.setattr(RedisLink, "_send", note)
    records = put(client, store, [b"x" * 400_000] * 8 + [b"y" * 2_000_000])
    assert len(records) == 9
    assert store.write_many([Delete(record) for record in records]) == [None] * 9
    assert client.dbsize() == 0
    assert max(sent) < 2_100_000
    assert sum(size > 100_000 for size in sent) == 5


def test_record_beyond_the_limit_is_not_fetched(client: redis.Redis, store: SessionStore) -> None:
    client.set("sess:big", b"x" * (4 << 20))
    found = store.read_many([store.ref_for("big")])
    assert isinstance(found[0], RecordUnreadable)


def test_without_scripts_each_is_written_by_itself(client: redis.Redis, redis_url: str) -> None:
    client.acl_setuser("plain", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all", "-@scripting"])
    try:
        store = open_store(redis_url.replace("redis://", "redis://plain:secret@"))
        records = put(client, store, [b"{}", b"[]", b"1"])
        client.set("sess:1", b"theirs")
        results = store.write_many(
            [Replace(records[0], b"{1}"), Delete(records[1]), ChangeExpiry(records[2], records[2].read_at_ms + 9000)]
        )
        store.close()
    finally:
        client.acl_deluser("plain")
    assert [type(one).__name__ for one in results] == ["RawRecord", "RecordChanged", "RawRecord"]
    assert (client.get("sess:0"), client.get("sess:1")) == (b"{1}", b"theirs")
    assert 0 < client.pttl("sess:2") <= 9000
    assert client.pttl("sess:0") > HOUR_MS - 60_000


def test_key_of_another_type_stops_no_other(client: redis.Redis, store: SessionStore) -> None:
    records = put(client, store, [b"1", b"2", b"3"])
    client.delete("sess:1")
    client.hset("sess:1", "a", "b")
    results = store.write_many([Delete(record) for record in records])
    assert [type(one) for one in results] == [type(None), RecordUnreadable, type(None)]
    assert client.keys() == [b"sess:1"]


def test_hung_server_applies_nothing_of_it_later(client: redis.Redis, store: SessionStore) -> None:
    records = put(client, store, [b"%d" % number for number in range(600)])
    client.client_pause(1800, all=False)  # writes, scripts among them, wait
    results = store.write_many([Delete(record) for record in records])
    assert all(isinstance(one, StoreUnreachable | OutcomeUnknown) for one in results)
    assert len(results) == 600
    until = time.monotonic() + 10
    while time.monotonic() < until and not client.set("other", b"1"):  # waits until the pause is over
        pass
    assert client.dbsize() == 601


def test_after_a_broken_connection_what_is_true_is_told(
    client: redis.Redis, store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = put(client, store, [b"1", b"2", b"3", b"4"])
    plain = RedisLink.pipe
    broken: list[int] = []

    def break_reply(link: RedisLink, commands: list[tuple[bytes | str, ...]]) -> list[object]:
        replies = plain(link, commands)
        if commands[0][0] == "EVAL" and not broken:
            broken.append(1)
            client.set("sess:9", b"theirs")
            link.disconnect()
            raise StoreUnreachable("The connection to the Redis server broke.", "")
        return replies

    monkeypatch.setattr(RedisLink, "pipe", break_reply)
    client.set("sess:1", b"theirs")
    results = store.write_many(
        [Delete(records[0]), Delete(records[1]), Replace(records[2], b"mine"), Create(store.ref_for("9"), b"9", None)]
    )
    names = [type(one).__name__ for one in results]
    assert names == ["NoneType", "RecordChanged", "RawRecord", "RecordExists"]
    assert (client.get("sess:0"), client.get("sess:2")) == (None, b"mine")
