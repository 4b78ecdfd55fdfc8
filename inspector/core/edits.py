"""Edits as values with an inverse; knows no undo stack, no format and no store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from inspector.core.node import Node, Path


@dataclass(frozen=True, slots=True)
class SetValue:
    """Put `node` in the place of the value at `path` (also to change its type; () replaces the whole tree)."""

    path: Path
    node: Node


@dataclass(frozen=True, slots=True)
class InsertEntry:
    """Put a new entry into the container at `parent`, at `position`; `key` is None in an array."""

    parent: Path
    position: int
    key: str | None
    node: Node


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    path: Path


@dataclass(frozen=True, slots=True)
class RenameKey:
    path: Path
    key: str


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
    raise NotImplementedError


def reconcile(old: Node, new: Node) -> Node:
    """Return a tree equal to `new` which reuses the nodes and spans of `old` wherever they are equal,
    so that JSON text typed by a person keeps the bytes of all it did not change."""
    raise NotImplementedError


def touched_paths(base: Node, root: Node) -> frozenset[Path]:
    """Return the paths in `root` whose value, key or place differs from `base` (to mark edited rows)."""
    raise NotImplementedError
