"""The tables in which Express's SQLite stores keep sessions, and how each writes an expiry; opens nothing.

connect-sqlite3 0.9: `sessions(sid PRIMARY KEY, expired, sess)`, milliseconds. better-sqlite3-session-store 0.1: `sessions(sid, sess,
expire)`, ISO 8601 text. connect-session-knex 5: `sessions(sid, sess, expired datetime)`, ISO 8601 text.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from store_adapters.errors import BadStoreAddress, StoreRefused

_MOST_MS = 8.64e15  # JavaScript's last date


@dataclass(frozen=True, slots=True)
class Dialect:
    """`expiry`: the column of the expiry; `is_text`: ISO 8601 text there, else a number of milliseconds."""

    name: str
    expiry: str
    is_text: bool

    def read(self, value: object) -> int | None:
        """Return a stored expiry in epoch milliseconds, None for never or for what is no time."""
        if isinstance(value, bytes):
            return _parse(value.decode("utf-8", "replace")) if self.is_text else None
        if isinstance(value, int | float) and abs(value) < _MOST_MS:
            # For the text stores SQLite's datetime() would take a number for a Julian day: not written by them.
            return None if self.is_text else round(value)
        return None

    def hidden_by(self, value: object) -> str:
        """Return why the library's query passes over a row with this expiry for ever, "" where it does not."""
        if value is None:
            return f"{self.expiry} is NULL, which isn't a time."
        if not self.is_text or (isinstance(value, bytes) and _parse(value.decode("utf-8", "replace")) is not None):
            return ""
        return f"{self.expiry} doesn't hold a time as {self.name} writes it."

    def write(self, epoch_ms: int) -> str | float:
        """Return the expiry as the library writes it."""
        if not self.is_text:
            return float(epoch_ms)
        moment = datetime.datetime.fromtimestamp(epoch_ms / 1000, datetime.UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


DIALECTS = (
    Dialect("connect-sqlite3", "expired", False),
    Dialect("better-sqlite3", "expire", True),
    Dialect("knex", "expired", True),
)


def find_dialect(columns: Mapping[str, str], wanted: str) -> Dialect:
    """Return the dialect of a table with these columns and declared types, or the `wanted` one. `BadStoreAddress`, `StoreRefused`."""
    if wanted:
        found = next((one for one in DIALECTS if one.name == wanted), None)
        if found is None:
            names = ", ".join(one.name for one in DIALECTS)
            raise BadStoreAddress("This dialect of SQLite session stores is not known.", f"Known are {names}.")
        return found
    if {"sid", "sess"} <= columns.keys():
        if "expire" in columns:
            return DIALECTS[1]
        if "expired" in columns:
            return DIALECTS[2] if columns["expired"] else DIALECTS[0]
    shown = ", ".join(sorted(columns)[:8])
    raise StoreRefused(
        f"The table has no columns sid, sess and expired (or expire); it has {shown}.",
        "Name the table of the sessions: ?table=sessions.",
    )


def _parse(text: str) -> int | None:
    try:
        moment = datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    # SQLite's datetime() and knex take a time without a zone for UTC.
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
    return round(aware.timestamp() * 1000)
