"""Lossless JSON: text to a tree with byte spans, and back by copying what was not edited.

The scanner accepts what JavaScript's JSON.parse accepts (RFC 8259) and nothing more: no byte-order mark, no NaN, no
control characters in strings. Spans are byte offsets, so that an edit replaces its own bytes only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from inspector.codecs._api import CodecError
from inspector.codecs.formats.extended_json import needs_literal, plain_value
from inspector.core.node import MAX_DEPTH, MAX_NODES, Entry, Kind, Node

MAX_BYTES = 64 * 1024 * 1024

_TOKEN = re.compile(
    rb"[ \t\n\r]*(?:"
    rb'("[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*")'
    rb"|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    rb"|(true)|(false)|(null)|([{}\[\],:]))"
)
_PLAIN = (
    rb'(?:(?:"([^"\\\x00-\x1f]*)"|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(true|false|null))[ \t\n\r]*'
    rb"([,%b])|([{[]))"
)
_MEMBER = re.compile(rb'[ \t\n\r]*("[^"\\\x00-\x1f]*")[ \t\n\r]*:[ \t\n\r]*' + _PLAIN % b"}")
_ITEM = re.compile(rb"[ \t\n\r]*()" + _PLAIN % rb"\]")
"""A whole member or item that is spelled plainly, as most of a record is: one match instead of four."""
_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}
_SPACE = re.compile(rb"[ \t\n\r]*")
_ESCAPED = re.compile('["\\\\\x00-\x1f\ud800-\udfff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class JsonError(CodecError):
    """The text isn't JSON. `offset` in bytes; `line` and `column` count from 1, the column in characters."""

    def __init__(self, message: str, source: bytes, offset: int, *, is_limit: bool = False) -> None:
        before = source[:offset]
        self.offset = offset
        self.line = before.count(b"\n") + 1
        self.column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        super().__init__(f"{message} (line {self.line}, column {self.column})", is_limit=is_limit)
        self.reason = message


@dataclass(slots=True)
class _Open:
    """A container that is being read."""

    is_object: bool
    start: int
    entries: list[Entry]
    key: str | None = None
    key_span: tuple[int, int] | None = None


def read_json(source: bytes, max_bytes: int = MAX_BYTES) -> Node:
    """Read JSON text into a tree with spans. `JsonError`; refuses what is too large, too deep or too many values."""
    if len(source) > max_bytes:
        raise JsonError(f"It is larger than {max_bytes // 1024:,} KB, too large for a tree.", source, 0, is_limit=True)
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonError("It is not UTF-8 text.", source, error.start) from None
    return _Reader(source).read()


class _Expect(Enum):
    VALUE = 1
    ITEM_OR_END = 2  # after "["
    NAME_OR_END = 3  # after "{"
    NAME = 4  # after "," in an object
    COLON = 5
    COMMA_OR_END = 6


_KINDS = (Kind.ARRAY, Kind.OBJECT)


