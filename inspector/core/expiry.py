"""When a session ends, by every clock that speaks of it, and which one counts; knows no store connection."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

from inspector.core.display import escape_display, format_time, parse_time
from inspector.core.field_path import format_field_path
from inspector.core.finding import Finding, Severity
from inspector.core.node import Kind, Node, member, number_of, text_of
from inspector.core.other_findings import end_inside
from inspector.core.writer import Family
from store_adapters.contract import PASSED_OVER_MS
from store_adapters.record_form import ExpiryClock


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
    """`expires_at_ms` is the truth (None: never); `summary` one sentence for a header."""

    expires_at_ms: int | None
    sources: tuple[ExpirySource, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class After:
    """So many milliseconds after the moment of writing, as express counts a lifetime."""

    life_ms: int


Ending: TypeAlias = int | After | None
"""When a session shall end: at a moment in epoch milliseconds, so long after it is written, or never."""

LATEST_MS = 250_246_627_200_000
"""The latest end that is written, 9900-01-01T00:00:00Z. A cookie's date has a year of four digits, and the application counts
the lifetime anew at each request, for which a hundred years are left. JavaScript's own dates end in the year 275760."""
CAPPED = f"That is later than cookies can say: the session ends on {format_time(LATEST_MS)[:10]} instead."
_MOST_DIGITS = 18


def end_from(ending: Ending, now_ms: int) -> int | None:
    """Return the moment of the end for a session that is written at `now_ms`, at most `LATEST_MS`; None: never."""
    asked = _asked_end(ending, now_ms)
    return None if asked is None else min(asked, LATEST_MS)


def is_capped(ending: Ending, now_ms: int) -> bool:
    """True when `end_from` returns an earlier moment than was asked for."""
    return (_asked_end(ending, now_ms) or 0) > LATEST_MS


def _asked_end(ending: Ending, now_ms: int) -> int | None:
    return now_ms + ending.life_ms if isinstance(ending, After) else ending


def parse_count(digits: str) -> int:
    """Return the number of ASCII digits, however many; beyond 18 of them it is 10^18, which any clock is capped below."""
    kept = digits.lstrip("0") or "0"
    return int(kept) if len(kept) <= _MOST_DIGITS else 10**_MOST_DIGITS


def format_duration(ms: int | float) -> str:
    """Return a duration in the two largest units: "23 h 59 m", "41 m", "2 d 3 h", "4 s"; "for ever" for Infinity (1e999)."""
    if not math.isfinite(ms):
        return "for ever" if ms > 0 else "0 s"
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


def explain_expiry(
    clock: ExpiryClock,
    expires_at_ms: int | None,
    root: Node | None,
    envelope: Node | None,
    now_ms: int,
    *,
    is_hidden: bool = False,
    family: Family = Family.EXPRESS,
    hidden_by: str = "",
) -> ExpiryReport:
    """Explain the expiry of a record of a store that has this clock.

    `expires_at_ms` is what the adapter read; `root` the session's tree and `envelope` the other fields of a MongoDB
    document, where decoded. `is_hidden`: it is inside a record that is encrypted and not opened. `family`: whose rules hold.
    `hidden_by`: why the application does not find the record, whatever the time.
    """
    if is_hidden:
        note = "It is inside the record, which is encrypted: add the store's secret to read it."
        source = ExpirySource(clock.name, "not readable", None, True, note)
        return ExpiryReport(None, (source,), "its expiry is not readable")
    sources = [_truth(clock, expires_at_ms, root, envelope, now_ms)]
    if hidden_by:
        note = f"{hidden_by} The application does not find this session at all. Set the expiry to repair it."
        sources = [replace(sources[0], value="no time", note=note)]
    cookie = member(root, "cookie") if root is not None else None
    if cookie is not None and cookie.kind is Kind.OBJECT:
        sources += [_original_max_age(cookie), _cookie_expires(cookie, clock, now_ms)]
    inside = end_inside(root, family) if root is not None else None
    if root is not None and inside is not None:
        path, ends = inside
        is_first = expires_at_ms is None or ends < expires_at_ms
        name = format_field_path(root, path)
        note = f"{family.value} looks at it as well: from then on it starts a new session, whatever the store says."
        sources = [one for one in sources if one.name != name]
        sources[0] = replace(sources[0], counts=not is_first)
        sources.append(ExpirySource(name, _when(ends, now_ms), ends, is_first, note))
        expires_at_ms = ends if is_first else expires_at_ms
    summary = "is not found by the application" if hidden_by else describe_end(expires_at_ms, now_ms)
    return ExpiryReport(expires_at_ms, tuple(sources), summary)


