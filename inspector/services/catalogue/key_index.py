"""Which row holds a key: an open hash table of numbers, 13 to 27 bytes a row.

What it answers are candidates: whoever asks compares the key itself, as two keys can share a hash.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

_FEWEST = 1 << 12
_PLACE_BITS = 28
_PLACE = (1 << _PLACE_BITS) - 1
_HASH = ~_PLACE
_FULL = 0.6
_LEAP = 2
"""How often a table is doubled in advance where many keys are expected: what is in it has to be put in anew each time."""
_STEP = 1 << 14


hash_of = hash
"""A key's hash, of which the upper 36 bits count."""


class KeyIndex:
    """Hashes of keys to positions below 2**28 - 1. One thread at a time writes; `candidates` may be asked from any.

    A slot holds the upper bits of a hash, which also says where to look first, and the position plus one; 0 is a free slot.
    """

    def __init__(self) -> None:
        self._table = _free_slots(_FEWEST)
        self._count = 0
        self._expected = 0

    def expect(self, number: int) -> None:
        """Grow faster from now on, up to about this many keys in all."""
        self._expected = number

    def add_new(self, hashes: Sequence[int], first: int) -> bool:
        """Add hashes of consecutive positions from `first` on; False, and none is added, if one of them may be known."""
        self._make_room(len(hashes))
        table, mask, place = self._table, len(self._table) - 1, first
        for key_hash in hashes:
            high = key_hash >> _PLACE_BITS
            spot = high & mask
            while value := table[spot]:
                if value >> _PLACE_BITS == high:
                    self._take_back(hashes[: place - first], first)
                    return False
                spot = spot + 1 & mask
            place += 1
            table[spot] = key_hash & _HASH | place
        self._count += len(hashes)
        return True

    def add_all(self, hashes: Sequence[int], first: int) -> None:
        """Add hashes of consecutive positions from `first` on, known ones too."""
        self._make_room(len(hashes))
        _put_all(self._table, [key_hash & _HASH | place for place, key_hash in enumerate(hashes, first + 1)])
        self._count += len(hashes)

    def _take_back(self, hashes: Sequence[int], first: int) -> None:
        """Free the slots that were taken last, in reverse: nothing else stands behind them yet."""
        table, mask = self._table, len(self._table) - 1
        for place in range(len(hashes), 0, -1):
            key_hash = hashes[place - 1]
            spot, value = key_hash >> _PLACE_BITS & mask, key_hash & _HASH | first + place
            while table[spot] != value:
                spot = spot + 1 & mask
            table[spot] = 0

    def candidates(self, key_hash: int) -> Iterator[int]:
        """Yield the positions whose key may have this hash."""
        table, high = self._table, key_hash >> _PLACE_BITS
        mask = len(table) - 1
        spot = high & mask
        while value := table[spot]:
            if value >> _PLACE_BITS == high:
                yield (value & _PLACE) - 1
            spot = spot + 1 & mask

    def _make_room(self, number: int) -> None:
        """Whoever asks meanwhile asks the table as it was."""
        size = len(self._table)
        while self._count + number > size * _FULL:
            size *= 2
        if size > len(self._table):
            for _ in range(_LEAP):
                size *= 2 if self._expected > size * _FULL else 1
            table = _free_slots(size)
            _put_all(table, filter(None, self._table))
            self._table = table


def _free_slots(size: int) -> array[int]:
    """Return so many zeros, made in steps: a system may take 10 µs to find room for each 4 KB, which nobody can interrupt."""
    some = array("q", bytes(8 * min(size, _STEP)))
    table = some[:]
    while len(table) < size:
        table.extend(some)
    return table


def _put_all(table: array[int], values: Iterable[int]) -> None:
    mask = len(table) - 1
    for value in values:
        spot = value >> _PLACE_BITS & mask
        while table[spot]:
            spot = spot + 1 & mask
        table[spot] = value
