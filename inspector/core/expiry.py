"""When a session ends, by every clock that speaks of it, and which one counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from inspector.core.display import format_time
from inspector.core.finding import Finding, Severity
from inspector.core.node import Node, member
from store_adapters.record_form import PASSED_OVER_MS, ExpiryClock


@dataclass(frozen=True, slots=True)
class ExpirySource:
    """One place that says something of the lifetime: "Redis TTL", "expires (document)", "__lastAccess + lifetime",
    "cookie.expires", "cookie.originalMaxAge". `counts` marks the one which decides. `note` says why, or why not."""

    name: str
    value: str
    at_ms: int | None
    counts: bool
    note: str


@dataclass(frozen=True, slots=True)
class ExpiryReport:
    """`expires_at_ms` is the truth (None: never); `summary` one sentence for a header. `is_outlived`: the application accepts the
    record past that."""

    expires_at_ms: int | None
    sources: tuple[ExpirySource, ...]
    summary: str
    is_outlived: bool = False


@dataclass(frozen=True, slots=True)
class RelativeExpiry:
    """So many milliseconds after the moment of writing, as express counts a lifetime."""

    life_ms: int


ExpiryTarget: TypeAlias = int | RelativeExpiry | None
"""When a session shall end: at a moment in epoch milliseconds, so long after it is written, or never."""

LATEST_MS = 250_246_627_200_000
"""The latest end that is written, 9900-01-01T00:00:00Z. A cookie's date has a year of four digits, and the application counts
the lifetime anew at each request, for which a hundred years are left. JavaScript's own dates end in the year 275760."""
CAPPED = f"That is later than cookies can say: the session ends on {format_time(LATEST_MS)[:10]} instead."
_MOST_DIGITS = 18


def end_from(ending: ExpiryTarget, now_ms: int) -> int | None:
    """Return the moment of the end for a session that is written at `now_ms`, at most `LATEST_MS`; None: never."""
    asked = _asked_end(ending, now_ms)
    return None if asked is None else min(asked, LATEST_MS)


def is_capped(ending: ExpiryTarget, now_ms: int) -> bool:
    """True when `end_from` returns an earlier moment than was asked for."""
    return (_asked_end(ending, now_ms) or 0) > LATEST_MS


def _asked_end(ending: ExpiryTarget, now_ms: int) -> int | None:
    return now_ms + ending.life_ms if isinstance(ending, RelativeExpiry) else ending


def parse_count(digits: str) -> int:
    """Return the number of ASCII digits, however many; beyond 18 of them it is 10^18, which any clock is capped below."""
    kept = digits.lstrip("0") or "0"
    return int(kept) if len(kept) <= _MOST_DIGITS else 10**_MOST_DIGITS


def format_duration(ms: int | float) -> str:
    """Return a duration in the two largest units: "23 h 59 m", "41 m", "2 d 3 h", "4 s"; "forever" for Infinity (1e999)."""
    if not math.isfinite(ms):
        return "forever" if ms > 0 else "0 s"
    seconds = max(0, int(ms // 1000))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if minutes < 60:
        return f"{minutes} m"
    if hours < 24:
        return f"{hours} h {minutes % 60} m" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 and days < 100 else f"{days} d"


def format_countdown(expires_at_ms: int | None, now_ms: int) -> str:
    """Return "23 h 59 m", "expired 4 m", "no expiry", or "not found" for `PASSED_OVER_MS`."""
    if expires_at_ms is None:
        return "no expiry"
    if expires_at_ms == PASSED_OVER_MS:
        return "not found"
    left = expires_at_ms - now_ms
    return format_duration(left) if left > 0 else f"expired {format_duration(-left)}"


def judge_over(report: ExpiryReport, now_ms: int) -> Finding | None:
    """Return that a session has ended whose record still stands in the store; None while the application accepts it."""
    ends = report.expires_at_ms
    if ends is None or ends > now_ms or report.is_outlived:
        return None
    words = f"This session is over: it {describe_end(ends, now_ms)}. The application will not read it."
    return Finding(Severity.WARNING, (), words, "Change its expiry if it should.")


def describe_end(expires_at_ms: int | None, now_ms: int) -> str:
    """Return "expires in 23 h 59 m", "expired 4 m ago" or "never expires"."""
    if expires_at_ms is None:
        return "never expires"
    if expires_at_ms > now_ms:
        return f"expires in {format_duration(expires_at_ms - now_ms)}"
    return f"expired {format_duration(now_ms - expires_at_ms)} ago"


def format_end(at_ms: int | None, now_ms: int) -> str:
    """Return "never" or the time and how long that is from now."""
    return "never" if at_ms is None else f"{format_time(at_ms)} ({format_countdown(at_ms, now_ms)})"


def store_clock(
    clock: ExpiryClock,
    at_ms: int | None,
    root: Node | None,
    envelope: Node | None,
    now_ms: int,
    lifetime: str = "the store's ttl option",
) -> ExpirySource:
    """Return the store's own clock, which counts, in its own words. `lifetime`: what the time is counted with, where it is."""
    if at_ms is not None:
        note = clock.ends.replace("{lifetime}", lifetime)
    elif clock.field and any(member(one, clock.field) is not None for one in (root, envelope) if one is not None):
        note = clock.unread
    else:
        note = clock.never
    return ExpirySource(clock.name, format_end(at_ms, now_ms), at_ms, True, note)
