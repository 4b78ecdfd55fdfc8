"""An expiry that was set to the millisecond is read to the millisecond, however long the answer takes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import hiredis
import pytest

from store_adapters.address import parse_address
from store_adapters.contract import SessionStore
from store_adapters.redis.key_expiry import KeyExpiry
from store_adapters.registry import open_store
from tests.faults.proxy import Fault, Kind, Proxy

_ENDS = 1_922_918_833_000  # 2030-12-08T00:27:13.000Z


@pytest.fixture
def slow_store(redis_url: str) -> Iterator[SessionStore]:
    server = parse_address(redis_url)
    with Proxy(int(server.hosts[0].rpartition(":")[2])) as proxy:
        store = open_store(f"redis://127.0.0.1:{proxy.port}/{server.path}?prefix={uuid.uuid4().hex}:")
        proxy.fault = Fault(Kind.SLOW, b"PTTL", seconds=0.001)
        yield store
        store.close()


def test_expiry_is_exact_over_a_slow_link(slow_store: SessionStore) -> None:
    ref = slow_store.ref_for("abc")
    slow_store.create(ref, b"{}", None)
    written = slow_store.change_expiry(slow_store.read(ref), _ENDS)
    [again] = slow_store.read_many([ref])
    assert [written.expires_at_ms, slow_store.read(ref).expires_at_ms] == [_ENDS, _ENDS]
    assert getattr(again, "expires_at_ms", again) == _ENDS


def test_time_left_counts_where_the_server_has_another_clock() -> None:
    expiry = KeyExpiry()
    hours_behind = 5_000 - 7_200_000
    assert expiry.end([4_000, hours_behind], 1_000, 1_010) == 5_010


def test_time_left_counts_where_the_server_has_no_pexpiretime() -> None:
    expiry = KeyExpiry()
    assert len(expiry.ask(b"k")) == 2
    assert expiry.end([4_000, hiredis.ReplyError("ERR unknown command")], 1_000, 1_010) == 5_010
    assert len(expiry.ask(b"k")) == 1
    assert expiry.end([4_000], 1_000, 1_010) == 5_010


def test_key_without_an_expiry_never_ends() -> None:
    assert KeyExpiry().end([-1, -1], 1_000, 1_010) is None
