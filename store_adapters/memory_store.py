"""The reference store, in this process's memory; what the others are measured against. Knows no session format.

Stores of the same name share their records, so that the demo server and the inspector can meet in one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from store_adapters.clock import now_ms
from store_adapters.command_words import short_key
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
    StoreInfo,
)
from store_adapters.errors import BadStoreAddress, RecordChanged, RecordExists, RecordMissing
from store_adapters.memory_kind import MEMORY
from store_adapters.one_by_one import SequentialBatch
from store_adapters.options import Limits, StoreAddress

_BATCH = 500


@dataclass(slots=True)
class SharedRecords:
    """The records of one name: payload, expiry and last change by session ID, with everything needed to follow them."""

    lock: threading.Condition = field(default_factory=threading.Condition)
    records: dict[bytes, tuple[bytes, int | None, int]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def get(self, key: bytes) -> tuple[bytes, int | None, int] | None:
        """Return the live record; an expired one is removed. The lock must be held."""
        found = self.records.get(key)
        if found is not None and found[1] is not None and found[1] <= now_ms():
            self.remove(key)
            return None
        return found

    def put(self, key: bytes, payload: bytes, expires_at_ms: int | None, kind: ChangeKind) -> None:
        changed = now_ms()
        self.records[key] = (payload, expires_at_ms, changed)
        self.tell(Change(kind, key, changed))

    def remove(self, key: bytes) -> None:
        del self.records[key]
        self.tell(Change(ChangeKind.REMOVED, key, now_ms()))

    def tell(self, change: Change) -> None:
        self.changes.append(change)
        self.lock.notify_all()


_shared: dict[str, SharedRecords] = {}
_shared_lock = threading.Lock()


def shared_records(name: str) -> SharedRecords:
    """Return the records of a name, the same to everybody in this process."""
    with _shared_lock:
        return _shared.setdefault(name, SharedRecords())


class MemoryStore(SequentialBatch):
    """A session store in a dictionary."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._shared = shared_records(name)

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, read_only: bool = False) -> MemoryStore:
        return cls(address.path, limits)

    @property
    def capabilities(self) -> Capabilities:
        return MEMORY.capabilities()

    @property
    def label(self) -> str:
        return f"memory:{self._name}"

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        with self._shared.lock:
            keys = list(self._shared.records)
        read = 0
        for start in range(0, max(1, len(keys)), _BATCH):
            if cancel.is_cancelled:
                return
            with self._shared.lock:
                found = [(key, record) for key in keys[start : start + _BATCH] if (record := self._shared.get(key))]
            read += len(found)
            yield Batch(
                keys=[key for key, _ in found],
                payloads=[record[0][: self._limits.list_payload_bytes] for _, record in found],
                sizes=[len(record[0]) for _, record in found],
                expires_at_ms=[record[1] for _, record in found],
                changed_at_ms=[record[2] for _, record in found],
                skipped=(),
                read=read,
                total=len(keys),
            )

    def read(self, ref: RecordRef) -> RawRecord:
        with self._shared.lock:
            return self._get(ref)

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        with self._shared.lock:
            if self._shared.get(ref.key) is not None:
                raise RecordExists("A session with this ID already exists.", "Choose another ID.")
            self._shared.put(ref.key, payload, expires_at_ms, ChangeKind.WRITTEN)
            return self._get(ref)

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        with self._shared.lock:
            now = self._compare(base)
            self._shared.put(base.ref.key, payload, now.expires_at_ms, ChangeKind.WRITTEN)
            return self._get(base.ref)

    def delete(self, base: RawRecord) -> None:
        with self._shared.lock:
            self._compare(base)
            self._shared.remove(base.ref.key)

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        with self._shared.lock:
            kept = self._compare(base).payload
            kind, left = (ChangeKind.TOUCHED, kept) if payload is None else (ChangeKind.WRITTEN, payload)
            self._shared.put(base.ref.key, left, expires_at_ms, kind)
            return RawRecord(base.ref, left, expires_at_ms, now_ms(), now_ms())

    def preview(self, write: PlannedWrite) -> tuple[str, ...]:
        return (f"{write.operation.value} {short_key(write.ref.key)} if it is still what was read",)

    def count(self) -> Count:
        with self._shared.lock:
            return Count(sum(1 for key in list(self._shared.records) if self._shared.get(key)), True)

    def ping(self) -> None:
        pass

    def info(self) -> StoreInfo:
        return StoreInfo("Memory", "", self.label, (("Sessions", str(self.count().number)),), "direct", 0.0)

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        with self._shared.lock:
            position = len(self._shared.changes)
        yield ()
        while not cancel.is_cancelled:
            with self._shared.lock:
                self._shared.lock.wait_for(lambda start=position: len(self._shared.changes) > start, 0.2)  # type: ignore[misc]
                fresh = tuple(self._shared.changes[position:])
            position += len(fresh)
            yield fresh

    def ref_for(self, session_id: str) -> RecordRef:
        if not session_id:
            raise BadStoreAddress("The session ID is empty.", "Paste the whole ID.")
        return RecordRef(self._name, session_id.encode("utf-8", "surrogateescape"))

    def session_id_of(self, key: bytes) -> str:
        return key.decode("utf-8", "surrogateescape")

    def interrupt(self) -> None:
        """Nothing here ever blocks."""

    def close(self) -> None:
        """Nothing to give back: the records belong to the process."""

    def _get(self, ref: RecordRef) -> RawRecord:
        found = self._shared.get(ref.key)
        if found is None:
            raise RecordMissing("There is no such session in memory.", "It was logged out, expired, or never there.")
        return RawRecord(ref, found[0], found[1], now_ms(), found[2])

    def _compare(self, base: RawRecord) -> RawRecord:
        now = self._get(base.ref)
        if now.payload != base.payload:
            raise RecordChanged()
        return now
