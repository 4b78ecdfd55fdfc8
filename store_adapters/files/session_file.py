"""When a session-file-store file expires, and how to move that without touching another byte.

Format: session-file-store 1.5: expired once `__lastAccess + (cookie.originalMaxAge || ttl * 1000)` is past, added as JavaScript
adds: null is 0, text is joined. A sum that isn't a number, as where `__lastAccess` is missing, makes a session that never expires.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

_LAST_ACCESS = re.compile(rb'"__lastAccess"(\s*:\s*)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,}])')
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.A)
_NEVER = 1e17
_QUICK_BYTES = 4096
"""Python reads no number of more digits; beyond, both would not agree."""


class _Cookie(msgspec.Struct, gc=False):
    originalMaxAge: Any = None  # noqa: N815 - as the library spells it


class _Session(msgspec.Struct, gc=False):
    """What the expiry is worked out from; everything else is passed over, three times as fast as a whole decode."""

    last_access: Any = msgspec.field(default=msgspec.UNSET, name="__lastAccess")
    cookie: _Cookie | str | int | float | bool | list[Any] | None = None


_decode = msgspec.json.Decoder(_Session).decode


def expiry_of(payload: bytes, ttl_s: float) -> int | None:
    """Return the expiry in epoch milliseconds, None for never or for what isn't a readable JSON object."""
    if len(payload) > _QUICK_BYTES:
        return exact_expiry_of(payload, ttl_s)
    try:
        if not payload.isascii():
            payload.decode("utf-8")  # msgspec does not look at the letters of what it passes over
        session = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return exact_expiry_of(payload, ttl_s)
    cookie = session.cookie
    max_age = cookie.originalMaxAge if type(cookie) is _Cookie else None
    return _expiry(session.last_access, max_age, ttl_s)


def exact_expiry_of(payload: bytes, ttl_s: float) -> int | None:
    """Return what `expiry_of` does, by decoding everything."""
    record = _load(payload)
    return None if record is None else _expiry(record.get("__lastAccess", msgspec.UNSET), _max_age(record), ttl_s)


def _expiry(last_access: Any, max_age: Any, ttl_s: float) -> int | None:
    is_given = bool(max_age) or isinstance(max_age, list | dict)  # as JavaScript has it, no object is falsy
    ends = _sum(last_access, max_age if is_given else ttl_s * 1000)
    return None if math.isnan(ends) or ends >= _NEVER else round(max(ends, -_NEVER))


def _sum(left: Any, right: Any) -> float:
    """Return `left + right` as JavaScript works it out and compares it with a number."""
    if left is msgspec.UNSET:
        return math.nan
    try:
        if all(one is None or isinstance(one, int | float) for one in (left, right)):
            return float(left or 0) + float(right or 0)
        text = (_text(left) + _text(right)).strip()
        return float(text or 0) if _DECIMAL.fullmatch(text) else math.nan
    except OverflowError:
        return math.nan


def _text(value: Any) -> str:
    """Return `String(value)` of a JSON value."""
    match value:
        case str():
            return value
        case None | bool():
            return json.dumps(value)
        case int() | float():
            number = float(value)
            return str(int(number)) if number.is_integer() and abs(number) < 1e21 else repr(number)
        case list():
            return ",".join("" if one is None else _text(one) for one in value)
        case _:
            return "[object Object]"


def move_expiry(payload: bytes, ttl_s: float, expires_at_ms: int) -> bytes | None:
    """Return the payload with the number of its own `__lastAccess` changed so that it expires then; None: impossible."""
    record = _load(payload)
    if not record or _number(record.get("__lastAccess")) is None:
        return None
    lifetime = _lifetime(_max_age(record), ttl_s)
    if lifetime is None:
        return None
    wanted = round(expires_at_ms - lifetime)
    # The library writes it last; a nested member of that name is told from it by reading the result again.
    for found in reversed(list(_LAST_ACCESS.finditer(payload))):
        moved = payload[: found.start(2)] + str(wanted).encode() + payload[found.end(2) :]
        again = _load(moved)
        if again is not None and again == {**record, "__lastAccess": wanted}:
            return moved
    return None


def _max_age(record: dict[str, Any]) -> Any:
    cookie = record.get("cookie")
    return cookie.get("originalMaxAge") if isinstance(cookie, dict) else None


def _lifetime(max_age: Any, ttl_s: float) -> float | None:
    """Return the lifetime where it is a number, in milliseconds."""
    return _number(max_age) or (None if max_age else ttl_s * 1000)


def _number(value: Any) -> float | None:
    is_usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e17
    return value if is_usable else None


def _load(payload: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
