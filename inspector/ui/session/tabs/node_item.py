"""A place in the tree that a tree view shows, or a page of places."""

from __future__ import annotations

from inspector.core.display import escape_display
from inspector.core.node import Entry, Kind, Path

PAGE = 1000
"""Rows in one page; up to that many stand without a page between."""


class Item:
    """A place in the tree. `children` are made when the view asks for them. `is_page`: some entries of its parent, whose
    `entry` it has, from the place `row * PAGE` on."""

    __slots__ = ("children", "entry", "is_page", "number", "parent", "row")

    def __init__(self, parent: Item | None, row: int, entry: Entry, number: int, *, is_page: bool = False) -> None:
        self.parent = parent
        self.row = row
        self.entry = entry
        self.number = number
        self.is_page = is_page
        self.children: list[Item | None] = [None] * self.count_children()

    def count_children(self) -> int:
        """Return how many rows belong below this one."""
        count = len(self.entry.value.entries)
        if self.is_page:
            return min(PAGE, count - self.row * PAGE)
        return count if count <= PAGE else -(-count // PAGE)

    @property
    def has_pages(self) -> bool:
        return not self.is_page and len(self.entry.value.entries) > PAGE

    @property
    def place(self) -> int:
        """The position among the entries of the container."""
        return self.row + (self.parent.row * PAGE if self.parent is not None and self.parent.is_page else 0)

    @property
    def path(self) -> Path:
        if self.parent is None:
            return ()
        return self.parent.path if self.is_page else (*self.parent.path, self.place)

    @property
    def page_text(self) -> str:
        """Of a page: "1,000 … 1,999", or the first and the last name of an object's."""
        first = self.row * PAGE
        last = first + len(self.children) - 1
        container = self.entry.value
        if container.kind is Kind.ARRAY:
            return f"{first:,} … {last:,}"
        names = (escape_display(str(container.entries[place].key), 40) for place in (first, last))
        return " … ".join(names)
