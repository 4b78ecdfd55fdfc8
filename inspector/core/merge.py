"""Three-way merge of trees by field, as a pure function: what it lists is what it does."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from msgspec.structs import replace

from inspector.core.field_path import join_field
from inspector.core.list_items import Slot, line_up, name_item
from inspector.core.node import Entry, Kind, Node, number_node, text_node, without_spans

MOVED_BY_EVERY_TOUCH: frozenset[str] = frozenset({"cookie.expires", "__lastAccess"})
"""Fields the application writes at every request: they never make a conflict."""

ORDER_OF = "order of "
"""A change that begins so is one of places; a field whose name begins so is spelled in brackets and quotes."""

_Item = TypeVar("_Item", bound=Hashable)


class FieldState(Enum):
    MINE = "mine"  # only I changed it
    THEIRS = "theirs"  # only the application changed it, or it moves it with every touch: kept
    SAME = "same"  # both changed it to the same
    CONFLICT = "conflict"  # both changed it differently


class Choice(Enum):
    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field which is not the same in all three trees. None: the field is not there in that tree.

    `field` is its path as text ("user.role"), unique in one merge; "" is the whole record. `cart[1]` is the item at that
    place when the record was opened, `cart[2] (new)` one that was not there then, at its place in the result. Where
    fields or items were put in another order it is "order of user", and the trees are lists of their names.
    """

    field: str
    base: Node | None
    theirs: Node | None
    mine: Node | None
    state: FieldState

    def result(self, choice: Choice | None = None) -> Node | None:
        """Return what the merged tree holds here; `choice` decides a conflict, which keeps theirs without one."""
        is_mine = self.state is FieldState.MINE or (self.state is FieldState.CONFLICT and choice is Choice.MINE)
        return self.mine if is_mine else self.theirs

    def is_written(self, choice: Choice | None = None) -> bool:
        """True where the merged tree holds something of mine that the application's does not."""
        return self.result(choice) != self.theirs

    def is_discarded(self, choice: Choice | None = None) -> bool:
        """True where I changed the field and the merged tree holds something else."""
        return self.mine not in (self.base, self.result(choice))


@dataclass(frozen=True, slots=True)
class Merge:
    """`root` is `theirs` with my changes on top; None while a conflict has no choice."""

    root: Node | None
    changes: tuple[FieldChange, ...]

    @property
    def conflicts(self) -> tuple[FieldChange, ...]:
        return tuple(change for change in self.changes if change.state is FieldState.CONFLICT)


def merge(base: Node, mine: Node, theirs: Node, choices: Mapping[str, Choice] | None = None) -> Merge:
    """Merge by field. Objects merge key by key, lists item by item (`line_up` says which is which); scalars and types are
    one field. What both sides added to a list is kept, theirs first. An item without an identity that both changed is
    one field where theirs differs in more than I changed: it may be another item by now.
    `cookie.expires` and `__lastAccess`, which every touch moves, never conflict: theirs is kept unless only I changed it."""
    run = _Run(choices or {})
    root = run.merge_value("", base, mine, theirs)
    changes = tuple(run.changes)
    is_open = root is None or any(
        change.state is FieldState.CONFLICT and change.field not in run.choices for change in changes
    )
    return Merge(None if is_open else root, changes)


def merge_all_mine(base: Node, mine: Node, theirs: Node) -> Merge:
    """Merge with each conflict decided for mine."""
    conflicts = merge(base, mine, theirs).conflicts
    return merge(base, mine, theirs, {change.field: Choice.MINE for change in conflicts})


def diff(base: Node, mine: Node) -> tuple[FieldChange, ...]:
    """Return my changes alone (`theirs` equals `base` in every row)."""
    return merge(base, mine, base).changes


