"""Which row holds a key, in 8 bytes a row: hashes sorted in runs, searched by bisection; knows no rows.

What it answers are candidates: whoever asks compares the key itself, as two keys can share a hash. While rows come by the
thousand, a table of marks says of nearly every new key that it is new, without a search.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress
from operator import itemgetter

_RUN = 32_768
_PLACE_BITS = 17
_PLACE = (1 << _PLACE_BITS) - 1
_HASH = (1 << 36) - 1
_MARKS = 1 << 18
_SPARSE = 16
"""Marks a key at least: one new key in so many is taken for one that may be known, and searched for."""


def hash_of(key: bytes) -> int:
    """Return 36 bits of a key's hash: with its place in a run, what a float holds exactly; Python sorts floats fastest."""
    return hash(key) & _HASH


class KeyIndex:
    """Hashes of keys to positions, which come in order. One thread at a time writes; `candidates` may be asked from any."""

    def __init__(self) -> None:
        self._recent: dict[int, int] = {}
        self._twins: dict[int, list[int]] = {}  # further positions of a hash that is in _recent already
        self._runs: list[tuple[int, array[float]]] = []  # the first position, and hashes with the place from there
        self._base = 0  # the first position in _recent
        self._marks = bytearray()
        self._count = 0

    def suspects(self, hashes: Sequence[int]) -> Sequence[int]:
        """Return the places of those hashes that may be known already; all others are new."""
        if len(hashes) < 2:
            return range(len(hashes))
        if len(self._marks) < self._count * _SPARSE or not self._marks:
            self._mark_all()
        mask = len(self._marks) - 1
        spots = [key_hash & mask for key_hash in hashes]
        return list(compress(range(len(spots)), itemgetter(*spots)(self._marks)))

    def add_all(self, hashes: Sequence[int], first: int) -> None:
        """Add hashes of consecutive positions from `first` on, where those before it ended."""
        for begin in range(0, len(hashes), _RUN):
            self._add_some(hashes[begin : begin + _RUN], first + begin)

    def _add_some(self, hashes: Sequence[int], first: int) -> None:
        before = len(self._recent)
        if self._recent.keys().isdisjoint(hashes) and len(set(hashes)) == len(hashes):
            self._recent.update(zip(hashes, range(first, first + len(hashes)), strict=True))
        else:
            for position, key_hash in enumerate(hashes, first):
                if self._recent.setdefault(key_hash, position) != position:
                    self._twins.setdefault(key_hash, []).append(position)
        self._count += len(self._recent) - before
        if self._marks:
            marks, mask = self._marks, len(self._marks) - 1
            for key_hash in hashes:
                marks[key_hash & mask] = 1
        end = first + len(hashes)
        if end - self._base >= _RUN:
            self._seal(end)

    def candidates(self, key_hash: int) -> Iterator[int]:
        """Yield the positions whose key may have this hash, the newest first."""
        found = self._recent.get(key_hash)
        if found is not None:
            yield from reversed(self._twins.get(key_hash, ()))
            yield found
        wanted = float(key_hash << _PLACE_BITS)
        for base, run in reversed(self._runs):
            place = bisect_left(run, wanted)
            while place < len(run) and int(run[place]) >> _PLACE_BITS == key_hash:
                yield base + (int(run[place]) & _PLACE)
                place += 1

    def settle(self) -> None:
        """Let the marks go until rows come by the thousand again."""
        self._marks = bytearray()

    def _mark_all(self) -> None:
        size = _MARKS
        while size < self._count * _SPARSE * 2:
            size *= 2
        marks, mask = bytearray(size), size - 1
        for _, run in self._runs:
            for value in run:
                marks[int(value) >> _PLACE_BITS & mask] = 1
        for key_hash in self._recent:
            marks[key_hash & mask] = 1
        self._marks = marks

    def _seal(self, end: int) -> None:
        """Make a sorted run of the dictionary. Whoever asks meanwhile finds each key in one of the two."""
        base = self._base
        values = [float(key_hash << _PLACE_BITS | position - base) for key_hash, position in self._recent.items()]
        for key_hash, twins in self._twins.items():
            values += [float(key_hash << _PLACE_BITS | position - base) for position in twins]
        values.sort()
        self._runs = [*self._runs, (base, array("d", values))]
        self._recent, self._twins, self._base = {}, {}, end
