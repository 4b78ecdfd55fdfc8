"""Many reads and writes as single ones, for stores that have no safe way to do several in one go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from store_adapters.contract import (
    ChangeExpiry,
    Create,
    Delete,
    RawRecord,
    RecordRef,
    Replace,
    ServerFacts,
    Write,
    Written,
)
from store_adapters.errors import Interrupted, StoreError, StoreUnreachable


class _Single(Protocol):
    def read(self, ref: RecordRef) -> RawRecord: ...
    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord: ...
    def replace(self, base: RawRecord, payload: bytes) -> RawRecord: ...
    def delete(self, base: RawRecord) -> None: ...
    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord: ...


class SequentialBatch:
    """Gives a store `read_many` and `write_many`, and a server that says nothing of itself. Once nothing answers any more, the rest
    is not tried."""

    def server_facts(self) -> ServerFacts:
        return ServerFacts()

    def read_many(self: _Single, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        found: list[RawRecord | StoreError] = []
        for ref in refs:
            try:
                found.append(self.read(ref))
            except (StoreUnreachable, Interrupted) as error:
                return found + [untraced(error)] * (len(refs) - len(found))
            except StoreError as error:
                found.append(untraced(error))
        return found

    def write_many(self: _Single, writes: Sequence[Write]) -> list[Written]:
        done: list[Written] = []
        for write in writes:
            try:
                done.append(write_one(self, write))
            except (StoreUnreachable, Interrupted) as error:
                return done + [untraced(error)] * (len(writes) - len(done))
            except StoreError as error:
                done.append(untraced(error))
        return done


def untraced(error: StoreError) -> StoreError:
    """Return the error to be kept in a list: its traceback would hold that list, and all records with it, in a cycle."""
    return error.with_traceback(None)


def write_one(store: _Single, write: Write) -> RawRecord | None:
    """Do one write; return the record as it was written, None for a deletion. `StoreError`."""
    match write:
        case Create(ref, payload, expires_at_ms):
            return store.create(ref, payload, expires_at_ms)
        case Replace(base, payload):
            return store.replace(base, payload)
        case Delete(base):
            store.delete(base)
            return None
        case ChangeExpiry(base, expires_at_ms, payload):
            return store.change_expiry(base, expires_at_ms, payload)
