"""A column of byte strings without an object per row: 1,024 values to a block.

One thread writes, others read: what a reader needs stands in one tuple that is replaced in one step.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from struct import unpack

ROWS = 1024
"""Values in a block. A block's bytes are searched in one call, which no window can interrupt: a third of a megabyte."""
_LOOSE = 64
_FASTEST = 1


@dataclass(frozen=True, slots=True)
class Block:
    """Some values one after the other; `ends[i]` is where value i ends. `state`: how the bytes are kept."""

    stored: bytes
    ends: array[int]
    state: str = "plain"

    @property
    def is_dropped(self) -> bool:
        return self.state == "dropped"

    def data(self) -> bytes:
        """Return the bytes of all values; b"" for a block that was dropped."""
        return zlib.decompress(self.stored) if self.state == "packed" else self.stored

    def value(self, row: int) -> bytes:
        data = self.data()
        return data[self.ends[row - 1] if row else 0 : self.ends[row]]

    def values(self, *, is_lower: bool = False) -> list[bytes]:
        """Return all values, with `is_lower` their ASCII letters in lower case."""
        data, ends = self.data().lower() if is_lower else self.data(), self.ends
        if ends and len(data) == ends[0] * len(ends) and ends == _even_ends(ends[0], len(ends)):
            return list(unpack(f"{ends[0]}s" * len(ends), data))
        begin = 0
        return [data[begin : (begin := end)] for end in ends]


@lru_cache(maxsize=4)
def _even_ends(size: int, count: int) -> array[int]:
    return array("I", range(size, size * count + 1, size)) if size else array("I", bytes(4 * count))


def make_block(values: Sequence[bytes], sizes: Sequence[int] = ()) -> Block:
    """`sizes`: what the values take, or more than that; where nobody knows, each is looked at, which takes longer."""
    stored = b"".join(values)
    if len(sizes) != len(values) or sum(sizes) != len(stored):
        sizes = [*map(len, values)]
    return Block(stored, array("I", [*accumulate(sizes)]))  # twice as fast as from what cannot tell its length


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """How many stored bytes the list keeps as they are; beyond, values are compressed, or with `drops` forgotten."""

    stored_bytes: int = 1 << 30
    drops: bool = False


class TextColumn:
    """Values by position. `extend` and item assignment belong to one thread at a time."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._loose: dict[int, dict[int, bytes]] = {}
        self._state: tuple[list[bytes], int] = ([], 0)  # the values after the last block, and where they begin

    def __len__(self) -> int:
        tail, base = self._state
        return base + len(tail)

    def __getitem__(self, position: int) -> bytes:
        tail, base = self._state
        if position >= base:
            return tail[position - base]
        number, row = divmod(position, ROWS)
        loose = self._loose.get(number)
        if loose is not None and row in loose:
            return loose[row]
        return self._blocks[number].value(row)

    def __setitem__(self, position: int, value: bytes) -> None:
        tail, base = self._state
        if position >= base:
            tail[position - base] = value
            return
        number, row = divmod(position, ROWS)
        loose = self._loose.setdefault(number, {})
        loose[row] = value
        if len(loose) > _LOOSE:
            self._fold(number)

    def extend(self, values: Sequence[bytes], sizes: Sequence[int] = ()) -> None:
        """Add values; `sizes` as for `make_block`."""
        tail, base = self._state
        if len(tail) + len(values) < ROWS:
            tail.extend(values)
            return
        rest, sizes = [*tail, *values], [*map(len, tail), *sizes]
        done = len(rest) - len(rest) % ROWS
        for start in range(0, done, ROWS):
            self._blocks.append(make_block(rest[start : start + ROWS], sizes[start : start + ROWS]))
        self._state = (rest[done:], base + done)

    def part(self, first: int, last: int) -> list[bytes]:
        """Return the values from position `first` up to `last`."""
        found: list[bytes] = []
        for number in range(first // ROWS, -(-last // ROWS)):
            begin = number * ROWS
            found += self.block(number).values()[max(0, first - begin) : last - begin]
        return found

    @property
    def block_count(self) -> int:
        """How many blocks `block` has, the unfinished last one included."""
        tail, base = self._state
        return base // ROWS + bool(tail)

    def block(self, number: int) -> Block:
        """Return a block as it is now; for any thread."""
        tail, base = self._state
        if number * ROWS >= base:
            return make_block(tuple(tail))
        loose = self._loose.get(number)
        block = self._blocks[number]
        return block if not loose else _patched(block, dict(loose))

    @property
    def memory_bytes(self) -> int:
        """What the values take: bytes as stored, not their bookkeeping."""
        tail, _base = self._state
        return (
            sum(len(block.stored) for block in self._blocks)
            + sum(map(len, tail))
            + sum(sum(map(len, loose.values())) for loose in list(self._loose.values()))
        )

    def pack(self, number: int) -> None:
        """Keep a finished block compressed; its values stay readable."""
        self._fold(number)
        block = self._blocks[number]
        if block.state == "plain":
            self._blocks[number] = Block(zlib.compress(block.stored, _FASTEST), block.ends, "packed")

    def drop(self, number: int) -> None:
        """Forget the bytes of a finished block; its values read as empty."""
        block = self._blocks[number]
        self._loose.pop(number, None)
        self._blocks[number] = Block(b"", array("I", bytes(4 * len(block.ends))), "dropped")

    def is_kept(self, position: int) -> bool:
        """False where the value was dropped."""
        _tail, base = self._state
        number, row = divmod(position, ROWS)
        return position >= base or not self._blocks[number].is_dropped or row in self._loose.get(number, {})

    def _fold(self, number: int) -> None:
        loose = self._loose.get(number)
        if loose:
            block = self._blocks[number]
            if not block.is_dropped:
                self._blocks[number] = _patched(block, loose)
                self._loose.pop(number, None)


class LimitedColumn(TextColumn):
    """Values of which only so many bytes are kept as they are."""

    def __init__(self, limit: MemoryLimit) -> None:
        super().__init__()
        self.unkept_count = 0
        self._limit = limit
        self._kept_bytes = self._judged_blocks = 0

    def keep_within_limit(self) -> None:
        """Compress or drop the blocks that were finished since the last time, once the limit is passed."""
        while self._judged_blocks < len(self) // ROWS:
            number = self._judged_blocks
            self._judged_blocks += 1
            self._kept_bytes += len(self.block(number).stored)
            if self._kept_bytes <= self._limit.stored_bytes:
                continue
            if self._limit.drops:
                self.drop(number)
                self.unkept_count += ROWS
            else:
                self.pack(number)


def _patched(block: Block, loose: dict[int, bytes]) -> Block:
    values = block.values()
    for row, value in loose.items():
        values[row] = value
    return make_block(values)
