"""The three-way merge: nobody's field is lost, what is listed is what is done, and it does not matter who is called mine
where neither conflicts."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs import json_bytes, parse_json
from inspector.core.merge import Choice, FieldChange, FieldState, diff, merge
from inspector.core.node import Node

KEYS = st.sampled_from(["a", "b", "c", "user", "cart"])
SCALARS = st.integers(0, 3) | st.sampled_from(["x", "y"]) | st.none()
VALUES = SCALARS | st.dictionaries(KEYS, SCALARS, max_size=3) | st.lists(SCALARS, max_size=3)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def tree(value: Any) -> Node:
    return parse_json(json.dumps(value))


def data(node: Node | None) -> Any:
    assert node is not None
    return json.loads(json_bytes(node))


def unordered(value: Any) -> Any:
    """Return the value with its lists sorted: of what both added to one, the application's comes first, whoever that is."""
    if isinstance(value, dict):
        return {key: unordered(item) for key, item in value.items()}
    return sorted(map(unordered, value), key=json.dumps) if isinstance(value, list) else value


@given(OBJECTS, OBJECTS)
def test_merging_with_an_unchanged_side_gives_the_other(base: Any, mine: Any) -> None:
    assert data(merge(tree(base), tree(mine), tree(base)).root) == mine
    assert data(merge(tree(base), tree(base), tree(mine)).root) == mine


@given(OBJECTS, OBJECTS, OBJECTS)
def test_merge_without_conflicts_is_symmetric(base: Any, mine: Any, theirs: Any) -> None:
    one, other = merge(tree(base), tree(mine), tree(theirs)), merge(tree(base), tree(theirs), tree(mine))
    assert bool(one.conflicts) == bool(other.conflicts)
    if one.root is not None and other.root is not None:
        assert unordered(data(one.root)) == unordered(data(other.root))


@given(OBJECTS, OBJECTS, OBJECTS)
def test_choosing_mine_everywhere_keeps_each_of_my_changes(base: Any, mine: Any, theirs: Any) -> None:
    first = merge(tree(base), tree(mine), tree(theirs))
    merged = merge(tree(base), tree(mine), tree(theirs), {change.field: Choice.MINE for change in first.conflicts})
    result = data(merged.root)
    for change in diff(tree(base), tree(mine)):
        top = change.field.split(".")[0].split("[")[0]
        if not any(one.field.split(".")[0].split("[")[0] == top for one in diff(tree(base), tree(theirs))):
            assert result.get(top) == mine.get(top)


@given(OBJECTS, OBJECTS, OBJECTS)
def test_a_merge_with_a_conflict_has_no_root(base: Any, mine: Any, theirs: Any) -> None:
    merged = merge(tree(base), tree(mine), tree(theirs))
    assert (merged.root is None) == bool(merged.conflicts)


def test_the_touch_of_every_request_is_no_conflict() -> None:
    base = {"cookie": {"expires": "1"}, "__lastAccess": 1, "role": "user"}
    mine = {"cookie": {"expires": "1"}, "__lastAccess": 1, "role": "admin"}
    theirs = {"cookie": {"expires": "2"}, "__lastAccess": 2, "role": "user"}
    merged = merge(tree(base), tree(mine), tree(theirs))
    assert data(merged.root) == {"cookie": {"expires": "2"}, "__lastAccess": 2, "role": "admin"}


def test_both_changing_one_field_is_a_conflict_until_it_is_decided() -> None:
    base, mine, theirs = tree({"role": "user"}), tree({"role": "admin"}), tree({"role": "guest"})
    (conflict,) = merge(base, mine, theirs).conflicts
    assert (conflict.field, conflict.state) == ("role", FieldState.CONFLICT)
    assert data(merge(base, mine, theirs, {"role": Choice.THEIRS}).root) == {"role": "guest"}
    assert data(merge(base, mine, theirs, {"role": Choice.MINE}).root) == {"role": "admin"}


# --- random carts that both sides edit: every value that a side puts in is its own, so that it can be followed ------------


@dataclass(frozen=True, slots=True)
class Edited:
    """A base, and what two people made of it. Texts that begin with "mine" or "theirs" are new with that side."""

    base: Any
    mine: Any
    theirs: Any


@st.composite
def edited_carts(draw: st.DrawFn) -> Edited:
    key = draw(st.sampled_from(["id", "_id", "sku", "name"]))  # the last is no identity
    are_scalars = draw(st.booleans())
    count = draw(st.integers(0, 5))
    items: list[Any] = [
        {key: f"item{number}", "qty": f"qty{number}", "in": {"a": f"a{number}"}} for number in range(count)
    ]
    if draw(st.booleans()):
        items += items[:2]  # the same item again, its identity too
    items = [f"item{number % 3}" for number in range(count)] if are_scalars else items
    base = {"user": {"role": "r", "name": "n"}, "cart": {"items": items}, "flash": []}
    mine, theirs = (_edit(draw, copy.deepcopy(base), side, key) for side in ("mine", "theirs"))
    return Edited(base, mine, theirs)


