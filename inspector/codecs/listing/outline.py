"""What JSON.parse makes of stored bytes that no codec reads, by its first levels: enough to say what an application does with them.

Beside what `_json` reads, JavaScript takes bytes that are not UTF-8 (each is read as U+FFFD) and any depth and number of values.
"""

from __future__ import annotations

import json
from typing import Any

from inspector.codecs._api import CodecError, TooLargeError
from inspector.codecs.formats.bson import read_elements, read_value
from inspector.core.node import Entry, Kind, Node
from store_adapters.record_form import PayloadForm

_MOST_BYTES = 256 * 1024
"""A larger text would hold the interpreter for too long."""
_STRING = 2
_LEVELS = 4


def stored_value(payload: bytes, form: str) -> bytes | Node | None:
    """Return what a store hands to its serializer: the text, a MongoDB document's own value, None where it has none.

    `CodecError` for a document that isn't valid BSON.
    """
    if form != PayloadForm.DOCUMENT:
        return payload
    found = [element for element in read_elements(payload) if element.name == "session"]
    if not found:
        return None
    last = found[-1]
    return payload[last.value_start + 4 : last.value_end - 1] if last.code == _STRING else read_value(payload, last)


def outline_json(text: bytes) -> Node:
    """Return the value of JSON text; what is deeper than a cookie's fields is left out.

    `CodecError` where JSON.parse throws, `TooLargeError` for text too large or too deep to be read here.
    """
    if len(text) > _MOST_BYTES:
        raise TooLargeError(f"It is larger than {_MOST_BYTES // 1024} KB.")
    try:
        value = json.loads(
            text.decode("utf-8", "replace"), parse_int=_Number, parse_float=_Number, parse_constant=_refuse
        )
    except RecursionError:
        raise TooLargeError("It is nested too deep to be read here.") from None
    except ValueError:
        raise CodecError("It isn't JSON.") from None
    return _node(value, _LEVELS)


class _Number(str):
    """A number as it is spelled."""

    __slots__ = ()


def _refuse(_name: str) -> Any:
    raise ValueError("JavaScript has no such literal in JSON")


def _node(value: Any, levels: int) -> Node:
    match value:
        case None:
            return Node(Kind.NULL)
        case bool():
            return Node(Kind.BOOL, value)
        case _Number():
            return Node(Kind.NUMBER, str(value))
        case str():
            return Node(Kind.STRING, value)
        case list():
            return Node(Kind.ARRAY)
        case _:
            inner = value.items() if levels else ()
            return Node(Kind.OBJECT, entries=tuple(Entry(key, _node(one, levels - 1)) for key, one in inner))
