"""Sorting a million rows by a column while a window beside it goes on.

Python's own sort holds the interpreter until it is done: half a second for a million rows. So the C library's `qsort_r`
sorts records of 16 bytes (12 of the value, 4 of the row, the highest first) outside the interpreter. What it hands on to
the function that compares is the size of a record, and that function is `memcmp`. Where it is another one (macOS,
Windows), runs are sorted and merged in short steps.
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
from struct import pack
from typing import Any

MOST = 2**48 - 1
"""The largest number that `sort_numbers` takes; the smallest is 0."""
_RUN = 32_768
_STEP = 16_384
_SAMPLES = 16
_SMALL = 2_000
_RECORD, _PREFIX, _PACKED = 16, 12, 1024
_IS_ZERO = bytes([1]) + bytes(255)
_COMPLEMENT = bytes(255 - byte for byte in range(256))


def sort_numbers(values: array[int], places: Sequence[int], *, descending: bool) -> array[int]:
    """Return `places` in the order of `values[i]`, the number (0 to `MOST`, in 4 or 8 bytes) of `places[i]`.

    Equal ones stay in order, descending too.
    """
    if _qsort_r is None or len(values) < _SMALL:
        return sort_in_steps(array("d", (-value if descending else value for value in values)), places)
    seen = values[:: max(1, len(values) // _SMALL)]
    if len(set(seen)) < len(seen) // 2:
        return _sort_few(values, places, descending)
    highest_first = values[:]
    highest_first.byteswap()
    if descending:
        raw = highest_first.tobytes()
        highest_first = array(values.typecode)
        highest_first.frombytes(raw.translate(_COMPLEMENT))
    records = array(values.typecode, bytes(_RECORD * len(values)))
    records[:: _RECORD // values.itemsize] = highest_first
    units = array("I")
    units.frombytes(records.tobytes())
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
    if _qsort_r is not None and len(values) >= _SMALL:
        return _pick(places, _rows_by_prefix(values, descending))
    if descending:
        backwards = sort_in_steps(values[::-1], range(len(values) - 1, -1, -1))
        return _pick(places, backwards[::-1])
    return sort_in_steps(values, places)


def _pick(places: Sequence[int], rows: array[int]) -> array[int]:
    return rows if places == range(len(rows)) else pick("I", places, rows)


def pick(typecode: str, values: Sequence[int], places: Sequence[int]) -> array[int]:
    """Return an array of `values[place]` for all places, in steps between which others may run."""
    found: array[int] = array(typecode)
    for start in range(0, len(places), _STEP):
        found.extend(array(typecode, map(values.__getitem__, places[start : start + _STEP])))
    return found


def _rows_by_prefix(values: Sequence[bytes], descending: bool) -> array[int]:
    """Sort by the first bytes with the C library, and those that share them afterwards."""
    records = bytearray()
    for start in range(0, len(values), _PACKED):
        part = values[start : start + _PACKED]
        records += pack(f"{_PREFIX}s4x" * len(part), *part)  # cut, or filled with zeros
    if descending:
        records = records.translate(_COMPLEMENT)
    units = array("I")
    units.frombytes(records)
    rows = _sorted_rows(units)
    for first, last in _ties(units.tobytes(), padding=255 if descending else 0):
        group = sorted(rows[first : last + 1])
        rows[first : last + 1] = array("I", sorted(group, key=values.__getitem__, reverse=descending))
    return rows


def _ties(records: bytes, *, padding: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last place of sorted records side by side whose prefix is the same and may go on."""
    is_done = bytes(byte == padding for byte in range(256))
    flags = bytearray()
    for start in range(0, len(records) - _RECORD, _RECORD * _RUN):
        part = records[start : start + _RECORD * (_RUN + 1)]
        count = len(part) // _RECORD - 1
        differs = int.from_bytes(part[_PREFIX - 1 :: _RECORD][:count].translate(is_done))
        # From the end: what is sorted is most alike at its beginning.
        for place in reversed(range(_PREFIX)):
            column = part[place::_RECORD]
            differs |= int.from_bytes(column[:-1]) ^ int.from_bytes(column[1:])
            if 0 not in differs.to_bytes(count):
                break
        flags += differs.to_bytes(count).translate(_IS_ZERO)
    first = flags.find(1)
    while first >= 0:
        after = flags.find(0, first)
        last = after if after >= 0 else len(flags)
        yield first, last
        first = flags.find(1, last)


def _sorted_rows(units: array[int]) -> array[int]:
    """Sort records of four units, the last of which are the numbers of their rows again; return these in order."""
    assert _qsort_r is not None
    count = len(units) // 4
    units[3::4] = _row_numbers(count)
    address, _ = units.buffer_info()
    _qsort_r(address, count, _RECORD, _memcmp, _RECORD)  # lets the interpreter go: other threads run on
    rows = units[3::4]
    rows.byteswap()
    return rows


def _row_numbers(count: int) -> array[int]:
    """Return 0, 1, 2 … with their bytes the other way round; made of repeated bytes, which takes no object a number."""
    raw = bytearray(4 * count)
    for place in range(4):
        step = 256**place
        cycle = b"".join(bytes([byte]) * min(step, count) for byte in range(min(256, -(-count // step))))
        raw[3 - place :: 4] = (cycle * (count // len(cycle) + 1))[:count]
    numbers = array("I")
    numbers.frombytes(raw)
    return numbers


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
    if sys.platform != "linux" or sys.byteorder != "little":
        return None, None
    library = ctypes.CDLL(None)
    library.qsort_r.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]
    library.qsort_r.restype = None
    return library.qsort_r, ctypes.cast(library.memcmp, ctypes.c_void_p)


_qsort_r, _memcmp = _load()
