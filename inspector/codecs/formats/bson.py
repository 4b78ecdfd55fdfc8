"""Lossless BSON: documents to trees with byte spans, and back.

Format: bsonspec.org 1.1. Every value keeps its own bytes; how people read and write those that JSON does not have is
`extended_json.py`'s.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from msgspec.structs import replace

from inspector.codecs._api import CodecError
from inspector.codecs.formats.decimal128 import decimal_bytes, decimal_text
from inspector.core.display import format_time, parse_time
from inspector.core.node import MAX_DEPTH, MAX_NODES, Entry, Kind, Node
from store_adapters.bson_types import FIXED_SIZES

_DOUBLE, _STRING, _OBJECT, _ARRAY, _BOOL, _DATE, _NULL, _INT32, _INT64 = 1, 2, 3, 4, 8, 9, 10, 16, 18
OTHER_TYPES = {
    5: "binary", 6: "undefined", 7: "objectId", 9: "date", 11: "regex", 12: "dbPointer", 13: "code", 14: "symbol",
    15: "codeWithScope", 17: "timestamp", 19: "decimal128", 255: "minKey", 127: "maxKey",
}  # fmt: skip
_OBJECT_ID = re.compile("[0-9a-fA-F]{24}")
_CODES = {tag: code for code, tag in OTHER_TYPES.items()} | {"double": _DOUBLE, "int32": _INT32, "int64": _INT64}


@dataclass(frozen=True, slots=True)
class Element:
    """One top-level element: type code, name, where it begins, and where its value stands."""

    code: int
    name: str
    start: int
    value_start: int
    value_end: int


def _too_many() -> CodecError:
    return CodecError(f"It holds more than {MAX_NODES:,} values.", is_limit=True)


def read_elements(data: bytes, start: int = 0) -> list[Element]:
    """Return the elements of the document at `start`. `CodecError` for anything that isn't BSON."""
    if len(data) - start < 5:
        raise CodecError("It isn't a BSON document.")
    (length,) = struct.unpack_from("<i", data, start)
    end = start + length - 1
    if length < 5 or end >= len(data) or data[end] != 0:
        raise CodecError("It isn't a BSON document.")
    elements: list[Element] = []
    position = start + 4
    while position < end:
        code = data[position]
        name_end = data.find(b"\0", position + 1, end)
        if name_end < 0:
            raise CodecError("A name in the BSON document does not end.")
        try:
            name = data[position + 1 : name_end].decode("utf-8")
        except UnicodeDecodeError:
            raise CodecError("A name in the BSON document is not UTF-8.") from None
        value_end = _value_end(data, code, name_end + 1, end)
        if len(elements) == MAX_NODES:
            raise _too_many()
        elements.append(Element(code, name, position, name_end + 1, value_end))
        position = value_end
    if position != end:
        raise CodecError("The BSON document's length is wrong.")
    return elements


def _value_end(data: bytes, code: int, start: int, end: int) -> int:
    size = FIXED_SIZES.get(code)
    if size is None and code == 11:
        first = data.find(b"\0", start, end)
        second = data.find(b"\0", first + 1, end) if first >= 0 else -1
        size = second + 1 - start if second >= 0 else -1
    elif size is None:
        if start + 4 > end:
            raise CodecError("The BSON document is cut off.")
        (length,) = struct.unpack_from("<i", data, start)
        extra = {_STRING: 4, 13: 4, 14: 4, _OBJECT: 0, _ARRAY: 0, 15: 0, 5: 5, 12: 16}.get(code)
        if extra is None:
            raise CodecError(f"The BSON document has a value of the unknown type {code}.")
        size = length + extra if length >= 0 else -1
    if size < 0 or start + size > end:
        raise CodecError("The BSON document is cut off.")
    return start + size


@dataclass(slots=True)
class _Budget:
    """How many values may still be read."""

    left: int


def read_value(data: bytes, element: Element) -> Node:
    """Return the tree of an element's value. `CodecError`, for one with too many values or levels, too."""
    return _read(data, element, 0, _Budget(MAX_NODES))


