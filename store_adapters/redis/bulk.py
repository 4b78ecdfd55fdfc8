"""Many records of a Redis in few round trips, each write by compare-and-set.

A script compares and writes a hundred keys at a time: it does for each what `redis_cas.py` does for one, the deadline
included, and answers for each. Where scripts are forbidden, the caller's single writes are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import hiredis

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Create, Delete, RawRecord, RecordRef, Replace, Write, Written
from store_adapters.errors import (
    Interrupted,
    OutcomeUnknown,
    RecordChanged,
    RecordExists,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.one_by_one import untraced
from store_adapters.options import Limits
from store_adapters.redis.cas import SET_UNTIL, CompareAndSet, is_way_closed, judge
from store_adapters.redis.key_expiry import KeyExpiry
from store_adapters.redis.link import RedisLink
from store_adapters.redis.redis_errors import describe_reply
from store_adapters.redis.writer import is_same_time

_MOST_KEYS, _MOST_BYTES = 500, 1 << 20
"""How many records, and how many of their bytes, travel at once."""
_IN_SCRIPT = 100
"""How many keys one script works on: the server looks after others between two scripts."""
_SCRIPT = (
    SET_UNTIL
    + """
if ARGV[1] ~= '0' then
  local t = redis.call('TIME')
  if t[1] * 1000000 + t[2] > tonumber(ARGV[1]) then return false end
end
local said = {}
for i, key in ipairs(KEYS) do
  local old, act, value = ARGV[4 * i - 2], ARGV[4 * i - 1], ARGV[4 * i]
  local v = redis.pcall('GET', key)
  if v == false then said[i] = -1
  elseif type(v) == 'table' then said[i] = v.err
  elseif v ~= old then said[i] = 0
  else
    local r
    if act == 'DEL' then r = redis.pcall('DEL', key)
    elseif act == 'SET' then r = redis.pcall('SET', key, value, 'KEEPTTL')
    elseif act == 'SET FOR EVER' then r = redis.pcall('SET', key, value)
    elseif act == 'SET UNTIL' then r = set_until(key, value, ARGV[4 * i + 1])
    elseif act == 'PERSIST' then r = redis.pcall('PERSIST', key)
    else r = redis.pcall('PEXPIREAT', key, ARGV[4 * i + 1]) end
    if type(r) == 'table' and r.err then said[i] = r.err else said[i] = 1 end
  end
