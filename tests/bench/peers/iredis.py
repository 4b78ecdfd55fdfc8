"""iredis, driven as a person would: through a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.peers.peer import PREFIX, Listed, resident_bytes, stop_process
from tests.servers import die_with_parent

_ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")
_KEY = f'"{PREFIX}'.encode()
_PATIENCE_S = 300.0
_FIRST = 200
_TAIL = 4096


class IRedis:
    """`SCAN` for the first keys, `KEYS` (which it asks to confirm) for all; printed without its pager."""

    name = "iredis"
    comes_with = "names only"
    note = "a terminal, commands typed, no pager"

    def __init__(self, folder: Path, home: Path, redis_port: int, count: int) -> None:
        self._folder, self._home, self._redis_port, self._count = folder, home, redis_port, count
        self._process: subprocess.Popen[bytes] | None = None
        self._terminal = -1

    def start(self) -> float:
        begun = time.perf_counter()
        self._terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        self._process = subprocess.Popen(
            [str(self._folder / "venv" / "bin" / "iredis"), "-p", str(self._redis_port), "--no-pager"],
            env={**os.environ, "HOME": str(self._home), "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
            stdin=inner, stdout=inner, stderr=inner, start_new_session=True, preexec_fn=die_with_parent,
        )  # fmt: skip
        os.close(inner)
        self._read_until(lambda seen: self._prompt in seen)
        return time.perf_counter() - begun

    @property
    def _prompt(self) -> bytes:
        return f":{self._redis_port}>".encode()

    def list_first(self) -> Listed:
        begun = time.perf_counter()
        self._type(f"SCAN 0 MATCH {PREFIX}* COUNT {_FIRST}")
        keys = self._read_keys(_FIRST)
        return Listed(time.perf_counter() - begun, keys)

    def list_all(self) -> Listed:
        begun = time.perf_counter()
        self._type(f"KEYS {PREFIX}*")
        self._read_until(lambda seen: b"(y/n)" in seen.lower() or b"[y/n]" in seen.lower())
        self._type("y")
        keys = self._read_keys(self._count)
        return Listed(time.perf_counter() - begun, keys)

    def find(self, text: str) -> Listed | None:
        return None

    def open_session(self, key: str) -> None:
        self._type(f"GET {key}")
        self._read_until(lambda seen: b"cookie" in seen and self._prompt in seen.rsplit(b"cookie", 1)[-1])

    def save(self, key: str, text: str) -> str:
        self._type(f"SET {key} '{text}'")
        self._read_until(lambda seen: b"OK\r" in seen)
        return "OK"

    def memory_bytes(self) -> int:
        return resident_bytes(self._process.pid) if self._process is not None else 0

    def stop(self) -> None:
        stop_process(self._process)
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1

    def _type(self, line: str) -> None:
        os.write(self._terminal, line.encode() + b"\r")

    def _read_keys(self, wanted: int) -> int:
        """Read the terminal until so many keys were printed and the prompt is back."""
        found, rest, tail = 0, b"", b""

        def is_done(new: bytes) -> bool:
            nonlocal found, rest, tail
            lines = (rest + new).split(b"\n")
            rest = lines.pop()
            found += sum(_KEY in _ESCAPE.sub(b"", line) for line in lines)
            tail = (tail + new)[-_TAIL:]
            return found >= wanted and self._prompt in _ESCAPE.sub(b"", tail).rsplit(_KEY, 1)[-1]

        self._read_until(is_done, whole=False)
        return found

    def _read_until(self, is_done: Callable[[bytes], bool], *, whole: bool = True) -> None:
        """Read until `is_done` says so of all that was read without escapes (or, not `whole`, of each new piece)."""
        deadline, seen = time.monotonic() + _PATIENCE_S, b""
        while time.monotonic() < deadline:
            if not select.select([self._terminal], [], [], 1)[0]:
                continue
            new = os.read(self._terminal, 1 << 16)
            if whole:
                seen += new
            if is_done(_ESCAPE.sub(b"", seen) if whole else new):
                return
        raise RuntimeError("the terminal did not show what was waited for")
