"""The JSON text in documents of connect-mongo, found without decoding the document.

A document with anything but what connect-mongo writes is walked, and one with anything but fixed values before its text is
left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import Struct, error
from typing import Any

from store_adapters.bson_types import FIXED_SIZES

_LENGTH = Struct("<i").unpack_from
MOST_BYTES = 256 * 1024
_LONGEST_ID = 1024
_AFTER_ID = (
    (b"\0\x09expires\0", b"\x02session\0"),
    (b"\0\x02session\0",),
    (b"\0\x09expires\0", b"\x09lastModified\0", b"\x02session\0"),
)
"""What stands between the ID and the session's text in what connect-mongo writes, a date between each two."""

_Shape = tuple[Callable[[bytes], tuple[Any, ...]], tuple[bytes, ...] | None, int]
"""What reads a document up to its text, the marks it must find, and where the text begins."""


def _no_marks(_document: bytes) -> tuple[Any, ...]:
    return ()


_NO_SHAPE: _Shape = (_no_marks, None, 0)


def session_texts(documents: Sequence[bytes]) -> list[bytes | None]:
    """Return the JSON texts in connect-mongo documents, None where `session` isn't text or the document is odd.

    The IDs of a collection are of one length: where the text begins in one document, it mostly begins in the next.
    """
    texts: list[bytes | None] = []
    add = texts.append
    read, marks, begin = _NO_SHAPE
    for document in documents:
        try:
            found = read(document)
        except error:
            found = ()
        if found[:-1] != marks:
            read, marks, begin = _find_shape(document)
            if marks is None:
                add(session_text(document))
                continue
            found = read(document)
        size = found[-1]
        if 0 < size <= MOST_BYTES and begin + size == len(document) - 1:
            add(document[begin : begin + size - 1])
        else:
            add(session_text(document))  # what stands behind the text has to be looked at
    return texts


def _find_shape(document: bytes) -> _Shape:
    """Return what reads documents like this one up to its text: the marks that must be found, and where the text begins."""
    if document[4:9] == b"\x02_id\0" and len(document) > 13:
        id_size = _LENGTH(document, 9)[0]
        for after in _AFTER_ID:
            if 0 < id_size <= _LONGEST_ID and document.startswith(after[0], 12 + id_size):
                shape = _shape_of(id_size, after)
                try:
                    if shape[0](document)[:-1] == shape[1]:
                        return shape
                except error:
                    continue
    return _NO_SHAPE


@lru_cache(maxsize=256)
def _shape_of(id_size: int, after: tuple[bytes, ...]) -> _Shape:
    id_mark = b"\x02_id\0" + id_size.to_bytes(4, "little")
    dates = "8x".join(f"{len(mark)}s" for mark in after)
    structure = Struct(f"<4x9s{id_size - 1}x{dates}i")
    return structure.unpack_from, (id_mark, *after), structure.size


def session_text(document: bytes) -> bytes | None:
    """Return the JSON text in a connect-mongo document, None where `session` isn't text or anything in the document is odd."""
    position, end, text = 4, len(document) - 1, None
    try:
        while position < end:
            code = document[position]
            begin = document.index(b"\0", position + 1) + 1
            name = document[position + 1 : begin - 1].decode()
            if code == 2:
                size = _LENGTH(document, begin)[0]
                if size < 1 or size > MOST_BYTES or begin + 4 + size > end:
                    return None
                if name == "session" and text is None:
                    text = document[begin + 4 : begin + 3 + size]
                position = begin + 4 + size
            elif code in FIXED_SIZES:
                position = begin + FIXED_SIZES[code]
            else:
                return None
    except (ValueError, IndexError, error):
        return None
    return text
