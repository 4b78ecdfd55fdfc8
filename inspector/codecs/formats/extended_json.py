"""MongoDB Extended JSON v2: BSON values to plain JSON trees and back, so that reading what was shown gives the same bytes.

Format: github.com/mongodb/specifications, extended-json; relaxed where that names the type beyond doubt, else canonical: a bare
whole number is int32, one with a fraction or exponent a double, int64 is always `$numberLong`.

Two forms are not in the specification, for what it cannot say: `{"$bson": type, "hex": bytes}` for a value whose bytes its
form does not give back (a NaN with a payload, text that is not UTF-8), and `{"$literal": {…}}` around an object whose own
names begin like a type's.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import uuid
from collections.abc import Callable

from inspector.codecs._api import CodecError
from inspector.codecs.formats.bson import (
    Element,
    date_node,
    read_value,
    string_value,
    typed_node,
    write_value,
)
from inspector.codecs.formats.decimal128 import decimal_bytes, decimal_text
from inspector.core.display import format_time, parse_time
from inspector.core.node import TRUE, Entry, Kind, Node, number_node, object_node, text_node, text_of

_OBJECT = 3
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,19})")
_YEAR_10000_MS = 253_402_300_800_000
_OLD_REGEX = {"$regex", "$options"}
_LITERAL = "$literal"
_DOUBLES = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


# --- values to JSON ------------------------------------------------------------------------------------------------


def plain_value(node: Node) -> Node:
    """Return a scalar that has a BSON type as a tree of JSON's own types."""
    match node.tag:
        case "int32":
            return Node(Kind.NUMBER, node.scalar)
        case "int64":
            return object_node(("$numberLong", text_node(str(node.scalar))))
        case "objectId":
            return object_node(("$oid", text_node(node.raw.hex())))
        case "date":
            return object_node(("$date", _plain_date(int.from_bytes(node.raw, "little", signed=True))))
    try:
        form = _plain_other(node.tag, node.raw)
        if typed_value(form) == Node(node.kind, node.scalar, tag=node.tag, raw=node.raw):
            return form
        if node.tag == "double" and node.kind is Kind.NUMBER and _is_double(str(form.scalar)):
            return form
    except (CodecError, ValueError, struct.error):
        pass
    return object_node(("$bson", text_node(node.tag)), ("hex", text_node(node.raw.hex())))


def _is_double(text: str) -> bool:
    return not _WHOLE.fullmatch(text) or text == "-0"


def _plain_date(epoch_ms: int) -> Node:
    if 0 <= epoch_ms < _YEAR_10000_MS:
        return text_node(format_time(epoch_ms))
    return object_node(("$numberLong", text_node(str(epoch_ms))))


def _plain_other(tag: str, raw: bytes) -> Node:
    match tag:
        case "double":
            return _plain_double(struct.unpack("<d", raw)[0])
        case "decimal128":
            return object_node(("$numberDecimal", text_node(decimal_text(raw))))
        case "binary":
            data = raw[9:] if raw[4] == 2 else raw[5:]
            coded = text_node(base64.b64encode(data).decode("ascii"))
            return object_node(("$binary", object_node(("base64", coded), ("subType", text_node(f"{raw[4]:02x}")))))
        case "regex":
            pattern, options = raw[:-1].decode("utf-8").split("\0")
            parts = object_node(("pattern", text_node(pattern)), ("options", text_node(options)))
            return object_node(("$regularExpression", parts))
        case "timestamp":
            count, seconds = struct.unpack("<II", raw)
            return object_node(("$timestamp", object_node(("t", number_node(seconds)), ("i", number_node(count)))))
        case "symbol" | "code":
            return object_node((f"${tag}", text_node(raw[4:-1].decode("utf-8"))))
        case "codeWithScope":
            end = 8 + struct.unpack_from("<i", raw, 4)[0]
            scope = read_value(raw, Element(_OBJECT, "", 0, end, len(raw)))
            return object_node(("$code", text_node(raw[8 : end - 1].decode("utf-8"))), ("$scope", plain_tree(scope)))
        case "dbPointer":
            names = ("$ref", text_node(raw[4:-13].decode("utf-8"))), ("$id", _plain_id(raw[-12:]))
            return object_node(("$dbPointer", object_node(*names)))
        case "undefined":
            return object_node(("$undefined", TRUE))
    return object_node((f"${tag}", number_node(1)))  # minKey, maxKey


def _plain_id(raw: bytes) -> Node:
    return object_node(("$oid", text_node(raw.hex())))


def _plain_double(number: float) -> Node:
    for text, value in _DOUBLES.items():
        if number == value or (number != number and value != value):
            return object_node(("$numberDouble", text_node(text)))
    return Node(Kind.NUMBER, repr(number))


