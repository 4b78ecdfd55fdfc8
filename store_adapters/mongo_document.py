"""What a listing takes from raw MongoDB documents: key, expiry, last change; knows no session and asks no server.

Format: bsonspec.org 1.1. Documents of one collection look alike (a text `_id`, dates, the session, dates): the layout of the
last one is tried first, which is one unpacked structure; else the elements are walked; else the driver decodes.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from store_adapters.contract import Skipped
from store_adapters.mongo_keys import key_of
from store_adapters.mongo_sessions import Place

_TEXT, _OBJECT, _DATE = 2, 3, 9
_FIXED = {1: 8, 6: 0, 7: 12, 8: 1, 9: 8, 10: 0, 16: 4, 17: 8, 18: 8, 19: 16, 255: 0, 127: 0}
_SIZED = {2: 4, 3: 0, 4: 0, 5: 5, 13: 4, 14: 4, 15: 0}
"""Types whose value begins with a length, and what it takes beyond that length."""
_CHANGED = (b"lastModified", b"updatedAt")
_SESSION = b"session"
_MOST_ROWS = 1000
"""Documents that are read in one go: a few milliseconds, after which a window may have its turn."""
_MANY_LAYOUTS = 64
_MANY_ELEMENTS = 32
_ID_HEAD = b"\x02_id\0"
_read_length = struct.Struct("<i").unpack_from
_read_date = struct.Struct("<q").unpack_from

_Element = tuple[int, bytes, int]
"""Type code, name, and where the value begins."""
_Facts = tuple[bytes, int | None, int | None]
"""Key, expiry and last change."""


def date_ms(value: Any) -> int | None:
    """Return a decoded date as epoch milliseconds, None for anything else."""
    from bson.datetime_ms import DatetimeMS

    if isinstance(value, datetime.datetime):
        return int(DatetimeMS(value))
    return int(value) if isinstance(value, DatetimeMS) else None


@dataclass(slots=True)
class _Steps:
    """Where the next document begins and where all end. In an array, each has a head of `width` bytes before it, which
    grows with the number in it: `left` more until then."""

    at: int
    end: int
    left: int = -1
    width: int = 0
    _next: int = 90

    def widen(self) -> tuple[int, int]:
        self.left, self.width, self._next = self._next, self.width + 1, self._next * 10
        return self.left, self.width

    def pass_by(self, size: int) -> None:
        self.at += size + self.width
        self.left -= 1
        if not self.left:
            self.widen()


@dataclass(slots=True)
class Columns:
    """What was found, one entry a document, and the documents with broken bytes or no ID. `places`: where the session is,
    None where that takes a look."""

    keys: list[bytes] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    expires_at_ms: list[int | None] = field(default_factory=list)
    changed_at_ms: list[int | None] = field(default_factory=list)
    places: list[Place | None] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def __len__(self) -> int:
        """How many documents were read."""
        return len(self.keys) + len(self.skipped)


class _Layout:
    """A text `_id` of one length, then one text or document (the session) amid values of fixed size, such as dates.

    In `first`, up to the session's length, values alternate with what must stand between them; `last`, from the session's
    last byte, does the same the other way round.
    """

    def __init__(self, elements: list[_Element], id_size: int) -> None:
        heads = [bytes((code,)) + name + b"\0" for code, name, _ in elements]
        place = next(place for place, (code, *_) in enumerate(elements) if code not in _FIXED)
        values = ["q" if code == _DATE else f"{_FIXED.get(code, 0)}s" for code, *_ in elements]
        values[place] = "i"
        heads[0] = b"\0" + heads[0]
        self.marks = (_ID_HEAD + id_size.to_bytes(4, "little"), *heads[: place + 1])
        form = "".join(f"{len(mark)}s{value}" for mark, value in zip(self.marks[1:], values, strict=False))
        self.first = struct.Struct(f"<i9s{id_size - 1}s{form}")
        self.last_marks = (*heads[place + 1 :], b"\0")
        self.last_marks = (b"\0" + self.last_marks[0], *self.last_marks[1:])
        after = zip(self.last_marks, [*values[place + 1 :], ""], strict=True)
        self.last = struct.Struct("<" + "".join(f"{len(mark)}s{value}" for mark, value in after))
        # From a document's begin to the session's last byte, less the length that the session gives.
        code, name, _ = elements[place]
        self.span = self.first.size - 1 + (0 if code == _TEXT else -4)
        begin, rest = (0, 0) if code == _TEXT else (-4, 1)
        inside = slice(self.first.size + begin, rest - self.last.size)
        self.place = (code, inside) if name == _SESSION else None
        self.before = [name if code == _DATE else b"" for code, name, _ in elements[:place]]
        self.after = [name if code == _DATE else b"" for code, name, _ in elements[place + 1 :]]

    @staticmethod
    def fits(elements: list[_Element]) -> bool:
        names = [name for _, name, _ in elements]
        others = [code for code, *_ in elements if code not in _FIXED]
        return (
            all(map(_is_utf8, names))
            and others in ([_TEXT], [_OBJECT])
            and len(set(names)) == len(names) <= _MANY_ELEMENTS
            and sum(name in _CHANGED for name in names) < 2
            and all(map(_is_utf8, names))
        )

    def dates(
        self, name: bytes, firsts: list[tuple[Any, ...]], lasts: list[tuple[Any, ...]]
    ) -> Sequence[int | None] | None:
        """Return the dates of that name, None where this layout has none."""
        if name in self.before:
            place = 4 + 2 * self.before.index(name)
            return [found[place] for found in firsts]
        if name in self.after:
            place = 1 + 2 * self.after.index(name)
            return [found[place] for found in lasts]
        return None


class DocumentReader:
    """Reads documents of one collection."""

    def __init__(self, id_field: str, expires_field: str) -> None:
        self._id_field, self._expires_field = id_field, expires_field
        self._id_name, self._expires_name = id_field.encode(), expires_field.encode()
        self._layout: _Layout | None = None
        self._layouts: dict[tuple[int, tuple[tuple[int, bytes], ...]], _Layout | None] = {}

    @property
    def is_id_unique(self) -> bool:
        """No two documents of the collection have the same ID."""
        return self._id_field == "_id"

    def read_stream(self, stream: bytes) -> Columns:
        """Return what stands in documents that follow one another."""
        return self._read_some(stream, _Steps(0, len(stream)), len(stream))

    def read_array(self, data: bytes, start: int) -> Iterator[Columns]:
        """Yield what stands in the documents of the array that begins at `start`, some at a time; at least once."""
        steps = _Steps(start + 7, start + _read_length(data, start)[0] - 1, 9, 3)
        yield self._read_some(data, steps)
        while steps.at < steps.end:
            yield self._read_some(data, steps)

    def _read_some(self, stream: bytes, steps: _Steps, most: int = _MOST_ROWS) -> Columns:
        begun, columns = copy(steps), Columns()
        while steps.at < steps.end and len(columns) < most:
            if self._layout is not None:
                self._read_alike(stream, steps, columns, self._layout, most - len(columns))
            if steps.at < steps.end and len(columns) < most:
                self._read_one(stream, steps, columns)
        together = b"".join(columns.keys)
        if together.isascii() and b"\0" not in together:
            return columns
        # A key is looked at as text, or needs the form of one that is no text: only the walk does that.
        columns = Columns()
        while begun.at < steps.at:
            self._read_one(stream, begun, columns)
        return columns

    def _read_alike(self, stream: bytes, steps: _Steps, columns: Columns, layout: _Layout, most: int) -> None:
        """Read documents as long as they are of this layout, `most` of them."""
        firsts: list[tuple[Any, ...]] = []
        lasts: list[tuple[Any, ...]] = []
        read_first, marks, span = layout.first.unpack_from, layout.marks, layout.span
        read_last, last_marks, last_size = layout.last.unpack_from, layout.last_marks, layout.last.size
        has_more, ending = bool(layout.after), last_marks[0]
        add_payload, add_first = columns.payloads.append, firsts.append
        at, end, left, width = steps.at, steps.end, steps.left, steps.width
        try:
            for _ in range(most):
                if at >= end:
                    break
                found = read_first(stream, at)
                last, following = at + span + found[-1], at + found[0]
                if found[1::2] != marks or last + last_size != following or following > end:
                    break
                if has_more:
                    found_last = read_last(stream, last)
                    if found_last[::2] != last_marks:
                        break
                    lasts.append(found_last)
                elif stream[last:following] != ending:
                    break
                add_first(found)
                add_payload(stream[at:following])
                at = following + width
                left -= 1
                if not left:
                    left, width = steps.widen()
        except struct.error:
            pass
        steps.at, steps.left = at, left
        columns.keys += [found[2] for found in firsts]
        columns.sizes += [found[0] for found in firsts]
        columns.places += [layout.place] * len(firsts)
        nothing = [None] * len(firsts)
        columns.expires_at_ms += layout.dates(self._expires_name, firsts, lasts) or nothing
        changed = next((dates for name in _CHANGED if (dates := layout.dates(name, firsts, lasts))), None)
        columns.changed_at_ms += nothing if changed is None else [date or None for date in changed]

    def _read_one(self, stream: bytes, steps: _Steps, columns: Columns) -> None:
        at, rest = steps.at, steps.end - steps.at
        size = _read_length(stream, at)[0] if rest >= 5 else rest
        size = size if 5 <= size <= rest else rest
        document = stream[at : at + size]
        steps.pass_by(size)
        elements = walk_document(document)
        facts = self._facts(document, elements) if elements is not None else None
        place = None
        if facts is None:
            facts = self._facts_by_driver(document)
        elif elements is not None:
            self._layout = self._layout_of(document, elements)
            place = self._layout.place if self._layout is not None else None
        if facts is None:
            columns.skipped.append(Skipped(_key_amid(document, self._id_name), "The document is no valid BSON."))
            return
        columns.keys.append(facts[0])
        columns.payloads.append(document)
        columns.sizes.append(size)
        columns.expires_at_ms.append(facts[1])
        columns.changed_at_ms.append(facts[2])
        columns.places.append(place)

    def _layout_of(self, document: bytes, elements: list[_Element]) -> _Layout | None:
        if elements[0][:2] != (_TEXT, b"_id") or self._id_name != b"_id":
            return None
        id_size = _read_length(document, 9)[0]
        signature = id_size, tuple((code, name) for code, name, _ in elements)
        if signature not in self._layouts:
            if len(self._layouts) == _MANY_LAYOUTS:
                self._layouts.clear()
            fits = _Layout.fits(elements[1:])
            self._layouts[signature] = _Layout(elements[1:], id_size) if fits else None
        return self._layouts[signature]

    def _facts(self, document: bytes, elements: list[_Element]) -> _Facts | None:
        """Return what the elements tell, None where the ID is no plain text or is not there."""
        found = {name: (code, begin) for code, name, begin in elements}
        code, begin = found.get(self._id_name, (0, 0))
        if code != _TEXT:
            return None
        key = document[begin + 4 : begin + 3 + _read_length(document, begin)[0]]
        if key.startswith(b"\0") or not _is_utf8(key):
            return None
        dates = [
            _read_date(document, found[name][1])[0] if name in found and found[name][0] == _DATE else None
            for name in (self._expires_name, *_CHANGED)
        ]
        return key, dates[0], dates[1] or dates[2]

    def _facts_by_driver(self, document: bytes) -> _Facts | None:
        from bson.errors import InvalidBSON
        from bson.raw_bson import RawBSONDocument

        try:
            return self.facts_of(RawBSONDocument(document, raw_options()))
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


def walk_document(document: bytes) -> list[_Element] | None:
    """Return the top-level elements (type code, name, where the value begins), None where the lengths do not add up."""
    elements: list[_Element] = []
    position, end = 4, len(document) - 1
    try:
        while position < end:
            code = document[position]
            begin = document.index(b"\0", position + 1, end) + 1
            size = _FIXED.get(code)
            if size is None:
                length = _read_length(document, begin)[0]
                if length < (1 if code == _TEXT else 0):
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
