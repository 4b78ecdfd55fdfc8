"""What a column of a table says about the end of a session: its unit, its zone, and the way to epoch milliseconds and back.

Servers convert in SQL (each adapter has its expressions); the Python here serves SQLite, whose columns hold what was put in.
Source: `formats/sql.md` section 3, measured on the libraries.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import Enum

_EPOCH, _MS = datetime.datetime.fromtimestamp(0, datetime.UTC), datetime.timedelta(milliseconds=1)
_MOST_MS = 8.64e15  # JavaScript's last date


class Unit(Enum):
    """How the column holds a time."""

    MS = "ms"  # a number of milliseconds since 1970
    SECONDS = "s"  # a number of seconds since 1970
    ZONED = "zoned"  # timestamptz: an instant
    LOCAL = "local"  # timestamp or datetime without a zone: wall time in `ExpiryColumn.zone`
    ISO_TEXT = "iso"  # 2026-12-01T01:16:53.375Z
    OFFSET_TEXT = "offset"  # 2026-12-01 01:16:53.375 +00:00
    PLAIN_TEXT = "plain"  # 2026-12-01 01:16:53.375000, in UTC


TEXTS = frozenset({Unit.ISO_TEXT, Unit.OFFSET_TEXT, Unit.PLAIN_TEXT})


@dataclass(frozen=True, slots=True)
class ExpiryColumn:
    """The column by which a session ends.

    `zone`: an IANA name, of a LOCAL column. `lifetime_s`: the column holds the last request, and the session ends this long after
    (Laravel). `step_ms`: the finest time it holds: 1000 where it keeps whole seconds.
    """

    name: str
    unit: Unit
    zone: str = "UTC"
    lifetime_s: int = 0
    step_ms: int = 1

    def end_of(self, stored_ms: int) -> int:
        """Return the end of a session whose column holds the time `stored_ms`."""
        return stored_ms + self.lifetime_s * 1000

    def stored_for(self, end_ms: int) -> int:
        """Return the time to store so that the session ends at `end_ms` or, where the column is coarser, just after."""
        stored = end_ms - self.lifetime_s * 1000
        return -(-stored // self.step_ms) * self.step_ms

    def read(self, value: object) -> int | None:
        """Return the end in epoch milliseconds of what SQLite holds; None for NULL and for what isn't a time."""
        if isinstance(value, bytes):
            moment = _parse(value.decode("utf-8", "replace")) if self.unit in TEXTS else None
            return None if moment is None else self.end_of(moment)
        # SQLite's datetime() would take a number in a column of text for a Julian day; no library writes one there.
        if isinstance(value, int | float) and self.unit not in TEXTS and abs(value) < _MOST_MS:
            return self.end_of(round(value * 1000 if self.unit is Unit.SECONDS else value))
        return None

    def write(self, end_ms: int) -> str | float | int:
        """Return what SQLite is to hold, spelled as the library spells it."""
        stored = self.stored_for(end_ms)
        match self.unit:
            case Unit.MS:
                return float(stored)  # as JavaScript's numbers arrive there
            case Unit.SECONDS:
                return stored // 1000
            case _:
                return _spell(stored, self.unit)


def _spell(epoch_ms: int, unit: Unit) -> str:
    moment = datetime.datetime.fromtimestamp(epoch_ms // 1000, datetime.UTC)
    ms = epoch_ms % 1000
    match unit:
        case Unit.OFFSET_TEXT:
            return f"{moment:%Y-%m-%d %H:%M:%S}.{ms:03d} +00:00"
        case Unit.PLAIN_TEXT:
            return f"{moment:%Y-%m-%d %H:%M:%S}.{ms:03d}000"
        case _:
            return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def _parse(text: str) -> int | None:
    """Read a time as SQLite stores hold it; one without a zone is in UTC, as SQLite's datetime() and knex take it."""
    head, blank, offset = text.strip().rpartition(" ")
    spelled = head + offset if blank and offset[:1] in "+-" else text.strip()
    try:
        moment = datetime.datetime.fromisoformat(spelled.replace("Z", "+00:00"))
    except ValueError:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
    return (aware - _EPOCH) // _MS
