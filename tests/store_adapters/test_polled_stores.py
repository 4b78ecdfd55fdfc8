"""Live on real stores that tell of no changes: what is seen, and that no values are read for it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import bson
import pytest
import redis

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.watch import follow_changes
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, Look
from store_adapters.options import Limits
from store_adapters.registry import open_store
from tests.contract.backends import SQLITE_TABLES
from tests.faults.mongo.rigs import MongoRig, _lone_server, lone_rig, make_mongo
from tests.servers import Server

__all__ = ["_lone_server", "lone_rig", "make_mongo"]
HOUR_MS = 3_600_000
WAIT_S = 20
STORES = ("redis", "redis without scripts", "mongo", "sqlite")


def text(mark: str) -> str:
    """Return a session of the same length for each mark of one letter."""
    return json.dumps({"cookie": {"originalMaxAge": HOUR_MS, "path": "/"}, "mark": mark}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Application:
    """What the application's library does: `save(session ID, mark, when it ends)`; `drop(session ID)`."""

    url: str
    save: Callable[[str, str, int], object]
    drop: Callable[[str], object]


@pytest.fixture(params=STORES)
def application(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Application]:
    match request.param:
        case "mongo":
            rig: MongoRig = request.getfixturevalue("lone_rig")

            def save(sid: str, mark: str, ends: int) -> None:
                date = bson.datetime_ms.DatetimeMS(ends)
                rig.put_document(bson.encode({"_id": sid, "expires": date, "session": text(mark)}))

            yield Application(rig.url, save, lambda sid: rig.collection.delete_one({"_id": sid}))
        case "sqlite":
            path = tmp_path / "sessions.db"
            table = sqlite3.connect(path, isolation_level=None)
            table.execute("PRAGMA journal_mode=WAL")
            table.execute(SQLITE_TABLES["connect-sqlite3"])
            yield Application(
                f"sqlite://{path}",
                lambda sid, mark, ends: table.execute(
                    "INSERT OR REPLACE INTO sessions (sid, expired, sess) VALUES (?, ?, ?)", (sid, ends, text(mark))
                ),
                lambda sid: table.execute("DELETE FROM sessions WHERE sid = ?", (sid,)),
            )
            table.close()
        case kind:
            url = request.getfixturevalue("valkey_url")
            with redis.Redis.from_url(url) as client:
                login = ""
                if kind != "redis":
                    client.execute_command("ACL", "SETUSER", "plain", "on", ">pw", "~*", "&*", "+@all", "-@scripting")
                    login = "plain:pw@"
                yield Application(
                    url.replace("//", f"//{login}"),
                    lambda sid, mark, ends: client.set(f"sess:{sid}", text(mark), pxat=ends),
                    lambda sid: client.delete(f"sess:{sid}"),
                )


@dataclass
class Follower:
    """A store that is followed in a thread of its own, into a catalogue."""

    url: str
    followed_key: bytes | None = None
    sent: list[str] = field(default_factory=list)
    told: list[tuple[bytes, ...] | Look | None] = field(default_factory=list)
    cancel: CancelToken = field(default_factory=CancelToken)
    news: threading.Condition = field(default_factory=threading.Condition)
    poll_s: float = 0.05

    def __post_init__(self) -> None:
        self.store = open_store(self.url, limits=Limits(poll_s=self.poll_s, on_command=self.sent.append))
        self.catalogue = Catalogue(self.store)
        for batch in self.store.list_records(CancelToken()):
            self.catalogue.append(batch)
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()
        self.wait(lambda: any(isinstance(one, Look) for one in self.told))
        self.sent.clear()

    def _follow(self) -> None:
        for one in follow_changes(self.store, self.catalogue, self.cancel, lambda: self.followed_key):
            with self.news:
                self.told.append(one)
                self.news.notify_all()

    def wait(self, is_so: Callable[[], bool]) -> None:
        with self.news:
            assert self.news.wait_for(is_so, WAIT_S)

    def wait_for_looks(self, number: int) -> None:
        """Wait until so many looks more are complete."""
        wanted = number + sum(isinstance(one, Look) for one in self.told)
        self.wait(lambda: sum(isinstance(one, Look) for one in self.told) >= wanted)

    def stored(self, sid: str) -> bytes:
        """Return what the catalogue holds of a session; nothing where there is none."""
        position = self.catalogue.find(self.store.ref_for(sid).key)
        return b"" if position is None else self.catalogue.columns.payloads[position]

    def close(self) -> None:
        self.cancel.cancel()
        self.thread.join(WAIT_S)
        self.store.close()


