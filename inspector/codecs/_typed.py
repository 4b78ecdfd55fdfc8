"""What a person types over one value, and changing a value's type; knows no widget and no stored record."""

from __future__ import annotations

from msgspec.structs import replace

from inspector.codecs._api import CodecError
from inspector.codecs._texts import parse_json, retype
from inspector.codecs.formats.bson import date_node
from inspector.codecs.formats.json import JsonError, scalar_json
from inspector.core.display import parse_time
from inspector.core.node import FALSE, NULL, TRUE, Entry, Kind, Node, text_node, without_spans

JSON_TYPES = ("string", "number", "bool", "null", "object", "array")


def parse_typed(text: str, old: Node) -> Node:
    """Read what was typed in the place of a scalar: a string stays one, a number or bool must be one. `CodecError`."""
    if old.kind is Kind.STRING:
        return retype(text_node(text), old)
    if old.tag == "date":
        epoch_ms = parse_time(text.strip())
        if epoch_ms is None:
            raise CodecError("A date looks like 2026-11-24T22:29:03.114Z.")
        return date_node(epoch_ms)
    try:
        node = parse_json(text.strip())
    except JsonError:
        node = None
    if node is None or node.kind is not old.kind:
        wanted = {Kind.NUMBER: "a number such as 42 or 1.5", Kind.BOOL: "true or false"}.get(old.kind, "such a value")
        raise CodecError(f"This is not {wanted}. To store something else, change the type first.")
    return retype(node, old)


def change_type(node: Node, type_name: str) -> Node:
    """Return the value as another of `JSON_TYPES` (or "date"), keeping what the type can hold. `CodecError`."""
    text = str(node.scalar) if node.kind is Kind.STRING else "" if node.entries else scalar_json(node)
    match type_name:
        case "string":
            return text_node("" if node.kind in (Kind.NULL, Kind.OBJECT, Kind.ARRAY) else text)
        case "number":
            return _as_number(node, text)
        case "bool":
            return FALSE if text.strip().lower() in ("", "0", "false", "no", "null", "{}", "[]") else TRUE
        case "null":
            return NULL
        case "object":
            entries = tuple(Entry(str(place), entry.value) for place, entry in enumerate(node.entries))
            return Node(Kind.OBJECT, entries=node.entries if node.kind is Kind.OBJECT else entries)
        case "array":
            return without_spans(Node(Kind.ARRAY, entries=tuple(replace(e, key=None) for e in node.entries)))
        case "date":
            return parse_typed(text, date_node(0))
    raise CodecError(f"There is no type {type_name} here.")


def _as_number(node: Node, text: str) -> Node:
    if node.kind is Kind.BOOL:
        return Node(Kind.NUMBER, "1" if node.scalar else "0")
    if not text.strip() or node.kind in (Kind.NULL, Kind.OBJECT, Kind.ARRAY):
        return Node(Kind.NUMBER, "0")
    return parse_typed(text, Node(Kind.NUMBER, "0"))
