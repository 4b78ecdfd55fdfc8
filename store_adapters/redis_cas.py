"""Compare-and-set on one Redis key, three ways; knows no session format.

1. A script: compares bytes, keeps the TTL in the same step, and refuses to write when it runs later than a deadline (a
   server that hung and woke up must not apply an edit which we have already reported as unknown).
2. `SET … IFEQ … KEEPTTL` (Valkey 8.1, Redis 8.4), where scripts are forbidden.
3. WATCH/MULTI/EXEC, where neither is there.

The script comes first although IFEQ is one command: only the script has the deadline. What a server cannot do is found
out by trying, not by its version.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import Any

import hiredis

from store_adapters.errors import RecordChanged, RecordMissing, StoreUnreachable, Unsupported
from store_adapters.redis_link import RedisLink, describe_reply

_GUARD = """
if ARGV[2] ~= '0' then
  local t = redis.call('TIME')
  if t[1] * 1000000 + t[2] > tonumber(ARGV[2]) then return -2 end
end
local v = redis.call('GET', KEYS[1])
if v == false then return -1 end
if v ~= ARGV[1] then return 0 end
"""
_SET = _GUARD + "redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL') return 1"
_DELETE = _GUARD + "redis.call('DEL', KEYS[1]) return 1"
_EXPIRE = _GUARD + "redis.call('PEXPIREAT', KEYS[1], ARGV[3]) return 1"
_PERSIST = _GUARD + "redis.call('PERSIST', KEYS[1]) return 1"

_Command = tuple[bytes | str | int, ...]


class Way(Enum):
    SCRIPT = "script"
    IFEQ = "IFEQ"
    WATCH = "WATCH"


class CompareAndSet:
    """Writes to a key when it still holds what was read. Finds out once which way the server and its ACL allow."""

    def __init__(self, link: RedisLink, deadline_s: float) -> None:
        self._link = link
        self._deadline_s = deadline_s
        self._forbidden: set[Way] = set()
        self._offset_us: int | None = None
        self._asked_time = False

    @property
    def way(self) -> Way:
        """The way that a write would go, as far as it was found out."""
        return next((way for way in Way if way not in self._forbidden), Way.WATCH)

    def set_value(self, key: bytes, old: bytes, new: bytes) -> None:
        """Put `new` in the place of `old`, TTL kept. `RecordChanged`, `RecordMissing`."""
        self._write(
            key, old, _SET, (new,), ("SET", key, new, "XX", "KEEPTTL"), ifeq=("SET", key, new, "IFEQ", old, "KEEPTTL")
        )

    def delete(self, key: bytes, old: bytes) -> None:
        self._write(key, old, _DELETE, (), ("DEL", key))

    def expire_at(self, key: bytes, old: bytes, expires_at_ms: int | None) -> None:
        if expires_at_ms is None:
            self._write(key, old, _PERSIST, (), ("PERSIST", key))
        else:
            self._write(key, old, _EXPIRE, (expires_at_ms,), ("PEXPIREAT", key, expires_at_ms))

    def _write(
        self, key: bytes, old: bytes, script: str, values: _Command, plain: _Command, ifeq: _Command | None = None
    ) -> None:
        attempts: list[tuple[Way, Callable[[], None]]] = [
            (Way.SCRIPT, lambda: self._by_script(key, old, script, values)),
            (Way.WATCH, lambda: self._by_watch(key, old, plain)),
        ]
        if ifeq is not None:
            attempts.insert(1, (Way.IFEQ, lambda: self._by_ifeq(key, ifeq)))
        for way, write in attempts:
            if way in self._forbidden:
                continue
            try:
                write()
            except _WayClosed:
                self._forbidden.add(way)
                continue
            return
        raise Unsupported(
            "This server and user allow no safe way to write (no script, no IFEQ, no WATCH).",
            "Ask for EVAL, or for WATCH, MULTI, EXEC and SET, in the server's ACL.",
        )

    def _by_script(self, key: bytes, old: bytes, script: str, values: _Command) -> None:
        reply = self._link.pipe([("EVAL", script, 1, key, old, self._deadline_us(), *values)])[0]
        if isinstance(reply, hiredis.ReplyError):
            raise _closed_or_error(reply)
        self._judge(reply)

    def _by_ifeq(self, key: bytes, command: _Command) -> None:
        reply = self._link.pipe([command])[0]
        if isinstance(reply, hiredis.ReplyError):
            raise _closed_or_error(reply)
        if reply is None:
            self._judge(-1 if self._link.call("EXISTS", key) == 0 else 0)

    def _by_watch(self, key: bytes, old: bytes, command: _Command) -> None:
        watched, value = self._link.pipe([("WATCH", key), ("GET", key)])
        for reply in (watched, value):
            if isinstance(reply, hiredis.ReplyError):
                self._link.disconnect()  # which also ends the WATCH
                raise _closed_or_error(reply)
        if value != old:
            self._link.call("UNWATCH")
            self._judge(-1 if value is None else 0)
        replies = self._link.pipe([("MULTI",), command, ("EXEC",)])
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                self._link.disconnect()
                raise _closed_or_error(reply)
        done = replies[-1]
        if done is None:
            self._judge(0)
        elif isinstance(done[0], hiredis.ReplyError):
            raise describe_reply(done[0])
        elif done[0] is None:
            self._judge(-1)

    def _judge(self, answer: Any) -> None:
        if answer == 1:
            return
        if answer == -1:
            raise RecordMissing(
                "The session is no longer in Redis; nothing was written.", "It was logged out or expired."
            )
        if answer == -2:
            raise StoreUnreachable("Redis answered too late; nothing was written.", "Try again.")
        raise RecordChanged("The session was changed since it was read; nothing was written.", "Read it again.")

    def _deadline_us(self) -> int:
        # 0 asks the script for no deadline: this user may not run TIME.
        if not self._asked_time:
            self._asked_time = True
            reply = self._link.pipe([("TIME",)])[0]
            if isinstance(reply, list):
                self._offset_us = int(reply[0]) * 1_000_000 + int(reply[1]) - round(time.monotonic() * 1e6)
        if self._offset_us is None:
            return 0
        return round((time.monotonic() + self._deadline_s) * 1e6) + self._offset_us


class _WayClosed(Exception):
    """The server or its ACL does not know this way of writing."""


def _closed_or_error(reply: Exception) -> Exception:
    text = str(reply)
    is_closed = text.startswith("NOPERM") or "syntax error" in text or "unknown command" in text.lower()
    return _WayClosed() if is_closed or "can't run this command" in text else describe_reply(reply)
