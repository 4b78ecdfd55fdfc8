"""Lifetimes and ends that JavaScript's clock, or a cookie's date, cannot hold.

A JavaScript date reaches 8.64e15 ms to either side of 1970 (ECMA-262, 21.4.1.1), a cookie's date has a year of four digits
(RFC 6265, 5.1.1).
"""

from __future__ import annotations

import re

from inspector.core.display import parse_time
from inspector.core.finding import Finding, Severity
from inspector.core.node import Kind, Node, Path, find_member, number_of, text_of

_LAST_MS = 8_640_000_000_000_000
_YEAR_10000_MS = 253_402_300_800_000
# A lifetime is counted from each request: what is said holds for any from 2025 to 2100.
_BEGIN_MS, _LATE_MS = 1_735_689_600_000, 4_102_444_800_000
_LIFETIMES = (("cookie", "originalMaxAge"), ("_maxAge",))
_ENDS = (("cookie", "expires"), ("_expire",), ("__lastAccess",))
_FAR_YEAR = re.compile(r"[+-]\d{6}-\d\d-\d\d(?:T.*)?")


def judge_far_dates(root: Node) -> list[Finding]:
    """Return which of a session's own lifetimes and ends are further than the application or its cookie can say."""
    found = []
    for names, is_lifetime in (*((one, True) for one in _LIFETIMES), *((one, False) for one in _ENDS)):
        at = _find(root, names)
        if at is None:
            continue
        path, value = at
        ends = _end_of(value)
        if ends is None:
            continue
        first, last = (_BEGIN_MS, _LATE_MS) if is_lifetime else (0, 0)
        name = ".".join(names)
        if not -_LAST_MS <= ends + last <= _LAST_MS:
            words = (
                f"{name} goes past the year 275760, where JavaScript's clock ends: the application gets an invalid date"
            )
            words += ", and the session is lost with the next request."
            found.append(Finding(Severity.REFUSED, path, words, "Change the expiry (Ctrl+E), which is capped."))
        elif ends + first >= _YEAR_10000_MS:
            words = (
                f"{name} goes past the year 9999, later than a cookie's date can say: browsers do not understand it."
            )
            found.append(Finding(Severity.WARNING, path, words, "Change the expiry (Ctrl+E), which is capped."))
    return found


def _find(root: Node, names: tuple[str, ...]) -> tuple[Path, Node] | None:
    node = root
    path: Path = ()
    for name in names:
        position = find_member(node, name)
        if position is None:
            return None
        node, path = node.entries[position].value, (*path, position)
    return path, node


def _end_of(value: Node) -> float | None:
    if value.kind is Kind.NUMBER:
        return number_of(value)
    if value.tag == "date":
        return int.from_bytes(value.raw, "little", signed=True)
    text = text_of(value)
    if text is None:
        return None
    if not _FAR_YEAR.fullmatch(text):
        return parse_time(text)
    year = int(text[:7])
    # Counted in whole years: which side of a border it is on, and no time to be shown.
    return (year - 1970) * 31_556_952_000.0
