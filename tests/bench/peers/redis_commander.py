"""redis-commander, driven through the HTTP API that its page uses, with its own defaults."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.bench.peers.peer import PREFIX, Listed, resident_bytes, stop_process, wait_until
from tests.servers import die_with_parent, free_port

_PATIENCE_S = 600


class RedisCommander:
    """Its tree reads all keys for the root, and again for the folder `sess:`; no key is seen before both."""

    name = "redis-commander"
    comes_with = "names only"
    note = "HTTP API of its page, no browser"

    def __init__(self, folder: Path, home: Path, redis_port: int) -> None:
        self._folder, self._home, self._redis_port = folder, home, redis_port
        self._process: subprocess.Popen[bytes] | None = None
        self._address, self._token, self._connection = "", "", ""
        self._all: Listed | None = None

    def start(self) -> float:
        begun = time.perf_counter()
        port = free_port()
        self._address, self._token = f"http://127.0.0.1:{port}", ""
        script = self._folder / "node_modules" / "redis-commander" / "bin" / "redis-commander.js"
        self._process = subprocess.Popen(
            [
                "node", str(script), "--redis-host", "127.0.0.1", "--redis-port", str(self._redis_port),
                "--address", "127.0.0.1", "--port", str(port), "--noload", "--nosave",
            ],
            env={**os.environ, "HOME": str(self._home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )  # fmt: skip
        wait_until(self._process, self._is_ready)
        return time.perf_counter() - begun

    def _is_ready(self) -> bool:
        try:
            self._token = str(self._ask("POST", "signin", {})["bearerToken"])
            found = self._ask("GET", "connections")["connections"]
        except (urllib.error.URLError, ConnectionError):
            return False
        self._connection = str(found[0]["conId"]) if found else ""
        return bool(found)

    def list_first(self) -> Listed:
        """List; no key is seen before all are, so both figures come from one listing."""
        begun = time.perf_counter()
        tree = f"apiv2/keystree/{urllib.parse.quote(self._connection)}"
        folders = [node["keyName"] for node in self._ask("GET", tree)["data"] if node.get("children")]
        if PREFIX not in folders:
            raise RuntimeError(f"no folder {PREFIX} in its tree")
        keys = self._ask("GET", f"{tree}/{PREFIX}")["data"]
        self._all = Listed(time.perf_counter() - begun, len(keys))
        return self._all

    def list_all(self) -> Listed:
        if self._all is None:
            raise RuntimeError("nothing was listed")
        return self._all

    def find(self, text: str) -> Listed | None:
        return None

    def open_session(self, key: str) -> None:
        if self._ask("GET", self._place(key))["type"] != "string":
            raise RuntimeError(f"{key} was not opened")

    def save(self, key: str, text: str) -> str:
        return str(self._ask("POST", self._place(key), {"keyType": "string", "stringValue": text}))

    def memory_bytes(self) -> int:
        return resident_bytes(self._process.pid) if self._process is not None else 0

    def stop(self) -> None:
        stop_process(self._process)

    def _place(self, key: str) -> str:
        return f"apiv2/key/{urllib.parse.quote(self._connection)}/{urllib.parse.quote(key)}"

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self._address}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as reply:
            text = reply.read().decode()
        try:
            return json.loads(text)
        except ValueError:
            return text
