"""In which time zone a column without one was written, as the rows tell: the end of the cookie stands in the session as well.

A row that was saved and not touched since holds that end to the second; what differs is the offset. Source: `formats/sql.md` section 3.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable

ROWS_ASKED = 200
_HALVES = ("-09:30", "-03:30", "+03:30", "+04:30", "+05:30", "+05:45", "+06:30", "+09:30", "+10:30", "+12:45")
_STEP_S = 900  # zones differ by quarters of an hour
_FARTHEST_S = 14 * 3600
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)\Z")
_COOKIE_ENDS = re.compile(rb'"expires"\s*:\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"')


def offset_in_rows(rows: Iterable[tuple[bytes, int]]) -> int | None:
    """Return the offset from UTC in seconds at which most rows were written; None where they don't tell.

    `rows`: the session, and its expiry as epoch seconds when read as if it were UTC.
    """
    offsets: Counter[int] = Counter()
    for payload, stored_s in rows:
        match = _COOKIE_ENDS.search(payload)
        if match is not None:
            ends = datetime.datetime.fromisoformat(match[1].decode().replace("Z", "+00:00")).timestamp()
            # Some libraries cut the fraction of a second, some round it.
            for offset in {stored_s - int(ends // 1), stored_s + int(-ends // 1)}:
                if offset % _STEP_S == 0 and abs(offset) <= _FARTHEST_S:
                    offsets[offset] += 1
    return offsets.most_common(1)[0][0] if offsets else None


def offset_name(offset_s: int) -> str:
    """Return an offset as a zone is written: "+09:00"."""
    sign, minutes = "-" if offset_s < 0 else "+", abs(offset_s) // 60
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def fixed_offset(zone: str) -> int | None:
    """Return the seconds of "+09:00" or "UTC"; None for the name of a zone."""
    if zone == "UTC":
        return 0
    match = _OFFSET.match(zone)
    if match is None:
        return None
    seconds = int(match[2]) * 3600 + int(match[3]) * 60
    return -seconds if match[1] == "-" else seconds


COMMON_OFFSETS = tuple(
    sorted(
        {*(offset_name(hour * 3600) for hour in range(-12, 15) if hour), *_HALVES},
        key=lambda name: fixed_offset(name) or 0,
    )
)
"""The offsets at which people live, from west to east."""
