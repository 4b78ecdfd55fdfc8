"""Session Inspector, driven as its peers are."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from inspector.codecs import parse_json
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import OpenedSession, open_session
from inspector.services.sessions.save_session import save_session
from store_adapters.contract import SessionStore
from store_adapters.registry import open_store
from tests.bench.peers.peer import PREFIX, Listed, resident_bytes, stop_process
from tests.servers import ROOT, die_with_parent


class OurWindow:
    """The window without a screen (`our_window.py`); it saves through the service that its Save calls."""

    name = "Session Inspector"
    comes_with = "values, decoded, and TTL"
    note = "the window itself, offscreen"

    def __init__(self, redis_port: int) -> None:
        self._url = f"redis://127.0.0.1:{redis_port}/0?prefix={PREFIX}"
        self._process: subprocess.Popen[bytes] | None = None
        self._all: Listed | None = None
        self._store: SessionStore | None = None
        self._opened: OpenedSession | None = None

    def start(self) -> float:
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.peers.our_window"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_parent,
        )  # fmt: skip
        self._hear()
        return time.perf_counter() - begun

    def list_first(self) -> Listed:
        """List; the window reads on by itself, so both figures come from one reading."""
        reply = self._ask(f"list {self._url}")
        self._all = Listed(reply["s"], int(reply["keys"]))
        return Listed(reply["first_s"], int(reply["first_keys"]))

    def list_all(self) -> Listed:
        if self._all is None:
            raise RuntimeError("nothing was listed")
        return self._all

    def find(self, text: str) -> Listed | None:
        reply = self._ask(f"find {text}")
        return Listed(reply["s"], int(reply["keys"]))

    def open_session(self, key: str) -> None:
        self._store = self._store or open_store(self._url)
        self._opened = open_session(self._store, self._store.ref_for(key.removeprefix(PREFIX)))

    def save(self, key: str, text: str) -> str:
        if self._store is None or self._opened is None:
            raise RuntimeError("nothing was opened")
        outcome = save_session(self._store, self._opened, parse_json(text), Journal())
        return outcome.state.value

    def memory_bytes(self) -> int:
        return resident_bytes(self._process.pid) if self._process is not None else 0

    def stop(self) -> None:
        if self._store is not None:
            self._store.close()
        stop_process(self._process)

    def _ask(self, line: str) -> dict[str, float]:
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("not started")
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, float]:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("not started")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the window ended")
        reply: dict[str, float] = json.loads(line)
        return reply
