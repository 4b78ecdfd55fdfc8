"""The order of a list's rows by a column: all of them fast, and a few by their values; changes no row."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from inspector.services.catalogue.columns import Columns
from inspector.services.catalogue.session_row import Column
from inspector.services.catalogue.sorting import pick, sort_numbers, sort_texts
from inspector.services.catalogue.text_column import ROWS, TextColumn

_PIECE = 8192


def sort_rows(columns: Columns, positions: Sequence[int], sort_by: Column, *, descending: bool) -> Sequence[int]:
    """Return ascending positions in the order of a column; equal ones stay in order."""
    match sort_by:
        case Column.EXPIRES:
            column = columns.expires
        case Column.SIZE:
            column = columns.sizes
        case Column.CHANGED:
            column = columns.changed
        case Column.FORMAT:
            ranks = {kind: rank for rank, kind in enumerate(sorted({kind for kind, _role in columns.format_roles}))}
            codes = [ranks[kind] for kind, _role in list(columns.format_roles)]
            numbers = pick("q", codes, _picked(columns.format_role, positions))
            return sort_numbers(numbers, positions, descending=descending)
        case Column.SESSION:
            return sort_texts(_texts(columns.keys, positions), positions, descending=descending)
        case Column.USER | Column.SIGNED_IN:
            users = _texts(columns.users, positions, is_lower=True)
            return sort_texts(users, positions, descending=descending)
    if _is_constant(column):
        return positions
    return sort_numbers(_picked(column, positions), positions, descending=descending)


def sort_value(columns: Columns, column: Column) -> Callable[[int], Any]:
    """Return what a row is sorted by, for a few rows."""
    match column:
        case Column.EXPIRES:
            return columns.expires.__getitem__
        case Column.SIZE:
            return columns.sizes.__getitem__
        case Column.CHANGED:
            return columns.changed.__getitem__
        case Column.FORMAT:
            return columns.format
        case Column.SESSION:
            return columns.keys.__getitem__
        case Column.USER | Column.SIGNED_IN:
            return lambda position: columns.users[position].lower()


def _picked(column: array[int], positions: Sequence[int]) -> array[int]:
    if isinstance(positions, range):
        return column[: len(positions)]
    return pick(column.typecode, column, positions)


def _texts(column: TextColumn, positions: Sequence[int], *, is_lower: bool = False) -> list[bytes]:
    """Return the values at ascending positions, taken a block at a time."""
    found: list[bytes] = []
    at = 0
    while at < len(positions):
        number = positions[at] // ROWS
        values, begin = column.block(number).values(is_lower=is_lower), number * ROWS
        end = bisect_left(positions, begin + ROWS, lo=at)
        if end - at == len(values):
            found += values
        else:
            found += [values[place - begin] for place in positions[at:end]]
        at = end
    return found


def _is_constant(numbers: array[int]) -> bool:
    """Tell it piece by piece: megabytes at once are held by the interpreter while the system finds room for them."""
    piece = numbers[:1].tobytes() * _PIECE
    for start in range(0, len(numbers), _PIECE):
        here = numbers[start : start + _PIECE].tobytes()
        if here != piece[: len(here)]:
            return False
    return True
