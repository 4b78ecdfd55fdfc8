"""Redis behind Sentinel: the master is asked for, and asked for again after each write.

A master that hung while another was promoted wakes up, takes a write and says OK, and loses it when it becomes a replica. So
a write counts only when Sentinel still names the server it went to; otherwise the new master is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import hiredis

from store_adapters.address import sentinel_service
from store_adapters.contract import Batch, CancelToken, RawRecord, RecordRef
from store_adapters.errors import (
    NotConnected,
    OutcomeUnknown,
    RecordChanged,
    RecordMissing,
    StoreError,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.options import Limits, StoreAddress
from store_adapters.redis.link import RedisLink
from store_adapters.redis.redis_errors import describe_reply
from store_adapters.redis.store import RedisStore
from store_adapters.redis.writer import is_same_time

_ASK_S = 1.0
_SILENT_S = 10.0
_FRESH_S = 1.0
_REPLICA_MS = 200
_PORT = 26379


class Sentinels:
    """The Sentinels of an address; one thread at a time."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._service = sentinel_service(address)
        self._password = address.password
        limits = replace(limits, connect_s=_ASK_S, call_s=_ASK_S, deadline_s=_ASK_S)
        hosts = [host if ":" in host.rpartition("]")[2] else f"{host}:{_PORT}" for host in address.hosts]
        self._links = [RedisLink(StoreAddress("redis", (host,)), limits) for host in hosts]
        self._silent_until = [0.0] * len(self._links)

    def find_master(self) -> str:
        """Return "host:port" of the master, as the Sentinel with the newest configuration names it.

        `NotConnected` when none answers, `StoreRefused` when none knows the service.
        """
        found: list[tuple[int, str]] = []
        refused: StoreError | None = None
        for place, link in enumerate(self._links):
            if time.monotonic() < self._silent_until[place]:
                continue
            try:
                answer = self._ask(link)
            except StoreUnreachable:
                self._silent_until[place] = time.monotonic() + _SILENT_S
            except StoreRefused as error:
                refused = error
            else:
                found.append(answer)
        if found:
            return max(found)[1]
        self._silent_until = [0.0] * len(self._links)
        raise refused or NotConnected("No Sentinel answered.", "Check the hosts and ports in the address.")

    def _ask(self, link: RedisLink) -> tuple[int, str]:
        questions = [
            ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service),
            ("SENTINEL", "MASTER", self._service),
        ]
        answer, facts = link.pipe(questions)
        if isinstance(answer, hiredis.ReplyError) and str(answer).startswith("NOAUTH") and self._password:
            # Most often the Sentinels have the servers' password, where they have one.
            link.call("AUTH", self._password)
            answer, facts = link.pipe(questions)
        if isinstance(answer, hiredis.ReplyError):
            if str(answer).startswith("ERR unknown command"):
                raise StoreRefused(
                    "The server that answered isn't a Sentinel.", "Check the port: Sentinel's default is 26379."
                )
            raise describe_reply(answer)
        if not isinstance(answer, list):
            raise StoreRefused("Sentinel doesn't know a service with that name.", "Check the name in the address.")
        host, port = (one.decode("utf-8", "replace") for one in answer)
        told = dict(zip(facts[::2], facts[1::2], strict=False)) if isinstance(facts, list) else {}
        return int(told.get(b"config-epoch", b"0")), f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def interrupt(self) -> None:
        for link in self._links:
            link.interrupt()

    def close(self) -> None:
        for link in self._links:
            link.disconnect()


class SentinelStore(RedisStore):
    """A `RedisStore` on whichever server is the master."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        # One for connecting and one for looking: a live watch may connect in another thread.
        self._locator, self._sentinels = Sentinels(address, limits), Sentinels(address, limits)
        self._asked_at = 0.0
        super().__init__(address, limits, self._locator.find_master)

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        self._follow()
        return super().list_records(cancel)

    def read(self, ref: RecordRef) -> RawRecord:
        self._follow()
        return super().read(ref)

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        self._follow()
        made = super().create(ref, payload, expires_at_ms)
        return made if self._is_still_master() else self._find_there(ref, lambda now: now.payload == payload)

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        self._follow()
        after = super().replace(base, payload)
        note = f"{after.note} {self._replica_words()}".strip()
        if self._is_still_master():
            return replace(after, note=note)
        return self._find_there(base.ref, lambda now: now.payload == payload)

    def delete(self, base: RawRecord) -> None:
        self._follow()
        super().delete(base)
        if not self._is_still_master():
            with suppress(RecordMissing):
                self._find_there(base.ref, lambda _now: False)

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        self._follow()
        after = super().change_expiry(base, expires_at_ms, payload)
        if self._is_still_master():
            return after
        return self._find_there(
            base.ref,
            lambda now: is_same_time(now.expires_at_ms, expires_at_ms) and payload in (None, now.payload),
        )

    def interrupt(self) -> None:
        super().interrupt()
        self._sentinels.interrupt()
        self._locator.interrupt()

    def close(self) -> None:
        super().close()
        self._sentinels.close()
        self._locator.close()

    def _follow(self) -> None:
        """Leave a server that is no longer the master; looks at most once a second."""
        if self._link.is_connected and time.monotonic() - self._asked_at > _FRESH_S:
            with suppress(OutcomeUnknown):  # without Sentinel what is there can still be read
                self._is_still_master()

    def _is_still_master(self) -> bool:
        """Ask Sentinel about the server that the link went to; leave it when it is not the master. `OutcomeUnknown`."""
        try:
            master = self._sentinels.find_master()
        except StoreError:
            raise OutcomeUnknown(
                "It was written to the server that was the master, but no Sentinel can confirm that it still is.",
                "Refresh and check the session.",
            ) from None
        self._asked_at = time.monotonic()
        if master == self._link.place:
            return True
        self._link.disconnect()
        return False

    def _find_there(self, ref: RecordRef, is_there: Callable[[RawRecord], bool]) -> RawRecord:
        """Return the record on the new master when the write has come there; `RecordChanged` when it has not."""
        try:
            now = super().read(ref)
        except RecordMissing:
            raise
        except StoreError:
            raise OutcomeUnknown(
                "The master changed during the save, and the new one doesn't answer: whether it was saved is unknown.",
                "Refresh and check the session.",
            ) from None
        if is_there(now):
            return replace(now, note="The master changed during the save; the new one has it.")
        raise RecordChanged(
            "The master changed during the save, and the new one didn't get it: nothing was written there.",
            "Read it again.",
        )

    def _replica_words(self) -> str:
        number: object = None
        with suppress(StoreError):
            role = self._link.pipe([("ROLE",)], may_connect=False)[0]
            if isinstance(role, list) and len(role) > 2 and not role[2]:
                return "This master has no replicas."
            number = self._link.pipe([("WAIT", 1, _REPLICA_MS)], may_connect=False)[0]
        if not isinstance(number, int):
            return ""
        if number == 0:
            return "No replica has it yet: a failover now would lose it."
        return f"{number} replica{' has' if number == 1 else 's have'} it too."
