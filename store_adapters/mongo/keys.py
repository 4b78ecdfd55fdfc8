"""A MongoDB `_id` as the key of a record and back: text as it is, anything else as NUL + BSON; opens nothing."""

from __future__ import annotations

from typing import Any


def key_of(identifier: Any) -> bytes:
    """Return the record's key for an `_id`."""
    import bson

    is_plain = isinstance(identifier, str) and not identifier.startswith("\0")
    return identifier.encode("utf-8") if is_plain else b"\0" + bson.encode({"_id": identifier})


def id_of(key: bytes) -> Any:
    """Return the `_id` for a record's key."""
    import bson

    if key.startswith(b"\0"):
        return bson.decode(key[1:])["_id"]
    return key.decode("utf-8", "replace")
