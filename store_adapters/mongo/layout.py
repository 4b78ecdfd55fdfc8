"""Documents that look alike, read by the thousand without a step of Python for each.

Format: bsonspec.org 1.1. A text `_id` of one length, then one text or document (the session) amid values of fixed size, such
as dates: up to the session's length, and from its last byte on, each byte has its place. The places are compared and read
across all documents, one slice for each.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter, sub
from struct import unpack

from store_adapters.bson_types import FIXED_SIZES
from store_adapters.mongo.sessions import Place

TEXT, OBJECT, DATE = 2, 3, 9
Element = tuple[int, bytes, int]
"""Type code, name, and where the value begins."""

_ID_HEAD = b"\x02_id\0"
_ID_BEGIN = 4 + len(_ID_HEAD) + 4
_SESSION = b"session"
_MANY_ELEMENTS = 32
_LEAST = {TEXT: 1, OBJECT: 5}


@dataclass(slots=True)
class _Side:
    """Bytes that all documents begin or end with alike: how many, what must stand where, and where dates stand."""

    part: slice
    size: int
    marks: list[tuple[int, int]]
    dates: dict[bytes, int]

    def of(self, documents: Sequence[bytes]) -> bytes:
        """Return this side of all documents, one behind the other."""
        together = b"".join(map(itemgetter(self.part), documents))
        if len(together) < self.size * len(documents):  # one is shorter than that
            together = b"".join([document[self.part].ljust(self.size, b"\xff") for document in documents])
        return together

    def misfits(self, together: bytes, number: int) -> int:
        """Return a number with a byte for each document: 0 where all marks are there."""
        found, ones = 0, 0
        for place, byte in self.marks:
            column = together[place :: self.size]
            if column.count(byte) != number:
                ones = ones or int.from_bytes(b"\1" * number, "little")
                found |= int.from_bytes(column, "little") ^ byte * ones
        return found

    def numbers(self, together: bytes, place: int, code: str) -> array[int]:
        """Return the number of type `code` at a place in all documents."""
        numbers = array(code)
        width = numbers.itemsize
        data = bytearray(len(together) // self.size * width)
        for byte in range(width):
            data[byte::width] = together[place + byte :: self.size]
        numbers.frombytes(data)
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers


class Layout:
    """How documents with these elements behind an ID of `id_size` bytes look."""

    def __init__(self, elements: Sequence[Element], id_size: int) -> None:
        place = next(place for place, (code, *_) in enumerate(elements) if code not in FIXED_SIZES)
        self._code, name, _ = elements[place]
        begin = bytearray(4) + _ID_HEAD + id_size.to_bytes(4, "little") + bytes(id_size)
        free = [*range(4), *range(_ID_BEGIN, len(begin) - 1)]
        dates = _put(begin, free, elements[:place])
        begin += bytes((self._code,)) + name + b"\0"
        free += range(len(begin), len(begin) + 4)  # the session's length
        begin += bytes(4)
        end, free_end = bytearray(1), list[int]()  # the session's last byte
        dates_end = _put(end, free_end, elements[place + 1 :])
        end += b"\0"
        self._begin = _Side(slice(0, len(begin)), len(begin), _marks(begin, free), dates)
        self._end = _Side(slice(-len(end), None), len(end), _marks(end, free_end), dates_end)
        self._id = f"{_ID_BEGIN}x{id_size - 1}s{len(begin) - _ID_BEGIN - id_size + 1}x"
        inside = 0 if self._code == TEXT else 4  # an object's length counts itself, and is part of it
        self._around = len(begin) - inside + len(end) - 1
        inner = slice(len(begin) - inside, 1 - len(end) if inside else -len(end))
        self.place: Place | None = (self._code, inner) if name == _SESSION else None

    @staticmethod
    def fits(elements: Sequence[Element]) -> bool:
        """True where such documents can be read by a layout."""
        names = [name for _, name, _ in elements]
        others = [code for code, *_ in elements if code not in FIXED_SIZES]
        return others in ([TEXT], [OBJECT]) and len({*names}) == len(names) <= _MANY_ELEMENTS

    def has_date(self, name: bytes) -> bool:
        return name in self._begin.dates or name in self._end.dates

    def read(self, documents: Sequence[bytes], sizes: Sequence[int], date_names: Sequence[bytes]) -> Found:
        """Read documents of these sizes, as far as they are of this layout."""
        number = len(documents)
        begins, ends = self._begin.of(documents), self._end.of(documents)
        misfits = self._begin.misfits(begins, number) | self._end.misfits(ends, number)
        lengths = self._begin.numbers(begins, self._begin.size - 4, "i")
        if misfits or min(lengths) < _LEAST[self._code] or {*map(sub, sizes, lengths)} != {self._around}:
            odd = {place for place, byte in enumerate(misfits.to_bytes(number, "little")) if byte}
            for place, (size, length) in enumerate(zip(sizes, lengths, strict=True)):
                if size - length != self._around or length < _LEAST[self._code]:
                    odd.add(place)
            return Found([], {}, sorted(odd))
        dates = {name: self._dates(name, begins, ends) for name in date_names if self.has_date(name)}
        return Found([*unpack(self._id * number, begins)], dates, [])

    def _dates(self, name: bytes, begins: bytes, ends: bytes) -> array[int]:
        if name in self._begin.dates:
            return self._begin.numbers(begins, self._begin.dates[name], "q")
        return self._end.numbers(ends, self._end.dates[name], "q")


@dataclass(slots=True)
class Found:
    """The IDs and dates of documents; or which of them are `odd`, of another layout, and nothing else."""

    ids: list[bytes]
    dates: dict[bytes, array[int]]
    odd: list[int]


def _put(side: bytearray, free: list[int], elements: Sequence[Element]) -> dict[bytes, int]:
    """Append elements, whose values may be anything; return where dates begin."""
    dates = {}
    for code, name, _ in elements:
        side += bytes((code,)) + name + b"\0"
        if code == DATE:
            dates[name] = len(side)
        size = FIXED_SIZES.get(code, 0)
        free += range(len(side), len(side) + size)
        side += bytes(size)
    return dates


def _marks(side: bytearray, free: Sequence[int]) -> list[tuple[int, int]]:
    anything = {*free}
    return [(place, byte) for place, byte in enumerate(side) if place not in anything]
