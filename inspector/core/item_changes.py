"""What differs inside a list that is merged as one field, item by item, for a person to see; decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher

from inspector.core.merge import ORDER_OF, FieldChange, diff
from inspector.core.node import Kind, Node

_MOST_ITEMS = 300
"""Comparing takes the square of it; a longer list is told as a whole."""


def item_changes(change: FieldChange) -> tuple[FieldChange, ...]:
    """Return a row for each item, or field of an item, that is not the same in all three; () where the whole says as much.

    `cart[1]` is the item at that place when the session was opened, `cart[2] (new)` one that was not there then.
    """
    base, theirs, mine = change.base, change.theirs, change.mine
    if base is None or theirs is None or mine is None or change.field.startswith(ORDER_OF):
        return ()
    if any(node.kind is not Kind.ARRAY or len(node.entries) > _MOST_ITEMS for node in (base, theirs, mine)):
        return ()
    rows: dict[str, FieldChange] = {}
    for side, is_mine in ((theirs, False), (mine, True)):
        for field, before, after in _compare(change.field, base, side):
            row = rows.get(field) or FieldChange(field, before, before, before, change.state)
            rows[field] = replace(row, mine=after) if is_mine else replace(row, theirs=after)
    return tuple(rows[field] for field in sorted(rows, key=lambda field: _place(field, change.field)))


def count_changes(changes: tuple[FieldChange, ...]) -> int:
    """Return how many changes a person has made: each item of a list that is merged as one is counted."""
    return sum(sum(row.mine != row.base for row in item_changes(change)) or 1 for change in changes)


def _compare(field: str, base: Node, other: Node) -> Iterator[tuple[str, Node | None, Node | None]]:
    old, new = ([entry.value for entry in node.entries] for node in (base, other))
    for act, start, end, other_start, other_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            continue
        paired = min(end - start, other_end - other_start)
        for step in range(paired):
            item = f"{field}[{start + step}]"
            for inner in diff(old[start + step], new[other_start + step]):
                yield _joined(item, inner.field), inner.base, inner.mine
        for place in range(start + paired, end):
            yield f"{field}[{place}]", old[place], None
        for place in range(other_start + paired, other_end):
            yield f"{field}[{place}] (new)", None, new[place]


def _joined(item: str, field: str) -> str:
    if not field or field.startswith("["):
        return f"{item}{field}"
    return f"{item}, {field}" if field.startswith(ORDER_OF) else f"{item}.{field}"


def _place(field: str, whole: str) -> int:
    return int(field[len(whole) + 1 :].partition("]")[0])
