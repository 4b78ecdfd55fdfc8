"""What a person types over one value, and changing a value's type."""

from __future__ import annotations

from inspector.codecs._api import CodecError
from inspector.codecs._texts import parse_json, parse_value
from inspector.codecs.formats.bson import retag, typed_node
from inspector.codecs.formats.extended_json import literal_of, typed_value, with_types
from inspector.codecs.formats.json import JsonError, format_json, scalar_json
from inspector.core.node import FALSE, NULL, TRUE, Entry, Kind, Node, object_node, text_node
from inspector.core.type_words import describe_size

JSON_TYPES = ("string", "number", "bool", "null", "object", "array")
_ZEROS = {"int32": 4, "int64": 8, "double": 8, "decimal128": 16, "date": 8, "objectId": 12}
BSON_TYPES = tuple(_ZEROS)
"""The types beside JSON's that a value of a MongoDB document can be changed to; the number is of bytes."""
_TEXT_TYPES = ("date", "objectId", "decimal128")
"""Types whose text, as it is shown, says all."""
_CONTAINERS = (Kind.OBJECT, Kind.ARRAY)
_BOOLS = {"true": TRUE, "yes": TRUE, "1": TRUE, "false": FALSE, "no": FALSE, "0": FALSE, "": FALSE}


def edit_text(node: Node) -> str:
    """Return the text with which a person begins to edit a scalar; `parse_typed` reads it."""
    return str(node.scalar) if node.kind is Kind.STRING or node.tag in _TEXT_TYPES else scalar_json(node)


def parse_typed(text: str, old: Node) -> Node:
    """Read what was typed in place of a scalar: a string stays one, a number or bool must be one. `CodecError`.

    Over a BSON type Extended JSON gives another one.
    """
    if old.kind is Kind.STRING:
        return text_node(text)
    try:
        node = parse_json(text.strip())
    except JsonError:
        node = None
    if node is not None and old.tag and literal_of(node) is None and (value := typed_value(node)) is not None:
        return value
    if old.kind is Kind.OTHER:
        is_number = node is not None and node.kind is Kind.NUMBER
        return retag(old, node if node is not None and is_number else text_node(text))
    if node is None or node.kind is not old.kind:
        wanted = {Kind.NUMBER: "a number such as 42 or 1.5", Kind.BOOL: "true or false"}.get(old.kind, "such a value")
        raise CodecError(f"This is not {wanted}. To store something else, change the type first.")
    return retag(old, node)


def offered_value(text: str, old: Node, *, has_types: bool) -> Node | None:
    """Return the value that a text typed over `old` is the JSON of, where it may have been meant; None where it is text.

    A number or word in place of another that was text is read as text.
    """
    try:
        value = parse_value(text, None, has_types=has_types)
    except CodecError:
        return None
    if value.kind is Kind.STRING:
        return None
    before = offered_value(str(old.scalar), NULL, has_types=has_types) if old.kind is Kind.STRING else None
    is_same = before is not None and before.kind is value.kind
    return None if is_same and value.kind not in _CONTAINERS else value


def change_type(node: Node, type_name: str) -> Node:
    """Return the value as another of `JSON_TYPES` or `BSON_TYPES`. `CodecError`, with words, where it would lose something."""
    if type_name == (node.tag or node.kind.value):
        return node
    text = _text_of(node)
    match type_name:
        case "string":
            return text_node(text)
        case "number":
            return _as_number(node, text)
        case "bool":
            found = _BOOLS.get(text.strip().lower())
            if found is None:
                raise _refusal(node, type_name, "Only true, false, yes, no, 1 and 0 can be.")
            return found
        case "null":
            if node.entries:
                raise _refusal(node, type_name, "Remove it, or write null on the JSON tab.")
            return NULL
        case "object":
            return _as_object(node, text)
        case "array":
            return _as_array(node, text)
        case _ if type_name in _ZEROS:
            return _as_bson(node, text, type_name)
    raise CodecError(f"There is no type {type_name} here.")


def _text_of(node: Node) -> str:
    """Return the text of a value that holds all of it: "" for null and for what is empty, JSON for what has fields."""
    if node.kind is Kind.NULL or (node.kind in _CONTAINERS and not node.entries):
        return ""
    return format_json(node, None, has_types=True) if node.entries else edit_text(node)


def _refusal(node: Node, type_name: str, remedy: str) -> CodecError:
    what = describe_size(node) if node.entries else "value"
    verb = "would be lost" if node.entries else f"cannot become {'an' if type_name[0] in 'aeiou' else 'a'} {type_name}"
    return CodecError(f"Its {what} {verb}. {remedy}")


def _as_number(node: Node, text: str) -> Node:
    if node.kind is Kind.BOOL:
        return Node(Kind.NUMBER, "1" if node.scalar else "0")
    if node.tag == "date":
        return Node(Kind.NUMBER, str(int.from_bytes(node.raw, "little", signed=True)))
    if node.kind is Kind.NUMBER:
        return Node(Kind.NUMBER, node.scalar)
    if node.entries:
        raise _refusal(node, "number", "Remove it and add a new field.")
    return parse_typed(text.strip() or "0", Node(Kind.NUMBER, "0"))


def _as_object(node: Node, text: str) -> Node:
    if node.kind is Kind.ARRAY:
        return Node(Kind.OBJECT, entries=tuple(Entry(str(place), one.value) for place, one in enumerate(node.entries)))
    return _as_container(node, text, Kind.OBJECT)


def _as_array(node: Node, text: str) -> Node:
    if node.kind is not Kind.OBJECT:
        return _as_container(node, text, Kind.ARRAY)
    if [entry.key for entry in node.entries] != [str(place) for place in range(len(node.entries))]:
        raise CodecError(
            "The names of its fields would be lost: only an object with the names 0, 1, 2 … becomes an array."
        )
    return Node(Kind.ARRAY, entries=tuple(Entry(None, entry.value) for entry in node.entries))


def _as_container(node: Node, text: str, kind: Kind) -> Node:
    if not text.strip():
        return Node(kind)
    form = '{"name": "value"}' if kind is Kind.OBJECT else "[1, 2]"
    refusal = _refusal(node, kind.value, f"Write it as JSON such as {form} first, then change the type.")
    if node.kind is not Kind.STRING:
        raise refusal
    try:
        found = parse_json(text)
    except JsonError as error:
        raise CodecError(f"{refusal} {error}") from None
    if found.kind is not kind:
        raise refusal
    return found


def _as_bson(node: Node, text: str, type_name: str) -> Node:
    if node.tag == "date" and type_name in ("int64", "double"):
        node = _as_number(node, text)
        text = str(node.scalar)
    if type_name == "date" and node.kind is Kind.NUMBER:
        return with_types(object_node(("$date", Node(Kind.NUMBER, node.scalar))))
    if type_name == "int32":
        return with_types(object_node(("$numberInt", text_node(text.strip() or "0"))))
    is_numeric = type_name in ("int64", "double")
    new = parse_typed(text.strip() or "0", Node(Kind.NUMBER, "0")) if is_numeric else text_node(text)
    return retag(typed_node(type_name, bytes(_ZEROS[type_name])), new)