def plain_tree(node: Node) -> Node:
    """Return a tree of a BSON document as one of JSON's own types."""
    if node.tag:
        return plain_value(node)
    if not node.entries:
        return Node(node.kind, node.scalar)
    plain = Node(node.kind, entries=tuple(Entry(entry.key, plain_tree(entry.value)) for entry in node.entries))
    return object_node((_LITERAL, plain)) if needs_literal(node) else plain


def needs_literal(node: Node) -> bool:
    """True for an object of a document that would be read as a value of a BSON type: it is written inside `$literal`."""
    if node.kind is not Kind.OBJECT:
        return False
    names = {entry.key for entry in node.entries}
    return not names.isdisjoint(_NAMES) or names == _OLD_REGEX


# --- JSON to values ------------------------------------------------------------------------------------------------


def literal_of(node: Node) -> Node | None:
    """Return the object inside `$literal`, whose own names don't mark a type; None for anything else. `CodecError`."""
    if node.kind is not Kind.OBJECT or all(entry.key != _LITERAL for entry in node.entries):
        return None
    if len(node.entries) != 1 or node.entries[0].value.kind is not Kind.OBJECT:
        raise CodecError('$literal holds one object, and stands alone: {"$literal":{"$date":1}}.')
    return node.entries[0].value


def typed_value(node: Node) -> Node | None:
    """Return the value that an object stands for, None for one that stands for itself. `CodecError` for a wrong form."""
    if not needs_literal(node):
        return None
    members = {str(entry.key): entry.value for entry in node.entries}
    if members.keys() == _OLD_REGEX:
        return _regex(_text(members["$regex"]), _text(members["$options"]))
    name = next(name for name in members if name in _NAMES)
    read, others, words = _READERS[name]
    if len(members) != len(node.entries) or not members.keys() - {name} <= others:
        raise CodecError(f"{words} To store a name that begins this way, put it inside $literal.")
    try:
        return read(members)
    except (ValueError, KeyError, struct.error) as error:
        raise CodecError(f"{name}: {error}" if isinstance(error, CodecError) else words) from None


def _text(node: Node) -> str:
    text = text_of(node)
    if text is None:
        raise ValueError
    return text


def _parts(node: Node, *names: str) -> list[Node]:
    if node.kind is not Kind.OBJECT or sorted(str(entry.key) for entry in node.entries) != sorted(names):
        raise ValueError
    found = {entry.key: entry.value for entry in node.entries}
    return [found[name] for name in names]


def _whole(text: str, size: int, *, signed: bool = True) -> bytes:
    if not _WHOLE.fullmatch(text):
        raise ValueError
    try:
        return int(text).to_bytes(size, "little", signed=signed)
    except OverflowError:
        raise ValueError from None


def _number(node: Node) -> str:
    if node.kind is not Kind.NUMBER:
        raise ValueError
    return str(node.scalar)


def _double(text: str) -> Node:
    number = _DOUBLES.get(text)
    if number is None:
        number = float(text)
        if not text.strip("+-0123456789.eE") == "" or number in (float("inf"), float("-inf")):
            raise ValueError
    return typed_node("double", struct.pack("<d", number))


def _date(node: Node) -> Node:
    if node.kind is Kind.OBJECT:
        return typed_node("date", _whole(_text(_parts(node, "$numberLong")[0]), 8))
    if node.kind is Kind.NUMBER:
        return typed_node("date", _whole(_number(node), 8))
    epoch_ms = parse_time(_text(node))
    if epoch_ms is None:
        raise ValueError
    return date_node(epoch_ms)


def _object_id(node: Node) -> bytes:
    text = _text(node)
    if not re.fullmatch("[0-9a-fA-F]{24}", text):
        raise ValueError
    return bytes.fromhex(text)


def _binary(members: dict[str, Node]) -> Node:
    value, old_type = members["$binary"], members.get("$type")
    if old_type is not None:
        coded, subtype = _text(value), _text(old_type)
    else:
        coded, subtype = map(_text, _parts(value, "base64", "subType"))
    if not re.fullmatch("[0-9a-fA-F]{1,2}", subtype):
        raise ValueError
    try:
        data = base64.b64decode(coded, validate=True)
    except binascii.Error:
        raise ValueError from None
    return _bytes_node(data, int(subtype, 16))


def _bytes_node(data: bytes, subtype: int) -> Node:
    if subtype == 2:
        data = struct.pack("<i", len(data)) + data
    return typed_node("binary", struct.pack("<iB", len(data), subtype) + data)


def _regex(pattern: str, options: str) -> Node:
    if "\0" in pattern + options:
        raise CodecError("A regular expression cannot hold a NUL character.")
    return typed_node("regex", pattern.encode("utf-8") + b"\0" + options.encode("utf-8") + b"\0")


def _timestamp(node: Node) -> Node:
    seconds, count = _parts(node, "t", "i")
    raw = _whole(_number(count), 4, signed=False) + _whole(_number(seconds), 4, signed=False)
    return typed_node("timestamp", raw)


