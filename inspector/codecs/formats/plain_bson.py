"""A BSON document as plain Python values, for what is only shown or looked into: the values of the tree, without the tree.

Ten times as fast as building the tree. Whatever is not quite as it should be is left to the tree, which says why.
"""

from __future__ import annotations

import struct
from typing import Any

from inspector.codecs.formats.bson import OTHER_TYPES, describe_other, js_number
from inspector.core.node import MAX_DEPTH
from store_adapters.bson_types import FIXED_SIZES

_LENGTH = struct.Struct("<i").unpack_from
_INT64 = struct.Struct("<q").unpack_from
_DOUBLE = struct.Struct("<d").unpack_from
_PLAIN_INTEGER = 10**17
_BROKEN = (ValueError, IndexError, KeyError, struct.error, RecursionError)


def plain_number(text: str) -> int | float | str:
    """Return the number as Python's; Python refuses to read integers of thousands of digits, BSON has odd ones."""
    try:
        return int(text) if len(text) < 19 and text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


def plain_document(data: bytes, start: int, end: int) -> dict[str, Any] | None:
    """Return the document that takes `start` to `end`, None for one that is broken, too deep, or holds rare types."""
    try:
        names, values = _read(data, start, end, 0)
    except _BROKEN:
        return None
    return dict(zip(names, values, strict=True))


def _read(data: bytes, start: int, end: int, depth: int) -> tuple[list[str], list[Any]]:
    last = end - 1
    if end - start < 5 or _LENGTH(data, start)[0] != end - start or data[last] or depth >= MAX_DEPTH:
        raise ValueError("broken")
    names: list[str] = []
    values: list[Any] = []
    position = start + 4
    while position < last:
        code = data[position]
        begin = data.index(b"\0", position + 1, last) + 1
        names.append(data[position + 1 : begin - 1].decode())
        value: Any = None
        if code == 2:
            position = begin + 4 + _LENGTH(data, begin)[0]
            if position < begin + 5 or position > last or data[position - 1]:
                raise ValueError("broken")
            value = data[begin + 4 : position - 1].decode()
        elif code in (3, 4):
            position = begin + _LENGTH(data, begin)[0]
            if position > last:
                raise ValueError("broken")
            inner_names, inner = _read(data, begin, position, depth + 1)
            value = inner if code == 4 else dict(zip(inner_names, inner, strict=True))
        elif code == 16:
            position, value = begin + 4, _LENGTH(data, begin)[0]
        elif code == 18:
            position, value = begin + 8, _INT64(data, begin)[0]
            if not -_PLAIN_INTEGER < value < _PLAIN_INTEGER:
                value = plain_number(str(value))
        elif code == 1:
            position, value = begin + 8, js_number(_DOUBLE(data, begin)[0])
            value = plain_number(value) if value.lstrip("-")[0].isdigit() else value
        elif code == 8:
            position, value = begin + 1, (False, True)[data[begin]]
        elif code == 10:
            position = begin
        elif code == 5:
            position = begin + 5 + _LENGTH(data, begin)[0]
            if not begin + 5 <= position <= last:
                raise ValueError("broken")
            value = describe_other("binary", data[begin:position])
        else:
            position = begin + FIXED_SIZES[code]
            value = describe_other(OTHER_TYPES[code], data[begin:position])
        values.append(value)
    if position != last:
        raise ValueError("broken")
    return names, values
