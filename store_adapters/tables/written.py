"""What a write to a row has left, where a server can only be asked for it in a statement of its own."""

from __future__ import annotations

import json
from dataclasses import replace

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Create, RawRecord, Replace


def left_by(write: Create | Replace | ChangeExpiry, now: RawRecord | None, *, is_rewritten: bool = False) -> RawRecord:
    """Return the record as a write has left it. The application may have written since: that is for the next read to tell.

    `now`: the row as read just after, None where it couldn't be. `is_rewritten`: the column keeps JSON in a form of its own.
    """
    match write:
        case Create(ref, payload, ends):
            left = RawRecord(ref, payload, ends, now_ms())
        case Replace(base, payload):
            left = replace(base, payload=payload, read_at_ms=now_ms())
        case ChangeExpiry(base, ends, payload):
            left = replace(
                base, payload=base.payload if payload is None else payload, expires_at_ms=ends, read_at_ms=now_ms()
            )
    if now is None:
        return left
    if now.payload == left.payload or (is_rewritten and _is_same_value(now.payload, left.payload)):
        return now
    return replace(now, payload=left.payload, hidden_by="")


def _is_same_value(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return False
