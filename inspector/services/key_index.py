"""Which row holds a key, in 12 bytes a row: hashes sorted in runs, searched by bisection; knows no rows.

While a listing runs the index is a dictionary, the fastest thing to fill; `settle` afterwards makes it small. What it
answers are candidates: whoever asks compares the key itself, as two keys can share a hash.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

_RUN = 32_768
_SHIFT = 11  # 53 bits of a hash are left: what a float holds exactly, and floats are sorted fastest
_MANY = 4096


class KeyIndex:
    """Hashes of keys to positions. One thread writes; `candidates` may be asked from any."""

    def __init__(self) -> None:
        self._recent: dict[int, int] = {}
        self._twins: dict[int, list[int]] = {}  # further positions of a hash that is in _recent already
        self._runs: list[tuple[array[float], array[int]]] = []

    def are_new(self, hashes: Sequence[int]) -> bool:
        """True when none of these is known, and no two are equal. Only while everything is in the dictionary."""
        return not self._runs and self._recent.keys().isdisjoint(hashes) and len(set(hashes)) == len(hashes)

    def add_all(self, hashes: Iterable[int], first: int) -> None:
        """Add new hashes of consecutive positions."""
        self._recent.update(zip(hashes, range(first, 2**62), strict=False))

    def add(self, key_hash: int, position: int) -> None:
        if self._recent.setdefault(key_hash, position) != position:
            self._twins.setdefault(key_hash, []).append(position)
        if self._runs and len(self._recent) > _MANY:
            self.settle()

    def candidates(self, key_hash: int) -> Iterator[int]:
        """Yield the positions whose key may have this hash, the newest first."""
        found = self._recent.get(key_hash)
        if found is not None:
            yield from reversed(self._twins.get(key_hash, ()))
            yield found
        wanted = float(key_hash >> _SHIFT)
        for hashes, positions in reversed(self._runs):
            place = bisect_left(hashes, wanted)
            while place < len(hashes) and hashes[place] == wanted:
                yield positions[place]
                place += 1

    def settle(self) -> None:
        """Move the dictionary into sorted runs."""
        items = list(self._recent.items())
        items += [(key_hash, position) for key_hash, twins in self._twins.items() for position in twins]
        runs = list(self._runs)
        if runs and len(runs[-1][0]) + len(items) <= _RUN:
            hashes, positions = runs.pop()
            items += [(int(value) << _SHIFT, position) for value, position in zip(hashes, positions, strict=True)]
        for start in range(0, len(items), _RUN):
            runs.append(_run(items[start : start + _RUN]))
        self._runs = runs
        self._recent, self._twins = {}, {}

    def unsettle(self, hashes_of: Iterable[tuple[int, int]]) -> None:
        """Begin a listing: take every (hash, position) into the dictionary, and let the runs go."""
        recent: dict[int, int] = {}
        twins: dict[int, list[int]] = {}
        for key_hash, position in hashes_of:
            if recent.setdefault(key_hash, position) != position:
                twins.setdefault(key_hash, []).append(position)
        self._recent, self._twins, self._runs = recent, twins, []


def _run(items: list[tuple[int, int]]) -> tuple[array[float], array[int]]:
    hashes = [float(key_hash >> _SHIFT) for key_hash, _ in items]
    order = sorted(range(len(items)), key=hashes.__getitem__)
    return array("d", map(hashes.__getitem__, order)), array("I", [items[place][1] for place in order])
