"""Where a needle stands in a large block of bytes, letters of any case included.

The C library searches four times as fast as `bytes.find` does, and lets the interpreter go meanwhile, so that a window
beside it never waits. Where it has no such function (Windows), Python searches.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cached_property

_MANY = 48
"""Hits in one block after which `bytes.find` is faster than one call to C each."""


class Haystack:
    """A block to search in; what several searches share is made once."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def lower(self) -> bytes:
        """The block with its ASCII letters in lower case: a copy and a search are faster than one that heeds no case."""
        return self.data.lower()


def find_from(haystack: Haystack, needle: bytes) -> Callable[[int], int]:
    """Return a function from a place to the next place of `needle` (in lower case, ASCII), -1 for none.

    ASCII letters are found in any case.
    """
    data = haystack.lower if needle.upper() != needle else haystack.data
    if _memmem is None or not needle:
        return lambda place: data.find(needle, place)
    memmem, size, length, hits = _memmem, len(data), len(needle), 0
    address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0

    def search(place: int) -> int:
        nonlocal hits
        hits += 1
        if hits > _MANY or place >= size:
            return data.find(needle, place)
        found = memmem(address + place, size - place, needle, length)
        return -1 if found is None else found - address

    return search


def _load() -> Callable[[int, int, bytes, int], int | None] | None:
    if sys.platform == "win32":
        return None
    memmem = ctypes.CDLL(None).memmem
    memmem.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    memmem.restype = ctypes.c_void_p
    return memmem


_memmem = _load()
