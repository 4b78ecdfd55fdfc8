"""Looks at all session keys of a Redis without their values: when each ends, and how long it is.

One script walks 300 keys (1.5 ms of the server) and answers with numbers. A save of an application sets the TTL, so the expiry,
which Redis 7 tells to the millisecond, is another after each. A key without a TTL is told by a digest of its value, which the server
works out. Not seen is a write that keeps both the TTL and the length. Where scripts are forbidden, and before Redis 7, PTTL and STRLEN
are asked for each key: then a key without a TTL is told by its length alone, and a save of the same length within 1.5 s of the one
before is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hiredis

from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken
from store_adapters.polling import Glance
from store_adapters.redis.cas import is_way_closed
from store_adapters.redis.link import RedisLink
from store_adapters.redis.redis_errors import describe_reply

_COUNT = 300
_SLACK_MS = 1500
"""A TTL read twice gives two expiries which differ by the time between."""
_SCRIPT = """
local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local said = {}
for i, key in ipairs(found[2]) do
  local ends, size = redis.pcall('PEXPIRETIME', key), redis.pcall('STRLEN', key)
  if type(ends) == 'number' and type(size) == 'number' and ends > -2 then
    if ends == -1 and size <= tonumber(ARGV[4]) then
      local value = redis.pcall('GET', key)
      if type(value) == 'string' then size = redis.sha1hex(value) end
    end
    said[#said + 1] = key
    said[#said + 1] = ends
    said[#said + 1] = size
  end
end
return {found[1], said}
"""
_DIGESTED_BYTES = 64 * 1024


class RedisGlances:
    """Looks over `link`, which is its own."""

    def __init__(self, link: RedisLink, pattern: bytes) -> None:
        self._link = link
        self._pattern = pattern
        self._may_script = True

    def look(self, cancel: CancelToken) -> Iterator[Glance]:
        """Yield all keys of a type that holds sessions, part by part. `StoreError`."""
        cursor = b"0"
        while not cancel.is_cancelled:
            cursor, glance = self._by_script(cursor) if self._may_script else self._by_commands(cursor)
            yield glance
            if cursor == b"0":
                return

    def _by_script(self, cursor: bytes) -> tuple[bytes, Glance]:
        command = ("EVAL_RO", _SCRIPT, 0, cursor, self._pattern, _COUNT, _DIGESTED_BYTES)
        reply = self._link.pipe([command], may_connect=cursor == b"0")[0]
        if isinstance(reply, hiredis.ReplyError):
            if not is_way_closed(reply):
                raise describe_reply(reply)
            self._may_script = False
            return self._by_commands(cursor)
        said = reply[1]
        versions = [one if isinstance(one, int) else int(one[:15], 16) for one in said[2::3]]
        return reply[0], Glance(said[0::3], [None if ends < 0 else ends for ends in said[1::3]], versions)

    def _by_commands(self, cursor: bytes) -> tuple[bytes, Glance]:
        scan = ("SCAN", cursor, "MATCH", self._pattern, "COUNT", _COUNT)
        reply = self._link.pipe([scan], may_connect=cursor == b"0")[0]
        if isinstance(reply, hiredis.ReplyError):
            raise describe_reply(reply)
        keys: list[bytes] = reply[1]
        commands = [(name, key) for key in keys for name in ("PTTL", "STRLEN")]
        replies: list[Any] = self._link.pipe(commands, may_connect=False) if commands else []
        at_ms = now_ms()
        found: list[tuple[bytes, int | None, int]] = []
        for key, left, size in zip(keys, replies[::2], replies[1::2], strict=True):
            is_other = isinstance(size, hiredis.ReplyError) and str(size).startswith("WRONGTYPE")
            if isinstance(left, int) and left != -2 and not is_other:
                found.append((key, at_ms + left if left >= 0 else None, size if isinstance(size, int) else -1))
        return reply[0], Glance(
            [key for key, _, _ in found], [ends for _, ends, _ in found], [size for _, _, size in found], _SLACK_MS
        )
