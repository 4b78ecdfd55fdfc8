"""What a listing takes from raw MongoDB documents: key, expiry, last change.

Format: bsonspec.org 1.1. Documents of one collection look alike: the layout of the last one is tried first, on all of them
together (`mongo_layout.py`); else the elements are walked; else the driver decodes.
"""

from __future__ import annotations

import datetime
import struct
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from store_adapters.bson_types import FIXED_SIZES
from store_adapters.contract import Skipped
from store_adapters.mongo.bson_bytes import key_of
from store_adapters.mongo.layout import DATE, TEXT, Element, Layout
from store_adapters.mongo.sessions import Place
from store_adapters.record_form import PASSED_OVER_MS

_SIZED = {2: 4, 3: 0, 4: 0, 5: 5, 13: 4, 14: 4, 15: 0}
"""Types whose value begins with a length, and what it takes beyond that length."""
_CHANGED = (b"lastModified", b"updatedAt")
_MOST_ROWS = 1000
"""Documents that are read in one go: a few milliseconds, after which a window may have its turn."""
_MISSING = object()
_MANY_LAYOUTS = 64
_MANY_TURNS = 8
"""Layouts that are tried on documents read together; collections with more are rare, and their documents are walked."""
_read_length = struct.Struct("<i").unpack_from
_read_date = struct.Struct("<q").unpack_from

_Facts = tuple[bytes, int | None, int | None]
"""Key, expiry and last change."""


def date_ms(value: Any) -> int | None:
    """Return a decoded date as epoch milliseconds, None for anything else."""
    from bson.datetime_ms import DatetimeMS

    if isinstance(value, datetime.datetime):
        return int(DatetimeMS(value))
    return int(value) if isinstance(value, DatetimeMS) else None


def hidden_by_expires(document: Any) -> str:
    """Return why connect-mongo's `expires: {$gt: <date>}` does not match a document, whatever the time; "" where it can.

    A missing field matches, and so does an array with a date in it.
    """
    value = document.get("expires", _MISSING)
    values = value if isinstance(value, list) else [value]
    if value is _MISSING or any(date_ms(one) is not None for one in values):
        return ""
    what = "null" if value is None else "text" if isinstance(value, str) else f"of the type {type(value).__name__}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        what = "a number"
    return f"expires is {what}, and connect-mongo compares dates."


@dataclass(slots=True)
class _Steps:
    """Where the next document begins and where all end. In an array, each has a head of `width` bytes before it, which
    grows with the number in it: `left` more until then."""

    at: int
    end: int
    left: int = sys.maxsize
    width: int = 0
    following: int = 90

    def cut(self, stream: bytes, most: int) -> tuple[list[bytes], list[int]]:
        """Return the next documents and their sizes; one whose length cannot be is all that is left."""
        documents: list[bytes] = []
        sizes: list[int] = []
        add, add_size, at, end = documents.append, sizes.append, self.at, self.end
        while at < end and len(sizes) < most:
            number, width = min(self.left, most - len(sizes)), self.width
            for _ in range(number):
                try:
                    (size,) = _read_length(stream, at)
                except struct.error:
                    size = 0
                following = at + size
                if size < 5 or following > end:
                    size, following = end - at, end
                add(stream[at:following])
                add_size(size)
                at = following + width
                if at >= end:
                    break
            self.left -= number
            if not self.left:
                self.left, self.width, self.following = self.following, width + 1, self.following * 10
        self.at = at
        return documents, sizes


_Row = tuple[bytes, bytes, int, int | None, int | None, Place | None]


@dataclass(slots=True)
class Columns:
    """What was found, one entry a document, and the documents with broken bytes or no ID. `places`: where the session is,
    None where that takes a look."""

    keys: Sequence[bytes] = ()
    payloads: Sequence[bytes] = ()
    sizes: Sequence[int] = ()
    expires_at_ms: Sequence[int | None] = ()
    changed_at_ms: Sequence[int | None] = ()
    places: Sequence[Place | None] = ()
    skipped: Sequence[Skipped] = ()

    def lists(self) -> tuple[Sequence[Any], ...]:
        return self.keys, self.payloads, self.sizes, self.expires_at_ms, self.changed_at_ms, self.places

    def rows(self) -> Iterator[_Row]:
        return zip(*self.lists(), strict=True)


