"""Times as a person reads them: on this machine's clock, with its zone; in UTC for a program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from inspector.core.display import format_clock, format_local, format_time, localise_times, zone_of

WINTER, SUMMER = 1_796_688_433_649, 1_782_864_000_000  # 2026-12-08T00:07:13.649Z, 2026-07-01T00:00:00.000Z


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def choose(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield choose
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "winter", "summer"),
    [
        ("America/New_York", "2026-12-07 19:07:13 EST", "2026-06-30 20:00:00 EDT"),
        ("Europe/Berlin", "2026-12-08 01:07:13 CET", "2026-07-01 02:00:00 CEST"),
        ("America/Sao_Paulo", "2026-12-07 21:07:13 UTC-03:00", "2026-06-30 21:00:00 UTC-03:00"),
        ("Asia/Kathmandu", "2026-12-08 05:52:13 UTC+05:45", "2026-07-01 05:45:00 UTC+05:45"),
        ("UTC", "2026-12-08 00:07:13 UTC", "2026-07-01 00:00:00 UTC"),
    ],
)
def test_time_is_local_with_its_zone(zone: Callable[[str], None], name: str, winter: str, summer: str) -> None:
    zone(name)
    assert (format_local(WINTER), format_local(SUMMER)) == (winter, summer)
    assert zone_of(WINTER) == winter.rpartition(" ")[2]


def test_sentence_has_each_of_its_times_local_and_nothing_else_changed(zone: Callable[[str], None]) -> None:
    zone("America/New_York")
    sentence = (
        f"Until {format_time(WINTER)} (1 h), not {format_time(SUMMER)}; 2026-12-08 and x2026-12-08T00:00:00.000Z stay."
    )
    assert localise_times(sentence) == (
        "Until 2026-12-07 19:07:13 EST (1 h), not 2026-06-30 20:00:00 EDT; 2026-12-08 and x2026-12-08T00:00:00.000Z stay."
    )
    assert localise_times("2026-99-99T00:00:00.000Z") == "2026-99-99T00:00:00.000Z"


def test_clock_of_another_day_has_its_date(zone: Callable[[str], None]) -> None:
    zone("Europe/Berlin")
    now = round(time.time() * 1000)
    assert format_clock(now, with_ms=True).endswith(f".{now % 1000:03} {zone_of(now)}")
    assert format_clock(now)[2] == ":"
    assert format_clock(WINTER - 400 * 86_400_000).startswith("2025-")


@pytest.mark.parametrize("far", [10**18, -(10**18)])
def test_time_beyond_the_calendar_is_no_text(far: int) -> None:
    assert (format_local(far), format_clock(far), zone_of(far)) == ("", "", "")
