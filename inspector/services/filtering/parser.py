"""The filter line: GitHub-style terms over sessions. What a term does is in filter_terms.py.

`free text`, `user.role:admin`, `cart.length>2`, `expires<1h`, `expires:never`, `is:expired`, `size>10kb`, `changed<5m`,
`id:abc*`, `user:john`, `-user.name:bob`, `"two words"`, `has:cart`, `finding:no-expiry` (once the doctor has run), `OR`, parentheses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from inspector.core.field_path import FieldPathError, parse_field_path
from inspector.services.filtering.terms import (
    FieldKeys,
    Term,
    age_term,
    all_of,
    any_of,
    column_term,
    expires_term,
    field_term,
    finding_term,
    has_term,
    is_term,
    none_of,
    size_term,
    text_term,
    user_term,
)

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_UNITS_BYTES = {"": 1, "b": 1, "kb": 1024, "k": 1024, "mb": 1024**2, "m": 1024**2, "gb": 1024**3}
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
_TERM = re.compile(r"([^\s:<>=!()\"]+)(<=|>=|!=|[:<>=])(.*)", re.DOTALL)
_IS = ("active", "expired", "expiring", "permanent", "signed-in", "anonymous", "unreadable", "encrypted", "changed")
_MAX_DEPTH = 50


class FilterError(ValueError):
    """The text isn't a filter. `position` is the character it went wrong at; the message says what to write instead."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """A parsed filter; `text` as it was typed. `term` does the work."""

    text: str
    term: Term = field(repr=False, compare=False)


def parse_filter(text: str) -> SessionFilter | None:
    """Read a filter line; None for an empty one. `FilterError`."""
    if not text.strip():
        return None
    if len(text) > 2000:
        raise FilterError("The filter is too long; shorten it.", 2000)
    return SessionFilter(text, _Parser(text).parse())


def findings_in(text: str) -> frozenset[str]:
    """Return the IDs that a filter names by `finding:ID`, which the doctor has to look for first. `FilterError`."""
    terms = (word.text.lstrip("-").partition(":") for word in _split(text) if not word.is_quoted)
    return frozenset(value for name, colon, value in terms if name == "finding" and colon and value)


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of the line: where it stands, its text, and whether it was quoted as a whole."""

    position: int
    text: str
    is_quoted: bool = False


def _split(text: str) -> list[_Word]:
    words: list[_Word] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char.isspace():
            position += 1
        elif char in "()":
            words.append(_Word(position, char))
            position += 1
        else:
            parts: list[str] = []
            start, is_quoted = position, char == '"'
            while position < len(text) and not text[position].isspace() and text[position] not in "()":
                if text[position] == '"':
                    end = _closing_quote(text, position)
                    quoted = text[position + 1 : end].replace('\\"', '"').replace("\\\\", "\\")
                    in_brackets = bool(parts) and parts[-1].endswith("[")
                    parts.append(f'"{quoted}"' if in_brackets else quoted)
                    position = end + 1
                else:
                    parts.append(text[position])
                    position += 1
            words.append(_Word(start, "".join(parts), is_quoted))
    return words


def _closing_quote(text: str, start: int) -> int:
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 2
        elif text[position] == '"':
            return position
        else:
            position += 1
    raise FilterError("A quotation mark is not closed.", start)


class _Parser:
    """Words to a test: OR binds loosest, then words side by side (and), then - and parentheses."""

    def __init__(self, text: str) -> None:
        self._words = _split(text)
        self._end = len(text)
        self._at = 0
        self._depth = 0

    def parse(self) -> Term:
        term = self._any()
        if self._at < len(self._words):
            raise FilterError("A parenthesis is closed that was not opened.", self._words[self._at].position)
        return term

    def _peek(self) -> _Word | None:
        return self._words[self._at] if self._at < len(self._words) else None

    def _any(self) -> Term:
        terms = [self._all()]
        while (word := self._peek()) is not None and word.text == "OR" and not word.is_quoted:
            self._at += 1
            terms.append(self._all())
        return any_of(terms)

    def _all(self) -> Term:
        terms: list[Term] = []
        while (word := self._peek()) is not None and not (word.text in (")", "OR") and not word.is_quoted):
            terms.append(self._one())
        if not terms:
            at = word.position if word is not None else self._end
            raise FilterError("Something to look for is missing here.", at)
        return all_of(terms)

    def _one(self) -> Term:
        word = self._words[self._at]
        self._at += 1
        if word.text == "(" and not word.is_quoted:
            return self._group(word)
        if word.text.startswith("-") and len(word.text) > 1 and not word.is_quoted:
            return none_of(_term(_Word(word.position + 1, word.text[1:])))
        if word.text == "-" and (following := self._peek()) is not None and following.text == "(":
            self._at += 1
            return none_of(self._group(following))
        return _term(word)

    def _group(self, word: _Word) -> Term:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FilterError("The parentheses are nested too deep.", word.position)
        term = self._any()
        closing = self._peek()
        if closing is None or closing.text != ")":
            raise FilterError("A parenthesis is not closed.", word.position)
        self._at += 1
        self._depth -= 1
        return term


def _term(word: _Word) -> Term:
    match = None if word.is_quoted else _TERM.fullmatch(word.text)
    if match is None:
        return text_term(word.text.lower())
    name, operator, value = match[1], match[2], match[3]
    at = word.position + match.end(2)
    if not value and operator != ":":
        raise FilterError(f"{name}{operator} needs a value after it.", at)
    match name:
        case "is":
            term = is_term(value)
            if term is None:
                raise FilterError(f"is: knows {', '.join(_IS)}.", at)
            return term
        case "finding":
            return finding_term(value)
        case "has":
            return has_term(_path(value, at))
        case "expires" if value == "never" and operator in (":", "="):
            return _known("permanent")
        case "expires":
            return expires_term(operator, _number(value, _UNITS_MS, "a duration such as 1h, 30m or 2d, or never", at))
        case "encrypted":
            return _known("encrypted")
        case "changed":
            return age_term(operator, _number(value, _UNITS_MS, "a duration such as 5m", at))
        case "size":
            return size_term(operator, _number(value, _UNITS_BYTES, "a size such as 10kb", at))
        case "id" | "session":
            return column_term(lambda chunk: chunk.session_ids(), operator, value)
        case "format":
            return column_term(lambda chunk: chunk.formats(), operator, value)
        case "user":
            return user_term(operator, value)
        case _:
            return field_term(_path(name, word.position), operator, value)


def _known(word: str) -> Term:
    term = is_term(word)
    assert term is not None
    return term


def _number(value: str, units: dict[str, int], wanted: str, at: int) -> float:
    match = _NUMBER.fullmatch(value.strip())
    unit = match[2].lower() if match else ""
    if match is None or unit not in units:
        raise FilterError(f"Write {wanted} here.", at)
    return float(match[1]) * units[unit]


def _path(text: str, at: int) -> FieldKeys:
    try:
        return parse_field_path(text)
    except FieldPathError as error:
        raise FilterError(str(error), at) from None
