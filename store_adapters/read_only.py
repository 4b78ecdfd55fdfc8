"""Any store with its writes taken away, below the window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NoReturn

from store_adapters.contract import (
    Batch,
    CancelToken,
    Capabilities,
    Change,
    Count,
    RawRecord,
    RecordRef,
    ServerFacts,
    SessionStore,
    StoreInfo,
)
from store_adapters.errors import StoreError, StoreReadOnly

WRITES = frozenset({"create", "replace", "delete", "change_expiry", "write_many", "preview"})


class ReadOnlyStore:
    """Passes reads on. It has no method that writes: asking for one raises `StoreReadOnly`."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._store.capabilities, can_write=False)

    @property
    def label(self) -> str:
        return self._store.label

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        return self._store.list_records(cancel)

    def read(self, ref: RecordRef) -> RawRecord:
        return self._store.read(ref)

    def read_many(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        return self._store.read_many(refs)

    def count(self) -> Count:
        return self._store.count()

    def info(self) -> StoreInfo:
        return self._store.info()

    def server_facts(self) -> ServerFacts:
        return self._store.server_facts()

    def ping(self) -> None:
        self._store.ping()

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        return self._store.watch(cancel)

    def ref_for(self, session_id: str) -> RecordRef:
        return self._store.ref_for(session_id)

    def session_id_of(self, key: bytes) -> str:
        return self._store.session_id_of(key)

    def interrupt(self) -> None:
        self._store.interrupt()

    def close(self) -> None:
        self._store.close()

    def __getattr__(self, name: str) -> NoReturn:
        if name in WRITES:
            raise StoreReadOnly(
                "This connection is read-only; nothing was written.",
                "Change it in the store's settings if you mean to write.",
            )
        raise AttributeError(name)
