"""The words beside a value: its type, and what a date or a duration means."""

from __future__ import annotations

from inspector.core.display import format_time, parse_time
from inspector.core.expiry import format_duration
from inspector.core.node import Kind, Node, number_of, text_of

_DURATION_KEYS = ("maxage", "ttl", "timeout", "lifetime")
_TIME_KEYS = ("at", "time", "date", "expires", "access", "visit", "login", "seen", "modified", "created", "updated")
# Plausible epochs only, so that no ordinary number is called a time: 2001 to 2100.
_UNITS_MS = (86_400_000, 3_600_000, 60_000)
_EPOCH_S = (1_000_000_000, 4_102_444_800)


def describe_type(node: Node, key: str | None, now_ms: int) -> str:
    """Return "string", "number · 1 d", "date · 3 h ago, 2026-11-24T19:29:03.114Z", "int64 · 4 m ago, 2026-11-24T22:29:03.114Z" …"""
    name = node.tag or node.kind.value
    if node.tag == "date" or node.kind is Kind.STRING:
        at_ms = parse_time(text_of(node) or str(node.scalar or ""))
        return name if at_ms is None else f"date · {describe_moment(at_ms, now_ms)}, {format_time(at_ms)}"
    number = number_of(node)
    if number is None or not key:
        return name
    lower = key.lower()
    if any(word in lower for word in _DURATION_KEYS) and number >= 1000:
        return f"{name} · {format_duration(number)}"
    if lower.endswith(_TIME_KEYS):
        for epoch_ms in (number, number * 1000):
            if _EPOCH_S[0] <= epoch_ms / 1000 <= _EPOCH_S[1]:
                # What a narrow column cuts stands last.
                return f"{name} · {describe_moment(int(epoch_ms), now_ms)}, {format_time(int(epoch_ms))}"
    return name


def describe_moment(at_ms: int, now_ms: int) -> str:
    """Return "in 22 h", "just now" or "4 m ago", to the nearest whole unit: it stands beside the time itself."""
    away = at_ms - now_ms
    if abs(away) < 2000:
        return "just now"
    unit_ms = next((unit for unit in _UNITS_MS if abs(away) >= unit), 1000)
    words = format_duration((abs(away) + unit_ms // 2) // unit_ms * unit_ms)
    return f"in {words}" if away > 0 else f"{words} ago"


def describe_size(node: Node) -> str:
    """Return "3 fields" or "2 items" for a container."""
    count = len(node.entries)
    noun = "field" if node.kind is Kind.OBJECT else "item"
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
