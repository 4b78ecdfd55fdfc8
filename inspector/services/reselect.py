"""Puts a few changed rows in their places among a million sorted ones, without sorting all again; knows no window."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from typing import Any

from inspector.services.catalogue import Catalogue
from inspector.services.catalogue_chunk import CatalogueChunk
from inspector.services.filter import SessionFilter
from inspector.services.list_order import sort_value
from inspector.services.session_row import Column
from inspector.services.text_column import ROWS


def reselect(
    catalogue: Catalogue,
    before: Sequence[int],
    changed: Collection[int],
    session_filter: SessionFilter | None,
    sort_by: Column,
    *,
    descending: bool,
    now_ms: int,
) -> Sequence[int]:
    """Return `before` (what `Catalogue.select` gave for this filter and order) as it is once `changed` rows moved.

    Rows that only time moves past a limit of the filter stay until the next `select`.
    """
    moved, alive = set(changed), catalogue.alive
    rest = array("I", [position for position in before if position not in moved and alive[position]])
    value_of = sort_value(catalogue, sort_by)
    matching = sorted(_matching(catalogue, moved, session_filter, now_ms), key=value_of, reverse=descending)
    if not matching:
        return rest
    merged, at = array("I"), 0
    for position in matching:
        place = _place(rest, value_of, value_of(position), at, descending)
        merged.extend(rest[at:place])
        merged.append(position)
        at = place
    merged.extend(rest[at:])
    return merged


def _place(rest: Sequence[int], value_of: Callable[[int], Any], value: Any, low: int, descending: bool) -> int:
    if not descending:
        return bisect_right(rest, value, lo=low, key=value_of)
    high = len(rest)
    while low < high:
        middle = (low + high) // 2
        if value_of(rest[middle]) > value:
            low = middle + 1
        else:
            high = middle
    return low


def _matching(
    catalogue: Catalogue, positions: Collection[int], session_filter: SessionFilter | None, now_ms: int
) -> list[int]:
    ordered = sorted(position for position in positions if position < catalogue.total)
    found: list[int] = []
    while ordered:
        number = ordered[0] // ROWS
        end = bisect_left(ordered, (number + 1) * ROWS)
        here, ordered = ordered[:end], ordered[end:]
        rows = [position - number * ROWS for position in here if catalogue.alive[position]]
        if session_filter is not None and rows:
            chunk = CatalogueChunk(catalogue, number, min(catalogue.total, (number + 1) * ROWS), now_ms)
            rows = session_filter.term.narrow(chunk, rows)
        found += [number * ROWS + row for row in rows]
    return found