end
return said
"""
)
_Changing = Replace | Delete | ChangeExpiry
_Single = Callable[[Write], Written]
_T = TypeVar("_T")


class RedisBulk:
    """Reads and writes many keys over the link of a store, which it shares with the store's single calls."""

    def __init__(self, link: RedisLink, cas: CompareAndSet, limits: Limits, expiry: KeyExpiry) -> None:
        self._link = link
        self._cas = cas
        self._expiry = expiry
        self._limits = limits
        self._may_script = True

    # --- reading ------------------------------------------------------------------------------------------------

    def read(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        """Return the record for each, or why there is none. Nothing too large is fetched."""
        found: list[RawRecord | StoreError] = []
        for start in range(0, len(refs), _MOST_KEYS):
            part = refs[start : start + _MOST_KEYS]
            try:
                sizes = self._link.pipe([("STRLEN", ref.key) for ref in part])
                lengths = [size if isinstance(size, int) else 0 for size in sizes]
                for some in _by_bytes(list(zip(part, lengths, strict=True)), lambda one: one[1]):
                    found += self._read_some(some)
            except (StoreUnreachable, Interrupted) as error:
                return found + [untraced(error)] * (len(refs) - len(found))
        return found

    def _read_some(self, part: Sequence[tuple[RecordRef, int]]) -> list[RawRecord | StoreError]:
        limit = self._limits.max_record_bytes
        commands: list[tuple[bytes | str, ...]] = []
        for ref, size in part:
            commands += [("GET", ref.key) if size <= limit else ("EXISTS", ref.key), *self._expiry.ask(ref.key)]
        width, asked_ms = 1 + self._expiry.commands, now_ms()
        replies, at_ms = self._link.pipe(commands), now_ms()
        return [
            self._record(ref, replies[place], replies[place + 1 : place + width], asked_ms, at_ms)
            for (ref, _size), place in zip(part, range(0, len(replies), width), strict=True)
        ]

    def _record(
        self, ref: RecordRef, value: Any, expiry: Sequence[Any], asked_ms: int, at_ms: int
    ) -> RawRecord | StoreError:
        for reply in (value, expiry[0]):
            if isinstance(reply, hiredis.ReplyError):
                return describe_reply(reply)
        if value is None or expiry[0] == -2:
            return RecordMissing(
                "Redis has no such key.", "It was logged out, it expired, or it has another prefix or database."
            )
        if not isinstance(value, bytes):
            return RecordUnreadable("The record is too large to open.", "No session is that large.")
        return RawRecord(ref, value, self._expiry.end(expiry, asked_ms, at_ms), at_ms)

    # --- writing ------------------------------------------------------------------------------------------------

    def write(self, writes: Sequence[Write], single: _Single) -> list[Written]:
        """Do the writes and return what became of each; `single` does one where scripts are forbidden."""
        done: list[Written] = []
        for part in _by_bytes(writes, _size_of):
            results = self._write_part(part, single)
            done += results
            broken = next((one for one in results if isinstance(one, StoreUnreachable | Interrupted)), None)
            if broken is not None or any(isinstance(one, OutcomeUnknown) for one in results):
                error = broken or StoreUnreachable("The connection to the Redis server broke.", "Try again.")
                return done + [error] * (len(writes) - len(done))
        return done

    def _write_part(self, part: Sequence[Write], single: _Single) -> list[Written]:
        results: dict[int, Written] = {}
        changes: list[tuple[int, _Changing]] = []
        creates: list[tuple[int, Create]] = []
        for place, write in enumerate(part):
            match write:
                case Create():
                    creates.append((place, write))
                case ChangeExpiry(_, int(at_ms), _) if at_ms <= now_ms():
                    results[place] = StoreRefused(
                        "That time is in the past: Redis would delete the session.",
                        "Delete it instead if that's what you mean.",
                    )
                case _:
                    changes.append((place, write))
        try:
            self._change(changes, results, single)
            self._create(creates, results)
        except (StoreUnreachable, Interrupted) as error:
            self._look_again(
                [(place, write) for place, write in enumerate(part) if place not in results], results, untraced(error)
            )
        return [results[place] for place in range(len(part))]

    def _change(self, changes: list[tuple[int, _Changing]], results: dict[int, Written], single: _Single) -> None:
        if self._may_script and changes:
            deadline = self._cas.deadline_us()
            # Without a deadline this user can't ask for the time, which the script would need for them.
            scripted = changes if deadline else [one for one in changes if not _needs_time(one[1])]
            groups = [scripted[start : start + _IN_SCRIPT] for start in range(0, len(scripted), _IN_SCRIPT)]
            replies = self._link.pipe([_command(deadline, [write for _place, write in group]) for group in groups])
            for group, reply in zip(groups, replies, strict=True):
                if isinstance(reply, hiredis.ReplyError) and is_way_closed(reply):
                    self._may_script = False
                    continue
                answers = reply if isinstance(reply, list) else [reply] * len(group)
                for (place, write), answer in zip(group, answers, strict=True):
                    results[place] = _result(write, answer)
        broken: StoreError | None = None
        for place, write in changes:
            if place not in results:
                result = broken if broken is not None else single(write)
                broken = broken or (result if isinstance(result, StoreUnreachable | Interrupted) else None)
                results[place] = result

    def _create(self, creates: list[tuple[int, Create]], results: dict[int, Written]) -> None:
        if not creates:
            return
        at_ms = now_ms()
        commands: list[list[bytes | str | int]] = []
        for _place, write in creates:
            ends = write.expires_at_ms
            lives: list[bytes | str | int] = [] if ends is None else ["PX", max(1, ends - at_ms)]
            commands.append(["SET", write.ref.key, write.payload, "NX", *lives])
        for (place, write), reply in zip(creates, self._link.pipe(commands), strict=True):
            if isinstance(reply, hiredis.ReplyError):
                results[place] = describe_reply(reply)
            elif reply is None:
                results[place] = RecordExists("A session with this ID already exists.", "Choose another ID.")
            else:
                results[place] = RawRecord(write.ref, write.payload, write.expires_at_ms, at_ms)

    def _look_again(self, open_writes: list[tuple[int, Write]], results: dict[int, Written], error: StoreError) -> None:
        """The connection broke while these were under way: only a new look tells what is true of each."""
        refs = [write.ref if isinstance(write, Create) else write.base.ref for _place, write in open_writes]
        found = [error] * len(refs) if isinstance(error, Interrupted) else self.read(refs)
        for (place, write), now in zip(open_writes, found, strict=True):
            results[place] = _judge_again(write, now, error)


def _by_bytes(items: Sequence[_T], size_of: Callable[[_T], int]) -> Iterator[Sequence[_T]]:
    """Yield the items in parts of at most that many items and bytes; one that is larger goes alone."""
    start = held = 0
    for place, item in enumerate(items):
        size = size_of(item)
        if place > start and (held + size > _MOST_BYTES or place - start == _MOST_KEYS):
            yield items[start:place]
            start, held = place, 0
        held += size
    if start < len(items):
        yield items[start:]


def _size_of(write: Write) -> int:
    match write:
        case Create(ref, payload, _):
            return len(ref.key) + len(payload)
        case Replace(base, payload):
            return len(base.payload) + len(payload)
        case ChangeExpiry(base, _, payload):
            return len(base.payload) + len(payload or b"")
        case Delete(base):
            return len(base.payload)


def _needs_time(write: _Changing) -> bool:
    return isinstance(write, ChangeExpiry) and write.payload is not None and write.expires_at_ms is not None


def _command(deadline_us: int, writes: Sequence[_Changing]) -> list[bytes | str | int]:
    values: list[bytes | str | int] = [deadline_us]
    for write in writes:
        match write:
            case Replace(base, payload):
                values += [base.payload, "SET", payload, ""]
            case Delete(base):
                values += [base.payload, "DEL", "", ""]
            case ChangeExpiry(base, None, None):
                values += [base.payload, "PERSIST", "", ""]
            case ChangeExpiry(base, None, bytes(payload)):
                values += [base.payload, "SET FOR EVER", payload, ""]
            case ChangeExpiry(base, at_ms, None):
                values += [base.payload, "PEXPIREAT", "", at_ms or 0]
            case ChangeExpiry(base, at_ms, payload):
                values += [base.payload, "SET UNTIL", payload or b"", at_ms or 0]
    return ["EVAL", _SCRIPT, len(writes), *(write.base.ref.key for write in writes), *values]


def _result(write: _Changing, answer: Any) -> Written:
    if isinstance(answer, bytes):
        return describe_reply(hiredis.ReplyError(answer.decode("utf-8", "replace")))
    if isinstance(answer, hiredis.ReplyError):
        return describe_reply(answer)
    # The script says nothing at all when it comes after its deadline.
    error = judge(-2 if answer is None else answer)
    return error if error is not None else _after(write)


def _after(write: Write) -> RawRecord | None:
    at_ms = now_ms()
    match write:
        case Create(ref, payload, expires_at_ms):
            return RawRecord(ref, payload, expires_at_ms, at_ms)
        case Replace(base, payload):
            return RawRecord(base.ref, payload, base.expires_at_ms, at_ms)
        case ChangeExpiry(base, expires_at_ms, payload):
            return RawRecord(base.ref, base.payload if payload is None else payload, expires_at_ms, at_ms)
        case Delete():
            return None


def _judge_again(write: Write, now: RawRecord | StoreError, error: StoreError) -> Written:
    if isinstance(now, RecordMissing):
        return None if isinstance(write, Delete) else error if isinstance(write, Create) else now
    if isinstance(now, StoreError):
        return OutcomeUnknown(
            "The connection broke during the write, and the server can't be asked whether it was done.",
            "When it answers again, refresh and check the sessions.",
        )
    match write:
        case Create(_, payload, _):
            return now if now.payload == payload else RecordExists("A session with this ID already exists.")
        case Replace(base, payload):
            if now.payload == payload:
                return now
        case ChangeExpiry(base, at_ms, payload):
            if now.payload == (base.payload if payload is None else payload) and is_same_time(now.expires_at_ms, at_ms):
                return now
        case Delete(base):
            pass
    if now.payload != base.payload:
        return RecordChanged()
    return error
