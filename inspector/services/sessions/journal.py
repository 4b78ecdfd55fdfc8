"""Before-images of everything this run wrote, to restore from; in memory only, since it holds session data."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from store_adapters.clock import now_ms
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

    @property
    def size_bytes(self) -> int:
        return sum(len(record.payload) for record in (self.before, self.after) if record is not None)


class Journal:
    """Keeps the newest entries within a number, a size and an age; thread-safe."""

    def __init__(
        self, max_entries: int = 1000, max_bytes: int = 64 * 1024 * 1024, max_age_s: float = 24 * 3600
    ) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._max_age_ms = round(max_age_s * 1000)
        self._entries: deque[JournalEntry] = deque()
        self._bytes = 0
        self._number = 0
        self._lock = threading.Lock()

    def record(
        self,
        store_label: str,
        ref: RecordRef,
        action: str,
        what: str,
        before: RawRecord | None,
        after: RawRecord | None,
    ) -> JournalEntry:
        """Note a write that has happened."""
        with self._lock:
            self._number += 1
            entry = JournalEntry(self._number, now_ms(), store_label, ref, action, what, before, after)
            self._entries.appendleft(entry)
            self._bytes += entry.size_bytes
            self._drop_old()
            while len(self._entries) > 1 and (len(self._entries) > self._max_entries or self._bytes > self._max_bytes):
                self._bytes -= self._entries.pop().size_bytes
            return entry

    def entries(self, store_label: str | None = None, ref: RecordRef | None = None) -> tuple[JournalEntry, ...]:
        """Return the entries, newest first."""
        with self._lock:
            self._drop_old()
            return tuple(
                entry
                for entry in self._entries
                if (store_label is None or entry.store_label == store_label) and (ref is None or entry.ref == ref)
            )

    def _drop_old(self) -> None:
        oldest_ms = now_ms() - self._max_age_ms
        while self._entries and self._entries[-1].at_ms < oldest_ms:
            self._bytes -= self._entries.pop().size_bytes
