"""A member of a session set to another value."""

from __future__ import annotations

from inspector.codecs import parse_typed
from inspector.core.edits import InsertEntry, SetValue, apply_edit
from inspector.core.node import Kind, Node, find_member


def set_member(root: Node, parent: tuple[int, ...], key: str, node: Node) -> Node:
    """Return the tree with a member set, at its place or at the end; a date stays a date."""
    container = root.entries[parent[0]].value if parent else root
    place = find_member(container, key)
    if place is None:
        return apply_edit(root, InsertEntry(parent, len(container.entries), key, node))[0]
    old = container.entries[place].value
    if old.tag == "date" and node.kind is Kind.STRING:
        node = parse_typed(str(node.scalar), old)
    return apply_edit(root, SetValue((*parent, place), node))[0]
