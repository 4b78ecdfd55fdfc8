"""Before-images of everything this run wrote, to restore from; in memory only, since it holds session data."""

from __future__ import annotations

from dataclasses import dataclass

from store_adapters.contract import RawRecord, RecordRef


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One write. `action`: "edited", "created", "deleted", "expiry changed", "restored". `before` is None for a created
    record, `after` None for a deleted one. `what`: the fields, in words. `store_label`: which store."""

    number: int
    at_ms: int
    store_label: str
    ref: RecordRef
    action: str
    what: str
    before: RawRecord | None
    after: RawRecord | None


class Journal:
    """Keeps the newest entries within a number and a size; thread-safe."""

    def __init__(self, max_entries: int = 1000, max_bytes: int = 64 * 1024 * 1024) -> None:
        raise NotImplementedError

    def record(
        self,
        store_label: str,
        ref: RecordRef,
        action: str,
        what: str,
        before: RawRecord | None,
        after: RawRecord | None,
    ) -> JournalEntry:
        raise NotImplementedError

    def entries(self, store_label: str | None = None, ref: RecordRef | None = None) -> tuple[JournalEntry, ...]:
        """Return the entries, newest first."""
        raise NotImplementedError
