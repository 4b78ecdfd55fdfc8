"""What happened to one cookie in one exchange of an HTTP archive, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.cookies import Exchange


class Event(Enum):
    SET = "set"
    RENEWED = "renewed"
    REPLACED = "new ID"
    KEPT = "sent"
    CLEARED = "cleared"
    REFUSED = "refused"
    LOST = "lost"
    DROPPED = "not stored"
    DOUBLED = "two of one name"
    UNDELETED = "not deleted"


TROUBLE = frozenset((Event.REFUSED, Event.LOST, Event.DROPPED, Event.DOUBLED, Event.UNDELETED))


@dataclass(frozen=True, slots=True)
class HarRow:
    """What happened to one cookie in one exchange."""

    exchange: Exchange
    cookie_name: str
    sent: str
    """The session ID that the server reads of what was sent, "" for none."""
    received: str
    """The session ID that the answer set, "" for none."""
    event: Event
    text: str
    all_sent: tuple[str, ...] = ()
    """Every session ID under this name, in the header's order."""
    is_stored: bool | None = None
    """Whether the browser stored what the answer set; None where it set nothing."""


@dataclass(frozen=True, slots=True)
class HarReport:
    """`rows` in time order; `summary` says where the first trouble is."""

    rows: tuple[HarRow, ...]
    summary: str
