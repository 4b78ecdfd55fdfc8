"""Which item of a list is which in another version of it: by identity, by what it holds, else by its place between those."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from inspector.core.node import Kind, Node, member

IDENTITY_KEYS = ("id", "_id", "sku")
"""Members that say which item an object is; the first that it has counts."""

_Key = tuple[str, Node]
_Pairs = dict[int, int]  # place in the one list -> place in the other


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One item and its place in each of three lists, None where it is not there. `is_sure`: it has the same identity in all."""

    base: int | None
    mine: int | None
    theirs: int | None
    is_sure: bool = False


def line_up(base: Node, mine: Node, theirs: Node) -> tuple[Slot, ...]:
    """Return each item of three lists once, in no order that means anything."""
    of_base, of_mine = _Items(base), _Items(mine)
    of_theirs = of_base if theirs is base else _Items(theirs)
    my_places, their_places = _pair(of_base, of_mine), _pair(of_base, of_theirs)
    slots: list[Slot] = []
    for place, identity in enumerate(of_base.identities):
        mine_at, theirs_at = my_places.get(place), their_places.get(place)
        is_sure = (
            identity is not None
            and mine_at is not None
            and theirs_at is not None
            and of_mine.identities[mine_at] == of_theirs.identities[theirs_at] == identity
        )
        slots.append(Slot(place, mine_at, theirs_at, is_sure))
    my_new = _others(len(of_mine.values), my_places.values())
    their_new = _others(len(of_theirs.values), their_places.values())
    both = _pair_by_key(of_mine, of_theirs, my_new, their_new)
    slots += [Slot(None, place, both.get(place), is_sure=place in both) for place in my_new]
    taken = set(both.values())
    slots += [Slot(None, None, place) for place in their_new if place not in taken]
    return tuple(slots)


def name_item(node: Node, place: int) -> Node | None:
    """Return the identity of the item at a place, None where it has none of its own."""
    return _identity_of(node.entries[place].value)


class _Items:
    """A list's values, and the identity of each that is told by one and shares it with no other."""

    def __init__(self, node: Node) -> None:
        self.values = [entry.value for entry in node.entries]
        found = [_identity_of(value) for value in self.values]
        numbers = Counter(identity for identity in found if identity is not None)
        self.identities = [identity if identity is not None and numbers[identity] == 1 else None for identity in found]

    def key(self, place: int, *, has_identity: bool) -> _Key:
        identity = self.identities[place]
        return ("identity", identity) if has_identity and identity is not None else ("value", self.values[place])


def _identity_of(value: Node) -> Node | None:
    for key in IDENTITY_KEYS if value.kind is Kind.OBJECT else ():
        identity = member(value, key)
        if identity is not None:
            return identity if identity.kind in (Kind.NUMBER, Kind.STRING, Kind.OTHER, Kind.OBJECT) else None
    return None


def _others(length: int, taken: Iterable[int]) -> list[int]:
    used = set(taken)
    return [place for place in range(length) if place not in used]


def _pair(old: _Items, new: _Items) -> _Pairs:
    """Pair the items of two lists: what is equal at both ends, then by identity or value, then by place between those."""
    pairs: _Pairs = {}
    if old is new:
        return {place: place for place in range(len(old.values))}
    start, shorter = 0, min(len(old.values), len(new.values))
    while start < shorter and old.values[start] == new.values[start]:
        pairs[start] = start
        start += 1
    tail = 0
    while tail < shorter - start and old.values[-1 - tail] == new.values[-1 - tail]:
        tail += 1
        pairs[len(old.values) - tail] = len(new.values) - tail
    olds, news = range(start, len(old.values) - tail), range(start, len(new.values) - tail)
    pairs |= _best_anchors(old, new, olds, news)
    pairs |= _fill_gaps(old, new, pairs)
    return pairs


def _best_anchors(old: _Items, new: _Items, olds: range, news: range) -> _Pairs:
    found = _pair_by_key(old, new, olds, news)
    kept = _longest_rise(found)
    counts = Counter(old.values[place] for place in olds if place in found)
    for place, other in found.items():
        # Moved: sure of a thing of its own, but a number or word that stands elsewhere need not be the same one.
        is_own = old.identities[place] is not None or old.values[place].kind in (Kind.OBJECT, Kind.ARRAY)
        if place not in kept and is_own and counts[old.values[place]] == 1:
            kept[place] = other
    same = {place: place for place in olds if old.values[place] == new.values[place]} if olds == news else {}
    return same if len(same) >= len(kept) else kept


def _pair_by_key(old: _Items, new: _Items, olds: Sequence[int], news: Sequence[int]) -> _Pairs:
    """Pair the places whose items have the same identity, or where they have none the same value: of equal ones the first
    with the first."""
    theirs = {new.identities[place] for place in news}
    shared = {old.identities[place] for place in olds} & theirs - {None}
    waiting: dict[_Key, list[int]] = defaultdict(list)
    for place in reversed(news):
        waiting[new.key(place, has_identity=new.identities[place] in shared)].append(place)
    pairs: _Pairs = {}
    for place in olds:
        same = waiting.get(old.key(place, has_identity=old.identities[place] in shared))
        if same:
            pairs[place] = same.pop()
    return pairs


def _longest_rise(pairs: Mapping[int, int]) -> _Pairs:
    """Return the most pairs that stand in the same order on both sides; the others were moved."""
    places = sorted(pairs)
    tops: list[int] = []  # the smallest end of a rise of each length, and whose it is
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for place in places:
        length = bisect_left(tops, pairs[place])
        before[place] = ends[length - 1] if length else None
        tops[length : length + 1] = [pairs[place]]
        ends[length : length + 1] = [place]
    kept: _Pairs = {}
    place_now = ends[-1] if ends else None
    while place_now is not None:
        kept[place_now] = pairs[place_now]
        place_now = before[place_now]
    return kept


def _fill_gaps(old: _Items, new: _Items, pairs: _Pairs) -> _Pairs:
    """Pair what is left between two items that stand in order, by place, where the one can have become the other."""
    taken = set(pairs.values())
    filled: _Pairs = {}
    for olds, news in _gaps(len(old.values), len(new.values), _longest_rise(pairs)):
        left = (place for place in olds if place not in pairs)
        right = (place for place in news if place not in taken)
        for place, other in zip(left, right, strict=False):
            if _may_be_same(old, new, place, other):
                filled[place] = other
    return filled


def _gaps(old_length: int, new_length: int, anchors: Mapping[int, int]) -> Iterator[tuple[range, range]]:
    marks = [(-1, -1), *sorted(anchors.items()), (old_length, new_length)]
    for (place, other), (next_place, next_other) in pairwise(marks):
        yield range(place + 1, next_place), range(other + 1, next_other)


def _may_be_same(old: _Items, new: _Items, place: int, other: int) -> bool:
    before, after = old.identities[place], new.identities[other]
    if before is None or after is None or before == after:
        return True
    # Of two identities one was edited where all else is the same; else the one went and the other came.
    return _without_identity(old.values[place]) == _without_identity(new.values[other])


def _without_identity(value: Node) -> list[tuple[str | None, Node]]:
    return [(entry.key, entry.value) for entry in value.entries if entry.key not in IDENTITY_KEYS]
