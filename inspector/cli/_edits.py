"""What `edit` is told to change, as edits of a tree."""

from __future__ import annotations

from inspector.cli._output import BadUsage
from inspector.codecs import CodecError, JsonError, parse_value
from inspector.core.edits import InsertEntry, RemoveEntry, SetValue, apply_edit
from inspector.core.field_path import find_path, format_keys, parse_field_path
from inspector.core.node import Kind, Node, child


def apply_typed_edit(root: Node, kind: str, text: str, *, has_types: bool) -> Node:
    """Return the tree after one `--set PATH=JSON` or (kind "remove") `--remove PATH`. `BadUsage`, `FieldPathError`.

    `has_types`: into a tree of BSON, where the JSON is Extended JSON and what has no type keeps that of what it replaces.
    """
    if kind == "remove":
        path = find_path(root, parse_field_path(text))
        if path is None:
            raise BadUsage(f"There's no field {text} to remove.")
        return apply_edit(root, RemoveEntry(path))[0]
    field, equals, value = text.partition("=")
    if not equals:
        raise BadUsage(f"--set takes PATH=JSON, for example user.role='\"admin\"', not {text}")
    keys = parse_field_path(field)
    path = find_path(root, keys)
    try:
        node = parse_value(value, None if path is None else child(root, path), has_types=has_types)
    except JsonError as error:
        raise BadUsage(f"The value for {field} isn't JSON: {error}. Text needs quotes: {field}='\"text\"'") from None
    except CodecError as error:
        raise BadUsage(f"The value for {field} cannot be stored. {error}") from None
    if path is not None:
        return apply_edit(root, SetValue(path, node))[0]
    parent = find_path(root, keys[:-1])
    if parent is None:
        raise BadUsage(f"There is no field {format_keys(keys[:-1])} to put {keys[-1]} into.")
    container, last = child(root, parent), keys[-1]
    if container.kind is Kind.ARRAY and last == len(container.entries):
        return apply_edit(root, InsertEntry(parent, len(container.entries), None, node))[0]
    if container.kind is Kind.OBJECT and isinstance(last, str):
        return apply_edit(root, InsertEntry(parent, len(container.entries), last, node))[0]
    raise BadUsage(f"{field} can't take a value: an array only grows at its end.")
