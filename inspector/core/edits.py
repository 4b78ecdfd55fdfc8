"""Edits as values with an inverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from msgspec.structs import replace

from inspector.core.node import Entry, Kind, Node, Path


@dataclass(frozen=True, slots=True)
class SetValue:
    """Replace the value at `path` with `node` (also to change its type; () replaces the whole tree)."""

    path: Path
    node: Node


@dataclass(frozen=True, slots=True)
class InsertEntry:
    """Put a new entry into the container at `parent`, at `position`; `key` is None in an array.

    `key_span` brings a removed entry's identity back when an undo inserts it again.
    """

    parent: Path
    position: int
    key: str | None
    node: Node
    key_span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    path: Path


@dataclass(frozen=True, slots=True)
class RenameKey:
    path: Path
    key: str
    key_span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class MoveEntry:
    """Move the entry at `path` to `position` among its siblings."""

    path: Path
    position: int


Edit: TypeAlias = SetValue | InsertEntry | RemoveEntry | RenameKey | MoveEntry


class EditError(ValueError):
    """The edit does not fit the tree (no such path, a key in an array, …)."""


def apply_edit(root: Node, edit: Edit) -> tuple[Node, Edit]:
    """Return the edited tree and the edit which takes it back exactly, spans included. `EditError`."""
    match edit:
        case SetValue(path, node):
            return _put(root, path, node), SetValue(path, _at(root, path))
        case InsertEntry(parent, position, key, node, key_span):
            container = _container(root, parent)
            if (key is None) != (container.kind is Kind.ARRAY):
                raise EditError("An item of an array has no name, and a member of an object needs one.")
            if not 0 <= position <= len(container.entries):
                raise EditError("There is no such position in this container.")
            entries = list(container.entries)
            entries.insert(position, Entry(key, node, key_span))
            return _put_entries(root, parent, entries), RemoveEntry((*parent, position))
        case RemoveEntry(path):
            parent, position, entries = _siblings(root, path)
            entry = entries.pop(position)
            return _put_entries(root, parent, entries), InsertEntry(
                parent, position, entry.key, entry.value, entry.key_span
            )
        case RenameKey(path, key, key_span):
            parent, position, entries = _siblings(root, path)
            entry = entries[position]
            if entry.key is None:
                raise EditError("An item of an array has no name.")
            entries[position] = Entry(key, entry.value, key_span)
            return _put_entries(root, parent, entries), RenameKey(path, entry.key, entry.key_span)
        case MoveEntry(path, position):
            parent, old, entries = _siblings(root, path)
            if not 0 <= position < len(entries):
                raise EditError("There is no such position in this container.")
            entries.insert(position, entries.pop(old))
            return _put_entries(root, parent, entries), MoveEntry((*parent, position), old)


def _at(root: Node, path: Path) -> Node:
    node = root
    for position in path:
        if not 0 <= position < len(node.entries):
            raise EditError("This field no longer exists.")
        node = node.entries[position].value
    return node


def _container(root: Node, path: Path) -> Node:
    node = _at(root, path)
    if node.kind not in (Kind.OBJECT, Kind.ARRAY):
        raise EditError("Only objects and arrays hold fields.")
    return node


def _siblings(root: Node, path: Path) -> tuple[Path, int, list[Entry]]:
    if not path:
        raise EditError("The whole record cannot be removed, renamed or moved.")
    parent, position = path[:-1], path[-1]
    entries = list(_container(root, parent).entries)
    if not 0 <= position < len(entries):
        raise EditError("This field no longer exists.")
    return parent, position, entries


def _put(root: Node, path: Path, node: Node) -> Node:
    trail = [root]
    for position in path:
        if not 0 <= position < len(trail[-1].entries):
            raise EditError("This field no longer exists.")
        trail.append(trail[-1].entries[position].value)
    result = node
    for above, position in zip(reversed(trail[:-1]), reversed(path), strict=True):
        entries = list(above.entries)
        entries[position] = replace(entries[position], value=result)
        result = replace(above, entries=tuple(entries))
    return result


def _put_entries(root: Node, path: Path, entries: list[Entry]) -> Node:
    return _put(root, path, replace(_container(root, path), entries=tuple(entries)))


def reconcile(old: Node, new: Node) -> Node:
    """Return a tree equal to `new` which reuses the nodes and spans of `old` wherever they are equal,
    so that JSON text typed by a person keeps the bytes of all it did not change.

    A number typed with the same digits is the same number, whatever its BSON type.
    """
    if old == new or (old.kind is new.kind is Kind.NUMBER and old.scalar == new.scalar and not new.tag):
        return old
    if old.kind is not new.kind or old.kind not in (Kind.OBJECT, Kind.ARRAY):
        return new
    pairs = _pair_members(old, new) if old.kind is Kind.OBJECT else _pair_items(old, new)
    entries = tuple(
        Entry(entry.key, entry.value, None)
        if before is None
        else Entry(entry.key, reconcile(before.value, entry.value), before.key_span)
        for before, entry in pairs
    )
    return Node(new.kind, entries=entries, tag=old.tag, span=old.span)


def _pair_members(old: Node, new: Node) -> list[tuple[Entry | None, Entry]]:
    waiting: dict[str | None, list[Entry]] = {}
    for entry in reversed(old.entries):
        waiting.setdefault(entry.key, []).append(entry)
    pairs: list[tuple[Entry | None, Entry]] = []
    for entry in new.entries:
        same = waiting.get(entry.key)
        pairs.append((same.pop() if same else None, entry))
    return pairs


def _pair_items(old: Node, new: Node) -> list[tuple[Entry | None, Entry]]:
    # What is equal at both ends is the same; between them items are paired by place.
    tail = 0 if len(old.entries) == len(new.entries) else _count_same_at_end(old, new)
    olds, news = len(old.entries) - tail, len(new.entries) - tail
    pairs: list[tuple[Entry | None, Entry]] = list(zip(old.entries[:olds], new.entries[:news], strict=False))
    pairs += [(None, entry) for entry in new.entries[olds:news]]
    pairs += zip(old.entries[olds:], new.entries[news:], strict=True)
    return pairs


def _count_same_at_end(old: Node, new: Node) -> int:
    number = 0
    for before, after in zip(reversed(old.entries), reversed(new.entries), strict=False):
        # Asking two objects takes ten times as long as looking at them.
        if before is not after and before.value is not after.value and before.value != after.value:
            break
        number += 1
    return number


def touched_paths(base: Node, root: Node) -> frozenset[Path]:
    """Return the paths in `root` whose value, key or place differs from `base` (to mark edited rows).

    A container is touched only where it is new or of another type; else the touched entries inside it are.
    """
    touched: set[Path] = set()
    waiting: list[tuple[Node | None, Node, Path]] = [(base, root, ())]
    while waiting:
        before, after, path = waiting.pop()
        if before is after or before == after:
            continue
        if before is None or before.kind is not after.kind or after.kind not in (Kind.OBJECT, Kind.ARRAY):
            touched.add(path)
            continue
        pairs = _pair_members(before, after) if after.kind is Kind.OBJECT else _pair_items(before, after)
        for position, (old_entry, entry) in enumerate(pairs):
            if old_entry is entry:
                continue  # nearly all of a large record
            if old_entry is None:
                touched.add((*path, position))
            elif old_entry.value is not entry.value:
                waiting.append((old_entry.value, entry.value, (*path, position)))
    return frozenset(touched)
