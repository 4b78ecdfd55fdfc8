"""The JSON that schemes keep inside a cookie: read with bounds, and checked before it is signed."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any

from inspector.cookies._api import CookieError

MOST_BYTES = 1024 * 1024
# What JSON of an object, a text or a list begins with in base64.
_BASE64_JSON = re.compile(r"(?:ey|e3|ew|I|W)[A-Za-z0-9+/]*={0,2}\Z")
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


def json_inside(base64_text: str) -> str | None:
    """Return the text of the JSON object, array or string that base64 holds, None where it holds something else."""
    if not _BASE64_JSON.match(base64_text):
        return None
    data = loose_base64(base64_text)
    if data is None or len(data) > MOST_BYTES:
        return None
    try:
        text = data.decode("utf-8")
        is_told = isinstance(json.loads(text), dict | list | str)
    except (ValueError, RecursionError):
        return None
    return text if is_told else None


def is_laravel(payload: str | None) -> bool:
    """True for the JSON of Laravel's encrypter: sealed, so that no member of it is data."""
    data = json.loads(payload) if payload else None
    return isinstance(data, dict) and all(isinstance(data.get(name), str) for name in ("iv", "value", "mac"))


def check_json(text: str) -> object:
    """Return JSON text read as JavaScript reads it. `CookieError` for what isn't JSON."""
    try:
        return json.loads(text, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        raise CookieError("The data must be JSON, without NaN, Infinity or numbers as large.") from None


def check_object(text: str, label: str) -> dict[str, Any]:
    """Return what is to be put into a cookie. `CookieError` when it isn't a JSON object."""
    try:
        # Python reads NaN, Infinity and 1e999 as well, which aren't JSON or not the same number to JavaScript.
        data = check_json(text)
    except CookieError:
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


def compact_bytes(data: object) -> bytes:
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
