"""The lossless tree of a decoded value; knows no format and no bytes but the spans a codec notes on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

Path: TypeAlias = tuple[int, ...]
"""The way to a node: the position of the entry at each level, never key names (keys may repeat). () is the root."""


class Kind(Enum):
    OBJECT = "object"
    ARRAY = "array"
    STRING = "string"
    NUMBER = "number"
    BOOL = "bool"
    NULL = "null"
    OTHER = "other"  # a type JSON does not have; `tag` names it, `raw` holds it


@dataclass(frozen=True, slots=True)
class Node:
    """One value. Equal when it means and spells the same, wherever it stands.

    `scalar`: STRING its text (lone surrogates kept), NUMBER its spelling ("1.10", "1e-7"), BOOL the bool, NULL None,
    OTHER its display text. `tag`: "" for JSON, else the BSON type ("int32", "int64", "double", "decimal128", "date",
    "objectId", "binary", "regex", …). `raw`: the value's own bytes for tagged scalars, as the format spells them.
    `span`: (start, end) of the untouched value in the decoded source; None for a value made by an edit.
    """

    kind: Kind
    scalar: str | bool | None = None
    entries: tuple[Entry, ...] = ()
    tag: str = ""
    raw: bytes = b""
    span: tuple[int, int] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of an object (`key` its text) or an item of an array (`key` is None).

    `key_span`: where the untouched key stands in the source, quotes included.
    """

    key: str | None
    value: Node
    key_span: tuple[int, int] | None = field(default=None, compare=False, repr=False)


def child(root: Node, path: Path) -> Node:
    """Return the node at `path`; IndexError when there is none."""
    node = root
    for position in path:
        node = node.entries[position].value
    return node


def member(node: Node, key: str) -> Node | None:
    """Return the value of an object's `key` as a JavaScript reader sees it: the last of equal keys."""
    if node.kind is not Kind.OBJECT:
        return None
    for entry in reversed(node.entries):
        if entry.key == key:
            return entry.value
    return None
