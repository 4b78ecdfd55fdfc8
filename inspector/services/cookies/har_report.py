"""A session followed through the requests of an HTTP archive: where it was set, renewed, lost or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from inspector.cookies import HAR_MOST_BYTES as MOST_BYTES
from inspector.cookies import CookieError, Exchange, judge, read_har, split_chunks
from inspector.core.display import escape_display
from inspector.core.secret import Secret
from inspector.services.cookies.har_row import TROUBLE, Event, HarReport, HarRow
from inspector.services.cookies.har_timeline import Timeline

__all__ = ["TROUBLE", "Event", "HarReport", "HarRow", "exchange_text", "follow_file", "follow_session"]

# Names that session cookies bear by custom, for archives whose values tell nothing (redacted, or of an unknown scheme).
_CUSTOMARY = re.compile(
    r"(?:\A|[._-])(?:sid|sess|session|session-?token|j?sessionid|phpsessid|session_id)(?:\Z|[._])", re.I
)


def follow_session(exchanges: Sequence[Exchange], secrets: Sequence[Secret]) -> HarReport:
    """Follow every session cookie of every host through the exchanges."""
    names = _session_cookies(exchanges, secrets)
    timeline = Timeline(exchanges, names, secrets)
    rows = timeline.follow()
    trouble = [row for row in rows if row.event in TROUBLE]
    if not names:
        summary = "No session cookie of a known scheme is in this archive."
    elif trouble:
        first = trouble[0]
        summary = f"Request {first.exchange.number}, {first.exchange.method} {_path(first.exchange)}: {first.text}"
    else:
        count = len({row.exchange.number for row in rows})
        shown = ", ".join(escape_display(name, 40) for name in dict.fromkeys(name for _, name in names[:3]))
        summary = f"No session was lost: {count} requests carried or set {shown}. {timeline.remark}".strip()
    return HarReport(rows, summary)


def follow_file(path: Path, secrets: Sequence[Secret]) -> HarReport:
    """Read a HAR file and follow its sessions. `CookieError` for a file that cannot be read or is something else."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CookieError(f"The file cannot be read: {error.strerror}.") from None
    return follow_session(read_har(data), secrets)


def _session_cookies(exchanges: Sequence[Exchange], secrets: Sequence[Secret]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    customary: dict[tuple[str, str], None] = {}
    for exchange in exchanges:
        for cookie in (*exchange.sent, *exchange.received):
            place = (exchange.host, cookie.name)
            if place in found or cookie.signs:
                continue
            if judge(cookie, secrets, exchange.started_at_ms).scheme:
                found[place] = None
            elif _CUSTOMARY.search(cookie.name):
                customary[place] = None
    return list(found or customary)


def exchange_text(exchange: Exchange) -> str:
    """Return the exchange's cookies as header lines, for the cookie inspector."""
    lines = []
    if exchange.sent:
        lines.append("Cookie: " + "; ".join(f"{one.name}={one.raw}" for one in split_chunks(exchange.sent)))
    for cookie in split_chunks(exchange.received):
        parts = [f"{cookie.name}={cookie.raw}"]
        parts += [one.name if one.value is None else f"{one.name}={one.value}" for one in cookie.attributes]
        lines.append("Set-Cookie: " + "; ".join(parts))
    return "\n".join(lines)


def _path(exchange: Exchange) -> str:
    return escape_display(exchange.address.path or "/", 80)