@pytest.fixture
def follow() -> Iterator[Callable[..., Follower]]:
    made: list[Follower] = []

    def start(url: str, poll_s: float = 0.05) -> Follower:
        made.append(Follower(url, poll_s=poll_s))
        return made[-1]

    yield start
    for one in made:
        one.close()


def test_saves_new_and_deleted_sessions_reach_the_list(
    application: Application, follow: Callable[..., Follower]
) -> None:
    ends = now_ms() + HOUR_MS
    for sid in ("a", "b", "c"):
        application.save(sid, "1", ends)
    follower = follow(application.url)
    application.save("a", "2", ends + 60_000)  # as long as it was
    application.drop("b")
    application.save("new", "1", ends)
    follower.wait(
        lambda: b'2"' in follower.stored("a") and b"mark" in follower.stored("new") and not follower.stored("b")
    )
    assert b'1"' in follower.stored("c")


def test_only_what_changed_is_read(application: Application, follow: Callable[..., Follower]) -> None:
    ends = now_ms() + HOUR_MS
    for number in range(300):
        application.save(f"s{number}", "1", ends)
    follower = follow(application.url)
    application.save("s7", "2", ends + 60_000)
    follower.wait(lambda: b'2"' in follower.stored("s7"))
    reads = [words for words in follower.sent if "GET" in words or "SELECT CASE" in words or "find" in words]
    assert [words for words in reads if "GETRANGE" in words or "GET ×" in words] == []
    changed = {key for one in follower.told if isinstance(one, tuple) for key in one}
    assert changed == {follower.store.ref_for("s7").key}


def test_open_session_is_followed_closely(application: Application, follow: Callable[..., Follower]) -> None:
    ends = now_ms() + HOUR_MS
    application.save("a", "1", ends)
    follower = follow(application.url, poll_s=600)
    follower.followed_key = follower.store.ref_for("a").key
    follower.wait(lambda: bool(follower.sent))
    application.save("a", "2", ends)
    follower.wait(lambda: b'2"' in follower.stored("a"))
    assert sum(isinstance(one, Look) for one in follower.told) == 1


def test_touch_makes_no_session_changed_just_now(valkey_url: str, follow: Callable[..., Follower]) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        client.set("sess:a", text("1"), px=HOUR_MS)
        client.set("sess:b", text("1"), px=HOUR_MS)
        follower = follow(valkey_url)
        client.pexpire("sess:a", 2 * HOUR_MS)
        client.set("sess:b", text("2"), px=2 * HOUR_MS)
        follower.wait(
            lambda: {b"sess:a", b"sess:b"} <= {key for one in follower.told if isinstance(one, tuple) for key in one}
        )
    changed = {
        key: follower.catalogue.row(follower.catalogue.find(key) or 0).changed_at_ms for key in (b"sess:a", b"sess:b")
    }
    assert not changed[b"sess:a"]
    assert changed[b"sess:b"]


def test_session_without_ttl_of_the_same_length_is_seen(valkey_url: str, follow: Callable[..., Follower]) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        client.set("sess:a", text("1"))
        client.hset("sess:other", "a", "hash")
        follower = follow(valkey_url)
        client.set("sess:a", text("2"))
        follower.wait(lambda: b'2"' in follower.stored("a"))
        assert not follower.stored("other")


def test_looks_of_many_cost_few_commands(
    valkey_server: Server, valkey_url: str, follow: Callable[..., Follower]
) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        with client.pipeline(transaction=False) as pipe:
            for number in range(5000):
                pipe.set(f"sess:{number}", text("1") + " " * 2000, px=HOUR_MS)
            pipe.execute()
        follower = follow(valkey_url)
        client.config_resetstat()
        follower.wait_for_looks(2)
        sent = client.info("stats")["total_net_output_bytes"]
        follower.cancel.cancel()
    assert sent < 5000 * 2000 / 4
    assert len(follower.sent) < 5000 / 10
