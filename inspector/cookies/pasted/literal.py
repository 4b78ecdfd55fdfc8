"""Data as programs print it: JSON, Python's repr, JavaScript objects and what Node's `inspect` makes of them; runs nothing.

Lenient where printers differ: quotes of any kind, names without quotes, class names before a brace, comments, `=>`, trailing commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

Value: TypeAlias = "str | float | bool | list[Value] | dict[str, Value] | None"

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|`((?:[^`\\]|\\.)*)`', re.S)
_PREFIX = re.compile(r"[bBuUrR]{1,2}(?=[\"'])")
_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.S)
_MORE = re.compile(r"\s*\+\s*(?=[\"'`])")
# Node's [Object: null prototype], [Function: f], [Circular *1] …, and Symbol names.
_SIGN = re.compile(
    r"\[(?:Object|Array|Function|AsyncFunction|Circular|Getter|Setter|class|Symbol)\b[^\]\n]{0,200}\]|<ref \*\d{1,6}>"
)
_WORD = re.compile(r"[^\s,:;=()\[\]{}\"'`]{1,400}")
_SEPARATOR = re.compile(r"\s*(?:=>|:|=)")
_GAP = re.compile(r"[,;]|\.\.\. \d+ more [\w ]+")
_NUMBER = re.compile(r"-?\d{1,17}(?:\.\d{1,17})?(?:[eE][+-]?\d{1,3})?\Z")
_CONSTANTS: dict[str, Value] = {
    "true": True, "false": False, "null": None, "undefined": None, "True": True, "False": False, "None": None,
}  # fmt: skip
# `const cookies = `, `res.headers['set-cookie']:`, a prompt's `>`, a number of a console.
_LABEL = re.compile(
    r"\s*(?:[>$»←]+\s*)?(?:(?:const|let|var|await|return)\s+)?"
    r"(?:[\w.$-]{1,80}(?:\[[\"'][\w-]{1,40}[\"']\])?\s*[:=]?\s*)?(?:[<←]\s*(?=[\[{\"'`]))?(?=[\[{\"'`<])"
)
_BETWEEN = re.compile(r"[\s;,]*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,5})\}|x([0-9A-Fa-f]{2})|\r?(\n)|(.))", re.S)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "b": "\b", "f": "\f"}
_DEEPEST = 60
_MOST_VALUES = 5000
_CLOSING = {"{": "}", "[": "]", "(": ")"}


class _NoLiteral(Exception):
    pass


def read_values(text: str) -> list[Value] | None:
    """Return the values the text consists of, at least one object, list or string; None where anything else stands in it."""
    try:
        return [msgspec.json.decode(text.encode())]
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    values: list[Value] = []
    position = 0
    try:
        while position < len(text):
            label = _LABEL.match(text, position)
            value, position = _Reader(text).value(label.end() if label else position, 0)
            values.append(value)
            if len(values) > _MOST_VALUES:
                return None
            between = _BETWEEN.match(text, position)
            position = between.end() if between else position
    except _NoLiteral:
        return None
    return values if any(isinstance(value, str | list | dict) for value in values) else None


def read_value_at(text: str, position: int) -> tuple[Value, int] | None:
    """Return the value that begins at a place in program text, and where it ends."""
    try:
        return _Reader(text).value(position, 0)
    except _NoLiteral:
        return None


def unescape(text: str) -> str:
    """Return the inside of a quoted text with JavaScript's and Python's escapes undone."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code:
        return chr(int(code, 16))
    return "" if found[4] else _LETTERS.get(found[5], found[5])


class _Reader:
    """Reads one value; each method returns what it read and the place behind it, or raises `_NoLiteral`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, position: int, depth: int) -> tuple[Value, int]:
        if depth > _DEEPEST:
            raise _NoLiteral
        position = self._behind_signs(position)
        character = self._text[position : position + 1]
        if character in ("'", '"', "`"):
            return self._string(position)
        if character == "{":
            return self._object(position + 1, depth)
        if character in ("[", "("):
            return self._list(position + 1, _CLOSING[character], depth)
        if (prefix := _PREFIX.match(self._text, position)) is not None:
            return self._string(prefix.end())
        return self._word(position, depth)

    def _skip(self, position: int) -> int:
        found = _SPACE.match(self._text, position)
        return found.end() if found else position

    def _behind_signs(self, position: int) -> int:
        """Skip a sign such as [Object: null prototype] before a brace; one that stands for a value is left."""
        position = self._skip(position)
        sign = _SIGN.match(self._text, position)
        if sign is None:
            return position
        after = self._skip(sign.end())
        return after if self._text[after : after + 1] in ("{", "[") and sign[0] != "[Object]" else position

    def _string(self, position: int) -> tuple[str, int]:
        parts: list[str] = []
        while True:
            found = STRING.match(self._text, position)
            if found is None:
                raise _NoLiteral
            parts.append(unescape(next(group for group in found.groups() if group is not None)))
            more = _MORE.match(self._text, found.end())
            if more is None:
                return "".join(parts), found.end()
            position = more.end()

    def _word(self, position: int, depth: int) -> tuple[Value, int]:
        if (sign := _SIGN.match(self._text, position)) is not None:
            return None, sign.end()
        found = _WORD.match(self._text, position)
        if found is None:
            raise _NoLiteral
        word = found[0]
        if word in _CONSTANTS:
            return _CONSTANTS[word], found.end()
        if _NUMBER.match(word):
            return float(word), found.end()
        # A class, a constructor or a function: what counts is what stands in its brackets.
        after = self._skip(found.end())
        if self._text[after : after + 1] in (("{", "[", "(") if depth else ("{", "[")):
            return self.value(after, depth + 1)
        if depth == 0:  # program text, and no value
            raise _NoLiteral
        return word, found.end()

    def _list(self, position: int, closing: str, depth: int) -> tuple[list[Value], int]:
        found: list[Value] = []
        for start, is_end in self._items(position, closing):
            if is_end:
                return found, start
            value, self._next = self.value(start, depth + 1)
            separator = _SEPARATOR.match(self._text, self._next)
            if separator is not None:  # a keyword argument: its name is passed over
                value, self._next = self.value(separator.end(), depth + 1)
            found.append(value)
        raise _NoLiteral

    def _object(self, position: int, depth: int) -> tuple[Value, int]:
        members: dict[str, Value] = {}
        alone: list[Value] = []
        for start, is_end in self._items(position, "}"):
            if is_end:
                return (members if members or not alone else alone), start
            key, self._next = self._key(start, depth)
            separator = _SEPARATOR.match(self._text, self._next)
            if separator is None:
                alone.append(key)
                continue
            members[key if isinstance(key, str) else ""], self._next = self.value(separator.end(), depth + 1)
        raise _NoLiteral

    def _key(self, position: int, depth: int) -> tuple[Value, int]:
        if self._text[position] in "\"'`":
            return self._string(position)
        found = _WORD.match(self._text, position)
        if found is not None and _SEPARATOR.match(self._text, found.end()) is not None:
            return found[0], found.end()
        return self.value(position, depth + 1)

    def _items(self, position: int, closing: str) -> Iterator[tuple[int, bool]]:
        """Yield where each item begins, and last the place behind the closing bracket; `_next` is where an item ended."""
        self._next = position
        while True:
            position = self._skip(self._next)
            while (gap := _GAP.match(self._text, position)) is not None:
                position = self._skip(gap.end())
            if position >= len(self._text):
                raise _NoLiteral
            if self._text[position] == closing:
                yield position + 1, True
                return
            yield position, False