class _Run:
    """One merge under way: collects the changes while it builds the merged tree."""

    def __init__(self, choices: Mapping[str, Choice]) -> None:
        self.choices = choices
        self.changes: list[FieldChange] = []

    def merge_value(self, field: str, base: Node | None, mine: Node | None, theirs: Node | None) -> Node | None:
        if mine == theirs and (theirs is base or mine == base):
            return theirs
        if base is not None and mine is not None and theirs is not None and base.kind is mine.kind is theirs.kind:
            if base.kind is Kind.OBJECT and not _has_duplicates(base, mine, theirs):
                return self._merge_object(field, base, mine, theirs)
            if base.kind is Kind.ARRAY:
                return self._merge_list(field, base, mine, theirs)
        elif (
            base is None
            and mine is not None
            and theirs is not None
            and mine.kind is theirs.kind is Kind.OBJECT
            and mine != theirs
            and not _has_duplicates(mine, theirs)
        ):
            # Both added an object under the same name: their members are merged as if it had been empty before.
            return self._merge_object(field, Node(Kind.OBJECT), mine, theirs)
        return self._merge_field(field, base, mine, theirs)

    def _merge_field(self, field: str, base: Node | None, mine: Node | None, theirs: Node | None) -> Node | None:
        if mine == theirs:
            state = FieldState.SAME
        elif theirs == base:
            state = FieldState.MINE
        elif mine == base or field in MOVED_BY_EVERY_TOUCH:
            state = FieldState.THEIRS
        else:
            state = FieldState.CONFLICT
        change = FieldChange(field, base, theirs, mine, state)
        self.changes.append(change)
        # My spans point into the record as I opened it, not into the application's newer one.
        is_mine = mine is not None and change.is_written(self.choices.get(field))
        return without_spans(mine) if is_mine and mine is not None else change.result(self.choices.get(field))

    def _merge_object(self, field: str, base: Node, mine: Node, theirs: Node) -> Node:
        of_base, of_mine, of_theirs = (_by_key(node) for node in (base, mine, theirs))
        merged: dict[str, Entry] = {}
        for key in _interleave(_interleave(list(of_theirs), list(of_mine)), list(of_base)):
            base_entry, my_entry, their_entry = of_base.get(key), of_mine.get(key), of_theirs.get(key)
            if their_entry is not None and base_entry is my_entry is their_entry:
                merged[key] = their_entry  # nearly all of a large record
                continue
            value = self.merge_value(join_field(field, key), _value(base_entry), _value(my_entry), _value(their_entry))
            if value is not None:
                # Bytes around an entry are the application's own where it has the entry.
                merged[key] = Entry(key, value, their_entry.key_span if their_entry else None)
        base_order, my_order, their_order = (
            [key for key in keys if key in of_base and key in of_mine and key in of_theirs]
            for keys in (of_base, of_mine, of_theirs)
        )
        keys = list(of_theirs), list(of_mine)
        if base_order != my_order:  # that of the application alone says nothing to anybody
            orders = (base_order, my_order, their_order)
            if self._is_my_order(field or "the fields", orders, lambda: {key: text_node(key) for key in base_order}):
                keys = list(of_mine), list(of_theirs)
        return replace(theirs, entries=tuple(merged[key] for key in _interleave(*keys) if key in merged))

    def _is_my_order(
        self, field: str, orders: Sequence[list[_Item]], name_all: Callable[[], Mapping[_Item, Node]]
    ) -> bool:
        """Note that what all three have (base's order, mine, theirs) stands in another order somewhere; return whether mine
        is the one to keep."""
        if orders[0] == orders[1] == orders[2]:
            return False
        names = name_all()
        was, my_names, their_names = (
            Node(Kind.ARRAY, entries=tuple(Entry(None, names[item]) for item in order)) for order in orders
        )
        before = len(self.changes)
        self._merge_field(f"{ORDER_OF}{field}", was, my_names, their_names)
        return self.changes[before].is_written(self.choices.get(f"{ORDER_OF}{field}"))

    def _merge_list(self, field: str, base: Node, mine: Node, theirs: Node) -> Node:
        slots = line_up(base, mine, theirs)
        in_base = _sorted([(slot.base, slot) for slot in slots])
        in_mine = _sorted([(slot.mine, slot) for slot in slots])
        in_theirs = _sorted([(slot.theirs, slot) for slot in slots])
        entries: dict[Slot, Entry] = {}
        number = 0  # the place in the result, of what is not sure to be taken away
        for slot in _interleave(_interleave(in_theirs, in_mine), in_base):
            of_base, of_mine, of_theirs = _item(base, slot.base), _item(mine, slot.mine), _item(theirs, slot.theirs)
            name = f"{field}[{slot.base}]" if slot.base is not None else f"{field}[{number}] (new)"
            value = self._merge_item(name, of_base, of_mine, of_theirs, is_sure=slot.is_sure)
            if value is not None:
                entries[slot] = Entry(
                    None, value, None if slot.theirs is None else theirs.entries[slot.theirs].key_span
                )
            number += value is not None or self._has_conflict(name)
        shared = {slot for slot in slots if None not in (slot.base, slot.mine, slot.theirs)}
        orders = tuple([slot for slot in order if slot in shared] for order in (in_base, in_mine, in_theirs))
        sides = (in_theirs, in_mine)
        if self._is_my_order(field or "the items", orders, lambda: _names(base, in_base)):
            sides = (in_mine, in_theirs)
        kept = (entries[slot] for slot in _interleave(*sides) if slot in entries)
        return replace(theirs, entries=tuple(kept))

    def _has_conflict(self, field: str) -> bool:
        last = self.changes[-1] if self.changes else None
        return last is not None and last.field == field and last.state is FieldState.CONFLICT

    def _merge_item(
        self, field: str, base: Node | None, mine: Node | None, theirs: Node | None, *, is_sure: bool
    ) -> Node | None:
        before = len(self.changes)
        merged = self.merge_value(field, base, mine, theirs)
        if is_sure or None in (base, mine, theirs) or base in (mine, theirs):
            return merged
        states = {change.state for change in self.changes[before:]}
        if FieldState.THEIRS in states or (FieldState.MINE in states and FieldState.CONFLICT not in states):
            # Paired by its place alone, and more than what both changed is different: it may not be the same item.
            del self.changes[before:]
            return self._merge_field(field, base, mine, theirs)
        return merged


