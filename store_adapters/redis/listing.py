"""Reads all session keys of a Redis with their values and TTLs, as fast as the server can give them.

The next SCAN travels with a page's reads, and a page is worked on while the server answers the next: the server never
waits for us, and one request is under way at a time. Many small commands are used instead of one MGET, since the server
looks after others between them and a huge value is cut where it is stored.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import hiredis

from store_adapters.clock import now_ms
from store_adapters.contract import Batch, CancelToken, Skipped
from store_adapters.options import Limits
from store_adapters.redis.link import RedisLink
from store_adapters.redis.redis_errors import describe_reply

_FIRST, _FEWEST, _MOST = 200, 50, 500
_LONG_S, _SHORT_S = 0.002, 0.001
"""What one SCAN may take of the server's time, and below what it may take more."""


@dataclass(slots=True)
class _Columns:
    keys: list[bytes]
    payloads: list[bytes]
    sizes: list[int]
    expires_at_ms: list[int | None]


class RedisListing:
    """One listing over `link`, which is its own while it runs; `side` serves what a page asks besides."""

    def __init__(self, link: RedisLink, side: RedisLink, pattern: bytes, limits: Limits) -> None:
        self._link = link
        self._side = side
        self._pattern = pattern
        self._limits = limits
        self._templates: dict[int, bytes] = {}  # by the size of a key
        self._count = _FIRST

    def batches(self, cancel: CancelToken, total: int | None) -> Iterator[Batch]:
        """Yield all records; `StoreError` when the connection breaks: never a short list without it."""
        try:
            self._link.send_ahead(self._scan(b"0"), self._scan_words())
            cursor, keys = _scanned(self._link.collect(1)[0])
            done: tuple[list[bytes], list[Any], int] | None = None
            read, is_last = 0, False
            while not is_last and not cancel.is_cancelled:
                is_last, page = cursor == b"0", keys
                request = self._reads(page)
                if not is_last:
                    request.append(self._scan(cursor))
                words = f"GETRANGE × {len(page):,}, PTTL × {len(page):,}" + (
                    "" if is_last else f"; {self._scan_words()}"
                )
                self._link.send_ahead(b"".join(request), words, may_connect=False)
                if done is not None:
                    batch = self._batch(*done, read, total)
                    read = batch.read
                    yield batch
                done = page, self._link.collect(2 * len(page)), now_ms()
                if not is_last:
                    cursor, keys = self._next()
            if done is not None and not cancel.is_cancelled:
                yield self._batch(*done, read, total)
        finally:
            self._link.disconnect()

    def _reads(self, keys: list[bytes]) -> list[bytes]:
        sizes = {*map(len, keys)}
        if len(sizes) > 1:
            return [self._template_of(len(key)) % (key, key) for key in keys]
        return [*map(self._template_of(sizes.pop()).__mod__, zip(keys, keys, strict=True))] if sizes else []

    def _template_of(self, size: int) -> bytes:
        """Return the commands that read a key of a size, with two places for the key."""
        template = self._templates.get(size)
        if template is None:
            last = str(self._limits.list_payload_bytes - 1).encode()
            template = self._templates[size] = (
                b"*4\r\n$8\r\nGETRANGE\r\n$%d\r\n%%b\r\n$1\r\n0\r\n$%d\r\n%b\r\n*2\r\n$4\r\nPTTL\r\n$%d\r\n%%b\r\n"
                % (size, len(last), last, size)
            )
        return template

    def _scan_words(self) -> str:
        return f"SCAN … MATCH {self._pattern.decode('utf-8', 'replace')} COUNT {self._count:,}"

    def _scan(self, cursor: bytes) -> bytes:
        packed: bytes = hiredis.pack_command(("SCAN", cursor, "MATCH", self._pattern, "COUNT", self._count))  # type: ignore[arg-type]
        return packed

    def _next(self) -> tuple[bytes, list[bytes]]:
        """Take the SCAN's reply, and ask for fewer keys where it took the server long."""
        asked = time.monotonic()
        found = _scanned(self._link.collect(1)[0])
        took_s = time.monotonic() - asked
        if took_s > _LONG_S:
            self._count = max(_FEWEST, self._count // 2)
        elif took_s < _SHORT_S:
            self._count = min(_MOST, self._count * 5 // 4)
        return found

    def _batch(self, keys: list[bytes], replies: list[Any], at_ms: int, read: int, total: int | None) -> Batch:
        values, lefts = replies[::2], replies[1::2]
        skipped: list[Skipped] = []
        try:
            sizes, lowest = list(map(len, values)), min(lefts, default=0)
            is_plain = lowest >= -1 and max(sizes, default=0) < self._limits.list_payload_bytes
        except TypeError:  # an error reply among them
            is_plain = False
        if is_plain:
            expires = [at_ms + left for left in lefts] if lowest >= 0 else [_expiry(at_ms, left) for left in lefts]
            columns = _Columns(keys, values, sizes, expires)
        else:
            columns = self._sort_out(keys, values, lefts, at_ms, skipped)
        unknown = [None] * len(columns.keys)
        return Batch(
            columns.keys, columns.payloads, columns.sizes, columns.expires_at_ms, unknown, skipped,
            read + len(columns.keys), total,
        )  # fmt: skip

    def _sort_out(
        self, keys: list[bytes], values: list[Any], lefts: list[Any], at_ms: int, skipped: list[Skipped]
    ) -> _Columns:
        """Leave out what went meanwhile and what isn't text; read again what GETRANGE must not be asked for."""
        columns = _Columns([], [], [], [])
        again: list[bytes] = []
        for key, value, left in zip(keys, values, lefts, strict=True):
            if isinstance(value, hiredis.ReplyError):
                self._skip(skipped, key, value, again)
            elif isinstance(left, hiredis.ReplyError):
                skipped.append(Skipped(key, describe_reply(left).message))
            elif left != -2:
                _add(columns, key, value, _expiry(at_ms, left))
        if again:
            self._read_whole(columns, skipped, again, at_ms)
        self._true_sizes(columns)
        return columns

    def _skip(self, skipped: list[Skipped], key: bytes, error: Exception, again: list[bytes]) -> None:
        if str(error).startswith("WRONGTYPE"):
            skipped.append(Skipped(key, "not a text key"))
        elif "getrange" in str(error).lower():
            again.append(key)  # the ACL knows GET only
        else:
            skipped.append(Skipped(key, describe_reply(error).message))

    def _read_whole(self, columns: _Columns, skipped: list[Skipped], keys: list[bytes], at_ms: int) -> None:
        commands: list[tuple[bytes | str, ...]] = []
        for key in keys:
            commands += [("GET", key), ("PTTL", key)]
        replies = self._side.pipe(commands)
        for key, value, left in zip(keys, replies[::2], replies[1::2], strict=True):
            if isinstance(value, bytes) and isinstance(left, int) and left != -2:
                _add(columns, key, value, _expiry(at_ms, left))
            elif isinstance(value, hiredis.ReplyError):
                skipped.append(Skipped(key, describe_reply(value).message))

    def _true_sizes(self, columns: _Columns) -> None:
        limit = self._limits.list_payload_bytes
        cut = [place for place, payload in enumerate(columns.payloads) if len(payload) >= limit]
        if cut:
            sizes = self._side.pipe([("STRLEN", columns.keys[place]) for place in cut])
            for place, size in zip(cut, sizes, strict=True):
                if isinstance(size, int):
                    columns.sizes[place] = size


def _scanned(reply: Any) -> tuple[bytes, list[bytes]]:
    if isinstance(reply, hiredis.ReplyError):
        raise describe_reply(reply)
    return reply[0], reply[1]


def _expiry(at_ms: int, left: int) -> int | None:
    return at_ms + left if left >= 0 else None


def _add(columns: _Columns, key: bytes, value: bytes, expiry: int | None) -> None:
    columns.keys.append(key)
    columns.payloads.append(value)
    columns.sizes.append(len(value))
    columns.expires_at_ms.append(expiry)
