"""The keys of a list's rows, and which row holds one.

Most listings bring a key once, and none is there before: then the index, which takes as long as everything else that is done
with a key, may follow behind the rows. A key which did come again is found out then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.services.catalogue.key_index import KeyIndex, hash_of
from inspector.services.catalogue.text_column import ROWS, TextColumn

AT_ONCE = 2000
"""Keys that are indexed in one step: a millisecond."""


class RowKeys:
    """Keys by position, and positions by key. One thread at a time writes; `places` may be asked from any."""

    def __init__(self) -> None:
        self.column = TextColumn()
        self._index = KeyIndex()
        self._indexed = 0

    @property
    def is_behind(self) -> bool:
        """Some keys are not in the index yet: looking for one takes milliseconds with a million of them."""
        return self._indexed < len(self.column)

    def expect(self, number: int) -> None:
        """Grow faster from now on, up to about this many keys in all."""
        self._index.expect(number)

    def index_new(self, keys: Sequence[bytes]) -> bool:
        """Index keys that `extend` is going to add, if none of them can be known; else False. Nothing may be behind."""
        return self._index.add_new([*map(hash_of, keys)], self._indexed)

    def extend(self, keys: Sequence[bytes], *, is_indexed: bool) -> None:
        """Add keys that are in the index, or leave it behind."""
        self.column.extend(keys)
        if is_indexed:
            self._indexed += len(keys)

    def add(self, key: bytes) -> None:
        """Add a key that was looked for and not found. Nothing may be behind."""
        self._index.add_all((hash_of(key),), self._indexed)
        self.extend([key], is_indexed=True)

    def index_some(self) -> list[int]:
        """Take the next keys into the index; return the earlier positions of those that came before."""
        first = self._indexed
        keys = self.column.part(first, min(first + AT_ONCE, len(self.column)))
        hashes = [*map(hash_of, keys)]
        if self._index.add_new(hashes, first):
            self._indexed = first + len(keys)
            return []
        again: list[int] = []
        for key, key_hash in zip(keys, hashes, strict=True):
            again += self._indexed_places(key)
            self._index.add_all((key_hash,), self._indexed)
            self._indexed += 1
        return again

    def places(self, key: bytes) -> Iterator[int]:
        """Yield the positions that hold a key, those of removed rows included."""
        indexed, total = self._indexed, len(self.column)
        yield from self._indexed_places(key)
        if indexed < total:
            yield from self._unindexed_places(key, indexed)

    def _indexed_places(self, key: bytes) -> Iterator[int]:
        for place in self._index.candidates(hash_of(key)):
            # What is being added stands in the index a moment before it stands in the column.
            if place < len(self.column) and self.column[place] == key:
                yield place

    def _unindexed_places(self, key: bytes, first: int) -> Iterator[int]:
        for number in range(first // ROWS, self.column.block_count):
            block = self.column.block(number)
            if key not in block.stored:
                continue
            for row, value in enumerate(block.values()):
                if value == key and number * ROWS + row >= first:
                    yield number * ROWS + row
