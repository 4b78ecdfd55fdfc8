"""When a session-file-store file expires, and how to move that without touching another byte; opens no file.

Format: session-file-store 1.5: expired once `__lastAccess + (cookie.originalMaxAge || ttl * 1000)` is past; a missing
`__lastAccess`, or text in its place or in `originalMaxAge`, makes a session that never expires.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

_LAST_ACCESS = re.compile(rb'"__lastAccess"(\s*:\s*)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,}])')
_QUICK_BYTES = 4096
"""Python reads no number of more digits; beyond, both would not agree."""


class _Cookie(msgspec.Struct, gc=False):
    originalMaxAge: Any = None  # noqa: N815 - as the library spells it


class _Session(msgspec.Struct, gc=False):
    """What the expiry is worked out from; everything else is passed over, three times as fast as a whole decode."""

    last_access: Any = msgspec.field(default=None, name="__lastAccess")
    cookie: _Cookie | str | int | float | bool | list[Any] | None = None


_decode = msgspec.json.Decoder(_Session).decode


def expiry_of(payload: bytes, ttl_s: float) -> int | None:
    """Return the expiry in epoch milliseconds, None for never or for what is no readable JSON object."""
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
    return None if record is None else _expiry(record.get("__lastAccess"), _max_age(record), ttl_s)


def _expiry(last_access: Any, max_age: Any, ttl_s: float) -> int | None:
    begins = _number(last_access)
    lifetime = _lifetime(max_age, ttl_s)
    return None if begins is None or lifetime is None else round(begins + lifetime)


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
    if isinstance(max_age, str) and max_age:
        return None  # JavaScript joins text: the sum is never below now
    return _number(max_age) or ttl_s * 1000


def _number(value: Any) -> float | None:
    is_usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e17
    return value if is_usable else None


def _load(payload: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
