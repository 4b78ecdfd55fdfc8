"""Closing the window ends the program within 2 s, exit code 0, whatever it is doing (F63).

Once for each state; FAULTS_FULL=1 runs each thirty times and prints the figures.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pymongo
import pytest

from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import create_session, new_session_root
from store_adapters.clock import now_ms
from store_adapters.errors import RecordExists
from store_adapters.registry import open_store
from tests.servers import ROOT, Server, missing, redis_binary, start_redis

RUNS = 30 if os.environ.get("FAULTS_FULL") else 1
LIMIT_S = 2.0
STATES = ("idle", "reading", "hung", "saving", "decoding", "keyring", "serving")


def leave(state: str, url: str, home: Path, pid: int = 0) -> float:
    """Run the program, close it in the state, and return how long it took to end, in seconds."""
    environment = {**os.environ, "SESSION_INSPECTOR_HOME": str(home), "SERVER_PID": str(pid)}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.window.leaving_driver", state, url],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None and process.stderr is not None
            line = process.stdout.readline()
            words = process.stderr.read()
            code = process.wait(10)
            took_s = time.time() - float(line)
        finally:
            process.kill()
    assert (code, words) == (0, "")
    return took_s


def put_session(url: str) -> bytes:
    """Make the session that is written in the state "saving", unless it is there; return its bytes."""
    store = open_store(url)
    with suppress(RecordExists):
        create_session(store, "session0", new_session_root(86_400_000, now_ms()), None, Journal(), now_ms())
    payload = store.read(store.ref_for("session0")).payload
    store.close()
    return payload


@contextmanager
def filled_redis(folder: Path, count: int) -> Iterator[tuple[str, int]]:
    """Start a Redis with sessions; yield its URL and its process id. It is continued and stopped at the end."""
    binary = redis_binary()
    if binary is None:
        missing("redis-server")
    server = start_redis(str(binary), str(folder))
    try:
        payload = put_session(server.url)
        if count:
            import redis

            with redis.Redis(port=server.port) as client, client.pipeline(transaction=False) as pipe:
                for number in range(count):
                    pipe.set(f"sess:more{number}", payload)
                pipe.execute()
        yield f"{server.url}?prefix=sess:", server.process.pid
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
        server.stop()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("state", ["hung", "saving"])
def test_f63_window_on_mongodb_closed_ends_the_program_in_time(
    tmp_path: Path, mongo_server: Server, mongo_url: str, state: str
) -> None:
    times = []
    try:
        for number in range(RUNS):
            put_session(mongo_url)
            times.append(leave(state, mongo_url, tmp_path / f"home{number}", mongo_server.process.pid))
            os.kill(mongo_server.process.pid, signal.SIGCONT)
    finally:
        os.kill(mongo_server.process.pid, signal.SIGCONT)
        with pymongo.MongoClient[dict[str, Any]](mongo_server.url, directConnection=True) as client:
            # A transaction that was begun before the server hung ends by itself after a minute only.
            client.admin.command({"killAllSessions": []})
    tell(f"{state} (MongoDB)", times)
    assert max(times) < LIMIT_S


def tell(state: str, times: list[float]) -> None:
    print(f"leaving while {state}: {len(times)} of {len(times)}, longest {max(times) * 1000:.0f} ms")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("state", STATES)
def test_f63_window_closed_ends_the_program_in_time(tmp_path: Path, state: str) -> None:
    times = []
    with filled_redis(tmp_path, 60_000 if state == "reading" else 0) as (url, pid):
        for number in range(RUNS):
            put_session(url)
            times.append(leave(state, url, tmp_path / f"home{number}", pid))
            os.kill(pid, signal.SIGCONT)
    tell(state, times)
    assert max(times) < LIMIT_S


@pytest.mark.timeout(600)
def test_f63_window_closed_while_connecting_to_who_never_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        times = [leave("connecting", url, tmp_path / f"home{number}") for number in range(RUNS)]
    tell("connecting", times)
    assert max(times) < LIMIT_S
