"""When a session-file-store file expires, and how to move that without touching another byte; opens no file.

Format: session-file-store 1.5: expired once `__lastAccess + (cookie.originalMaxAge || ttl * 1000)` is past; a missing
`__lastAccess`, or text in its place or in `originalMaxAge`, makes a session that never expires.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LAST_ACCESS = re.compile(rb'"__lastAccess"(\s*:\s*)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,}])')


def expiry_of(payload: bytes, ttl_s: float) -> int | None:
    """Return the expiry in epoch milliseconds, None for never or for what is no readable JSON object."""
    record = _load(payload)
    last_access = _number(record.get("__lastAccess")) if record else None
    if record is None or last_access is None:
        return None
    lifetime = _lifetime(record, ttl_s)
    return None if lifetime is None else round(last_access + lifetime)


def move_expiry(payload: bytes, ttl_s: float, expires_at_ms: int) -> bytes | None:
    """Return the payload with the number of its own `__lastAccess` changed so that it expires then; None: impossible."""
    record = _load(payload)
    if not record or _number(record.get("__lastAccess")) is None:
        return None
    lifetime = _lifetime(record, ttl_s)
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


def _lifetime(record: dict[str, Any], ttl_s: float) -> float | None:
    cookie = record.get("cookie")
    max_age = cookie.get("originalMaxAge") if isinstance(cookie, dict) else None
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
