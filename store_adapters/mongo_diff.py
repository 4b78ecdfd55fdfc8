"""The smallest `$set` and `$unset` that turn one document into another, with no type lost; opens nothing."""

from __future__ import annotations

from typing import Any

MOVED_BY_TOUCH = frozenset({"expires", "lastModified", "updatedAt"})
"""Fields which connect-mongo's touch moves: they make no change of the session, and the newer ones are kept."""


def field_bytes(document: Any, name: str) -> bytes | None:
    """Return a field as BSON bytes for an exact comparison; None when it is not there."""
    import bson

    return bson.encode({"v": document[name]}) if name in document else None


def is_same(one: Any, other: Any, moved: frozenset[str] = MOVED_BY_TOUCH) -> bool:
    """True when two documents are equal to the byte, but for the fields that a touch moves."""
    names = (set(one) | set(other)) - moved
    return all(field_bytes(one, name) == field_bytes(other, name) for name in names)


def build_update(old: Any, new: Any, kept: frozenset[str] = frozenset()) -> dict[str, dict[str, Any]]:
    """Return the update operators; empty when the documents are equal. The fields in `kept` stay as they are in `old`."""
    puts: dict[str, Any] = {}
    drops: dict[str, Any] = {}
    for name in new:
        if name in kept or field_bytes(old, name) == field_bytes(new, name):
            continue
        before, after = old.get(name), new[name]
        if _is_plain_document(before) and _is_plain_document(after) and _keeps_order(list(before), list(after)):
            for key in after:
                if field_bytes(before, key) != field_bytes(after, key):
                    puts[f"{name}.{key}"] = after[key]
            drops.update({f"{name}.{key}": "" for key in before if key not in after})
        else:
            puts[name] = after
    drops.update({name: "" for name in old if name not in new and name not in kept})
    update: dict[str, dict[str, Any]] = {}
    if puts:
        update["$set"] = puts
    if drops:
        update["$unset"] = drops
    return update


def _is_plain_document(value: Any) -> bool:
    from bson.raw_bson import RawBSONDocument

    # Names with dots or dollars cannot stand in an update path; a name twice cannot be told apart.
    if not isinstance(value, RawBSONDocument):
        return False
    names = list(value)
    return all(name and "." not in name and not name.startswith("$") and not name.isdigit() for name in names)


def _keeps_order(before: list[str], after: list[str]) -> bool:
    # `$set` puts new names at the end: any other order needs the whole document.
    kept = [name for name in before if name in after]
    return after[: len(kept)] == kept and len(set(after)) == len(after)