class DocumentReader:
    """Reads documents of one collection."""

    def __init__(self, id_field: str, expires_field: str) -> None:
        self._id_field, self._expires_field = id_field, expires_field
        self._id_name, self._expires_name = id_field.encode(), expires_field.encode()
        self._layout: Layout | None = None
        self._layouts: dict[tuple[int, tuple[tuple[int, bytes], ...]], Layout | None] = {}

    @property
    def is_id_unique(self) -> bool:
        """No two documents of the collection have the same ID."""
        return self._id_field == "_id"

    def read_stream(self, stream: bytes) -> Columns:
        """Return what stands in documents that follow one another."""
        return self._read(*_Steps(0, len(stream)).cut(stream, len(stream)))

    def read_array(self, data: bytes, start: int) -> Iterator[Columns]:
        """Yield what stands in the documents of the array that begins at `start`, some at a time; at least once."""
        steps = _Steps(start + 7, start + _read_length(data, start)[0] - 1, 9, 3)
        yield self._read(*steps.cut(data, _MOST_ROWS))
        while steps.at < steps.end:
            yield self._read(*steps.cut(data, _MOST_ROWS))

    def _read(self, documents: list[bytes], sizes: list[int]) -> Columns:
        places: Sequence[int] = range(len(documents))
        alike, columns = self._pick(documents, sizes, places)
        return columns if len(alike) == len(places) else self._add_others(columns, {*alike}, documents, sizes)

    def _read_alike(self, layout: Layout, documents: list[bytes], sizes: list[int]) -> tuple[Columns, Sequence[int]]:
        """Read documents of one layout, or return which ones are not of it."""
        found = layout.read(documents, sizes, (self._expires_name, *_CHANGED))
        together = b"".join(found.ids)
        if not together.isascii() or b"\0" in together:
            # A key is looked at as text, or needs the form of one that isn't text: only the walk does that.
            found.odd = [place for place, key in enumerate(found.ids) if not key.isascii() or b"\0" in key]
        if found.odd:
            return Columns(), found.odd
        nothing = [None] * len(documents)
        changed = next((found.dates[name] for name in _CHANGED if name in found.dates), None)
        return Columns(
            keys=found.ids,
            payloads=documents,
            sizes=sizes,
            expires_at_ms=found.dates.get(self._expires_name, nothing),
            changed_at_ms=nothing if changed is None else [date or None for date in changed],
            places=[layout.place] * len(documents),
        ), ()

    def _pick(self, documents: list[bytes], sizes: list[int], places: Sequence[int]) -> tuple[Sequence[int], Columns]:
        """Read those at some places that are of the layout; return their places too."""
        while places and self._layout is not None:
            if len(places) < len(documents):
                some, some_sizes = [documents[place] for place in places], [sizes[place] for place in places]
            else:
                some, some_sizes = documents, sizes
            columns, odd = self._read_alike(self._layout, some, some_sizes)
            if not odd:
                return places, columns
            others = {*odd}
            places = [place for number, place in enumerate(places) if number not in others]
        return (), Columns()

    def _add_others(self, columns: Columns, alike: set[int], documents: list[bytes], sizes: list[int]) -> Columns:
        """Read the documents that are not `alike`: one by its elements, those like it together, and so on."""
        rows: dict[int, _Row | Skipped] = {}
        commonest, most = self._layout, len(alike)
        waiting, turns = deque(place for place in range(len(documents)) if place not in alike), 0
        while waiting:
            place = waiting.popleft()
            rows[place] = self._walk(documents[place])
            if turns < _MANY_TURNS and len(waiting) > 1:
                turns += 1
                places, others = self._pick(documents, sizes, waiting)
                if len(places) > most:
                    commonest, most = self._layout, len(places)
                rows.update(zip(places, others.rows(), strict=True))
                waiting = deque(place for place in waiting if place not in rows)
        self._layout = commonest or self._layout
        lists: list[list[Any]] = [*map(list, columns.lists())]
        skipped: list[Skipped] = []
        for place in sorted(rows):
            row = rows[place]
            if isinstance(row, Skipped):
                skipped.append(row)
                continue
            for values, value in zip(lists, row, strict=True):
                values.insert(place - len(skipped), value)
        columns = Columns(*lists)
        columns.skipped = skipped
        return columns

    def _walk(self, document: bytes) -> _Row | Skipped:
        """Read a document by its elements, and have those like it read by its layout from now on."""
        elements = walk_document(document)
        facts = self._facts(document, elements) if elements is not None else None
        place = None
        if facts is None:
            facts = self._facts_by_driver(document)
        elif elements is not None:
            self._layout = self._layout_of(document, elements)
            place = self._layout.place if self._layout is not None else None
        if facts is None:
            return Skipped(_key_amid(document, self._id_name), "The document isn't valid BSON.")
        key, expires, changed = facts
        return key, document, len(document), expires, changed, place

    def _layout_of(self, document: bytes, elements: list[Element]) -> Layout | None:
        if elements[0][:2] != (TEXT, b"_id") or self._id_name != b"_id":
            return None
        id_size = _read_length(document, 9)[0]
        signature = id_size, tuple((code, name) for code, name, _ in elements)
        if signature not in self._layouts:
            if len(self._layouts) == _MANY_LAYOUTS:
                self._layouts.clear()
            names = [name for _, name, _ in elements]
            fits = all(map(_is_utf8, names)) and sum(name in _CHANGED for name in names) < 2
            fits = fits and Layout.fits(elements[1:])
            # An expiry that isn't a date is told by what it is: only the driver's reading does that.
            fits = fits and all(code == DATE for code, name, _ in elements if name == self._expires_name)
            self._layouts[signature] = Layout(elements[1:], id_size) if fits else None
        return self._layouts[signature]

    def _facts(self, document: bytes, elements: list[Element]) -> _Facts | None:
        """Return what the elements tell, None where the ID isn't plain text or is missing."""
        found = {name: (code, begin) for code, name, begin in elements}
        code, begin = found.get(self._id_name, (0, 0))
        if code != TEXT:
            return None
        key = document[begin + 4 : begin + 3 + _read_length(document, begin)[0]]
        if key.startswith(b"\0") or not _is_utf8(key):
            return None
        if found.get(self._expires_name, (DATE, 0))[0] != DATE:
            return None
        dates = [
            _read_date(document, found[name][1])[0] if name in found and found[name][0] == DATE else None
            for name in (self._expires_name, *_CHANGED)
        ]
        return key, dates[0], dates[1] or dates[2]

    def _facts_by_driver(self, document: bytes) -> _Facts | None:
        from bson.errors import InvalidBSON
        from bson.raw_bson import RawBSONDocument

        try:
            opened = RawBSONDocument(document, raw_options())
            key, expires, changed = self.facts_of(opened)
            return key, PASSED_OVER_MS if hidden_by_expires(opened) else expires, changed
        except (InvalidBSON, KeyError):
            return None

    def facts_of(self, document: Any) -> _Facts:
        """Return what the driver decodes. `InvalidBSON`, `KeyError`."""
        key = key_of(document[self._id_field])
        changed = date_ms(document.get("lastModified")) or date_ms(document.get("updatedAt"))
        return key, date_ms(document.get(self._expires_field)), changed


