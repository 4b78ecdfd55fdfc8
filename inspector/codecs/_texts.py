"""JSON text that a person types or reads, for trees of any format."""

from __future__ import annotations

from msgspec.structs import replace

from inspector.codecs._api import CodecError
from inspector.codecs.formats.bson import retag, write_value
from inspector.codecs.formats.extended_json import literal_of, typed_value
from inspector.codecs.formats.json import read_json
from inspector.core.edits import reconcile
from inspector.core.field_path import join_field
from inspector.core.node import Entry, Kind, Node, member, without_spans

_CONTAINERS = (Kind.OBJECT, Kind.ARRAY)


def parse_json(text: str) -> Node:
    """Read a JSON value that a person typed. `JsonError` with line and column."""
    return without_spans(read_json(text.encode("utf-8", "surrogatepass")))


def parse_value(text: str, old: Node | None, *, has_types: bool) -> Node:
    """Read a JSON value that was typed in place of `old` (None: of a new field). `JsonError`, `CodecError`.

    `has_types`: into a tree of BSON, where Extended JSON gives a type and what gives none keeps that of what it replaces.
    """
    typed = parse_json(text)
    return _with_types(typed, old, "") if has_types else typed


def parse_like(text: str, template: Node, *, has_types: bool = False) -> Node:
    """Read JSON text that `format_json(template)` made and a person edited, `has_types` for both.

    Everything unchanged keeps the nodes and bytes of `template`. `JsonError`, `CodecError`.
    """
    return reconcile(template, parse_value(text, template, has_types=has_types))


def _with_types(node: Node, old: Node | None, field: str) -> Node:
    try:
        literal = literal_of(node)
        value = typed_value(node) if literal is None else None
        if value is not None:
            return value
        node = literal or node
        if node.kind is Kind.NUMBER:
            write_value(b"", node)  # refuses one that no type can hold
        if node.kind not in _CONTAINERS:
            return node if old is None else retag(old, node)
        if old is not None and old.kind is not node.kind:
            retag(old, node)
            old = None
    except CodecError as error:
        raise CodecError(f"{field}: {error}" if field else str(error)) from None
    if node.kind is Kind.ARRAY:
        return replace(node, entries=_typed_items(node, old, field))
    entries = []
    for entry in node.entries:
        key = str(entry.key)
        before = member(old, key) if old is not None else None
        entries.append(Entry(key, _with_types(entry.value, before, join_field(field, key))))
    return replace(node, entries=tuple(entries))


def _typed_items(node: Node, old: Node | None, field: str) -> tuple[Entry, ...]:
    """Items of a list that kept its length stand for those at their place, but for one that only moved."""
    before = [entry.value for entry in old.entries] if old is not None and len(old.entries) == len(node.entries) else []
    known = set(before)
    items = []
    for place, entry in enumerate(node.entries):
        is_moved = not before or entry.value in known
        items.append(
            Entry(None, _with_types(entry.value, None if is_moved else before[place], join_field(field, place)))
        )
    return tuple(items)
