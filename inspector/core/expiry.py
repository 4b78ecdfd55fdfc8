"""When a session ends, by every clock that speaks of it, and which one counts; knows no store connection."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.core.node import Node


@dataclass(frozen=True, slots=True)
class ExpirySource:
    """One place that says something of the lifetime: "Redis TTL", "expires (MongoDB)", "__lastAccess + lifetime",
    "cookie.expires", "cookie.originalMaxAge". `counts` marks the one which decides. `note` says why, or why not."""

    name: str
    value: str
    at_ms: int | None
    counts: bool
    note: str


@dataclass(frozen=True, slots=True)
class ExpiryReport:
    """`expires_at_ms` is the truth (None: never); `summary` one sentence for a header."""

    expires_at_ms: int | None
    sources: tuple[ExpirySource, ...]
    summary: str


def explain_expiry(kind: str, expires_at_ms: int | None, root: Node | None, envelope: Node | None, now_ms: int) -> ExpiryReport:
    """Explain the expiry of a record of a "redis", "mongo", "file" or "memory" store.

    `expires_at_ms` is what the adapter read; `root` the session's tree and `envelope` the other fields of a MongoDB
    document, where decoded.
    """
    raise NotImplementedError


def format_duration(ms: int) -> str:
    """Return a duration in the two largest units: "23 h 59 m", "41 m", "2 d 3 h", "4 s"."""
    raise NotImplementedError


def format_countdown(expires_at_ms: int | None, now_ms: int) -> str:
    """Return "23 h 59 m", "expired 4 m" or "no expiry"."""
    raise NotImplementedError
