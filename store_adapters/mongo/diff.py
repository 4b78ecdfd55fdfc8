"""Two documents compared as bytes, and the smallest `$set` and `$unset` between them, with no type lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

from store_adapters.mongo.bson_bytes import DOCUMENT, Field, build_document, read_fields

MOVED_BY_TOUCH = frozenset({"expires", "lastModified", "updatedAt"})
"""Fields which connect-mongo's touch moves: they make no change of the session, and the newer ones are kept."""


class NameTwice(ValueError):
    """A document has a name twice: the server's update operators cannot say which is meant."""


def is_same(one: bytes, other: bytes, moved: frozenset[str] = MOVED_BY_TOUCH) -> bool:
    """True when two documents are equal to the byte, but for the fields that a touch moves. `BrokenBson`."""
    return _compared(one, moved) == _compared(other, moved)


def _compared(document: bytes, moved: frozenset[str]) -> Counter[Field]:
    skipped = {name.encode() for name in moved}
    return Counter(field for field in read_fields(document) if field.name not in skipped)


def build_filter(document: bytes, without: frozenset[str]) -> dict[str, Any]:
    """Return what a document must still hold, field by field. `BrokenBson`."""
    from bson.raw_bson import RawBSONDocument

    skipped = {name.encode() for name in without}
    # `$eq`, so that a stored `{"$gt": …}` is compared and not executed.
    return {
        field.name.decode("utf-8", "replace"): RawBSONDocument(build_document([field.named(b"$eq")]))
        for field in read_fields(document)
        if field.name not in skipped
    }


def build_update(old: Any, new: Any, kept: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the update operators from one raw document to another; empty when they are equal. The fields in `kept` stay as
    they are in `old`. `BrokenBson`, `NameTwice`."""
    from bson.raw_bson import RawBSONDocument

    before, after = _by_name(old.raw), _by_name(new.raw)
    puts: list[bytes] = []
    drops: list[bytes] = []
    staying = {name.encode() for name in kept}
    for name, field in after.items():
        was = before.get(name)
        if was == field or name in staying:
            continue
        inner = _inner_names(was, field)
        if inner is None:
            puts.append(field.named(name))
            continue
        olds, news = inner
        puts += [part.named(name + b"." + key) for key, part in news.items() if olds.get(key) != part]
        drops += [part.named(name + b"." + key) for key, part in olds.items() if key not in news]
    drops += [field.named(name) for name, field in before.items() if name not in after and name not in staying]
    update: dict[str, Any] = {}
    if puts:
        update["$set"] = RawBSONDocument(build_document(puts))
    if drops:
        update["$unset"] = RawBSONDocument(build_document(drops))
    return update


def _by_name(document: bytes) -> dict[bytes, Field]:
    fields = read_fields(document)
    named = {field.name: field for field in fields}
    if len(named) < len(fields):
        raise NameTwice
    return named


def _inner_names(was: Field | None, now: Field) -> tuple[dict[bytes, Field], dict[bytes, Field]] | None:
    """Return the members of both when they can be set one by one; None when the whole value must be."""
    if was is None or was.code != DOCUMENT or now.code != DOCUMENT:
        return None
    try:
        before, after = _by_name(was.value), _by_name(now.value)
    except NameTwice:
        return None
    plain = all(_can_be_path(name) for name in (*before, *after))
    return (before, after) if plain and _keeps_order(list(before), list(after)) else None


def _can_be_path(name: bytes) -> bool:
    # Names with dots or dollars cannot stand in an update path.
    return bool(name) and b"." not in name and not name.startswith(b"$") and not name.isdigit()


def _keeps_order(before: list[bytes], after: list[bytes]) -> bool:
    # `$set` puts new names at the end: any other order needs the whole document.
    kept = [name for name in before if name in after]
    return after[: len(kept)] == kept
