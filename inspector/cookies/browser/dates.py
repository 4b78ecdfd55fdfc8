"""The date of an Expires attribute, read as browsers read it (RFC 6265bis, section 5.1.1)."""

from __future__ import annotations

import datetime
import re

_DELIMITERS = re.compile(r"[\t -/;-@\[-`{-~]+")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|\Z)", re.A)
_DAY = re.compile(r"(\d{1,2})(?:\D|\Z)", re.A)
_YEAR = re.compile(r"(\d{2,4})(?:\D|\Z)", re.A)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read_cookie_date(text: str) -> int | None:
    """Return the milliseconds since 1970, None where browsers ignore the attribute."""
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _DELIMITERS.split(text):
        if time is None and (match := _TIME.match(token)) is not None:
            time = int(match[1]), int(match[2]), int(match[3])
        elif day is None and (match := _DAY.match(token)) is not None:
            day = int(match[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := _YEAR.match(token)) is not None:
            year = int(match[1])
    if time is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if year < 1601:
        return None
    try:
        moment = datetime.datetime(year, month, day, *time, tzinfo=datetime.UTC)
    except ValueError:
        return None
    return round(moment.timestamp() * 1000)
