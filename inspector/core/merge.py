"""Three-way merge of trees by field, as a pure function; knows no store and no person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from inspector.core.node import Node


class FieldState(Enum):
    MINE = "mine"  # only I changed it
    THEIRS = "theirs"  # only the application changed it: kept
    SAME = "same"  # both changed it to the same
    CONFLICT = "conflict"  # both changed it differently


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field which is not the same in all three trees. None: the field is not there in that tree.

    `field` is its path as text ("user.role"), unique in one merge.
    """

    field: str
    base: Node | None
    theirs: Node | None
    mine: Node | None
    state: FieldState


class Choice(Enum):
    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Merge:
    """`root` is `theirs` with my changes on top; None while a conflict has no choice."""

    root: Node | None
    changes: tuple[FieldChange, ...]

    @property
    def conflicts(self) -> tuple[FieldChange, ...]:
        return tuple(change for change in self.changes if change.state is FieldState.CONFLICT)


def merge(base: Node, mine: Node, theirs: Node, choices: Mapping[str, Choice] | None = None) -> Merge:
    """Merge by field. Objects merge key by key; arrays merge when one side is unchanged or both only appended or
    changed different items of unchanged length, else the array is one field; scalars and types are one field.
    `cookie.expires` and `__lastAccess`, which every touch moves, never conflict: theirs is kept unless only I changed it."""
    raise NotImplementedError


def diff(base: Node, mine: Node) -> tuple[FieldChange, ...]:
    """Return my changes alone (`theirs` equals `base` in every row)."""
    raise NotImplementedError
