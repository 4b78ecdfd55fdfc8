"""Create, duplicate, delete, restore sessions and change their expiry, one or many; knows no window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inspector.core.node import Node
from inspector.services.journal import Journal, JournalEntry
from inspector.services.open_session import OpenedSession
from store_adapters.contract import CancelToken, RecordRef, SessionStore


@dataclass(frozen=True, slots=True)
class BulkReport:
    """How many were done, were gone or had changed meanwhile, and what failed (at most 20 sentences)."""

    done: int
    gone: int
    changed: int
    failed: tuple[str, ...]
    cancelled: bool = False


def new_session_id() -> str:
    """Return 24 random bytes as base64url, as express-session's default genid makes them."""
    raise NotImplementedError


def new_session_root(max_age_ms: int | None, now_ms: int) -> Node:
    """Return `{"cookie": {…}}` as express-session would write it for a new session."""
    raise NotImplementedError


def create_session(
    store: SessionStore, session_id: str, root: Node, expires_at_ms: int | None, journal: Journal, now_ms: int
) -> OpenedSession:
    """Store a new record; `RecordExists`; `ValueError` subclasses for what would break the application."""
    raise NotImplementedError


def duplicate_session(store: SessionStore, opened: OpenedSession, new_id: str, journal: Journal) -> OpenedSession:
    """Create a copy under another session ID with the same data and expiry."""
    raise NotImplementedError


def delete_session(store: SessionStore, opened: OpenedSession, journal: Journal) -> None:
    """Delete the record if it is still what was opened; `RecordChanged` otherwise."""
    raise NotImplementedError


def change_expiry(
    store: SessionStore, opened: OpenedSession, expires_at_ms: int | None, journal: Journal, *, lasting: bool = True
) -> OpenedSession:
    """Set when the session ends in the store; `lasting` also sets `cookie.originalMaxAge` and `cookie.expires`, from which
    the application's next request works its expiry out (without it the next touch takes the change back)."""
    raise NotImplementedError


def delete_many(
    store: SessionStore,
    refs: Sequence[RecordRef],
    journal: Journal,
    cancel: CancelToken,
    on_progress: Callable[[int, int], None],
) -> BulkReport:
    raise NotImplementedError


def change_expiry_many(
    store: SessionStore,
    refs: Sequence[RecordRef],
    expires_at_ms: int | None,
    journal: Journal,
    cancel: CancelToken,
    on_progress: Callable[[int, int], None],
) -> BulkReport:
    raise NotImplementedError


def restore(store: SessionStore, entry: JournalEntry, journal: Journal) -> OpenedSession:
    """Bring a before-image back by compare-and-set against what the entry wrote (a deleted record is created again,
    which is what the person asked for); `RecordChanged` when the application has written since."""
    raise NotImplementedError