def _read(data: bytes, element: Element, depth: int, budget: _Budget) -> Node:
    budget.left -= 1
    if budget.left < 0:
        raise _too_many()
    code, start, end = element.code, element.value_start, element.value_end
    raw, span = data[start:end], (start, end)
    if code in (_OBJECT, _ARRAY):
        if depth >= MAX_DEPTH:
            raise CodecError(f"It is nested deeper than {MAX_DEPTH} levels.", is_limit=True)
        entries = tuple(
            Entry(
                inner.name if code == _OBJECT else None,
                _read(data, inner, depth + 1, budget),
                (inner.start, inner.start + 1 + len(inner.name.encode("utf-8"))),
            )
            for inner in read_elements(data, start)
        )
        return Node(Kind.OBJECT if code == _OBJECT else Kind.ARRAY, entries=entries, span=span)
    if code == _STRING:
        return Node(Kind.STRING, _string(raw), span=span)
    if code == _BOOL:
        if raw not in (b"\0", b"\1"):
            raise CodecError("A true or false in the BSON document is neither.")
        return Node(Kind.BOOL, raw == b"\1", span=span)
    if code == _NULL:
        return Node(Kind.NULL, span=span)
    if code == _DOUBLE:
        text = js_number(struct.unpack("<d", raw)[0])
        # NaN and the infinities are numbers which JSON cannot write.
        kind = Kind.NUMBER if text.lstrip("-")[0].isdigit() else Kind.OTHER
        return Node(kind, text, tag="double", raw=raw, span=span)
    if code in (_INT32, _INT64):
        number = int.from_bytes(raw, "little", signed=True)
        return Node(Kind.NUMBER, str(number), tag="int32" if code == _INT32 else "int64", raw=raw, span=span)
    tag = OTHER_TYPES[code]
    return Node(Kind.OTHER, describe_other(tag, raw), tag=tag, raw=raw, span=span)


def _string(raw: bytes) -> str:
    if len(raw) < 5 or raw[-1] != 0:
        raise CodecError("A text in the BSON document does not end.")
    try:
        return raw[4:-1].decode("utf-8")
    except UnicodeDecodeError:
        raise CodecError("A text in the BSON document is not UTF-8.") from None


def js_number(number: float) -> str:
    """Return a double as JavaScript prints it: shortest round trip, exponents from 1e21 and below 1e-6."""
    if number != number or number in (float("inf"), float("-inf")):
        return {float("inf"): "Infinity", float("-inf"): "-Infinity"}.get(number, "NaN")
    if number == int(number) and abs(number) < 1e21:
        return "-0" if number == 0 and str(number)[0] == "-" else str(int(number))
    text = repr(number)
    if 1e-6 <= abs(number) < 1e-4:
        digits = f"{number:.20f}".rstrip("0")
        return digits if float(digits) == number else text
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}" if mark else text


def describe_other(tag: str, raw: bytes) -> str:
    match tag:
        case "date":
            milliseconds = int.from_bytes(raw, "little", signed=True)
            return format_time(milliseconds) or f"{milliseconds} ms since 1970"
        case "objectId":
            return raw.hex()
        case "double":
            return js_number(struct.unpack("<d", raw)[0])
        case "undefined" | "minKey" | "maxKey":
            return tag
        case "regex":
            pattern, options = raw.split(b"\0")[:2]
            return f"/{pattern.decode('utf-8', 'replace')}/{options.decode('utf-8', 'replace')}"
        case "decimal128":
            return decimal_text(raw)
        case _:
            return raw.hex()


def date_node(epoch_ms: int) -> Node:
    raw = epoch_ms.to_bytes(8, "little", signed=True)
    return Node(Kind.OTHER, describe_other("date", raw), tag="date", raw=raw)


def typed_node(tag: str, raw: bytes) -> Node:
    """Return a value of a BSON type from its own bytes. `CodecError`."""
    code = _CODES.get(tag)
    if code is None:
        raise CodecError(f"There is no BSON type {tag!r}.")
    data = struct.pack("<i", len(raw) + 8) + bytes([code]) + b"v\0" + raw + b"\0"
    try:
        elements = read_elements(data)
    except CodecError:
        elements = []
    if len(elements) != 1 or elements[0].value_end - elements[0].value_start != len(raw):
        raise CodecError(f"These bytes aren't valid {tag}.")
    return replace(read_value(data, elements[0]), span=None)


def write_value(data: bytes, node: Node, *, use_spans: bool = True) -> tuple[int, bytes]:
    """Return the type code and the bytes of a value; untouched scalars are copied from `data`.

    New numbers are stored as the JavaScript driver does: int32 where they fit, else a double.
    """
    code = _code(node)
    if node.kind in (Kind.OBJECT, Kind.ARRAY):
        body = b"".join(
            write_element(data, str(place) if entry.key is None else entry.key, entry.value, use_spans=use_spans)
            for place, entry in enumerate(node.entries)
        )
        return code, struct.pack("<i", len(body) + 5) + body + b"\0"
    if use_spans and node.span is not None:
        return code, data[slice(*node.span)]
    match node.kind:
        case Kind.STRING:
            return code, string_value(str(node.scalar))
        case Kind.BOOL:
            return code, b"\1" if node.scalar else b"\0"
        case Kind.NULL:
            return code, b""
        case Kind.NUMBER if not node.raw:
            return code, _number_bytes(code, str(node.scalar))
        case _:
            return code, node.raw