def raw_options() -> Any:
    """Return the driver's options for raw documents, with dates beyond the year 9999 as numbers."""
    from bson.codec_options import CodecOptions, DatetimeConversion
    from bson.raw_bson import RawBSONDocument

    return CodecOptions(
        document_class=RawBSONDocument, tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
    )


def walk_document(document: bytes) -> list[Element] | None:
    """Return the top-level elements (type code, name, where the value begins), None where the lengths do not add up."""
    elements: list[Element] = []
    position, end = 4, len(document) - 1
    try:
        while position < end:
            code = document[position]
            begin = document.index(b"\0", position + 1, end) + 1
            size = FIXED_SIZES.get(code)
            if size is None:
                length = _read_length(document, begin)[0]
                if length < (1 if code == TEXT else 0):
                    return None
                size = length + _SIZED[code]
            elements.append((code, document[position + 1 : begin - 1], begin))
            position = begin + size
    except (ValueError, KeyError, struct.error):
        return None
    return elements if position == end and document[end] == 0 else None


def _key_amid(document: bytes, id_name: bytes) -> bytes:
    """Return the key of a broken document where its ID stands before what is broken, b"" else."""
    position = document.find(b"\x02" + id_name + b"\0", 4)
    if position != 4:
        return b""
    begin = position + len(id_name) + 2
    key = document[begin + 4 : begin + 3 + _read_length(document, begin)[0]]
    return key if not key.startswith(b"\0") and _is_utf8(key) else b""


def _is_utf8(key: bytes) -> bool:
    try:
        key.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
