"""Puts a few changed rows in their places among a million sorted ones, without sorting all again."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.columns import Columns
from inspector.services.catalogue.list_order import sort_value
from inspector.services.catalogue.row_block import RowBlock
from inspector.services.catalogue.session_row import Column
from inspector.services.catalogue.text_column import ROWS
from inspector.services.checkpoint import checkpoint
from inspector.services.filtering.parser import SessionFilter

_PIECE = 1024


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
    columns, moved = catalogue.columns, set(changed)
    alive = columns.alive
    rest = _without(before, moved, alive)
    value_of = sort_value(columns, sort_by)
    matching = sorted(_matching(columns, moved, session_filter, now_ms), key=value_of, reverse=descending)
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


def rows_of(positions: Sequence[int], chosen: Collection[int]) -> list[int]:
    """Return the rows at which a few positions stand."""
    if isinstance(positions, range):
        return [positions.index(position) for position in sorted(chosen) if position in positions]
    found: list[int] = []
    for start, piece in _pieces(positions) if chosen else ():
        if not frozenset(chosen).isdisjoint(piece):
            found += [row for row, position in enumerate(piece, start) if position in chosen]
    return found


def _without(positions: Sequence[int], moved: set[int], alive: bytearray) -> array[int]:
    rest, are_all_alive = array("I"), alive.find(0) < 0
    for _start, piece in _pieces(positions):
        if moved.isdisjoint(piece) and (are_all_alive or all(map(alive.__getitem__, piece))):
            rest.extend(array("I", piece))
        else:
            rest.extend([position for position in piece if position not in moved and alive[position]])
    return rest


def _pieces(positions: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    for start in range(0, len(positions), _PIECE):
        checkpoint()
        yield start, positions[start : start + _PIECE]


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
    columns: Columns, positions: Collection[int], session_filter: SessionFilter | None, now_ms: int
) -> list[int]:
    ordered = sorted(position for position in positions if position < columns.total)
    found: list[int] = []
    while ordered:
        number = ordered[0] // ROWS
        end = bisect_left(ordered, (number + 1) * ROWS)
        here, ordered = ordered[:end], ordered[end:]
        rows: Sequence[int] = [position - number * ROWS for position in here if columns.alive[position]]
        if session_filter is not None and rows:
            chunk = RowBlock(columns, number, min(columns.total, (number + 1) * ROWS), now_ms)
            rows = session_filter.term.narrow(chunk, rows)
        found += [number * ROWS + row for row in rows]
    return found
