"""The list of a store's sessions in columns, without an object per row; knows no window and no driver.

One thread appends and updates (the store's lane), another reads (the window): rows are only added at the end while
reading, `generation` moves when rows changed place or content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from inspector.services.filter import SessionFilter
from store_adapters.contract import Batch, RawRecord, SessionStore


class Column(Enum):
    SESSION = "session"
    USER = "user"
    SIGNED_IN = "signed_in"
    EXPIRES = "expires"
    SIZE = "size"
    CHANGED = "changed"
    FORMAT = "format"


@dataclass(frozen=True, slots=True)
class Row:
    """One row, made when it is painted. `changed_at_ms`: known from the store, or when this program saw it change."""

    key: bytes
    session_id: str
    user: str
    role: str
    signed_in: bool
    format: str
    size: int
    expires_at_ms: int | None
    changed_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of a plot: how many sessions lie in [low, high); `high` None: open end."""

    low: int
    high: int | None
    number: int


class Catalogue:
    """Sessions of one store, found by position or key."""

    def __init__(self, store: SessionStore, user_paths: tuple[tuple[str | int, ...], ...] = ()) -> None:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    @property
    def generation(self) -> int:
        raise NotImplementedError

    def clear(self) -> None:
        raise NotImplementedError

    def append(self, batch: Batch) -> int:
        """Add a batch (a key that is there already is updated in place); return the number of rows now."""
        raise NotImplementedError

    def update(self, record: RawRecord, seen_at_ms: int) -> int:
        """Put a newly read record in; return its position."""
        raise NotImplementedError

    def remove(self, key: bytes) -> bool:
        """Take a record out; its row becomes a gap that `select` leaves out."""
        raise NotImplementedError

    def row(self, position: int) -> Row:
        raise NotImplementedError

    def payload(self, position: int) -> bytes:
        raise NotImplementedError

    def find(self, key: bytes) -> int | None:
        raise NotImplementedError

    def select(
        self, session_filter: SessionFilter | None, sort_by: Column, *, descending: bool, now_ms: int
    ) -> Sequence[int]:
        """Return the positions of the matching rows in order (an `array('q')`); runs outside the GUI thread."""
        raise NotImplementedError

    def count_where(self, now_ms: int) -> dict[str, int]:
        """Return how many are "active", "expiring" (< 1 h), "expired" and "no_expiry"."""
        raise NotImplementedError

    def expiry_buckets(self, now_ms: int, hours: int = 24) -> tuple[Bucket, ...]:
        """Return one bucket per hour of the next `hours`, in epoch milliseconds."""
        raise NotImplementedError

    def size_buckets(self) -> tuple[Bucket, ...]:
        """Return the sizes in about a dozen buckets of bytes, doubling."""
        raise NotImplementedError
