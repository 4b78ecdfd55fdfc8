"""Compare-and-set on one Redis key, three ways.

1. A script: compares bytes, keeps the TTL in the same step, and refuses to write when it runs later than a deadline (a
   server that hung and woke up must not apply an edit which we have already reported as unknown).
2. `SET … IFEQ … KEEPTTL` (Valkey 8.1, Redis 8.4), where scripts are forbidden.
3. WATCH/MULTI/EXEC, where neither is there.

The script comes first although IFEQ is one command: only the script has the deadline. What a server cannot do is found
out by trying, not by its version.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import hiredis

from store_adapters.errors import (
    NotConnected,
    RecordChanged,
    RecordMissing,
    StoreError,
    StoreReadOnly,
    StoreUnreachable,
    TimedOut,
    Unsupported,
)
from store_adapters.redis.link import RedisLink
from store_adapters.redis.redis_errors import describe_reply

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
SET_UNTIL = """
local function set_until(key, value, at)
  local t = redis.call('TIME')
  return redis.pcall('SET', key, value, 'PX', at - t[1] * 1000 - math.floor(t[2] / 1000))
end
"""
"""Value and expiry in one command, by the server's clock as PEXPIREAT is; PXAT came with Redis 6.2 only."""
_SET_UNTIL = (
    SET_UNTIL
    + _GUARD
    + "local r = set_until(KEYS[1], ARGV[3], ARGV[4]) if type(r) == 'table' and r.err then return r end return 1"
)
_SET_FOR_EVER = _GUARD + "redis.call('SET', KEYS[1], ARGV[3]) return 1"

_Command = tuple[bytes | str | int, ...]
_Commands = tuple[_Command, ...]
_CLOCK_HOLDS_S = 60.0


class CasStrategy(Enum):
    SCRIPT = "script"
    IFEQ = "IFEQ"
    WATCH = "WATCH"


class CompareAndSet:
    """Writes to a key when it still holds what was read. Finds out once which way the server and its ACL allow."""

    def __init__(self, link: RedisLink, deadline_s: float) -> None:
        self._link = link
        self._deadline_s = deadline_s
        self._forbidden: set[CasStrategy] = set()
        self._clock = _ServerClock(link)

    @property
    def way(self) -> CasStrategy:
        """The way that a write would go, as far as it was found out."""
        return next((way for way in CasStrategy if way not in self._forbidden), CasStrategy.WATCH)

    def set_value(self, key: bytes, old: bytes, new: bytes) -> None:
        """Put `new` in the place of `old`, TTL kept. `RecordChanged`, `RecordMissing`."""
        self._write(
            key,
            old,
            _SET,
            (new,),
            (("SET", key, new, "XX", "KEEPTTL"),),
            ifeq=("SET", key, new, "IFEQ", old, "KEEPTTL"),
        )

    def set_until(self, key: bytes, old: bytes, new: bytes, expires_at_ms: int | None) -> None:
        """Put `new` in the place of `old` and set its expiry, in one step. `RecordChanged`, `RecordMissing`."""
        plain: _Command = ("SET", key, new, "XX")
        ifeq: _Command = ("SET", key, new, "IFEQ", old)
        if expires_at_ms is None:
            self._write(key, old, _SET_FOR_EVER, (new,), (plain,), ifeq)
        else:
            both: _Commands = ((*plain, "KEEPTTL"), ("PEXPIREAT", key, expires_at_ms))
            self._write(key, old, _SET_UNTIL, (new, expires_at_ms), both, (*ifeq, "PXAT", expires_at_ms))

    def delete(self, key: bytes, old: bytes) -> None:
        self._write(key, old, _DELETE, (), (("DEL", key),))

    def expire_at(self, key: bytes, old: bytes, expires_at_ms: int | None) -> None:
        if expires_at_ms is None:
            self._write(key, old, _PERSIST, (), (("PERSIST", key),))
        else:
            self._write(key, old, _EXPIRE, (expires_at_ms,), (("PEXPIREAT", key, expires_at_ms),))

    def _write(
        self, key: bytes, old: bytes, script: str, values: _Command, plain: _Commands, ifeq: _Command | None = None
    ) -> None:
        attempts: list[tuple[CasStrategy, Callable[[], None]]] = [
            (CasStrategy.SCRIPT, lambda: self._by_script(key, old, script, values)),
            (CasStrategy.WATCH, lambda: self._by_watch(key, old, plain)),
        ]
        if ifeq is not None:
            attempts.insert(1, (CasStrategy.IFEQ, lambda: self._by_ifeq(key, ifeq)))
        for way, write in attempts:
            if way in self._forbidden:
                continue
            try:
                write()
            except _WayClosed:
                self._forbidden.add(way)
                continue
            return
        self._forbidden.clear()  # rights can be given back while the store is open
        refused = self.refusal(key)
        if refused is not None:
            raise refused
        raise Unsupported(
            "This server and user allow no safe way to write (no script, no IFEQ, no WATCH).",
            "Ask for EVAL, or for WATCH, MULTI, EXEC and SET, in the server's ACL.",
        )

    def refusal(self, key: bytes) -> StoreError | None:
        """Return why this server or user takes no write to `key` at all; None when it does.

        Asks with a command that can never write: SET has no such option, which Redis sees only after it has looked at
        the user's rights and at its own role.
        """
        reply = self._link.pipe([("SET", key, "", "ONLY-ASKING")])[0]
        if isinstance(reply, hiredis.ReplyError) and str(reply).startswith(("NOPERM", "READONLY")):
            return describe_reply(reply)
        return None

    def _by_script(self, key: bytes, old: bytes, script: str, values: _Command) -> None:
        for is_last in (False, True):
            started = time.monotonic()
            with _before_the_write():
                deadline_us = self._clock.time_in(self._deadline_s)
            try:
                reply = self._link.pipe([("EVAL", script, 1, key, old, deadline_us, *values)])[0]
            except TimedOut as error:
                # With a deadline it does not happen later either.
                raise StoreUnreachable(error.message, error.remedy) if deadline_us else error from None
            if isinstance(reply, hiredis.ReplyError):
                raise _closed_or_error(reply)
            if reply != -2 or is_last or time.monotonic() - started > self._deadline_s:
                return self._judge(key, reply)
            # Too late for the server, not for us: one of the clocks was set, or this machine slept.
            self._clock.forget()

    def _by_ifeq(self, key: bytes, command: _Command) -> None:
        reply = self._link.pipe([command])[0]
        if isinstance(reply, hiredis.ReplyError):
            raise _closed_or_error(reply)
        if reply is None:
            self._judge(key, -1 if self._link.call("GET", key) is None else 0)

    def _by_watch(self, key: bytes, old: bytes, commands: _Commands) -> None:
        with _before_the_write():
            watched, value = self._link.pipe([("WATCH", key), ("GET", key)])
        for reply in (watched, value):
            if isinstance(reply, hiredis.ReplyError):
                self._link.disconnect()  # which also ends the WATCH
                raise _closed_or_error(reply)
        if value != old:
            if isinstance(self._link.pipe([("UNWATCH",)])[0], hiredis.ReplyError):
                self._link.disconnect()
            self._judge(key, -1 if value is None else 0)
        # On a new connection nothing would be watched, and this a blind write.
        replies = self._link.pipe([("MULTI",), *commands, ("EXEC",)], may_connect=False)
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                self._link.disconnect()
                raise _closed_or_error(reply)
        done = replies[-1]
        if done is None:
            self._judge(key, 0)
            return
        refused = next((one for one in done if isinstance(one, hiredis.ReplyError)), None)
        if refused is not None:
            raise describe_reply(refused)
        if done[0] is None:
            self._judge(key, -1)

    def deadline_us(self) -> int:
        """Return the server's time after which a script is to write nothing, in microseconds; 0 for no deadline."""
        with _before_the_write():
            return self._clock.time_in(self._deadline_s)

    def _judge(self, key: bytes, answer: Any) -> None:
        error = judge(answer)
        if error is None:
            return
        if answer != -2:
            with _before_the_write():
                refused = self.refusal(key)
            if isinstance(refused, StoreReadOnly):
                # A replica may lag behind: what it holds does not say whether the session changed or is gone.
                raise refused
        raise error


