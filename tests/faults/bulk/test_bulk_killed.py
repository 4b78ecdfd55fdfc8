"""A bulk change killed with SIGKILL at many moments: each session is entirely as it was or entirely changed."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from inspector.codecs import new_payload
from inspector.frameworks import EXPRESS
from inspector.services.sessions.manage_sessions import new_session_root
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, Create
from store_adapters.registry import open_store
from tests.contract.backends import SQLITE_TABLES
from tests.faults.mongo.rigs import _lone_server, _replica_set, lone_rig, make_mongo, mongo_rig
from tests.servers import die_with_parent

__all__ = ["_lone_server", "_replica_set", "lone_rig", "make_mongo", "mongo_rig"]
DAY_MS = 86_400_000
MOMENTS = 8
# How many sessions give each of them more packets than moments: a script changes hundreds in one, the others few or one.
STORES = {
    "redis": 2000, "redis without scripts": 400, "valkey": 2000, "valkey without scripts": 400, "mongo": 2000, "lone mongo": 2000,
    "file": 400, "connect-sqlite3": 400, "better-sqlite3": 400,
}  # fmt: skip
_LIFE = re.compile(rb'originalMaxAge":(\d+)')


@pytest.fixture(params=tuple(STORES))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each way that a store has of writing, in turn."""
    kind, _, forbidden = request.param.partition(" without ")
    match kind:
        case "redis" | "valkey":
            found: str = request.getfixturevalue(f"{kind}_url")
            if forbidden:
                with redis.Redis.from_url(found) as client:
                    client.execute_command("ACL", "SETUSER", "plain", "on", ">pw", "~*", "&*", "+@all", "-@scripting")
                found = found.replace("//", "//plain:pw@")
            return f"{found}?prefix=sess:"
        case "mongo":
            return str(request.getfixturevalue("mongo_rig").url)
        case "lone mongo":
            return str(request.getfixturevalue("lone_rig").url)
        case "file":
            return f"file://{tmp_path}"
    with sqlite3.connect(tmp_path / "sessions.db") as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute(SQLITE_TABLES[kind])
    return f"sqlite://{tmp_path / 'sessions.db'}"


@pytest.fixture
def count(request: pytest.FixtureRequest) -> int:
    """How many sessions the store holds."""
    return STORES[request.node.callspec.params["url"]]


@dataclass(frozen=True, slots=True)
class Driver:
    process: subprocess.Popen[bytes]

    def run(self, act: str, days: int = 1, packets: int = 0) -> int:
        """Do the act in a child; kill it after so many packets. Return how many it has sent."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"act": act, "days": days, "packets": packets}).encode() + b"\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture
def driver(url: str, count: int) -> Iterator[Driver]:
    """A driver for a store that holds sessions which live for a day."""
    store, now = open_store(url), now_ms()
    form = store.capabilities.form
    root = EXPRESS.complete(new_session_root(DAY_MS, now), form, now)
    writes = [
        Create(
            store.ref_for(f"s{number}"),
            new_payload(root, form, like=None, session_id=f"s{number}", expires_at_ms=now + DAY_MS),
            now + DAY_MS,
        )
        for number in range(count)
    ]
    store.write_many(writes)
    store.close()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.bulk.bulk_driver", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,
    )
    yield Driver(process)
    process.kill()
    process.communicate()


def lives(url: str) -> Counter[tuple[int, int]]:
    """Return of all sessions how many days they live by their own lifetime, and by the store's expiry."""
    store, found = open_store(url), Counter[tuple[int, int]]()
    now = now_ms()
    for batch in store.list_records(CancelToken()):
        for payload, ends in zip(batch.payloads, batch.expires_at_ms, strict=True):
            own = _LIFE.search(payload)
            assert own is not None
            assert ends is not None
            found[round(int(own[1]) / DAY_MS), round((ends - now) / DAY_MS)] += 1
    store.close()
    return found


def moments(whole: int) -> list[int]:
    """Return after how many packets to kill: spread over an act that takes so many."""
    return sorted({1 + whole * number // MOMENTS for number in range(MOMENTS)})


@pytest.mark.timeout(300)
def test_killed_expiry_leaves_no_session_whose_two_lifetimes_differ(driver: Driver, url: str, count: int) -> None:
    whole, mixed = driver.run("expire", 2), 0
    assert lives(url) == {(2, 2): count}
    assert len(moments(whole)) == MOMENTS
    for round_number, packets in enumerate(moments(whole)):
        # In turn sooner and later: the order of two writes would differ.
        days = 4 + round_number if round_number % 2 else 40 - round_number
        driver.run("expire", days, packets)
        found = lives(url)
        assert [pair for pair in found if pair[0] != pair[1]] == []
        assert found.total() == count
        mixed += len(found) > 1
    assert mixed > 0


@pytest.mark.timeout(300)
def test_killed_deletion_leaves_the_others_as_they_were(driver: Driver, url: str, count: int) -> None:
    counts = [count]
    for packets in (3, 2, 1):
        driver.run("delete", packets=packets)
        found = lives(url)
        assert set(found) <= {(1, 1)}
        counts.append(found.total())
    assert counts == sorted(counts, reverse=True)
    driver.run("delete")
    assert lives(url).total() == 0
