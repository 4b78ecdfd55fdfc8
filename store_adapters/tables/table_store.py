"""The half of a store of tables that no server changes: writes by kind, refusals, previews, session IDs and keys."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from store_adapters.contract import (
    ChangeExpiry,
    Create,
    Delete,
    PlannedWrite,
    RawRecord,
    RecordRef,
    Replace,
    Write,
    Written,
)
from store_adapters.errors import StoreError
from store_adapters.tables.keys import ref_in_table
from store_adapters.tables.layout import TableLayout
from store_adapters.tables.words import not_writable, preview


class TableStore(ABC):
    """A server's store adds reading, and how several writes are done in one go."""

    @property
    @abstractmethod
    def layout(self) -> TableLayout: ...

    @property
    @abstractmethod
    def names(self) -> Mapping[str, str]:
        """The quoted names of the table and of its columns by their roles, as `preview` takes them."""
        ...

    @abstractmethod
    def read_many(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]: ...

    @abstractmethod
    def _write(self, writes: Sequence[Write]) -> list[Written]: ...

    def read(self, ref: RecordRef) -> RawRecord:
        [found] = self.read_many([ref])
        if isinstance(found, StoreError):
            raise found
        return found

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        return self._written(Create(ref, payload, expires_at_ms))

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        return self._written(Replace(base, payload))

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        return self._written(ChangeExpiry(base, expires_at_ms, payload))

    def delete(self, base: RawRecord) -> None:
        [result] = self.write_many([Delete(base)])
        if isinstance(result, StoreError):
            raise result

    def _written(self, write: Create | Replace | ChangeExpiry) -> RawRecord:
        [result] = self.write_many([write])
        if isinstance(result, RawRecord):
            return result
        assert result is not None
        raise result

    def write_many(self, writes: Sequence[Write]) -> list[Written]:
        if self.layout.refusal:
            raise not_writable(self.layout)
        return self._write(writes)

    def preview(self, write: PlannedWrite) -> tuple[str, ...]:
        if self.layout.refusal:
            raise not_writable(self.layout)
        return preview(write, self.layout, self.names)

    def ref_for(self, session_id: str) -> RecordRef:
        return ref_in_table(self.layout, session_id)

    def session_id_of(self, key: bytes) -> str:
        return self.layout.library.id_of(key.decode("utf-8", "surrogateescape"))
