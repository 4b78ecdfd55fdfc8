"""A list is merged and told item by item: what a person changed in a cart can be seen before it is saved, and stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs import json_bytes, parse_json
from inspector.core.merge import Choice, FieldState, diff, merge
from inspector.core.node import Node

MUG, CUP, JUG = ({"sku": sku, "quantity": 1} for sku in ("mug", "cup", "jug"))
KEYBOARD, MOUSE, LAMP = ({"name": name, "qty": 1} for name in ("keyboard", "mouse", "lamp"))
ITEMS = st.lists(st.integers(0, 3) | st.dictionaries(st.sampled_from("ab"), st.integers(0, 2)), max_size=5)


def tree(value: Any) -> Node:
    return parse_json(json.dumps(value))


def data(node: Node | None) -> Any:
    return "–" if node is None else json.loads(json_bytes(node))


def told(base: Any, mine: Any, theirs: Any) -> list[tuple[str, Any, Any, Any]]:
    """Return (field, base, theirs, mine) of each row, "–" where there is nothing."""
    merged = merge(tree({"cart": base}), tree({"cart": mine}), tree({"cart": theirs}))
    return [(row.field, data(row.base), data(row.theirs), data(row.mine)) for row in merged.changes]


def cart(base: Any, mine: Any, theirs: Any, **choices: Choice) -> Any:
    """Return the merged list, "–" while a conflict is open. A choice is named after its field without "cart"."""
    chosen = {f"cart{field}": choice for field, choice in choices.items()}
    root = merge(tree({"cart": base}), tree({"cart": mine}), tree({"cart": theirs}), chosen).root
    return "–" if root is None else data(root)["cart"]


def test_edited_and_a_removed_item_are_told_apart() -> None:
    base, mine = [MUG, CUP, JUG], [{**MUG, "quantity": 3}, JUG]
    assert told(base, mine, base) == [("cart[0].quantity", 1, 1, 3), ("cart[1]", CUP, CUP, "–")]


def test_added_item_is_told_as_new() -> None:
    assert told([MUG, CUP, 7], [JUG, MUG], [MUG, CUP, 7]) == [
        ("cart[0] (new)", "–", "–", JUG),
        ("cart[1]", CUP, CUP, "–"),
        ("cart[2]", 7, 7, "–"),
    ]


def test_edit_and_additions_of_both_sides_are_kept_theirs_first() -> None:
    base, mine, theirs = [MUG, CUP], [{**MUG, "quantity": 3}, CUP, JUG], [MUG, CUP, {**JUG, "sku": "app"}]
    assert cart(base, mine, theirs) == [{**MUG, "quantity": 3}, CUP, {**JUG, "sku": "app"}, JUG]
    assert [row[0] for row in told(base, mine, theirs)] == ["cart[0].quantity", "cart[2] (new)", "cart[3] (new)"]


@pytest.mark.parametrize("key", ["id", "_id", "sku"])
def test_item_is_found_again_by_its_identity_wherever_it_went(key: str) -> None:
    base = [{key: 1, "qty": 1, "note": ""}, {key: 2, "qty": 1, "note": ""}]
    mine = [{key: 1, "qty": 5, "note": ""}, base[1]]
    theirs = [{key: 2, "qty": 7, "note": ""}, {key: 3, "qty": 1, "note": ""}, {key: 1, "qty": 1, "note": "gift"}]
    assert cart(base, mine, theirs) == [theirs[0], theirs[1], {key: 1, "qty": 5, "note": "gift"}]


def test_edit_never_goes_into_another_item_that_took_the_place() -> None:
    base, mine, theirs = [KEYBOARD, MOUSE], [{**KEYBOARD, "qty": 5}, MOUSE], [MOUSE, LAMP]
    assert cart(base, mine, theirs) == "–"
    merged = merge(tree(base), tree(mine), tree(theirs), {"[0]": Choice.THEIRS})
    assert data(merged.root) == [MOUSE, LAMP]
    # Nor where no item is left as it was.
    theirs = [{"name": "mouse", "qty": 2}, {"name": "lamp", "qty": 3}]
    (conflict,) = merge(tree(base), tree(mine), tree(theirs)).conflicts
    assert (conflict.field, data(conflict.theirs), data(conflict.mine)) == ("[0]", theirs[0], {**KEYBOARD, "qty": 5})


def test_same_field_of_the_same_item_is_the_only_conflict() -> None:
    theirs = [{**KEYBOARD, "qty": 9}, MOUSE]
    (conflict,) = merge(tree([KEYBOARD, MOUSE]), tree([{**KEYBOARD, "qty": 5}, MOUSE]), tree(theirs)).conflicts
    assert conflict.field == "[0].qty"


def test_item_that_one_removed_and_the_other_changed_is_a_conflict() -> None:
    base, removed, changed = tree([MUG, CUP]), tree([CUP]), tree([{**MUG, "quantity": 2}, CUP])
    for mine, theirs in ((removed, changed), (changed, removed)):
        (conflict,) = merge(base, mine, theirs).conflicts
        assert conflict.field == "[0]"
        assert merge(base, mine, theirs, {"[0]": Choice.MINE}).root == mine
        assert merge(base, mine, theirs, {"[0]": Choice.THEIRS}).root == theirs


def test_both_adding_the_same_item_adds_it_once_and_its_differences_are_decided() -> None:
    base, mine, theirs = tree([MUG]), tree([MUG, JUG]), tree([MUG, CUP, {**JUG, "quantity": 4}])
    (conflict,) = merge(base, mine, theirs).conflicts
    assert conflict.field == "[2] (new).quantity"
    assert data(merge(base, mine, theirs, {conflict.field: Choice.MINE}).root) == [MUG, CUP, JUG]


def test_another_order_is_one_change_and_two_orders_are_a_conflict() -> None:
    base, mine, theirs = tree([MUG, CUP, JUG]), tree([JUG, MUG, CUP]), tree([CUP, MUG, JUG, {"sku": "new"}])
    (change,) = diff(base, mine)
    assert (change.field, data(change.mine)) == ("order of the items", ["jug", "mug", "cup"])
    (conflict,) = merge(base, mine, theirs).conflicts
    assert data(merge(base, mine, theirs, {conflict.field: Choice.MINE}).root) == [JUG, MUG, CUP, {"sku": "new"}]
    assert merge(base, mine, theirs, {conflict.field: Choice.THEIRS}).root == theirs


def test_edit_by_place_in_a_list_of_equal_values_is_told_at_its_place() -> None:
    assert told([0] * 6, [5, 0, 0, 0, 0, 6], [0] * 7) == [
        ("cart[0]", 0, 0, 5),
        ("cart[5]", 0, 0, 6),
        ("cart[6] (new)", "–", 0, "–"),
    ]


def test_what_is_no_list_on_each_side_is_told_as_a_whole() -> None:
    for base, mine in (([1], {"a": 1}), ({"a": 1}, [1, 2]), (None, [1]), ("x", "y")):
        assert [change.field for change in diff(tree({"cart": base}), tree({"cart": mine}))] == ["cart"]


@pytest.mark.parametrize(
    "item", [lambda number: number, lambda number: {"sku": number, "qty": 1}, lambda number: number % 3]
)
def test_long_lists_are_merged_by_item_too(item: Any) -> None:
    base = [item(number) for number in range(10_000)]
    mine, theirs = ["first", *base[1:5000], *base[5001:]], [*base, "last"]
    merged = merge(tree(base), tree(mine), tree(theirs))
    assert not merged.conflicts
    assert data(merged.root) == [*mine, "last"]


def test_changes_are_listed_by_item() -> None:
    changes = diff(tree({"a": 1, "cart": [MUG, CUP]}), tree({"a": 2, "cart": [{**MUG, "quantity": 3}]}))
    assert [change.field for change in changes] == ["a", "cart[0].quantity", "cart[1]"]


def test_bytes_of_items_that_were_not_edited_stay_the_applications() -> None:
    base, mine = parse_json('[{"sku":1, "q":1},{"sku":2,"q":1}]'), tree([{"sku": 1, "q": 5}, {"sku": 2, "q": 1}])
    theirs = parse_json('[ {"sku":3,  "q":1.0} , {"sku":1, "q":1} ]')
    merged = merge(base, mine, theirs).root
    assert merged is not None
    assert merged.entries[0] == theirs.entries[0]
    assert merged.entries[0].value.span == theirs.entries[0].value.span
    assert merged.entries[1].key_span == theirs.entries[1].key_span


@given(ITEMS, ITEMS)
def test_no_difference_of_two_lists_is_kept_back(base: Any, mine: Any) -> None:
    changes = diff(tree(base), tree(mine))
    # The trees: to Python, objects with their fields in another order are equal.
    assert bool(changes) == (tree(base) != tree(mine))
    for row in changes:
        assert row.state is FieldState.MINE
        assert row.theirs == row.base != row.mine


@given(ITEMS, ITEMS)
def test_merging_a_list_with_an_unchanged_one_gives_the_other(base: Any, other: Any) -> None:
    assert data(merge(tree(base), tree(other), tree(base)).root) == other
    assert data(merge(tree(base), tree(base), tree(other)).root) == other