def _edit(draw: st.DrawFn, root: Any, side: str, key: str) -> Any:
    numbers = itertools.count()
    for act in draw(
        st.lists(st.sampled_from(["role", "flash", "edit", "add", "remove", "move", "name", "in"]), max_size=4)
    ):
        items, new = root["cart"]["items"], f"{side}{next(numbers)}"
        place = draw(st.integers(0, 5)) % (len(items) or 1)
        _ACTS[act](root, items, place, new, key)
    return root


def _change_item(items: Any, place: int, changed: Any) -> None:
    if items:
        items[place] = {**items[place], **changed} if isinstance(items[place], dict) else next(iter(changed.values()))


_ACTS: dict[str, Any] = {
    "role": lambda root, _items, _place, new, _key: root["user"].update(role=new),
    "flash": lambda root, _items, _place, new, _key: root["flash"].append(new),
    "edit": lambda _root, items, place, new, _key: _change_item(items, place, {"qty": new}),
    "in": lambda _root, items, place, new, _key: _change_item(items, place, {"in": {"a": new}}),
    "name": lambda _root, items, place, new, key: _change_item(items, place, {key: new}),
    "add": lambda _root, items, place, new, key: items.insert(place, {key: new, "qty": f"{new}-qty"}),
    "remove": lambda _root, items, place, _new, _key: items.pop(place) if items else None,
    "move": lambda _root, items, place, _new, _key: items.insert(0, items.pop(place)) if items else None,
}


def texts(value: Any) -> Iterator[str]:
    """Return each text in a value."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(item)


def texts_of(node: Node | None) -> set[str]:
    return set() if node is None else set(texts(data(node)))


def settle(edited: Edited, picks: st.DataObject) -> tuple[tuple[FieldChange, ...], dict[str, Choice], Any]:
    trees = tree(edited.base), tree(edited.mine), tree(edited.theirs)
    changes = merge(*trees).changes
    conflicts = [change.field for change in changes if change.state is FieldState.CONFLICT]
    choices = {field: picks.draw(st.sampled_from(Choice)) for field in conflicts}
    merged = merge(*trees, choices)
    assert merged.changes == changes, "what is listed hangs on no choice"
    return changes, choices, data(merged.root)


@given(edited_carts(), st.data())
def test_every_value_of_the_result_is_somebodys_and_none_vanishes_unlisted(
    edited: Edited, picks: st.DataObject
) -> None:
    changes, choices, result = settle(edited, picks)
    there = list(texts(result))
    assert set(there) <= {*texts(edited.base), *texts(edited.mine), *texts(edited.theirs)}
    discarded = [change for change in changes if change.is_discarded(choices.get(change.field))]
    lost = {text for change in discarded for text in texts_of(change.mine)}
    refused = {
        text for change in changes if change.is_written(choices.get(change.field)) for text in texts_of(change.theirs)
    }
    assert {text for text in texts(edited.mine) if text.startswith("mine")} <= {*there, *lost}
    assert {text for text in texts(edited.theirs) if text.startswith("theirs")} <= {*there, *refused}
    new = [text for text in there if text.startswith(("mine", "theirs"))]
    assert len(new) == len(set(new)), "what was put in once is there once"


@given(edited_carts(), st.data())
def test_rows_say_what_the_result_holds(edited: Edited, picks: st.DataObject) -> None:
    changes, choices, result = settle(edited, picks)
    assert len({change.field for change in changes}) == len(changes)
    there = set(texts(result))
    for change in changes:
        assert texts_of(change.result(choices.get(change.field))) <= there or change.field.startswith("order of ")
    assert any(change.is_written(choices.get(change.field)) for change in changes) == (result != edited.theirs)


@given(edited_carts(), st.data())
def test_edit_stays_in_its_item_or_is_a_conflict(edited: Edited, picks: st.DataObject) -> None:
    changes, choices, result = settle(edited, picks)
    whole = {text for change in changes if change.field in choices for text in texts_of(change.mine)}
    items = [item for item in result["cart"]["items"] if isinstance(item, dict)]
    mine = [item for item in edited.mine["cart"]["items"] if isinstance(item, dict)]
    key = next((key for item in mine for key in item if key in ("id", "_id", "sku", "name")), "name")
    for item in items:
        for text in texts(item.get("qty", "")):
            if text.startswith("mine") and text not in whole:
                (before,) = (one for one in mine if one.get("qty") == text)
                assert item.get(key) == before.get(key), "an edit went into another item"


@given(edited_carts())
def test_merging_carts_is_the_same_from_both_sides_where_neither_conflicts(edited: Edited) -> None:
    base, mine, theirs = tree(edited.base), tree(edited.mine), tree(edited.theirs)
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert bool(one.conflicts) == bool(other.conflicts)
    if one.root is not None and other.root is not None:
        assert unordered(data(one.root)) == unordered(data(other.root))


@given(edited_carts())
def test_merging_carts_with_an_unchanged_side_gives_the_other(edited: Edited) -> None:
    assert data(merge(tree(edited.base), tree(edited.mine), tree(edited.base)).root) == edited.mine
    assert data(merge(tree(edited.base), tree(edited.base), tree(edited.mine)).root) == edited.mine
