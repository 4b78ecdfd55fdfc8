"""Sessions in Redis as connect-redis 10 keeps them: prefix + session ID, JSON text, a TTL."""

from __future__ import annotations

import contextlib
import math
import queue
from collections.abc import Iterator

from store_adapters.application.session_record import cookie_expiry_ms, parse_session
from store_adapters.errors import StoreRefused
from store_adapters.options import Limits, StoreAddress
from store_adapters.redis.link import RedisLink

_DEFAULT_TTL_S = 86400


class ConnectRedisStore:
    """One connection for every thread that is calling at the time; they are kept and used again."""

    marks_session = False

    def __init__(self, address: StoreAddress, limits: Limits, *, keeps_forever: bool = False) -> None:
        self._keeps_forever = keeps_forever  # disableTTL
        self._address = address
        self._limits = limits
        self._prefix = address.options.get("prefix", "sess:").encode("utf-8", "surrogateescape")
        self._idle: queue.LifoQueue[RedisLink] = queue.LifoQueue()

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, keeps_forever: bool = False) -> ConnectRedisStore:
        """Connect, so that a wrong address or password is told here."""
        store = cls(address, limits, keeps_forever=keeps_forever)
        with store._link() as link:
            link.call("GET", store._prefix + b"session-inspector-probe")
        return store

    def get(self, session_id: str, now_ms: int) -> bytes | None:
        with self._link() as link:
            value = link.call("GET", self._key(session_id))
        return bytes(value) if value else None

    def set(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Store the record with its TTL; one that is over already is deleted instead."""
        ttl_s = _ttl_s(record, now_ms)
        with self._link() as link:
            if self._keeps_forever:
                link.call("SET", self._key(session_id), record)
            elif ttl_s is not None and ttl_s > 0:
                link.call("SET", self._key(session_id), record, "EX", ttl_s)
            else:
                link.call("DEL", self._key(session_id))

    def touch(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Set the TTL and nothing else: the stored `cookie.expires` goes stale."""
        if self._keeps_forever:
            return
        ttl_s = _ttl_s(record, now_ms)
        if ttl_s is None:
            raise StoreRefused("The session cookie's expiry isn't a valid time, which Redis refuses.")
        with self._link() as link:
            link.call("EXPIRE", self._key(session_id), ttl_s)

    def destroy(self, session_id: str) -> None:
        with self._link() as link:
            link.call("DEL", self._key(session_id))

    def close(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().disconnect()

    def _key(self, session_id: str) -> bytes:
        return self._prefix + session_id.encode("utf-8", "surrogateescape")

    @contextlib.contextmanager
    def _link(self) -> Iterator[RedisLink]:
        try:
            link = self._idle.get_nowait()
        except queue.Empty:
            link = RedisLink(self._address, self._limits)
        try:
            yield link
        finally:
            self._idle.put(link)


def _ttl_s(record: bytes, now_ms: int) -> int | None:
    """Return the TTL in seconds, rounded up: from `cookie.expires`, else a day; None when that isn't a valid date."""
    expires_at_ms = cookie_expiry_ms(parse_session(record))
    if expires_at_ms is None:
        return _DEFAULT_TTL_S
    return None if math.isnan(expires_at_ms) else math.ceil((expires_at_ms - now_ms) / 1000)
