"""A block of a list's rows as a filter looks at it: columns, a search over the bytes, single members decoded."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from inspector.codecs import FieldReader, plain_data
from inspector.services.catalogue.byte_search import Haystack, find_from
from inspector.services.catalogue.columns import Columns
from inspector.services.catalogue.text_column import ROWS, Block
from inspector.services.checkpoint import checkpoint
from inspector.services.filtering.terms import MISSING, FieldKeys, Rows, chosen, find_field
from store_adapters.record_form import PayloadForm

if TYPE_CHECKING:
    from inspector.services.filtering.parser import SessionFilter


class RowBlock:
    """The rows from `first` up to `end`, as they are now."""

    def __init__(self, columns: Columns, number: int, end: int, now_ms: int) -> None:
        self._columns = columns
        self._number = number
        self.first = number * ROWS
        self._end = end
        self.now_ms = now_ms

    def living(self) -> Rows:
        alive = self._columns.alive
        if alive.find(0, self.first, self._end) < 0:
            return range(self._end - self.first)
        return [place - self.first for place in range(self.first, self._end) if alive[place]]

    @cached_property
    def sizes(self) -> Sequence[int]:
        return self._columns.sizes[self.first : self._end]

    @cached_property
    def expires(self) -> Sequence[int]:
        return self._columns.expires[self.first : self._end]

    @cached_property
    def changed(self) -> Sequence[int]:
        return self._columns.changed[self.first : self._end]

    def users(self) -> Sequence[str]:
        return self._columns.users_of_block(self._number)

    def formats(self) -> Sequence[str]:
        return [self._columns.format(place) for place in range(self.first, self._end)]

    def session_ids(self) -> Sequence[str]:
        return [self._columns.id_of(key) for key in self._columns.keys.block(self._number).values()]

    def is_expiry_hidden(self, row: int) -> bool:
        return self._columns.is_expiry_hidden(self.first + row)

    @cached_property
    def _block(self) -> Block:
        return self._columns.payloads.block(self._number)

    @cached_property
    def _hay(self) -> Haystack:
        return Haystack(self._block.data())

    def values(self) -> list[bytes]:
        """Return the stored bytes of each row, b"" where they aren't kept."""
        return self._block.values()

    @cached_property
    def inner(self) -> dict[int, bytes]:
        """The texts inside rows that are wrapped in something."""
        inner = self._columns.inner
        if not inner:
            return {}
        return {place - self.first: inner[place] for place in range(self.first, self._end) if place in inner}

    def find(self, needle: str) -> set[int]:
        wanted = needle.encode("utf-8", "surrogatepass")
        if needle.isascii():
            found = set(_hits(self._block.ends, self._hay, wanted))
        else:
            # Letters beyond ASCII have cases of their own: each text is looked at as text.
            values = enumerate(self._block.values())
            found = {row for row, value in values if needle in value.decode("utf-8", "replace").lower()}
        keys = self._columns.keys.block(self._number)
        found.update(_hits(keys.ends, Haystack(keys.data()), wanted) if needle.isascii() else ())
        for row, text in self.inner.items():
            if needle in text.decode("utf-8", "replace").lower():
                found.add(row)
            elif row in found and wanted not in keys.value(row).lower():
                found.discard(row)  # a wrapping that happens to hold these letters is not its text
        return found

    def may_hold(self, rows: Rows, needle: str) -> Rows:
        if self._columns.form is PayloadForm.DOCUMENT and self._has_documents():
            return rows  # BSON spells numbers and dates otherwise
        found = set(_hits(self._block.ends, self._hay, needle.encode()))
        if b"\\" in self._hay.data:  # an escape may spell any letter
            found.update(_hits(self._block.ends, self._hay, b"\\"))
        found.update(self.inner)
        return chosen(rows, found)

    def found(self, finding: str, rows: Rows) -> Rows:
        found = self._columns.findings.get(finding)
        return [] if found is None else found.among(self.first, rows)

    def format_roles(self) -> tuple[Sequence[tuple[str, str]], Sequence[int]] | None:
        if self._columns.has_role_lists:
            return None
        return self._columns.format_roles, self._columns.format_role[self.first : self._end]

    def _are_plain(self) -> bool:
        """True where each row was read as a plain JSON object on its own."""
        format_roles, plain = self._columns.format_roles, self._columns.plain_format
        codes = set(self._columns.format_role[self.first : self._end])
        is_text = self._columns.form is not PayloadForm.DOCUMENT
        return not self.inner and is_text and all(format_roles[code][0] == plain for code in codes)

    def _has_documents(self) -> bool:
        plain = "connect-mongo, JSON text"
        return any(self._columns.format(place) != plain for place in range(self.first, self._end))

    def fields(self, rows: Rows, keys: FieldKeys) -> list[Any]:
        form, inner, depth = self._columns.form, self.inner, 2 if len(keys) > 1 and isinstance(keys[1], str) else 1
        reader = _reader(form, tuple(map(str, keys[:depth])))
        if len(rows) == len(self._block.ends):
            joined = reader.read_joined(self._hay.data, len(rows)) if self._are_plain() else None
            if joined is not None:
                return joined if len(keys) <= depth else [find_field(value, keys[depth:]) for value in joined]
            payloads = self._block.values()
        else:
            data, ends = self._hay.data, self._block.ends
            payloads = [data[ends[row - 1] if row else 0 : ends[row]] for row in rows]
        found, odd = reader.read_all(payloads)
        if len(keys) > depth:
            rest = keys[depth:]
            found = [find_field(value, rest) for value in found]
        for place in odd:
            found[place] = find_field(plain_data(payloads[place], form), keys)
        if inner:
            for place, row in enumerate(rows):
                if row in inner:
                    found[place] = find_field(plain_data(inner[row], PayloadForm.TEXT), keys)
        return found


def matching(columns: Columns, total: int, session_filter: SessionFilter | None, now_ms: int) -> array[int]:
    """Return the positions of the living rows among the first `total` that match, in order."""
    found = array("I")
    for number in range(-(-total // ROWS)):
        checkpoint()
        chunk = RowBlock(columns, number, min(total, (number + 1) * ROWS), now_ms)
        rows = chunk.living()
        if session_filter is not None and rows:
            rows = session_filter.term.narrow(chunk, rows)
        found.extend([chunk.first + row for row in rows])
    return found


@lru_cache(maxsize=64)
def _reader(form: PayloadForm, keys: tuple[str, ...]) -> FieldReader:
    return FieldReader(form, keys, MISSING)


def _hits(ends: Sequence[int], haystack: Haystack, needle: bytes) -> list[int]:
    """Return the rows in whose bytes `needle` stands as a whole."""
    rows: list[int] = []
    size = len(needle)
    search = find_from(haystack, needle)
    place = search(0)
    while place >= 0:
        row = bisect_right(ends, place)
        if row >= len(ends):
            break
        if place + size <= ends[row]:
            rows.append(row)
            place = search(ends[row])
        else:
            place = search(place + 1)
    return rows
