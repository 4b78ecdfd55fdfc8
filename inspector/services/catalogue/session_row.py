"""One row of a store's list, and the columns it has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from store_adapters.record_form import PASSED_OVER_MS


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
    """One row, made when it is painted. `changed_at_ms`: known from the store, or when this program saw it change.
    `is_expiry_hidden`: the expiry is inside what is encrypted."""

    key: bytes
    session_id: str
    user: str
    role: str
    signed_in: bool
    format: str
    size: int
    expires_at_ms: int | None  # PASSED_OVER_MS: the application's query always passes over the record
    changed_at_ms: int | None
    is_expiry_hidden: bool = False

    @property
    def is_passed_over(self) -> bool:
        """True where the application's own query never finds the record, whatever the time."""
        return self.expires_at_ms == PASSED_OVER_MS