def write_element(data: bytes, name: str, node: Node, *, use_spans: bool = True) -> bytes:
    """Return a whole element: type, name, value."""
    if "\0" in name:
        raise CodecError("A name in a MongoDB document cannot hold a NUL character.")
    code, value = write_value(data, node, use_spans=use_spans)
    return bytes([code]) + _utf8(name) + b"\0" + value


def string_value(text: str) -> bytes:
    raw = _utf8(text)
    return struct.pack("<i", len(raw) + 1) + raw + b"\0"


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise CodecError("A lone surrogate cannot be stored in a MongoDB document.") from None


def _code(node: Node) -> int:
    match node.kind:
        case Kind.OBJECT:
            return _OBJECT
        case Kind.ARRAY:
            return _ARRAY
        case Kind.STRING:
            return _STRING
        case Kind.BOOL:
            return _BOOL
        case Kind.NULL:
            return _NULL
        case Kind.NUMBER if not node.tag:
            text = str(node.scalar)
            is_int32 = (
                text != "-0" and text.lstrip("-").isdigit() and -(2**31) <= int(text[:12]) < 2**31 and len(text) < 12
            )
            return _INT32 if is_int32 else _DOUBLE
        case _:
            return _CODES[node.tag]


def _number_bytes(code: int, text: str) -> bytes:
    if code == _DOUBLE:
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise CodecError('The number is too large. What never ends is written {"$numberDouble":"Infinity"}.')
        return struct.pack("<d", number)
    size = 4 if code == _INT32 else 8
    return int(text).to_bytes(size, "little", signed=True)


_FORMS = {
    "date": "a time such as 2026-11-24T22:29:03.114Z",
    "objectId": 'its 24 hexadecimal digits or {"$oid":"…"}',
    "decimal128": 'a number or {"$numberDecimal":"…"}',
    "double": 'a number or {"$numberDouble":"NaN"}',
    "int64": 'a whole number of 64 bits, or {"$numberDouble":"…"}',
    "binary": '{"$binary":{"base64":"…","subType":"00"}}',
    "regex": '{"$regularExpression":{"pattern":"…","options":""}}',
    "timestamp": '{"$timestamp":{"t":…,"i":…}}',
    "symbol": '{"$symbol":"…"}',
    "code": '{"$code":"…"}',
    "codeWithScope": '{"$code":"…","$scope":{}}',
    "dbPointer": '{"$dbPointer":{"$ref":"…","$id":{"$oid":"…"}}}',
}


def retag(old: Node, new: Node) -> Node:
    """Return `new`, a value without a BSON type that was typed in place of `old`, with the type of `old`.

    `CodecError`, with the form to write, where that type cannot hold it. JSON's own types and null need no other form:
    they replace each other freely, and int32 and double are one type to JavaScript.
    """
    if not old.tag or new.tag or new.kind is Kind.NULL:
        return new
    if old.kind is Kind.NUMBER:
        return _retag_number(old.tag, new) if new.kind is Kind.NUMBER else new
    text = str(new.scalar) if new.kind in (Kind.STRING, Kind.NUMBER) else ""
    if old.tag == "date" and new.kind is Kind.STRING:
        epoch_ms = parse_time(text.strip())
        if epoch_ms is not None:
            return date_node(epoch_ms)
    elif old.tag == "objectId" and new.kind is Kind.STRING and _OBJECT_ID.fullmatch(text.strip()):
        return typed_node("objectId", bytes.fromhex(text.strip()))
    elif old.tag == "decimal128" and text:
        return typed_node("decimal128", decimal_bytes(text))
    elif old.tag == "double" and new.kind is Kind.NUMBER:
        return _retag_number("double", new)
    raise _refusal(old.tag)


def _retag_number(tag: str, new: Node) -> Node:
    text = str(new.scalar)
    is_whole = text.lstrip("-").isdigit() and text != "-0"
    if tag == "int64":
        if not is_whole or len(text) > 20 or not -(2**63) <= int(text) < 2**63:
            raise _refusal(tag)
        return typed_node(tag, _number_bytes(_INT64, text))
    raw = _number_bytes(_DOUBLE, text)
    if tag == "double":
        number = struct.unpack("<d", raw)[0]
        if is_whole and int(text) != number:
            raise CodecError(f'A double cannot hold {text} but {number:.0f}: write {{"$numberLong":"{text}"}}.')
        return typed_node(tag, raw)
    return new


def _refusal(tag: str) -> CodecError:
    article = "an" if tag[0] in "aeiou" else "a"
    form = _FORMS.get(tag, f'{{"${tag}":…}}')
    return CodecError(
        f"It holds {article} {tag}: write {form}. For another type, change the type or remove the field first."
    )
