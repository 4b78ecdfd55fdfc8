"""Expires dates as browsers read them: the sloppy ones of RFC 6265bis, and those they ignore."""

from __future__ import annotations

import datetime

import pytest

from inspector.cookies.browser.dates import read_cookie_date

MOMENT = datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.UTC).timestamp() * 1000


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "6 november 1994 8:49:37",
        "1994 6 Nov 08:49:37",  # "1994" is no day of two digits, so it is the year
        "Sun, 06 Nov 1994 08:49:37 +0900",  # the zone is not read
        "08:49:37 06 Nov 94",
    ],
)
def test_date_is_read_in_any_order_of_its_parts(text: str) -> None:
    assert read_cookie_date(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "-1", "Session", "Sun, 06 Nov 1994", "06 Nov 1600 08:49:37", "31 Feb 2026 00:00:00", "06 Nov 1994 24:00:00",
        "06 Nov 1994 08:60:00", "784111777", "1994-11-06T08:49:37Z", "Mon, ١٢ Nov 1994 08:49:37",
    ],
)  # fmt: skip
def test_what_is_no_date_is_ignored(text: str) -> None:
    assert read_cookie_date(text) is None


@pytest.mark.parametrize(("written", "year"), [("70", 1970), ("99", 1999), ("00", 2000), ("69", 2069)])
def test_year_of_two_digits_is_between_1970_and_2069(written: str, year: int) -> None:
    expected = datetime.datetime(year, 1, 2, tzinfo=datetime.UTC).timestamp() * 1000
    assert read_cookie_date(f"02 Jan {written} 00:00:00") == expected
