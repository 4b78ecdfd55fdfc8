"""Paths as people write them: `user.role`, `cart[1]`, `["odd.key"]`."""

from __future__ import annotations

import json
import re

from inspector.core.node import Kind, Node, Path, find_member

_PLAIN = re.compile(r"[^\s.\[\]\"']+")
_INDEX = re.compile(r"\[(\d{1,9})\]")
_QUOTED = re.compile(r'\[("(?:[^"\\]|\\.)*")\]')


class FieldPathError(ValueError):
    """The text isn't a path; says where and why."""


def parse_field_path(text: str) -> tuple[str | int, ...]:
    """Read `user.role`, `cart[1]`, `["odd.key"].x` into keys and indexes. `FieldPathError`."""
    keys: list[str | int] = []
    position = 0
    while position < len(text):
        if match := _INDEX.match(text, position):
            keys.append(int(match[1]))
        elif match := _QUOTED.match(text, position):
            try:
                keys.append(json.loads(match[1]))
            except ValueError:
                raise FieldPathError(
                    f"The quoted name at character {position + 1} of the path isn't a JSON string."
                ) from None
        else:
            start = position
            if keys:
                if text[position] != ".":
                    raise FieldPathError(f"A dot or a bracket is missing at character {position + 1} of the path.")
                start += 1
            match = _PLAIN.match(text, start)
            if match is None:
                raise FieldPathError(
                    f'A name is missing at character {start + 1} of the path; write user.role, cart[1] or ["odd.key"].'
                )
            keys.append(match[0])
        position = match.end()
    if not keys:
        raise FieldPathError("The path is empty; write for example user.role.")
    return tuple(keys)


def format_keys(keys: tuple[str | int, ...]) -> str:
    """Write keys and indexes in the form `parse_field_path` reads."""
    field = ""
    for key in keys:
        field = join_field(field, key)
    return field


def join_field(field: str, key: str | int) -> str:
    """Return the path of what stands under `key` in `field`; "" is the whole."""
    if isinstance(key, int):
        return f"{field}[{key}]"
    if _PLAIN.fullmatch(key):
        return f"{field}.{key}" if field else key
    return f"{field}[{json.dumps(key)}]"


def keys_of(root: Node, path: Path) -> tuple[str | int, ...]:
    """Return the keys and indexes on the way of a path of positions."""
    keys: list[str | int] = []
    node = root
    for position in path:
        entry = node.entries[position]
        keys.append(position if entry.key is None else entry.key)
        node = entry.value
    return tuple(keys)


def format_field_path(root: Node, path: Path) -> str:
    """Write a path of positions in the form `parse_field_path` reads."""
    return format_keys(keys_of(root, path))


def find_path(root: Node, keys: tuple[str | int, ...]) -> Path | None:
    """Return the positions of the value at `keys`, last of equal keys; None when there is none."""
    path: list[int] = []
    node = root
    for key in keys:
        if node.kind is Kind.ARRAY:
            position = key if isinstance(key, int) else int(key) if key.isascii() and key.isdigit() else None
            if position is None or position >= len(node.entries):
                return None
        else:
            position = find_member(node, str(key))
            if position is None:
                return None
        path.append(position)
        node = node.entries[position].value
    return tuple(path)
