"""A list that was merged as one field, told by item: what a person changed in a cart can be seen before it is saved."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs import json_bytes, parse_json
from inspector.core.item_changes import count_changes, item_changes
from inspector.core.merge import FieldState, diff, merge
from inspector.core.node import Node

MUG, CUP, JUG = ({"sku": sku, "quantity": 1} for sku in ("mug", "cup", "jug"))
ITEMS = st.lists(st.integers(0, 3) | st.dictionaries(st.sampled_from("ab"), st.integers(0, 2)), max_size=5)


def tree(value: Any) -> Node:
    return parse_json(json.dumps(value))


def told(base: Any, mine: Any, theirs: Any) -> list[tuple[str, Any, Any, Any]]:
    """Return (field, base, theirs, mine) of each row, "–" where there is nothing."""
    merged = merge(tree({"cart": base}), tree({"cart": mine}), tree({"cart": theirs}))
    return [
        (row.field, data(row.base), data(row.theirs), data(row.mine))
        for change in merged.changes
        for row in item_changes(change)
    ]


def data(node: Node | None) -> Any:
    return "–" if node is None else json.loads(json_bytes(node))


def test_edited_and_a_removed_item_are_told_apart() -> None:
    base, mine = [MUG, CUP, JUG], [{**MUG, "quantity": 3}, JUG]
    assert told(base, mine, base) == [("cart[0].quantity", 1, 1, 3), ("cart[1]", CUP, CUP, "–")]


def test_added_item_is_told_as_new() -> None:
    assert told([MUG, CUP, 7], [JUG, MUG], [MUG, CUP, 7]) == [
        ("cart[0] (new)", "–", "–", JUG),
        ("cart[1]", CUP, CUP, "–"),
        ("cart[2]", 7, 7, "–"),
    ]


def test_both_sides_of_a_conflict_are_told() -> None:
    base = [MUG, CUP]
    assert told(base, [MUG], [{**MUG, "quantity": 2}, CUP, JUG]) == [
        ("cart[0].quantity", 1, 2, 1),
        ("cart[1]", CUP, CUP, "–"),
        ("cart[2] (new)", "–", JUG, "–"),
    ]


def test_what_is_no_list_on_each_side_is_told_as_a_whole() -> None:
    for base, mine in (([1], {"a": 1}), ({"a": 1}, [1, 2]), (None, [1]), ("x", "y")):
        (change,) = diff(tree({"cart": base}), tree({"cart": mine}))
        assert item_changes(change) == ()


def test_very_long_lists_are_told_as_a_whole() -> None:
    (change,) = diff(tree({"cart": list(range(1000))}), tree({"cart": list(range(1, 1000))}))
    assert item_changes(change) == ()


def test_changes_are_counted_by_item() -> None:
    changes = diff(tree({"a": 1, "cart": [MUG, CUP]}), tree({"a": 2, "cart": [{**MUG, "quantity": 3}]}))
    assert len(changes) == 2
    assert count_changes(changes) == 3
    merged = merge(tree([MUG, CUP]), tree([MUG]), tree([MUG, CUP, JUG]))
    assert count_changes(merged.changes) == 1, "the application's are not the person's"


@given(ITEMS, ITEMS)
def test_no_difference_of_two_lists_is_kept_back(base: Any, mine: Any) -> None:
    for change in diff(tree({"cart": base}), tree({"cart": mine})):
        rows = item_changes(change)
        if change.field == "cart" and isinstance(base, list):
            assert rows
        for row in rows:
            assert row.state is FieldState.MINE
            assert row.theirs == row.base != row.mine
