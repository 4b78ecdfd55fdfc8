"""Before-images of everything that was written from here, to restore from; `journal_file.py` keeps them for the next run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from store_adapters.clock import now_ms
from store_adapters.contract import RawRecord, RecordRef

AGE_DAYS = 7


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
    """Keeps the newest entries within a number, a size and an age; thread-safe. `recorded` is called after each, from the
    thread that wrote."""

    def __init__(
        self, max_entries: int = 1000, max_bytes: int = 64 * 1024 * 1024, max_age_s: float = AGE_DAYS * 86_400
    ) -> None:
        self.recorded: Callable[[], None] = lambda: None
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._max_age_ms = round(max_age_s * 1000)
        self._entries: list[JournalEntry] = []  # newest first
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
            entry = JournalEntry(self._next(), now_ms(), store_label, ref, action, what, before, after)
            self._entries.insert(0, entry)
            self._drop_old()
        self.recorded()
        return entry

    def adopt(self, entries: Iterable[JournalEntry]) -> None:
        """Take entries of earlier runs in, those that are here already left out."""
        with self._lock:
            known = {_identity(entry) for entry in self._entries}
            for entry in entries:
                if _identity(entry) not in known:
                    known.add(_identity(entry))
                    self._entries.append(replace(entry, number=self._next()))
            self._entries.sort(key=lambda entry: -entry.at_ms)
            self._drop_old()

    def entries(self, store_label: str | None = None, ref: RecordRef | None = None) -> tuple[JournalEntry, ...]:
        """Return the entries, newest first."""
        with self._lock:
            self._drop_old()
            return tuple(
                entry
                for entry in self._entries
                if (store_label is None or entry.store_label == store_label) and (ref is None or entry.ref == ref)
            )

    def last_deleted(self, store_label: str) -> JournalEntry | None:
        """Return the newest deletion in a store which nothing written from here has followed."""
        seen: set[RecordRef] = set()
        for entry in self.entries(store_label):
            if entry.action == "deleted" and entry.ref not in seen:
                return entry
            seen.add(entry.ref)
        return None

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _drop_old(self) -> None:
        oldest_ms, size, kept = now_ms() - self._max_age_ms, 0, 0
        for entry in self._entries[: self._max_entries]:
            size += entry.size_bytes
            if entry.at_ms < oldest_ms or (kept and size > self._max_bytes):
                break
            kept += 1
        del self._entries[kept:]


def _identity(entry: JournalEntry) -> tuple[int, str, RecordRef, str, str]:
    return entry.at_ms, entry.store_label, entry.ref, entry.action, entry.what