class _Reader:
    """One pass over the text with an explicit stack: no depth of nesting can exhaust Python's."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._stack: list[_Open] = []
        self._nodes = 0
        self._names: dict[bytes, str] = {}

    def read(self) -> Node:
        source, stack, match_token = self._source, self._stack, _TOKEN.match
        position, expect = 0, _Expect.VALUE
        while True:
            if stack and expect is not _Expect.COMMA_OR_END and expect is not _Expect.COLON:
                position, expect = self._plain_entries(position, expect)
            token = match_token(source, position)
            if token is None or token.lastindex is None:
                raise self._unexpected(position)
            group = token.lastindex
            start, position = token.span(group)
            node: Node | None = None
            if group == 6:
                node, expect = self._mark(source[start], start, expect)
            elif expect in (_Expect.VALUE, _Expect.ITEM_OR_END):
                node = self._scalar(group, start, position)
            elif group == 1 and expect in (_Expect.NAME, _Expect.NAME_OR_END):
                stack[-1].key, stack[-1].key_span = _text(source[start:position]), (start, position)
                expect = _Expect.COLON
            else:
                raise self._unexpected(start)
            if node is None:
                continue
            if not stack:
                space = _SPACE.match(source, position)
                if space is None or space.end() != len(source):
                    raise JsonError("There is more text after the end of the JSON.", source, position)
                return node
            self._put(stack[-1], node)
            expect = _Expect.COMMA_OR_END

    def _plain_entries(self, position: int, expect: _Expect) -> tuple[int, _Expect]:
        """Read on for as long as all is spelled plainly; return where the next token stands, and what it may be."""
        source, stack, names = self._source, self._stack, self._names
        container = stack[-1]
        if container.is_object is (expect in (_Expect.VALUE, _Expect.ITEM_OR_END)):
            return position, expect  # the value of a member, whose name has been read
        while (found := (_MEMBER if container.is_object else _ITEM).match(source, position)) is not None:
            raw, text, number, word, mark, opening = found.groups()
            if container.is_object:
                key: str | None = names.get(raw) or names.setdefault(raw, raw[1:-1].decode("utf-8"))
                key_span: tuple[int, int] | None = found.span(1)
            else:
                key, key_span = None, None
            if opening is not None:
                if len(stack) >= MAX_DEPTH:
                    break
                container.key, container.key_span = key, key_span
                position = found.end()
                container = _Open(opening == b"{", position - 1, [])
                stack.append(container)
                expect = _Expect.NAME_OR_END if container.is_object else _Expect.ITEM_OR_END
                continue
            if self._nodes >= MAX_NODES:
                break
            self._nodes += 1
            if text is not None:
                start, end = found.span(2)
                node = Node(Kind.STRING, text.decode("utf-8"), span=(start - 1, end + 1))
            elif number is not None:
                node = Node(Kind.NUMBER, number.decode("ascii"), span=found.span(3))
            else:
                value = _WORDS[word]
                node = Node(Kind.NULL if value is None else Kind.BOOL, value, span=found.span(4))
            if key_span is None:
                start = found.start(2) - 1 if text is not None else found.start(3 if number is not None else 4)
                key_span = (start, start)
            container.entries.append(Entry(key, node, key_span))
            position = found.end()
            if mark != b",":
                position = self._close(position - 1)
                if not stack or source[position : position + 1] != b",":
                    return position, _Expect.COMMA_OR_END
                position += 1
                container = stack[-1]
            expect = _Expect.NAME if container.is_object else _Expect.VALUE
        return position, expect

    def _close(self, position: int) -> int:
        """End one container after another, but for the outermost; return where something else than an end stands."""
        source, stack = self._source, self._stack
        while len(stack) > 1 and self._nodes < MAX_NODES:
            if source[position : position + 1] != (b"}" if stack[-1].is_object else b"]"):
                break
            done = stack.pop()
            position += 1
            span = (done.start, position)
            self._put(stack[-1], Node(_KINDS[done.is_object], entries=tuple(done.entries), span=span))
            if source[position : position + 1] not in b",}]":
                position = _SPACE.match(source, position).end()  # type: ignore[union-attr]
        return position

    def _mark(self, mark: int, start: int, expect: _Expect) -> tuple[Node | None, _Expect]:
        """Take one of `{}[],:`; return the container it ends, if any, and what may follow."""
        stack = self._stack
        if mark in b"{[" and expect in (_Expect.VALUE, _Expect.ITEM_OR_END):
            if len(stack) >= MAX_DEPTH:
                raise JsonError(f"It is nested deeper than {MAX_DEPTH} levels.", self._source, start, is_limit=True)
            stack.append(_Open(mark == 0x7B, start, []))
            return None, _Expect.NAME_OR_END if mark == 0x7B else _Expect.ITEM_OR_END
        if mark == 0x3A and expect is _Expect.COLON:
            return None, _Expect.VALUE
        if mark == 0x2C and expect is _Expect.COMMA_OR_END:
            return None, _Expect.NAME if stack[-1].is_object else _Expect.VALUE
        may_end = {0x7D: (_Expect.NAME_OR_END, True), 0x5D: (_Expect.ITEM_OR_END, False)}.get(mark)
        if may_end and stack and stack[-1].is_object == may_end[1] and expect in (may_end[0], _Expect.COMMA_OR_END):
            done = stack.pop()
            kind = Kind.OBJECT if done.is_object else Kind.ARRAY
            return Node(kind, entries=tuple(done.entries), span=(done.start, start + 1)), expect
        raise self._unexpected(start)

    def _put(self, container: _Open, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise JsonError(f"It holds more than {MAX_NODES:,} values.", self._source, 0, is_limit=True)
        assert node.span is not None
        span = container.key_span if container.is_object else (node.span[0], node.span[0])
        container.entries.append(Entry(container.key, node, span))
        container.key = container.key_span = None

    def _scalar(self, group: int, start: int, end: int) -> Node:
        raw = self._source[start:end]
        match group:
            case 1:
                return Node(Kind.STRING, _text(raw), span=(start, end))
            case 2:
                return Node(Kind.NUMBER, raw.decode("ascii"), span=(start, end))
            case 5:
                return Node(Kind.NULL, span=(start, end))
            case _:
                return Node(Kind.BOOL, group == 3, span=(start, end))

    def _unexpected(self, position: int) -> JsonError:
        space = _SPACE.match(self._source, position)
        at = space.end() if space else position
        if at >= len(self._source):
            return JsonError("The JSON ends too early." if self._source.strip() else "It is empty.", self._source, at)
        if self._source[at : at + 1] == b'"':
            return JsonError("A text is not closed, or holds a control character or a wrong escape.", self._source, at)
        if self._source[at:].startswith(b"\xef\xbb\xbf"):
            return JsonError("It begins with a byte-order mark, which JSON.parse refuses.", self._source, at)
        return JsonError("This is not valid JSON.", self._source, at)


def _text(raw: bytes) -> str:
    if b"\\" not in raw:
        return raw[1:-1].decode("utf-8")
    text = json.loads(raw)
    assert isinstance(text, str)
    return text


def _escape(found: re.Match[str]) -> str:
    return _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}"


def json_text(text: str) -> str:
    """Return a text as JSON.stringify writes it: raw but for quotes, control characters and lone surrogates."""
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def scalar_json(node: Node) -> str:
    """Return a scalar as JSON; a number as its digits whatever its type, a type that JSON does not have as Extended JSON."""
    match node.kind:
        case Kind.STRING:
            return json_text(str(node.scalar))
        case Kind.NUMBER:
            return str(node.scalar)
        case Kind.BOOL:
            return "true" if node.scalar else "false"
        case Kind.NULL:
            return "null"
        case _:
            return format_json(node, None)


def format_json(root: Node, indent: int | None = 2, *, has_types: bool = False) -> str:
    """Return the tree as JSON text; number spelling, duplicate keys and lone surrogates are kept. None: compact.

    BSON types are written as Extended JSON. `has_types`: the tree is one of BSON, where an object with names such as `$date`
    needs a form of its own (`extended_json.py`).
    """
    parts: list[str] = []
    _format(root, parts.append, indent, 0, has_types)
    return "".join(parts)


def put_json(root: Node, put: Callable[[str], None], *, has_types: bool = False) -> None:
    """Hand `format_json`'s text on in parts, as it is made."""
    _format(root, put, 2, 0, has_types)


