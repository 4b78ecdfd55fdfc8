"""The JSON that schemes keep inside a cookie: read with bounds, and checked before it is signed; knows no scheme."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any

from inspector.cookies._api import CookieError

MOST_BYTES = 1024 * 1024
_SURROGATE = re.compile("[\ud800-\udfff]")


def object_text(data: bytes | None) -> str | None:
    """Return the bytes as text if they are a JSON object of reasonable size, else None."""
    if data is None or len(data) > MOST_BYTES:
        return None
    try:
        text = data.decode("utf-8")
        is_object = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return None
    return text if is_object else None


def check_object(text: str, label: str) -> dict[str, Any]:
    """Return what is to be put into a cookie. `CookieError` when it is no JSON object."""
    try:
        # Python reads NaN, Infinity and 1e999 as well, which are no JSON or not the same number to JavaScript.
        data = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        words = (
            f"The data must be a JSON object, without NaN, Infinity or numbers as large: {label} reads nothing else."
        )
        raise CookieError(words)
    return data


def json_bytes(text: str) -> bytes:
    """Return JSON text in UTF-8; half a surrogate pair, which UTF-8 cannot hold, as the escape it is in JavaScript's JSON."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text.strip()).encode()


def compact_bytes(data: dict[str, Any]) -> bytes:
    """Return what is to be put into a cookie as JavaScript's JSON.stringify writes it: no spaces, no needless escapes."""
    return json_bytes(json.dumps(data, separators=(",", ":"), ensure_ascii=False))


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def loose_base64(text: str) -> bytes | None:
    """Return base64 or base64url, padded or not, decoded as Node does; None where it is neither."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def base64url(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number_of(data: str | None, name: str) -> float | None:
    """Return a number member of a JSON object's text, None where it is missing or no number."""
    value = json.loads(data).get(name) if data else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e16 else None
