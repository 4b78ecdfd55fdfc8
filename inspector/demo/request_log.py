"""One line of the demo's request log: what a request did to its session, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inspector.core.display import escape_display
from store_adapters.application.javascript_json import JsValue, stringify

VALUE_LIMIT = 60
_OWN = ("cookie", "__lastAccess")


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """A request as it ended at `at_ms` (epoch milliseconds). Every text is safe to show and at most a line long.

    `session_id`: the session the request ended with, or the one it destroyed; None without one.
    `operations`: among "read", "saved", "touched", "destroyed", "set-cookie", "failed", in order.
    `changes`: what became of the session: `+ user {3}`, `cart + "mouse"`, `touched: expires +1.9 s`, `destroyed`.
    """

    at_ms: int
    method: str
    path: str
    status: int
    session_id: str | None
    operations: tuple[str, ...]
    changes: tuple[str, ...]


def describe_changes(before: Mapping[str, JsValue], after: Mapping[str, JsValue]) -> Iterator[str]:
    """Yield what differs between the members of a session; its cookie and session-file-store's own mark are left out."""
    for key, value in after.items():
        if key in _OWN:
            continue
        name = escape_display(key, VALUE_LIMIT)
        if key not in before:
            yield f"+ {name} {summarise(value)}"
            continue
        old = before[key]
        if stringify(old) == stringify(value):
            continue
        if isinstance(old, list) and isinstance(value, list):
            yield f"{name} {_describe_list(old, value)}"
        else:
            yield f"{name} {summarise(old)} → {summarise(value)}"
    for key in before:
        if key not in _OWN and key not in after:
            yield f"− {escape_display(key, VALUE_LIMIT)}"


def describe_touch(before_ms: int | None, after_ms: int | None) -> str:
    """Say how far a touch moved the expiry; times in epoch milliseconds, None where there is none."""
    if after_ms is None:
        return "touched"
    if before_ms is None:
        return "touched: expiry set"
    moved_s = (after_ms - before_ms) / 1000
    if abs(moved_s) < 120:
        return f"touched: expires {moved_s:+.1f} s"
    if abs(moved_s) < 7200:
        return f"touched: expires {moved_s / 60:+.0f} min"
    return f"touched: expires {moved_s / 3600:+.0f} h"


def summarise(value: JsValue) -> str:
    """Return a value in a few characters: `{3}` for an object of three members, `[2]` for a list, else its JSON."""
    if isinstance(value, dict):
        return f"{{{len(value)}}}"
    if isinstance(value, list):
        return f"[{len(value)}]"
    if isinstance(value, str):
        return f'"{escape_display(value, VALUE_LIMIT)}"'
    return stringify(value)


def _describe_list(old: list[JsValue], new: list[JsValue]) -> str:
    kept = stringify(new[: len(old)]) == stringify(old)
    if kept and len(new) == len(old) + 1:
        return f"+ {summarise(new[-1])}"
    return f"{summarise(old)} → {summarise(new)}"