def _format(node: Node, put: Callable[[str], None], indent: int | None, level: int, has_types: bool) -> None:
    if node.tag:
        node, has_types = plain_value(node), False
    if node.kind not in (Kind.OBJECT, Kind.ARRAY):
        put(scalar_json(node))
        return
    opening, closing = "{}" if node.kind is Kind.OBJECT else "[]"
    if not node.entries:
        put(opening + closing)
        return
    if has_types and needs_literal(node):
        opening, closing = ('{"$literal":' if indent is None else '{"$literal": ') + opening, closing + "}"
    gap = "" if indent is None else "\n" + " " * (indent * (level + 1))
    put(opening)
    for place, entry in enumerate(node.entries):
        put(("," if place else "") + gap)
        if entry.key is not None:
            put(json_text(entry.key) + (":" if indent is None else ": "))
        _format(entry.value, put, indent, level + 1, has_types)
    put(("" if indent is None else "\n" + " " * (indent * level)) + closing)


def json_bytes(node: Node, *, has_types: bool = False) -> bytes:
    """Return the tree as compact JSON bytes, as JSON.stringify writes them."""
    return format_json(node, None, has_types=has_types).encode("utf-8")


def write_json(source: bytes, original: Node, root: Node) -> bytes:
    """Return `source` with the edits that lead from `original` to `root`; every other byte stays as it was."""
    return _Writer(source, original).write(root)


