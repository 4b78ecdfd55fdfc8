"""Some of a list's rows by position, a bit each: 125 KB a million."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class RowSet:
    """Positions of rows; they stay what they are while the list lives."""

    def __init__(self, positions: Sequence[int] = ()) -> None:
        self._bits = bits = bytearray(-(-(max(positions, default=-1) + 1) // 8))
        for position in positions:
            bits[position >> 3] |= 1 << (position & 7)
        self._count = int.from_bytes(bits).bit_count()

    def __len__(self) -> int:
        return self._count

    def __contains__(self, position: int) -> bool:
        place = position >> 3
        return place < len(self._bits) and bool(self._bits[place] & 1 << (position & 7))

    def __iter__(self) -> Iterator[int]:
        for place, bits in enumerate(self._bits):
            if bits:
                yield from [place * 8 + bit for bit in range(8) if bits & 1 << bit]

    def among(self, first: int, rows: Sequence[int]) -> list[int]:
        """Return those of `rows`, counted from position `first`, that are in it."""
        part = self._bits[first >> 3 : (first + (max(rows, default=0)) >> 3) + 1]
        if not any(part):
            return []
        return [row for row in rows if first + row in self]

    def spread(self, count: int) -> list[int]:
        """Return at most `count` of its positions, spread over the list."""
        step = max(1, self._count // count) if count else 1
        return [position for number, position in enumerate(self) if number % step == 0][:count]
