"""What the session store libraries of Express add to what a store's clock does.

Source: `formats/express.md` section 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from inspector.core.expiry import ExpirySource
from store_adapters.record_form import ExpiryClock


@dataclass(frozen=True, slots=True)
class LibraryWords:
    """Sentences to follow the clock's own: with a time, without one, and where what stands there isn't a time. `remedy`: what helps
    against a session that never ends."""

    ends: str = ""
    never: str = ""
    unread: str = ""
    remedy: str = ""


_WORDS = {
    "Redis TTL": LibraryWords(
        never="connect-redis wrote it with disableTTL, or it was SET from elsewhere; the next touch gives it a TTL unless "
        "disableTTL is on.",
        remedy="Remove disableTTL from the application.",
    ),
    "expires (document)": LibraryWords(
        ends="connect-mongo ignores it from then on.",
        never="connect-mongo accepts it forever.",
        unread="connect-mongo does not find this session at all.",
        remedy="connect-mongo writes one with every save.",
    ),
    "__lastAccess + lifetime": LibraryWords(
        never="session-file-store accepts it forever.", unread="session-file-store accepts it forever."
    ),
}
"""By the name of a store's clock."""
_NOTHING = LibraryWords()


def library_clock(clock: ExpiryClock, source: ExpirySource) -> ExpirySource:
    """Return the store's own clock with what the library makes of it."""
    words = _WORDS.get(clock.name, _NOTHING)
    added = words.ends if source.at_ms is not None else words.unread if source.note == clock.unread else words.never
    return replace(source, note=f"{source.note} {added}".strip())


def endless_remedy(clock: ExpiryClock) -> str:
    """Return what to do about a session without an end."""
    return f"{clock.remedy} {_WORDS.get(clock.name, _NOTHING).remedy}".strip()