def _interleave(order: list[_Item], others: list[_Item]) -> list[_Item]:
    """Return `order` with what only `others` has: each behind what it follows there, what stands at their end at the end."""
    known = set(order)
    behind: dict[_Item | None, list[_Item]] = {}
    last: _Item | None = None
    for item in others:
        if item in known:
            last = item
        else:
            behind.setdefault(last, []).append(item)
    tail = behind.pop(last, [])
    merged = behind.get(None, [])[:]
    for item in order:
        merged += [item, *behind.get(item, ())]
    return merged + tail


def _sorted(placed: list[tuple[int | None, Slot]]) -> list[Slot]:
    return [
        slot
        for _place, slot in sorted(
            ((place, slot) for place, slot in placed if place is not None), key=lambda pair: pair[0]
        )
    ]


def _names(base: Node, slots: Sequence[Slot]) -> dict[Slot, Node]:
    """Return what each item is called: its identity where all have one of their own, else its place."""
    identities = [name_item(base, slot.base or 0) for slot in slots]
    are_own = None not in identities and len(set(identities)) == len(identities)
    return {
        slot: identity if are_own and identity is not None else number_node(slot.base or 0)
        for slot, identity in zip(slots, identities, strict=True)
    }


def _value(entry: Entry | None) -> Node | None:
    return None if entry is None else entry.value


def _item(node: Node, place: int | None) -> Node | None:
    return None if place is None else node.entries[place].value


def _by_key(node: Node) -> dict[str, Entry]:
    return {entry.key or "": entry for entry in node.entries}


def _has_duplicates(*nodes: Node) -> bool:
    return any(len({entry.key for entry in node.entries}) != len(node.entries) for node in nodes)
