"""Sessions in Redis or Valkey, as connect-redis keeps them: one text key each, prefix + session ID.

Format: connect-redis 3 to 10 (`SET prefix+sid value EX ttl`); the TTL is the truth about the expiry.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import hiredis

from store_adapters.address import format_address
from store_adapters.clock import now_ms
from store_adapters.command_words import redis_preview
from store_adapters.contract import (
    Batch,
    CancelToken,
    Capabilities,
    Change,
    ChangeKind,
    Count,
    PlannedWrite,
    RawRecord,
    RecordRef,
    ServerFacts,
    StoreInfo,
    Write,
    Written,
)
from store_adapters.errors import (
    BadStoreAddress,
    RecordMissing,
    RecordTooLarge,
    StoreError,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.known_kinds import unused_options
from store_adapters.one_by_one import untraced, write_one
from store_adapters.options import HEAD_BYTES, Limits, StoreAddress
from store_adapters.polling import describe_polling, poll_changes
from store_adapters.redis.bulk import RedisBulk
from store_adapters.redis.glances import RedisGlances
from store_adapters.redis.key_expiry import KeyExpiry
from store_adapters.redis.kind import REDIS
from store_adapters.redis.link import RedisLink
from store_adapters.redis.listing import RedisListing
from store_adapters.redis.redis_errors import describe_reply
from store_adapters.redis.server_facts import server_facts
from store_adapters.redis.writer import RedisWriter

_SCAN_COUNT = 1000
_GLOB = re.compile(rb"([*?\[\]\\^-])")
_LISTEN_S = 0.1
_CLUSTER_PROBES = 32


def escape_glob(prefix: bytes) -> bytes:
    """Return a MATCH pattern for keys that begin with `prefix`, whatever characters are in it."""
    return _GLOB.sub(rb"\\\1", prefix) + b"*"


class RedisStore:
    """One connection for reading and writing; `watch` opens its own."""

    def __init__(self, address: StoreAddress, limits: Limits, locate: Callable[[], str] | None = None) -> None:
        self._address = address
        self._limits = limits
        self._locate = locate
        self._prefix = address.options.get("prefix", "sess:").encode("utf-8", "surrogateescape")
        self._probe_key = self._prefix + b"session-inspector-probe"
        self._link = RedisLink(address, limits, locate)
        self._list_link = RedisLink(address, limits, locate)
        self._watch_link = RedisLink(address, limits, locate)
        self._expiry = KeyExpiry()
        self._writer = RedisWriter(self._link, limits, self.read, self._expiry)
        self._bulk = RedisBulk(self._link, self._writer.cas, limits, self._expiry)
        self._refusal: StoreError | None = None

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, read_only: bool = False) -> RedisStore:
        """Connect and learn what the user may do; `read_only` asks nothing about writing."""
        store = cls(address, limits)
        try:
            with store._link.within(limits.deadline_s):
                store._probe()
                if not read_only:
                    store._refusal = store._writer.refusal(store._probe_key)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def capabilities(self) -> Capabilities:
        refusal = self._refusal
        return REDIS.capabilities(can_write=refusal is None, write_refusal=str(refusal) if refusal else "")

    @property
    def label(self) -> str:
        return format_address(self._address)

    def _probe(self) -> None:
        # GET is what every viewer may do; INFO and PING need not be allowed.
        reply = self._link.pipe([("GET", self._probe_key)])[0]
        if isinstance(reply, hiredis.ReplyError) and not str(reply).startswith(("NOPERM", "WRONGTYPE")):
            raise describe_reply(reply)
        if self._is_cluster():
            raise describe_reply(hiredis.ReplyError("MOVED"))

    def _is_cluster(self) -> bool:
        reply = self._link.pipe([("INFO", "cluster")])[0]
        if isinstance(reply, bytes):
            return b"cluster_enabled:1" in reply
        # Without INFO: keys all over the slots, of which a node that holds only some answers MOVED.
        keys = [self._prefix + b"{%d}" % number for number in range(_CLUSTER_PROBES)]
        replies = self._link.pipe([("GET", key) for key in keys])
        return any(isinstance(one, hiredis.ReplyError) and str(one).startswith("MOVED") for one in replies)

    # --- reading ------------------------------------------------------------------------------------------------

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        self._link.leave_if_closed()
        total, run_id, read = self._total(), self._run_id(), 0
        try:
            listing = RedisListing(self._list_link, self._link, escape_glob(self._prefix), self._limits)
            for batch in listing.batches(cancel, total):
                read = batch.read
                yield batch
        except (StoreUnreachable, StoreRefused) as error:
            raise type(error)(
                f"{error.message} The list is incomplete: {read:,} sessions were read.", error.remedy
            ) from None
        if not cancel.is_cancelled and run_id != self._run_id():
            raise StoreUnreachable(
                f"The server restarted during the listing: the list of {read:,} may be incomplete.", "Refresh."
            )

    def _scanned(self, reply: Any) -> tuple[bytes, list[bytes]]:
        if isinstance(reply, hiredis.ReplyError):
            raise describe_reply(reply)
        return reply[0], reply[1]

    def read(self, ref: RecordRef) -> RawRecord:
        self._link.leave_if_closed()
        with self._link.within(self._limits.deadline_s):
            size = self._link.pipe([("STRLEN", ref.key)])[0]
            if isinstance(size, int) and size > self._limits.max_record_bytes:
                head = self._link.pipe([("GETRANGE", ref.key, 0, HEAD_BYTES - 1)])[0]
                raise RecordTooLarge(size, head if isinstance(head, bytes) else b"")
            asked_ms = now_ms()
            value, *expiry = self._link.pipe([("GET", ref.key), *self._expiry.ask(ref.key)])
            left = expiry[0]
        for reply in (value, left):
            if isinstance(reply, hiredis.ReplyError):
                raise describe_reply(reply)
        if value is None or left == -2:
            raise RecordMissing(
                "Redis has no such key.",
                "It was logged out, it expired, or it has another prefix or database.",
            )
        return RawRecord(ref, value, self._expiry.end(expiry, asked_ms), now_ms())

    def read_many(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        return self._bulk.read(refs)

    # --- writing ------------------------------------------------------------------------------------------------

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        return self._writer.create(ref, payload, expires_at_ms)

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        return self._writer.replace(base, payload)

    def delete(self, base: RawRecord) -> None:
        self._writer.delete(base)

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        return self._writer.change_expiry(base, expires_at_ms, payload)

    def write_many(self, writes: Sequence[Write]) -> list[Written]:
        return self._bulk.write(writes, self._write_one)

    def _write_one(self, write: Write) -> Written:
        try:
            return write_one(self, write)
        except StoreError as error:
            return untraced(error)

    def preview(self, write: PlannedWrite) -> tuple[str, ...]:
        return redis_preview(write, self._writer.cas.way.value)

    # --- the rest -----------------------------------------------------------------------------------------------

    def count(self) -> Count:
        self._link.leave_if_closed()
        total = None if self._prefix else self._total()
        if total is not None:
            return Count(total, True)
        number, pattern = 0, escape_glob(self._prefix)
        cursor: bytes = b"0"
        give_up = time.monotonic() + self._limits.deadline_s
        while True:
            scan = ("SCAN", cursor, "MATCH", pattern, "COUNT", _SCAN_COUNT)
            cursor, keys = self._scanned(self._link.pipe([scan], may_connect=cursor == b"0")[0])
            number += len(keys)
            if cursor == b"0":
                return Count(number, True)
            if time.monotonic() > give_up:
                return Count(max(number, self._total() or 0), False)

    def ping(self) -> None:
        self._link.leave_if_closed()
        reply = self._link.pipe([("PING",)])[0]
        # A user without permission to ask has been answered too.
        if isinstance(reply, hiredis.ReplyError) and not str(reply).startswith("NOPERM"):
            raise describe_reply(reply)

    def info(self) -> StoreInfo:
        self._link.leave_if_closed()
        started = time.perf_counter()
        first = self._link.pipe([("GET", self._probe_key)])[0]
        round_trip_ms = (time.perf_counter() - started) * 1000
        if isinstance(first, hiredis.ReplyError) and str(first).startswith(("NOAUTH", "LOADING")):
            raise describe_reply(first)
        facts = self._facts()
        is_valkey = "valkey_version" in facts or facts.get("server_name") == "valkey"
        version = facts.get("valkey_version") or facts.get("redis_version", "")
        details = [
            ("Database", str(self._link.database)),
            ("Prefix", self._prefix.decode("utf-8", "replace") or "(none)"),
        ]
        for name, label in (("used_memory_human", "Memory"), ("maxmemory_policy", "When full"), ("role", "Role")):
            if name in facts:
                details.append((label, facts[name]))
        events = self._notify_flags()
        if events is not None:
            details.append(("Keyspace notifications", events or "off"))
        if unused := unused_options(self._address.options):
            details.append(("Ignored address options", ", ".join(unused)))
        method = "keyspace notifications" if _tells_changes(events) else describe_polling(self._limits.poll_s)
        product = "Valkey" if is_valkey else "Redis"
        return StoreInfo(product, version, self.label, tuple(details), method, round_trip_ms)

    def server_facts(self) -> ServerFacts:
        self._link.leave_if_closed()
        return server_facts(self._link, self._prefix)

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        watcher = RedisStore(self._address, self._limits, self._locate)
        watcher._link = self._watch_link
        try:
            if not _tells_changes(watcher._notify_flags()):
                glances = RedisGlances(self._watch_link, escape_glob(self._prefix))
                yield from poll_changes(glances.look, cancel, self._limits.poll_s)
                return
            channel = f"__keyspace@{self._link.database}__:".encode()
            self._watch_link.call("PSUBSCRIBE", channel + escape_glob(self._prefix))
            yield ()
            while not cancel.is_cancelled:
                yield tuple(self._heard(len(channel)))
        finally:
            self._watch_link.disconnect()

    def _heard(self, channel_size: int) -> Iterator[Change]:
        timeout_s, until = _LISTEN_S, time.monotonic() + _LISTEN_S
        while (message := self._watch_link.listen(timeout_s)) is not None:
            if isinstance(message, list) and len(message) == 4 and message[0] == b"pmessage":
                yield Change(_KINDS.get(message[3], ChangeKind.WRITTEN), message[2][channel_size:], now_ms())
            timeout_s = 0.02  # what comes in one burst is told at once
            if time.monotonic() > until:
                return

    def ref_for(self, session_id: str) -> RecordRef:
        if not session_id:
            raise BadStoreAddress("The session ID is empty.", "Paste the whole ID.")
        return RecordRef(str(self._link.database), self._prefix + session_id.encode("utf-8", "surrogateescape"))

    def session_id_of(self, key: bytes) -> str:
        return key.removeprefix(self._prefix).decode("utf-8", "surrogateescape")

    def interrupt(self) -> None:
        for link in (self._link, self._list_link, self._watch_link):
            link.interrupt()

    def close(self) -> None:
        self._link.close()
        self._list_link.interrupt()
        self._watch_link.interrupt()

    def _facts(self) -> dict[str, str]:
        reply = self._link.pipe([("INFO",)])[0]
        if not isinstance(reply, bytes):
            return {}
        lines = (line.partition(":") for line in reply.decode("utf-8", "replace").splitlines() if ":" in line)
        return {name: value for name, _, value in lines}

    def _run_id(self) -> str:
        return self._facts().get("run_id", "")

    def _total(self) -> int | None:
        reply = self._link.pipe([("DBSIZE",)])[0]
        return reply if isinstance(reply, int) else None

    def _notify_flags(self) -> str | None:
        reply = self._link.pipe([("CONFIG", "GET", "notify-keyspace-events")])[0]
        if isinstance(reply, list) and len(reply) == 2:
            return str(reply[1].decode("ascii", "replace"))
        return None


_KINDS = {
    b"del": ChangeKind.REMOVED, b"expired": ChangeKind.REMOVED, b"evicted": ChangeKind.REMOVED, b"unlink": ChangeKind.REMOVED,
    b"rename_from": ChangeKind.REMOVED, b"expire": ChangeKind.TOUCHED, b"persist": ChangeKind.TOUCHED,
}  # fmt: skip


def _tells_changes(flags: str | None) -> bool:
    return flags is not None and "K" in flags and ("A" in flags or all(letter in flags for letter in "g$x"))
