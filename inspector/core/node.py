"""The lossless tree of a decoded value."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import msgspec

Path: TypeAlias = tuple[int, ...]
"""The way to a node: the position of the entry at each level, never key names (keys may repeat). () is the root."""

MAX_DEPTH = 100
"""Trees are no deeper than this: no session is, and every recursive walk over a tree, comparing two as well (five calls a
level), stays within Python's stack."""

MAX_NODES = 1_000_000
"""Trees hold no more values than this: reading so many takes the decoder's process six seconds and half of its memory."""


class Kind(Enum):
    OBJECT = "object"
    ARRAY = "array"
    STRING = "string"
    NUMBER = "number"
    BOOL = "bool"
    NULL = "null"
    OTHER = "other"  # a type JSON does not have; `tag` names it, `raw` holds it


class Node(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One value. Equal when it means and spells the same, wherever it stands.

    A struct and no dataclass: half a million of them are made five times as fast, and the garbage collector, which would stop
    the window for a second to look at them, never does. A tree has no cycles.

    `scalar`: STRING its text (lone surrogates kept), NUMBER its spelling ("1.10", "1e-7"), BOOL the bool, NULL None,
    OTHER its display text. `tag`: "" for JSON, else the BSON type ("int32", "int64", "double", "decimal128", "date",
    "objectId", "binary", "regex", …). `raw`: the value's own bytes for tagged scalars, as the format spells them.
    `span`: (start, end) in the decoded source of the value this one was read from, kept by a container whose entries
    are edited; None for a value made by an edit.
    """

    kind: Kind
    scalar: str | bool | None = None
    entries: tuple[Entry, ...] = ()
    tag: str = ""
    raw: bytes = b""
    span: tuple[int, int] | None = None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Node):
            return NotImplemented
        return (
            self.kind is other.kind
            and self.scalar == other.scalar
            and self.tag == other.tag
            and self.raw == other.raw
            and self.entries == other.entries
        )

    def __ne__(self, other: object) -> bool:  # a struct has one of its own
        return not self == other

    def __hash__(self) -> int:
        return hash((self.kind, self.scalar, self.entries, self.tag, self.raw))


class Entry(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A member of an object (`key` its text) or an item of an array (`key` is None).

    `key_span`: where the key stands in the source, quotes included; for an item the empty span where it begins.
    It is the entry's identity for keeping the bytes around it; None for an entry made by an edit.
    """

    key: str | None
    value: Node
    key_span: tuple[int, int] | None = None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Entry):
            return NotImplemented
        return self.key == other.key and self.value == other.value

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.key, self.value))


def text_node(text: str) -> Node:
    return Node(Kind.STRING, text)


def number_node(number: int) -> Node:
    return Node(Kind.NUMBER, str(number))


NULL = Node(Kind.NULL)
TRUE = Node(Kind.BOOL, True)
FALSE = Node(Kind.BOOL, False)


def object_node(*members: tuple[str, Node]) -> Node:
    return Node(Kind.OBJECT, entries=tuple(Entry(key, value) for key, value in members))


def without_spans(node: Node) -> Node:
    """Return an equal tree which points into no source."""
    entries = tuple(Entry(entry.key, without_spans(entry.value)) for entry in node.entries)
    return Node(node.kind, node.scalar, entries, node.tag, node.raw)


def child(root: Node, path: Path) -> Node:
    """Return the node at `path`; IndexError when there is none."""
    node = root
    for position in path:
        if position < 0:
            raise IndexError("a path has no negative positions")
        node = node.entries[position].value
    return node


def find_member(node: Node, key: str) -> int | None:
    """Return the position of an object's `key` as a JavaScript reader sees it: the last of equal keys."""
    if node.kind is not Kind.OBJECT:
        return None
    for position in range(len(node.entries) - 1, -1, -1):
        if node.entries[position].key == key:
            return position
    return None


def member(node: Node, key: str) -> Node | None:
    """Return the value of an object's `key`, the last of equal keys; None when there is none."""
    position = find_member(node, key)
    return None if position is None else node.entries[position].value


def number_of(node: Node | None) -> float | None:
    """Return the value of a NUMBER as JavaScript reads it; None for anything else."""
    if node is None or node.kind is not Kind.NUMBER or not isinstance(node.scalar, str):
        return None
    return float(node.scalar)


def text_of(node: Node | None) -> str | None:
    """Return the text of a STRING; None for anything else."""
    return node.scalar if node is not None and node.kind is Kind.STRING and isinstance(node.scalar, str) else None
