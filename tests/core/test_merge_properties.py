"""The three-way merge: nobody's field is lost, and it does not matter who is called mine where neither conflicts."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs import json_bytes, parse_json
from inspector.core.merge import Choice, FieldState, diff, merge
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


@given(OBJECTS, OBJECTS)
def test_merging_with_an_unchanged_side_gives_the_other(base: Any, mine: Any) -> None:
    assert data(merge(tree(base), tree(mine), tree(base)).root) == mine
    assert data(merge(tree(base), tree(base), tree(mine)).root) == mine


@given(OBJECTS, OBJECTS, OBJECTS)
def test_merge_without_conflicts_is_symmetric(base: Any, mine: Any, theirs: Any) -> None:
    one, other = merge(tree(base), tree(mine), tree(theirs)), merge(tree(base), tree(theirs), tree(mine))
    assert bool(one.conflicts) == bool(other.conflicts)
    if one.root is not None and other.root is not None:
        assert data(one.root) == data(other.root)


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
