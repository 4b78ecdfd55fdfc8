"""BSON as bytes: where each element of a document ends, and documents put together from elements; decodes nothing.

Format: bsonspec.org 1.1. The driver's own decoder reads `undefined` as null, a symbol as a string, and keeps one of two equal
names: comparing and writing must not go through it. The codec has a reader of its own, which makes trees and must not import this.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from store_adapters.bson_types import FIXED_SIZES

DOCUMENT = 3
_EXTRA = {2: 4, 13: 4, 14: 4, DOCUMENT: 0, 4: 0, 15: 0, 5: 5, 12: 16}
_REGEX = 11


class BrokenBson(ValueError):
    """The bytes aren't a BSON document; the text says why and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Field:
    """One element: its type code, its name as it stands there, and the bytes of its value."""

    code: int
    name: bytes
    value: bytes

    def named(self, name: bytes) -> bytes:
        """Return the element under another name (a path, an operator)."""
        return bytes((self.code,)) + name + b"\0" + self.value


def read_fields(document: bytes) -> list[Field]:
    """Return the top-level elements in their order, equal names included. `BrokenBson`."""
    if len(document) < 5 or struct.unpack_from("<i", document)[0] != len(document) or document[-1] != 0:
        raise BrokenBson("It isn't a BSON document.")
    fields: list[Field] = []
    position, end = 4, len(document) - 1
    while position < end:
        name_end = document.find(b"\0", position + 1, end)
        if name_end < 0:
            raise BrokenBson("A name in the BSON document isn't terminated.")
        value_end = find_value_end(document, document[position], name_end + 1, end)
        name, value = document[position + 1 : name_end], document[name_end + 1 : value_end]
        fields.append(Field(document[position], name, value))
        position = value_end
    return fields


def find_value_end(data: bytes, code: int, start: int, end: int) -> int:
    """Return where the value of this type that begins at `start` ends, at most `end`. `BrokenBson`."""
    size = FIXED_SIZES.get(code)
    if size is None and code == _REGEX:
        first = data.find(b"\0", start, end)
        second = data.find(b"\0", first + 1, end) if first >= 0 else -1
        size = second + 1 - start if second >= 0 else -1
    elif size is None:
        if start + 4 > end:
            raise BrokenBson("The BSON document is truncated.")
        (length,) = struct.unpack_from("<i", data, start)
        extra = _EXTRA.get(code)
        if extra is None:
            raise BrokenBson(f"The BSON document has a value of the unknown type {code}.")
        size = length + extra if length >= 0 else -1
    if size < 0 or start + size > end:
        raise BrokenBson("The BSON document is truncated.")
    return start + size


def build_document(elements: Iterable[bytes]) -> bytes:
    """Return the document of these elements."""
    body = b"".join(elements)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def key_of(identifier: Any) -> bytes:
    """Return the record's key for an `_id`: text as it is, anything else as NUL + BSON."""
    import bson

    is_plain = isinstance(identifier, str) and not identifier.startswith("\0")
    return identifier.encode("utf-8") if is_plain else b"\0" + bson.encode({"_id": identifier})


def id_of(key: bytes) -> Any:
    """Return the `_id` for a record's key."""
    import bson

    if key.startswith(b"\0"):
        return bson.decode(key[1:])["_id"]
    return key.decode("utf-8", "replace")
