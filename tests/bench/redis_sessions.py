"""A Redis of the benchmarks' own, filled with realistic sessions, and the bare loop that reads them all."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import hiredis

from tests.bench.sessions import sessions
from tests.servers import Server, redis_binary, start_redis

_PART = 1000


@contextlib.contextmanager
def filled_redis(count: int) -> Iterator[Server]:
    """Run a server with `count` sessions in it."""
    binary = redis_binary()
    if binary is None:
        sys.exit("redis-server is not installed; `make setup-test` installs it")
    folder = tempfile.mkdtemp()
    server = start_redis(binary, folder, "--notify-keyspace-events", "KEA")
    try:
        fill(server.port, count)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def fill(port: int, count: int) -> None:
    """Put sessions as connect-redis does: `SET sess:ID text PX left`."""
    reader = hiredis.Reader()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        waiting: list[bytes] = []
        for session_id, text, left_ms in sessions(count, round(time.time() * 1000)):
            waiting.append(_pack("SET", f"sess:{session_id}", text, "PX", left_ms))
            if len(waiting) == _PART:
                _send(connection, reader, waiting)
        _send(connection, reader, waiting)


def _send(connection: socket.socket, reader: Any, waiting: list[bytes]) -> None:
    connection.sendall(b"".join(waiting))
    for _ in waiting:
        _reply(connection, reader)
    waiting.clear()


def _pack(*command: str | bytes | int) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
    return packed


def _reply(connection: socket.socket, reader: Any) -> Any:
    reply = reader.gets()
    while reply is False:
        reader.feed(connection.recv(1 << 18))
        reply = reader.gets()
    return reply


def read_all_bare(port: int) -> tuple[float, float, int]:
    """Read all with SCAN 1000, MGET and pipelined PTTL; return seconds for all, for the first 200, and how many."""
    reader, count, first_s = hiredis.Reader(), 0, 0.0
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        cursor: bytes = b"0"
        while True:
            connection.sendall(_pack("SCAN", cursor, "MATCH", "sess:*", "COUNT", 1000))
            cursor, keys = _reply(connection, reader)
            if keys:
                connection.sendall(_pack("MGET", *keys) + b"".join([_pack("PTTL", key) for key in keys]))
                for _ in range(len(keys) + 1):
                    _reply(connection, reader)
            count += len(keys)
            if not first_s and count >= 200:
                first_s = time.perf_counter() - begun
            if cursor == b"0":
                return time.perf_counter() - begun, first_s, count
