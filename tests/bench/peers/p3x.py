"""p3x-redis-ui-server, driven over socket.io as its page does (`p3x_client.cjs`)."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.bench.peers.peer import Listed, resident_bytes, stop_process
from tests.servers import die_with_parent, free_port

_MOST_KEYS = 100_000  # its settings take no more
_PAGE_KEYS = 1_000  # what its page asks for before the setting is changed
_CONNECTION = {"id": "bench", "name": "bench", "host": "127.0.0.1"}


class P3x:
    """Keys come with type and TTL (whole seconds), at most 100,000; its search looks at key names."""

    name = "p3x-redis-ui-server"
    comes_with = "type and TTL; at most 100,000 keys"
    note = "socket.io as its page uses it, no browser"

    def __init__(self, folder: Path, home: Path, redis_port: int) -> None:
        self._folder, self._home, self._redis_port = folder, home, redis_port
        self._server: subprocess.Popen[bytes] | None = None
        self._client: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        begun = time.perf_counter()
        port = free_port()
        config = {"http": {"port": port, "bind": "127.0.0.1"}, "connections": {"home-dir": str(self._home)}}
        config_file = self._home / "p3xrs.json"
        config_file.write_text(json.dumps({"p3xrs": config}))
        connections = {"list": [{**_CONNECTION, "port": self._redis_port}]}
        (self._home / ".p3xrs-conns.json").write_text(json.dumps(connections))
        modules = self._folder / "node_modules"
        environment = {**os.environ, "HOME": str(self._home), "NODE_PATH": str(modules)}
        self._server = subprocess.Popen(
            ["node", str(modules / "p3x-redis-ui-server" / "bin" / "p3xrs.mjs"), "-c", str(config_file)],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent,
        )  # fmt: skip
        client = Path(__file__).with_name("p3x_client.cjs")
        self._client = subprocess.Popen(
            ["node", str(client), f"http://127.0.0.1:{port}"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_parent,
        )  # fmt: skip
        self._hear()
        return time.perf_counter() - begun

    def list_first(self) -> Listed:
        reply = self._connect()
        return Listed(reply["ms"] / 1000, reply["keys"])

    def list_all(self) -> Listed:
        reply = self._ask("redis/refresh", match="*", maxKeys=_MOST_KEYS)
        if "ttl" not in reply["first"]:
            raise RuntimeError("it listed no TTL")
        return Listed(reply["ms"] / 1000, reply["keys"])

    def find(self, text: str) -> Listed | None:
        return None

    def open_session(self, key: str) -> None:
        self._connect()
        if self._ask("key/get", key=key)["type"] != "string":
            raise RuntimeError(f"{key} was not opened")

    def save(self, key: str, text: str) -> str:
        return str(self._ask("key/set", key=key, type="string", value=text)["status"])

    def memory_bytes(self) -> int:
        return resident_bytes(self._server.pid) if self._server is not None else 0

    def stop(self) -> None:
        stop_process(self._client)
        stop_process(self._server)

    def _connect(self) -> dict[str, Any]:
        return self._ask("connection/connect", connection=_CONNECTION, db=0, match="*", maxKeys=_PAGE_KEYS)

    def _ask(self, action: str, **payload: object) -> dict[str, Any]:
        if self._client is None or self._client.stdin is None:
            raise RuntimeError("not started")
        self._client.stdin.write(json.dumps({"action": action, "payload": payload}).encode() + b"\n")
        self._client.stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        if self._client is None or self._client.stdout is None:
            raise RuntimeError("not started")
        line = self._client.stdout.readline()
        if not line:
            raise RuntimeError("its client ended")
        reply: dict[str, Any] = json.loads(line)
        if reply.get("error"):
            raise RuntimeError(reply["error"])
        return reply