def judge(answer: Any) -> StoreError | None:
    """Return what a script's answer means: None for written."""
    if answer == 1:
        return None
    if answer == -2:
        return StoreUnreachable("Redis answered too late; nothing was written.", "Try again.")
    if answer == -1:
        return RecordMissing("The session is no longer in Redis; nothing was written.", "It was logged out or expired.")
    return RecordChanged()


@contextmanager
def _before_the_write() -> Iterator[None]:
    """A connection that breaks in here has carried no write."""
    try:
        yield
    except StoreUnreachable as error:
        raise NotConnected(error.message, error.remedy) from None


class _ServerClock:
    """The server's time from our own, asked once a connection and now and then."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._offset_us: int | None = None
        self._asked_at = -_CLOCK_HOLDS_S
        self._asked_on = -1

    def forget(self) -> None:
        self._asked_on = -1

    def time_in(self, seconds: float) -> int:
        """Return the server's time in `seconds`, in microseconds; 0 where this user isn't allowed to run TIME."""
        link = self._link
        is_old = time.monotonic() - self._asked_at > _CLOCK_HOLDS_S
        if is_old or not link.is_connected or link.connections != self._asked_on:
            reply = link.pipe([("TIME",)])[0]
            self._asked_at, self._asked_on = time.monotonic(), link.connections
            self._offset_us = None
            if isinstance(reply, list):
                self._offset_us = int(reply[0]) * 1_000_000 + int(reply[1]) - round(self._asked_at * 1e6)
        if self._offset_us is None:
            return 0
        return round((time.monotonic() + seconds) * 1e6) + self._offset_us


class _WayClosed(Exception):
    """The server or its ACL does not know this way of writing."""


def is_way_closed(reply: Exception) -> bool:
    """True for the reply of a server or an ACL that does not have this way of writing."""
    text = str(reply)
    return (
        text.startswith("NOPERM")
        or "syntax error" in text
        or "unknown command" in text.lower()
        or "can't run this command" in text
    )


def _closed_or_error(reply: Exception) -> Exception:
    return _WayClosed() if is_way_closed(reply) else describe_reply(reply)
