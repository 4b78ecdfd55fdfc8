"""A record as text in pages that a window lays out fast, however large it is."""

from __future__ import annotations

from inspector.codecs import put_json
from inspector.core.display import escape_json
from inspector.core.node import Node
from inspector.services.checkpoint import checkpoint

PAGE_CHARS = 256 * 1024


class _Pages:
    """Takes text in parts and cuts it into pages, behind a part where it can."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._parts: list[str] = []
        self._size = 0

    def put(self, part: str) -> None:
        while self._size + len(part) > PAGE_CHARS:
            room = PAGE_CHARS - self._size if len(part) > PAGE_CHARS else 0
            self._parts.append(part[:room])
            self.finish()
            part = part[room:]
        self._parts.append(part)
        self._size += len(part)

    def finish(self) -> None:
        self.done.append(escape_json("".join(self._parts)))
        self._parts, self._size = [], 0
        checkpoint()


def json_pages(root: Node, *, has_types: bool = False) -> tuple[str, ...]:
    """Return the tree (of BSON: `has_types`) as JSON text, hidden characters as JSON escapes, in pages; together they are the whole."""
    pages = _Pages()
    put_json(root, pages.put, has_types=has_types)
    pages.finish()
    return tuple(pages.done)


def byte_page(data: bytes, number: int, size: int) -> bytes:
    """Return a page of bytes, the first is 0; no UTF-8 character is torn by it."""
    return data[_char_start(data, number * size) : _char_start(data, (number + 1) * size)]


def _char_start(data: bytes, place: int) -> int:
    for back in range(4):
        if place >= len(data) or place - back < 0 or data[place - back] & 0xC0 != 0x80:
            return min(place - back, len(data)) if place < len(data) else len(data)
    return place