def _code(members: dict[str, Node]) -> Node:
    code = string_value(_text(members["$code"]))
    if "$scope" not in members:
        return typed_node("code", code)
    scope = with_types(members["$scope"])
    if scope.kind is not Kind.OBJECT:
        raise ValueError
    body = code + write_value(b"", scope)[1]
    return typed_node("codeWithScope", struct.pack("<i", len(body) + 4) + body)


def _pointer(node: Node) -> Node:
    name, pointed = _parts(node, "$ref", "$id")
    return typed_node("dbPointer", string_value(_text(name)) + _object_id(_parts(pointed, "$oid")[0]))


def _constant(tag: str, node: Node) -> Node:
    if node != (TRUE if tag == "undefined" else number_node(1)):
        raise ValueError
    return typed_node(tag, b"")


def with_types(node: Node) -> Node:
    """Return a plain tree with every value that is written in Extended JSON. `CodecError`."""
    literal = literal_of(node)
    if literal is None and (value := typed_value(node)) is not None:
        return value
    node = literal or node
    return Node(node.kind, node.scalar, tuple(Entry(entry.key, with_types(entry.value)) for entry in node.entries))


_Reader = Callable[[dict[str, Node]], Node]
_NOTHING: frozenset[str] = frozenset()
_READERS: dict[str, tuple[_Reader, frozenset[str], str]] = {
    "$oid": (lambda of: typed_node("objectId", _object_id(of["$oid"])), _NOTHING, "$oid needs 24 hexadecimal digits."),
    "$date": (
        lambda of: _date(of["$date"]), _NOTHING,
        '$date needs a time such as "2026-11-24T22:29:03.114Z", or {"$numberLong":"…"} with milliseconds since 1970.',
    ),
    "$numberInt": (
        lambda of: typed_node("int32", _whole(_text(of["$numberInt"]), 4)), _NOTHING,
        '$numberInt needs a whole number of 32 bits as text, such as "42".',
    ),
    "$numberLong": (
        lambda of: typed_node("int64", _whole(_text(of["$numberLong"]), 8)), _NOTHING,
        '$numberLong needs a whole number of 64 bits as text, such as "42".',
    ),
    "$numberDouble": (
        lambda of: _double(_text(of["$numberDouble"])), _NOTHING,
        '$numberDouble needs a number as text, such as "1.5", "NaN" or "Infinity".',
    ),
    "$numberDecimal": (
        lambda of: typed_node("decimal128", decimal_bytes(_text(of["$numberDecimal"]))), _NOTHING,
        '$numberDecimal needs a number as text, such as "19.90".',
    ),
    "$binary": (
        _binary, frozenset({"$type"}), '$binary needs base64 and a subtype: {"$binary":{"base64":"AQI=","subType":"00"}}.',
    ),
    "$uuid": (
        lambda of: _bytes_node(uuid.UUID(_text(of["$uuid"])).bytes, 4), _NOTHING,
        '$uuid needs a UUID such as "73ffd264-44b3-4c69-90e8-e7d1dfc035d4".',
    ),
    "$regularExpression": (
        lambda of: _regex(*map(_text, _parts(of["$regularExpression"], "pattern", "options"))), _NOTHING,
        '$regularExpression needs both parts: {"$regularExpression":{"pattern":"^a","options":"i"}}.',
    ),
    "$timestamp": (
        lambda of: _timestamp(of["$timestamp"]), _NOTHING,
        '$timestamp needs seconds and a counter: {"$timestamp":{"t":1795559343,"i":1}}.',
    ),
    "$minKey": (lambda of: _constant("minKey", of["$minKey"]), _NOTHING, '$minKey is written {"$minKey":1}.'),
    "$maxKey": (lambda of: _constant("maxKey", of["$maxKey"]), _NOTHING, '$maxKey is written {"$maxKey":1}.'),
    "$undefined": (
        lambda of: _constant("undefined", of["$undefined"]), _NOTHING, '$undefined is written {"$undefined":true}.',
    ),
    "$symbol": (
        lambda of: typed_node("symbol", string_value(_text(of["$symbol"]))), _NOTHING, "$symbol needs a text.",
    ),
    "$code": (_code, frozenset({"$scope"}), "$code needs a text, and $scope beside it an object."),
    "$dbPointer": (
        lambda of: _pointer(of["$dbPointer"]), _NOTHING,
        '$dbPointer is written {"$dbPointer":{"$ref":"collection","$id":{"$oid":"…"}}}.',
    ),
    "$bson": (
        lambda of: typed_node(_text(of["$bson"]), bytes.fromhex(_text(of["hex"]))), frozenset({"hex"}),
        '$bson needs the name of a type and its bytes: {"$bson":"binary","hex":"…"}.',
    ),
}  # fmt: skip
_NAMES = frozenset({*_READERS, _LITERAL})
