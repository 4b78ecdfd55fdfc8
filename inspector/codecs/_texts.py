"""JSON text that a person types or reads, for trees of any format; knows no stored record."""

from __future__ import annotations

from msgspec.structs import replace

from inspector.codecs._api import CodecError
from inspector.codecs.formats.bson import date_node, other_node, retag
from inspector.codecs.formats.json import read_json
from inspector.core.display import parse_time
from inspector.core.edits import reconcile
from inspector.core.node import Entry, Kind, Node, member, text_of, without_spans


def parse_json(text: str) -> Node:
    """Read a JSON value that a person typed. `JsonError` with line and column."""
    return without_spans(read_json(text.encode("utf-8", "surrogatepass")))


def parse_like(text: str, template: Node) -> Node:
    """Read JSON text that `format_json(template)` made and a person edited.

    Everything unchanged keeps the nodes and bytes of `template`; BSON types come back from their Extended JSON form
    and are kept where a value of the same sort was typed in their place. `JsonError`, `CodecError`.
    """
    typed = parse_json(text)
    if _has_types(template):
        typed = _with_types(typed, template)
    return reconcile(template, typed)


def retype(node: Node, old: Node | None) -> Node:
    """Return a value typed in the place of `old` with the BSON type of `old` where it can hold it."""
    return node if old is None else retag(old, node)


def _has_types(node: Node) -> bool:
    return bool(node.tag) or any(_has_types(entry.value) for entry in node.entries)


def _with_types(node: Node, old: Node | None) -> Node:
    extended = _extended(node)
    if extended is not None:
        return extended
    if not node.entries:
        return retype(node, old)
    entries = []
    for place, entry in enumerate(node.entries):
        before = None
        if old is not None and old.kind is node.kind:
            if entry.key is not None:
                before = member(old, entry.key)
            elif place < len(old.entries):
                before = old.entries[place].value
        entries.append(Entry(entry.key, _with_types(entry.value, before)))
    return replace(node, entries=tuple(entries))


def _extended(node: Node) -> Node | None:
    if node.kind is not Kind.OBJECT or len(node.entries) not in (1, 2):
        return None
    keys = tuple(entry.key for entry in node.entries)
    texts = [text_of(entry.value) for entry in node.entries]
    if keys == ("$date",) and texts[0] is not None:
        epoch_ms = parse_time(texts[0])
        if epoch_ms is None:
            raise CodecError("$date needs a time such as 2026-11-24T22:29:03.114Z.")
        return date_node(epoch_ms)
    try:
        if keys == ("$oid",) and texts[0] is not None:
            return other_node("objectId", bytes.fromhex(texts[0]))
        if keys == ("$bson", "hex") and texts[0] is not None and texts[1] is not None:
            return other_node(texts[0], bytes.fromhex(texts[1]))
    except ValueError as error:
        raise error if isinstance(error, CodecError) else CodecError("$oid and hex need hexadecimal digits.") from None
    return None
