"""Three-way merge of trees by field, as a pure function; knows no store and no person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest

from msgspec.structs import replace

from inspector.core.field_path import format_keys
from inspector.core.node import Entry, Kind, Node, text_node, without_spans

_Keys = tuple[str | int, ...]

MOVED_BY_EVERY_TOUCH: frozenset[_Keys] = frozenset({("cookie", "expires"), ("__lastAccess",)})
"""Fields the application writes at every request: they never make a conflict."""


ORDER_OF = "order of "
"""A change that begins so is one of places; a field whose name begins so is spelled in brackets and quotes."""


class FieldState(Enum):
    MINE = "mine"  # only I changed it
    THEIRS = "theirs"  # only the application changed it: kept
    SAME = "same"  # both changed it to the same
    CONFLICT = "conflict"  # both changed it differently


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field which is not the same in all three trees. None: the field is not there in that tree.

    `field` is its path as text ("user.role"), unique in one merge; "" is the whole record. Where fields were put in
    another order it is "order of user", and the trees are lists of their names.
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
    """Merge by field. Objects merge key by key; arrays item by item when none of the three changed its length, or when
    one of us only appended; else the array is one field; scalars and types are one field.
    `cookie.expires` and `__lastAccess`, which every touch moves, never conflict: theirs is kept unless only I changed it."""
    run = _Run(choices or {})
    root = run.merge_value((), base, mine, theirs)
    changes = tuple(run.changes)
    is_open = run.has_open_conflict or root is None
    return Merge(None if is_open else root, changes)


def diff(base: Node, mine: Node) -> tuple[FieldChange, ...]:
    """Return my changes alone (`theirs` equals `base` in every row)."""
    return merge(base, mine, base).changes


class _Run:
    """One merge under way: collects the changes while it builds the merged tree."""

    def __init__(self, choices: Mapping[str, Choice]) -> None:
        self._choices = choices
        self.changes: list[FieldChange] = []
        self.has_open_conflict = False

    def merge_value(self, keys: _Keys, base: Node | None, mine: Node | None, theirs: Node | None) -> Node | None:
        if mine == theirs and mine == base:
            return theirs
        if base is not None and mine is not None and theirs is not None and base.kind is mine.kind is theirs.kind:
            if base.kind is Kind.OBJECT and not _has_duplicates(base, mine, theirs):
                return self._merge_object(keys, base, mine, theirs)
            if base.kind is Kind.ARRAY and _is_item_wise(base, mine, theirs):
                return self._merge_array(keys, base, mine, theirs)
        elif (
            base is None
            and mine is not None
            and theirs is not None
            and mine.kind is theirs.kind is Kind.OBJECT
            and not _has_duplicates(mine, theirs)
        ):
            # Both added an object under the same name: their members are merged as if it had been empty before.
            return self._merge_object(keys, Node(Kind.OBJECT), mine, theirs)
        return self._merge_field(keys, base, mine, theirs)

    def _merge_field(self, keys: _Keys, base: Node | None, mine: Node | None, theirs: Node | None) -> Node | None:
        field = format_keys(keys)
        if mine == theirs:
            state = FieldState.SAME
        elif theirs == base:
            state = FieldState.MINE
        elif mine == base or keys in MOVED_BY_EVERY_TOUCH:
            state = FieldState.THEIRS
        else:
            state = FieldState.CONFLICT
        self.changes.append(FieldChange(field, base, theirs, mine, state))
        if state is FieldState.CONFLICT:
            choice = self._choices.get(field)
            if choice is None:
                self.has_open_conflict = True
            return _bare(mine) if choice is Choice.MINE else theirs
        return _bare(mine) if state is FieldState.MINE else theirs

    def _merge_object(self, keys: _Keys, base: Node, mine: Node, theirs: Node) -> Node:
        of_base, of_mine, of_theirs = (_by_key(node) for node in (base, mine, theirs))
        merged: dict[str, Entry] = {}
        order = list(of_theirs) + [key for key in of_mine if key not in of_theirs]
        order += [key for key in of_base if key not in of_theirs and key not in of_mine]
        for key in order:
            base_entry, my_entry, their_entry = of_base.get(key), of_mine.get(key), of_theirs.get(key)
            if their_entry is not None and base_entry is my_entry is their_entry:
                merged[key] = their_entry  # nearly all of a large record
                continue
            value = self.merge_value((*keys, key), _value(base_entry), _value(my_entry), _value(their_entry))
            if value is not None:
                # Bytes around an entry are the application's own where it has the entry.
                merged[key] = Entry(key, value, their_entry.key_span if their_entry else None)
        ordered = self._order(keys, list(of_base), list(of_mine), list(of_theirs), merged)
        return replace(theirs, entries=tuple(ordered))

    def _order(
        self, keys: _Keys, of_base: list[str], of_mine: list[str], of_theirs: list[str], merged: dict[str, Entry]
    ) -> list[Entry]:
        kept = [key for key in of_base if key in merged]
        my_kept = [key for key in of_mine if key in merged and key in of_base]
        their_kept = [key for key in of_theirs if key in merged and key in of_base]
        if my_kept != kept and their_kept == kept:
            # I put the fields in another order and the application did not: my order, its new fields at the end.
            order = [key for key in of_mine if key in merged]
            order += [key for key in merged if key not in of_mine]
            was, is_now, will_be = (_names(order) for order in (of_base, of_theirs, of_mine))
            words = f"{ORDER_OF}{format_keys(keys) or 'the fields'}"
            self.changes.append(FieldChange(words, was, is_now, will_be, FieldState.MINE))
            return [merged[key] for key in order]
        order = [key for key in of_theirs if key in merged]
        placed = set(order)
        for place, key in enumerate(of_mine):
            if key in merged and key not in placed:
                placed.add(key)
                before = next((other for other in reversed(of_mine[:place]) if other in order), None)
                order.insert(0 if before is None else order.index(before) + 1, key)
        return [merged[key] for key in order]

    def _merge_array(self, keys: _Keys, base: Node, mine: Node, theirs: Node) -> Node:
        entries: list[Entry] = []
        rows = zip_longest(base.entries, mine.entries, theirs.entries)
        for position, (base_entry, my_entry, their_entry) in enumerate(rows):
            if their_entry is not None and base_entry is my_entry is their_entry:
                entries.append(their_entry)
                continue
            value = self.merge_value((*keys, position), _value(base_entry), _value(my_entry), _value(their_entry))
            if value is not None:
                entries.append(Entry(None, value, their_entry.key_span if their_entry else None))
        return replace(theirs, entries=tuple(entries))


def _value(entry: Entry | None) -> Node | None:
    return None if entry is None else entry.value


def _names(keys: list[str]) -> Node:
    return Node(Kind.ARRAY, entries=tuple(Entry(None, text_node(key)) for key in keys))


def _bare(mine: Node | None) -> Node | None:
    # My spans point into the record as I opened it, not into the application's newer one.
    return None if mine is None else without_spans(mine)


def _by_key(node: Node) -> dict[str, Entry]:
    return {entry.key or "": entry for entry in node.entries}


def _has_duplicates(*nodes: Node) -> bool:
    return any(len({entry.key for entry in node.entries}) != len(node.entries) for node in nodes)


def _is_item_wise(base: Node, mine: Node, theirs: Node) -> bool:
    """True when items can be merged by place: nobody changed the length, or only one side appended."""
    length, my_length, their_length = len(base.entries), len(mine.entries), len(theirs.entries)
    if length == my_length == their_length:
        return True
    if my_length == length and their_length > length:
        return theirs.entries[:length] == base.entries or mine.entries == base.entries
    if their_length == length and my_length > length:
        return mine.entries[:length] == base.entries or theirs.entries == base.entries
    return False
