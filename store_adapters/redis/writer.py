"""Writing to Redis with an outcome that is true: written, not written, or not known.

Each write is compare-and-set. When the connection breaks on the way only a new look tells what became of it; a hung server
gets no second full wait. What was confirmed stays written, whatever happens to the connection afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from store_adapters.clock import now_ms
from store_adapters.contract import RawRecord, RecordRef
from store_adapters.errors import (
    Interrupted,
    NotConnected,
    OutcomeUnknown,
    RecordChanged,
    RecordExists,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreRefused,
    StoreUnreachable,
    TimedOut,
    Unsupported,
)
from store_adapters.options import Limits
from store_adapters.redis.cas import CompareAndSet
from store_adapters.redis.key_expiry import KeyExpiry
from store_adapters.redis.link import RedisLink

_LOOK_S = 0.5  # for a last look, when a hung server has used up the time already
_SLACK_MS = 1500
CHECKED = "The connection broke during the save; a re-read shows that it was saved."


class RedisWriter:
    """Writes over a link; `read` is the store's own."""

    def __init__(
        self, link: RedisLink, limits: Limits, read: Callable[[RecordRef], RawRecord], expiry: KeyExpiry
    ) -> None:
        self._link = link
        self._expiry = expiry
        self._limits = limits
        self._read = read
        self.cas = CompareAndSet(link, limits.call_s)

    def refusal(self, key: bytes) -> StoreError | None:
        """Return why this server or user takes no write to `key`; None when it does. Writes nothing."""
        return self.cas.refusal(key)

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        command: list[bytes | str | int] = ["SET", ref.key, payload, "NX"]
        if expires_at_ms is not None:
            command += ["PX", max(1, expires_at_ms - now_ms())]
        started = time.monotonic()
        try:
            with self._writing():
                reply = self._link.call(*command)
        except StoreUnreachable as error:
            try:
                now = self._look_again(ref, error, started)
            except RecordMissing:
                raise _not_written(error) from None
            if now.payload != payload:
                raise _exists() from None
            return now
        if reply is None:
            raise _exists()
        return self._after_write(RawRecord(ref, payload, expires_at_ms, now_ms()))

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        started = time.monotonic()
        try:
            with self._writing():
                self.cas.set_value(base.ref.key, base.payload, payload)
        except StoreUnreachable as error:
            now = self._look_again(base.ref, error, started)
            if now.payload == payload:
                return replace(now, note=CHECKED)
            raise _not_written(error) if now.payload == base.payload else _changed() from None
        return self._after_write(replace(base, payload=payload, note=""))

    def delete(self, base: RawRecord) -> None:
        started = time.monotonic()
        try:
            with self._writing():
                self.cas.delete(base.ref.key, base.payload)
        except StoreUnreachable as error:
            try:
                now = self._look_again(base.ref, error, started)
            except RecordMissing:
                return
            raise _not_written(error) if now.payload == base.payload else _changed() from None

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        if expires_at_ms is not None and expires_at_ms <= now_ms():
            raise StoreRefused(
                "That time is in the past: Redis would delete the session.",
                "Delete it instead if that's what you mean.",
            )
        started = time.monotonic()
        try:
            with self._writing():
                if payload is None:
                    self.cas.expire_at(base.ref.key, base.payload, expires_at_ms)
                else:
                    self.cas.set_until(base.ref.key, base.payload, payload, expires_at_ms)
        except StoreUnreachable as error:
            now = self._look_again(base.ref, error, started)
            if is_same_time(now.expires_at_ms, expires_at_ms) and payload in (None, now.payload):
                return replace(now, note=CHECKED)
            raise _not_written(error) if payload is None or now.payload == base.payload else _changed() from None
        left = base.payload if payload is None else payload
        return self._after_write(replace(base, payload=left, expires_at_ms=expires_at_ms, note=""))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Have whatever stops a write say that nothing was written; what leaves that open is `OutcomeUnknown`."""
        self._link.leave_if_closed()
        try:
            yield
        except (StoreRefused, RecordUnreadable, Unsupported) as error:
            raise _not_written(error) from None
        except Interrupted:
            raise OutcomeUnknown(
                "The save was interrupted, so whether it was saved is unknown.",
                "Refresh and check the session.",
            ) from None

    def _after_write(self, written: RawRecord) -> RawRecord:
        """Return what was written with the expiry as the server has it. It is written whatever happens here, and it is
        what we wrote even where the application has written something since: the next read tells that."""
        asked_ms = now_ms()
        answers: list[Any] = [None]
        with suppress(StoreError):
            answers = self._link.pipe(self._expiry.ask(written.ref.key))
        if not isinstance(answers[0], int) or answers[0] == -2:
            return replace(written, read_at_ms=now_ms())
        return replace(written, expires_at_ms=self._expiry.end(answers, asked_ms), read_at_ms=now_ms())

    def _look_again(self, ref: RecordRef, error: StoreUnreachable, started: float) -> RawRecord:
        """The connection broke while writing: only a new look tells what is true. `OutcomeUnknown`."""
        if isinstance(error, NotConnected):
            raise _not_written(error) from None
        left_s = max(_LOOK_S, self._limits.call_s + _LOOK_S - (time.monotonic() - started))
        try:
            with self._link.within(left_s):
                return self._read(ref)
        except RecordMissing:
            raise
        except StoreError:
            raise _unknown() from None


def _not_written(error: StoreError) -> StoreError:
    """Return what to say when the record is still what it was."""
    if isinstance(error, TimedOut):
        # Sent without a deadline: the network may hold it still. Compare-and-set keeps it from doing harm.
        return OutcomeUnknown(
            f"{error.message} A re-read shows nothing written yet; if the request still arrives, it will be written then.",
            "Refresh in a moment and check the session.",
        )
    if "othing was written" in error.message:
        return error
    return type(error)(f"{error.message} Nothing was written.", error.remedy)


def is_same_time(one: int | None, other: int | None) -> bool:
    """Compare two expiries, of which one was worked out from a TTL that travelled."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SLACK_MS


def _exists() -> RecordExists:
    return RecordExists("A session with this ID already exists.", "Choose another ID.")


def _unknown() -> OutcomeUnknown:
    return OutcomeUnknown(
        "The connection broke during the save, and the server can't be asked whether it was saved.",
        "When it answers again, refresh and check the session.",
    )


def _changed() -> RecordChanged:
    return RecordChanged()