def judge_over(expires_at_ms: int | None, now_ms: int) -> Finding | None:
    """Return that a session has ended whose record still stands in the store; None while it lives."""
    if expires_at_ms is None or expires_at_ms > now_ms:
        return None
    words = f"This session is over: it {describe_end(expires_at_ms, now_ms)}. The application will not read it."
    return Finding(Severity.WARNING, (), words, "Change its expiry if it should.")


def describe_end(expires_at_ms: int | None, now_ms: int) -> str:
    """Return "expires in 23 h 59 m", "expired 4 m ago" or "never expires"."""
    if expires_at_ms is None:
        return "never expires"
    if expires_at_ms > now_ms:
        return f"expires in {format_duration(expires_at_ms - now_ms)}"
    return f"expired {format_duration(now_ms - expires_at_ms)} ago"


def _when(at_ms: int | None, now_ms: int) -> str:
    return "never" if at_ms is None else f"{format_time(at_ms)} ({format_countdown(at_ms, now_ms)})"


def _truth(
    clock: ExpiryClock, at_ms: int | None, root: Node | None, envelope: Node | None, now_ms: int
) -> ExpirySource:
    if at_ms is not None:
        note = clock.ends.replace("{lifetime}", _lifetime_source(root))
    elif clock.field and any(member(one, clock.field) is not None for one in (root, envelope) if one is not None):
        note = clock.unread
    else:
        note = clock.never
    return ExpirySource(clock.name, _when(at_ms, now_ms), at_ms, True, note)


def _lifetime_source(root: Node | None) -> str:
    """Return where the lifetime comes from that is counted from the last request, where the record holds the clock."""
    cookie = member(root, "cookie") if root is not None else None
    has_own = cookie is not None and number_of(member(cookie, "originalMaxAge"))
    return "cookie.originalMaxAge" if has_own else "the store's ttl option"


def _original_max_age(cookie: Node) -> ExpirySource:
    value = member(cookie, "originalMaxAge")
    number = number_of(value)
    if number is not None:
        note = "The input: each request's touch counts the expiry from now with it."
        return ExpirySource(
            "cookie.originalMaxAge",
            f"{value.scalar if value else ''} ms ({format_duration(number)})",
            None,
            False,
            note,
        )
    note = "No lifetime of its own: the cookie ends with the browser, and the store's default TTL holds."
    shown = "missing" if value is None else "null" if value.kind is Kind.NULL else value.kind.value
    return ExpirySource("cookie.originalMaxAge", shown, None, False, note)


def _cookie_expires(cookie: Node, clock: ExpiryClock, now_ms: int) -> ExpirySource:
    value = member(cookie, "expires")
    text = text_of(value) or (value.scalar if value is not None and value.tag == "date" else None)
    at_ms = parse_time(text) if isinstance(text, str) else None
    if at_ms is None:
        shown = (
            "missing" if value is None else "null" if value.kind is Kind.NULL else escape_display(str(value.scalar), 60)
        )
        return ExpirySource("cookie.expires", shown, None, False, "Output only: express-session works it out anew.")
    lifetime = number_of(member(cookie, "originalMaxAge"))
    saved_ms = at_ms - lifetime if lifetime else None
    ago = f", {format_duration(now_ms - saved_ms)} ago" if saved_ms is not None and 0 < saved_ms <= now_ms else ""
    if not clock.moves_alone:
        note = f"Output only, from the last save or touch{ago}: either writes it anew."
    elif at_ms <= now_ms:
        note = f"Output only, from the last full save{ago}. "
        note += "It is in the past, which is normal: a touch moves the store's expiry and leaves this one."
    else:
        note = f"Output only, from the last full save{ago}. A touch moves the store's expiry and leaves this one."
    return ExpirySource("cookie.expires", _when(at_ms, now_ms), at_ms, False, note)
