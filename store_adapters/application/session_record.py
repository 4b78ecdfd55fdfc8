"""What the application-side stores read of a session's JSON: its `cookie`."""

from __future__ import annotations

import math

from store_adapters.application.javascript_json import JsValue, NotJson, parse, parse_date
from store_adapters.errors import RecordUnreadable


def parse_session(record: bytes) -> dict[str, JsValue] | None:
    """Return a session's members; None for JSON that is false in JavaScript. `RecordUnreadable`."""
    try:
        value = parse(record)
    except NotJson:
        raise RecordUnreadable("The record isn't JSON; Express answers every such request with 500.") from None
    if isinstance(value, dict):
        return value
    if not value:
        return None
    raise RecordUnreadable("The record is JSON but not an object; Express answers every such request with 500.")


def cookie_of(session: dict[str, JsValue] | None) -> dict[str, JsValue]:
    """Return the session's `cookie` object, empty when there is none."""
    cookie = session.get("cookie") if session else None
    return cookie if isinstance(cookie, dict) else {}


def cookie_expiry_ms(session: dict[str, JsValue] | None) -> float | None:
    """Return `new Date(session.cookie.expires)` in epoch milliseconds: None where it is false, NaN where invalid."""
    expires = cookie_of(session).get("expires")
    if not expires:
        return None
    if isinstance(expires, str):
        return parse_date(expires)
    return float(expires) if isinstance(expires, int | float) else math.nan
