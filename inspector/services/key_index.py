"""Which row holds a key, in 12 bytes a row: hashes sorted in runs, searched by bisection; knows no rows.

While a listing runs the index is a dictionary, the fastest thing to fill; `settle` afterwards makes it small. What it
answers are candidates: whoever asks compares the key itself, as two keys can share a hash.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

_RUN = 16_384
_SHIFT = 11  # 53 bits of a hash are left: what a float holds exactly, and floats are sorted fastest
_MANY = 4096


class KeyIndex:
    """Hashes of keys to positions. One thread at a time writes; `candidates` may be asked from any."""

    def __init__(self) -> None:
        self._recent: dict[int, int] = {}
        self._twins: dict[int, list[int]] = {}  # further positions of a hash that is in _recent already
        self._settling: dict[int, int] = {}
        self._runs: list[tuple[array[float], array[int]]] = []

    def claim(self, hashes: Sequence[int], first: int) -> list[int] | None:
        """Give these hashes the positions from `first` on, and return what each has now: an older one where it was known.

        None, with nothing given, once it was settled: ask for each key then.
        """
        if self._runs or self._settling:
            return None
        return list(map(self._recent.setdefault, hashes, range(first, first + len(hashes))))

    def release(self, key_hash: int) -> None:
        """Take back what `claim` has given."""
        self._recent.pop(key_hash, None)

    def add(self, key_hash: int, position: int) -> None:
        if self._recent.setdefault(key_hash, position) != position:
            self._twins.setdefault(key_hash, []).append(position)

    @property
    def is_large(self) -> bool:
        """True when enough has come since it was settled to settle again."""
        return bool(self._runs) and len(self._recent) > _MANY

    def candidates(self, key_hash: int) -> Iterator[int]:
        """Yield the positions whose key may have this hash, the newest first."""
        found = self._recent.get(key_hash)
        if found is not None:
            yield from reversed(self._twins.get(key_hash, ()))
            yield found
        found = self._settling.get(key_hash)
        if found is not None:
            yield found
        wanted = float(key_hash >> _SHIFT)
        for hashes, positions in reversed(self._runs):
            place = bisect_left(hashes, wanted)
            while place < len(hashes) and hashes[place] == wanted:
                yield positions[place]
                place += 1

    def settle(self) -> None:
        """Move the dictionary into sorted runs. Others may ask meanwhile, and `add`."""
        twins = [(key_hash, position) for key_hash, found in self._twins.items() for position in found]
        self._settling, self._recent, self._twins = self._recent, {}, {}
        runs = list(self._runs)
        if runs and len(runs[-1][0]) + len(self._settling) <= _RUN:
            hashes, positions = runs.pop()
            twins += [(int(value) << _SHIFT, position) for value, position in zip(hashes, positions, strict=True)]
        items = chain(self._settling.items(), twins)
        while part := list(islice(items, _RUN)):
            runs.append(_run(part))
        self._runs, self._settling = runs, {}

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