class _Writer:
    """Copies untouched values from the source and keeps the white space around the entries of edited containers."""

    def __init__(self, source: bytes, original: Node) -> None:
        self._source = source
        self._containers: dict[tuple[int, int], Node] = {}
        waiting = [original]
        while waiting:
            node = waiting.pop()
            if node.span is not None and node.kind in (Kind.OBJECT, Kind.ARRAY):
                self._containers[node.span] = node
                waiting.extend(entry.value for entry in node.entries if entry.value.entries or entry.value.span)
        self._original = original

    def write(self, root: Node) -> bytes:
        span = self._original.span or (0, len(self._source))
        return self._source[: span[0]] + self._value(root) + self._source[span[1] :]

    def _value(self, node: Node) -> bytes:
        if node.span is None:
            return self._fresh(node)
        if node.kind not in (Kind.OBJECT, Kind.ARRAY):
            return self._source[slice(*node.span)]
        original = self._containers.get(node.span)
        if original is None or original.kind is not node.kind:
            return self._fresh(node)
        if original is node:
            return self._source[slice(*node.span)]
        return self._edited(node, original)

    def _fresh(self, node: Node) -> bytes:
        if node.kind is Kind.OBJECT:
            members = (json_text(e.key or "").encode() + b":" + self._value(e.value) for e in node.entries)
            return b"{" + b",".join(members) + b"}"
        if node.kind is Kind.ARRAY:
            return b"[" + b",".join(self._value(entry.value) for entry in node.entries) + b"]"
        return scalar_json(node).encode("utf-8")

    def _edited(self, node: Node, original: Node) -> bytes:
        source, old = self._source, original.entries
        start, end = node.span or (0, 0)
        if not node.entries:
            return source[start : start + 1] + source[end - 1 : end]
        if not old:
            opening, closing, usual, colon = source[start : start + 1], source[end - 1 : end], b",", b":"
        else:
            opening = source[start : _begin(old[0])]
            closing = source[_finish(old[-1]) : end]
            usual = source[_finish(old[0]) : _begin(old[1])] if len(old) > 1 else b"," + opening[1:]
            colon = self._colon(old[0])
        places = {entry.key_span: place for place, entry in enumerate(old)}
        parts, before = [opening], None
        for entry in node.entries:
            place = places.get(entry.key_span) if entry.key_span is not None else None
            if len(parts) > 1:
                is_neighbour = place is not None and before is not None and place == before + 1
                parts.append(source[_finish(old[before or 0]) : _begin(old[place or 0])] if is_neighbour else usual)
            parts.append(self._entry(entry, None if place is None else old[place], colon))
            before = place
        return b"".join([*parts, closing])

    def _colon(self, entry: Entry) -> bytes:
        if entry.key_span is None or entry.value.span is None:
            return b":"
        return self._source[entry.key_span[1] : entry.value.span[0]]

    def _entry(self, entry: Entry, old: Entry | None, colon: bytes) -> bytes:
        if entry.key is None:
            return self._value(entry.value)
        if old is None or old.key_span is None or old.key != entry.key:
            return json_text(entry.key).encode() + colon + self._value(entry.value)
        return self._source[slice(*old.key_span)] + self._colon(old) + self._value(entry.value)


def _begin(entry: Entry) -> int:
    assert entry.key_span is not None
    return entry.key_span[0]


def _finish(entry: Entry) -> int:
    assert entry.value.span is not None
    return entry.value.span[1]
