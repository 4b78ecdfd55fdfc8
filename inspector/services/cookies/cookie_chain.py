"""The chain from a cookie to its session, link by link, as values; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.cookies import Cookie, Verdict
from store_adapters.contract import RecordRef


class LinkState(Enum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    SKIPPED = "skipped"  # an earlier link is broken, or nothing to check it against


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One link: "Format", "Session ID", "Signature", "Store key", "Record", "Expiry", "Attributes"."""

    name: str
    state: LinkState
    text: str


@dataclass(frozen=True, slots=True)
class CookieReport:
    """All that is known of one cookie. `broken` is the first broken link's text, "" when none is.

    `record`: where the session is in the given store when it was found there, also where the chain breaks before it.
    """

    cookie: Cookie
    verdict: Verdict
    chain: tuple[ChainLink, ...]
    broken: str
    record: RecordRef | None


NAMES = ("Format", "Session ID", "Signature", "Store key", "Record", "Expiry", "Attributes")
