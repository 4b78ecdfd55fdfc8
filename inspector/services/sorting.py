"""Sorting a million rows by a column while a window beside it goes on; knows no sessions.

Python's own sort holds the interpreter until it is done: half a second for a million rows. So the C library's `qsort`
sorts records of four 32-bit units (three of the value, one of the row) outside the interpreter, compared by its `wcscmp`,
which compares units of `wchar_t`. Where that is not 32 bits wide (Windows), runs are sorted and merged in short steps.
"""

from __future__ import annotations

import ctypes
import math
import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from operator import eq
from typing import Any

MOST = 2**48 - 1
"""The largest number that `sort_numbers` takes; the smallest is 0."""
_RUN = 32_768
_STEP = 16_384
_SAMPLES = 16
_SMALL = 2_000
_PREFIX = 12
_FLIP = bytes(byte ^ 0x80 for byte in range(256))
_MARK = 0x40
_UNMARK = bytes(byte & 0x3F for byte in range(256))
_COMPLEMENT = bytes(255 - byte for byte in range(256))


def sort_numbers(values: array[int], places: Sequence[int], *, descending: bool) -> array[int]:
    """Return `places` in the order of `values[i]`, the number (0 to `MOST`) of `places[i]`.

    Equal ones stay in order, descending too.
    """
    if _qsort is None or len(values) < _SMALL:
        return sort_in_steps(array("d", (-value if descending else value for value in values)), places)
    seen = values[:: max(1, len(values) // _SMALL)]
    if len(set(seen)) < len(seen) // 2:
        return _sort_few(values, places, descending)
    raw = (values if values.typecode == "q" else array("q", values)).tobytes()
    if descending:
        raw = raw.translate(_COMPLEMENT)
    # Each unit holds 16 bits of the value and a bit that keeps it from being 0, where wcscmp would stop.
    records = bytearray(b"\0\0\1\0\0\0\1\0\0\0\1\0\0\0\0\0" * len(values))
    for to, source in ((0, 4), (1, 5), (4, 2), (5, 3), (8, 0), (9, 1)):
        records[to::16] = raw[source::8]
    units = array("i")
    units.frombytes(records)
    return _pick(places, _sorted_rows(units))


def _sort_few(values: array[int], places: Sequence[int], descending: bool) -> array[int]:
    """Sort numbers of which many are the same, by putting the places of each together."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for value, place in zip(values, places, strict=True):
        groups[value].append(place)
    found = array("I")
    for value in sorted(groups, reverse=descending):
        found.extend(array("I", groups.pop(value)))
    return found


def sort_texts(values: Sequence[bytes], places: Sequence[int], *, descending: bool) -> array[int]:
    """Return `places` in the order of the byte strings `values[i]` of `places[i]`; equal ones stay in order."""
    rows = None if _qsort is None or len(values) < _SMALL else _rows_by_prefix(values, descending)
    if rows is None:
        if descending:
            backwards = sort_in_steps(values[::-1], range(len(values) - 1, -1, -1))
            return _pick(places, backwards[::-1])
        return sort_in_steps(values, places)
    return _pick(places, rows)


def _pick(places: Sequence[int], rows: array[int]) -> array[int]:
    return rows if places == range(len(rows)) else pick("I", places, rows)


def pick(typecode: str, values: Sequence[int], places: Sequence[int]) -> array[int]:
    """Return an array of `values[place]` for all places, in steps between which others may run."""
    found: array[int] = array(typecode)
    for start in range(0, len(places), _STEP):
        found.extend(array(typecode, map(values.__getitem__, places[start : start + _STEP])))
    return found


def _rows_by_prefix(values: Sequence[bytes], descending: bool) -> array[int] | None:
    """Sort by the first bytes with qsort, and those that share them afterwards; None where a unit would be 0."""
    prefixes = [value[:_PREFIX].ljust(_PREFIX, b"\0") for value in values]
    raw = bytearray()
    for start in range(0, len(prefixes), _STEP):
        raw += b"".join(prefixes[start : start + _STEP])
    if descending:
        raw = raw.translate(_COMPLEMENT)
    swapped = array("i")
    swapped.frombytes(raw)
    swapped.byteswap()
    flipped = bytearray(swapped.tobytes())
    flipped[3::4] = flipped[3::4].translate(_FLIP)  # bytes from 0x80 on are no negative numbers
    if b"\0\0\0\0" in flipped:
        return None
    parts = array("i")
    parts.frombytes(flipped)
    units = array("i", bytes(16 * len(values)))
    for number in range(3):
        units[number::4] = parts[number::3]
    rows = _sorted_rows(units)
    for first, last in _ties(units, padding=255 if descending else 0):
        group = sorted(rows[first : last + 1])
        rows[first : last + 1] = array("I", sorted(group, key=values.__getitem__, reverse=descending))
    return rows


def _ties(units: array[int], *, padding: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last place of sorted records side by side whose prefix is the same and may go on."""
    raw = units.tobytes()
    pairs = array("q")
    pairs.frombytes(raw)
    goes_on = raw[8::16].translate(bytes(byte != padding for byte in range(256)))
    flags = bytearray()
    for start in range(0, len(goes_on), _RUN):
        firsts, thirds = (
            pairs[2 * start : 2 * (start + _RUN + 1) : 2],
            units[4 * start + 2 : 4 * (start + _RUN + 1) : 4],
        )
        same = [bytes(map(eq, part, part[1:])) for part in (firsts, thirds)]
        same.append(goes_on[start : start + len(same[0])])
        both = int.from_bytes(same[0]) & int.from_bytes(same[1]) & int.from_bytes(same[2])
        flags += both.to_bytes(len(same[0]))
    first = flags.find(1)
    while first >= 0:
        after = flags.find(0, first)
        last = after if after >= 0 else len(flags)
        yield first, last
        first = flags.find(1, last)


def _sorted_rows(units: array[int]) -> array[int]:
    """Sort records of four units whose last is filled in here; return the numbers of the records in order."""
    assert _qsort is not None
    count = len(units) // 4
    units[3::4] = _row_marks(count)
    address, _ = units.buffer_info()
    _qsort(address, count, 16, _wcscmp)  # lets the interpreter go: other threads run on
    raw = bytearray(units[3::4].tobytes())
    raw[3::4] = raw[3::4].translate(_UNMARK)
    rows = array("I")
    rows.frombytes(raw)
    return rows


def _row_marks(count: int) -> array[int]:
    """Return 0, 1, 2 … with a bit that keeps 0 from being 0; made of repeated bytes, which takes no object a number."""
    raw = bytearray(4 * count)
    for place in range(3):
        step = 256**place
        needed = min(256, -(-count // step))
        cycle = b"".join(bytes([byte]) * step for byte in range(needed))
        raw[place::4] = (cycle * (count // len(cycle) + 1))[:count]
    raw[3::4] = b"".join(bytes([_MARK | high]) * min(count, 2**24) for high in range(count // 2**24 + 1))[:count]
    marks = array("i")
    marks.frombytes(raw)
    return marks


def sort_in_steps(values: Sequence[Any], places: Sequence[int]) -> array[int]:
    """Return `places` in the order of `values` (all floats, or all byte strings): runs are sorted, then merged slice by slice.

    A slice is what all runs hold between two values; Python's sort finds the presorted runs in it.
    """
    runs: list[tuple[list[Any], array[int]]] = []
    samples: list[Any] = []
    for start in range(0, len(values), _RUN):
        part = list(values[start : start + _RUN])
        order = sorted(range(len(part)), key=part.__getitem__)
        found = places[start : start + _RUN]
        runs.append((list(map(part.__getitem__, order)), array("I", map(found.__getitem__, order))))
        samples += runs[-1][0][:: max(1, len(part) // _SAMPLES)]
    if len(runs) < 2:
        return runs[0][1] if runs else array("I")
    marks = [[0] * len(runs)]
    marks += [[bisect_left(run, cut) for run, _ in runs] for cut in _cuts(samples, len(runs))]
    marks.append([len(run) for run, _ in runs])
    merged = array("I")
    for lower, upper in pairwise(marks):
        merged.extend(_merge(runs, lower, upper))
    return merged


def _cuts(samples: list[Any], pieces: int) -> list[Any]:
    """Return the values between the slices: evenly spread, and on both sides of a value that many rows share."""
    samples.sort()
    step = max(1, len(samples) // pieces)
    chosen = set(samples[step::step])
    heavy = {first for first, later in zip(samples, samples[step // 2 or 1 :], strict=False) if first == later}
    return sorted(chosen | heavy | set(map(_just_after, heavy)))


def _just_after(value: Any) -> Any:
    return value + b"\0" if isinstance(value, bytes) else math.nextafter(value, math.inf)


def _merge(runs: list[tuple[list[Any], array[int]]], lower: list[int], upper: list[int]) -> array[int]:
    values: list[Any] = []
    places = array("I")
    is_sorted = True
    for (run, order), low, high in zip(runs, lower, upper, strict=True):
        if low < high:
            is_sorted = is_sorted and (not values or values[-1] <= run[low])
            values += run[low:high]
            places.extend(order[low:high])
    if is_sorted:
        return places
    return array("I", map(places.__getitem__, sorted(range(len(values)), key=values.__getitem__)))


def _load() -> tuple[Callable[..., None] | None, Any]:
    if sys.platform == "win32" or sys.byteorder != "little" or ctypes.sizeof(ctypes.c_wchar) != 4:
        return None, None
    library = ctypes.CDLL(None)
    library.qsort.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p]
    library.qsort.restype = None
    return library.qsort, ctypes.cast(library.wcscmp, ctypes.c_void_p)


_qsort, _wcscmp = _load()
