"""The filter line: GitHub-style terms over sessions; knows no window and no catalogue.

`free text`, `user.role:admin`, `cart.length>2`, `expires<1h`, `expires:never`, `is:expired`, `size>10kb`, `changed<5m`,
`id:abc*`, `user:john`, `-user.name:bob`, `"two words"`, `has:cart`, `OR`, parentheses.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from inspector.core.field_path import FieldPathError, parse_field_path

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_UNITS_BYTES = {"": 1, "b": 1, "kb": 1024, "k": 1024, "mb": 1024**2, "m": 1024**2, "gb": 1024**3}
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
_TERM = re.compile(r"([^\s:<>=!()\"]+)(<=|>=|!=|[:<>=])(.*)", re.DOTALL)
_IS = ("active", "expired", "expiring", "permanent", "signed-in", "anonymous", "unreadable", "encrypted", "changed")
_MAX_DEPTH = 50
_HOUR_MS = 3_600_000


class FilterError(ValueError):
    """The text is no filter. `position` is the character it went wrong at; the message says what to write instead."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class Candidate(Protocol):
    """What a filter may ask of a session; costly answers are worked out when asked for."""

    @property
    def session_id(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def expires_at_ms(self) -> int | None: ...
    @property
    def is_permanent(self) -> bool: ...
    @property
    def changed_at_ms(self) -> int | None: ...
    @property
    def now_ms(self) -> int: ...
    def data(self) -> Any:
        """Return the decoded session as plain Python values, None when it cannot be read."""
        ...

    def text(self) -> str:
        """Return everything that free text is looked for in, in lower case."""
        ...


Test = Callable[[Candidate], bool]


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """A parsed filter; `text` as it was typed. `matches` is the test."""

    text: str
    matches: Test = field(repr=False, compare=False)


def parse_filter(text: str) -> SessionFilter | None:
    """Read a filter line; None for an empty one. `FilterError`."""
    if not text.strip():
        return None
    if len(text) > 2000:
        raise FilterError("The filter is too long; shorten it.", 2000)
    return SessionFilter(text, _Parser(text).parse())


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

    def parse(self) -> Test:
        test = self._any()
        if self._at < len(self._words):
            raise FilterError("A parenthesis is closed that was not opened.", self._words[self._at].position)
        return test

    def _peek(self) -> _Word | None:
        return self._words[self._at] if self._at < len(self._words) else None

    def _any(self) -> Test:
        tests = [self._all()]
        while (word := self._peek()) is not None and word.text == "OR" and not word.is_quoted:
            self._at += 1
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda session: any(test(session) for test in tests)

    def _all(self) -> Test:
        tests: list[Test] = []
        while (word := self._peek()) is not None and not (word.text in (")", "OR") and not word.is_quoted):
            tests.append(self._one())
        if not tests:
            at = word.position if word is not None else self._end
            raise FilterError("Something to look for is missing here.", at)
        return tests[0] if len(tests) == 1 else lambda session: all(test(session) for test in tests)

    def _one(self) -> Test:
        word = self._words[self._at]
        self._at += 1
        if word.text == "(" and not word.is_quoted:
            return self._group(word)
        if word.text.startswith("-") and len(word.text) > 1 and not word.is_quoted:
            inner = _term(_Word(word.position + 1, word.text[1:]))
            return lambda session: not inner(session)
        if word.text == "-" and (following := self._peek()) is not None and following.text == "(":
            self._at += 1
            group = self._group(following)
            return lambda session: not group(session)
        return _term(word)

    def _group(self, word: _Word) -> Test:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FilterError("The parentheses are nested too deep.", word.position)
        test = self._any()
        closing = self._peek()
        if closing is None or closing.text != ")":
            raise FilterError("A parenthesis is not closed.", word.position)
        self._at += 1
        self._depth -= 1
        return test


def _term(word: _Word) -> Test:
    match = None if word.is_quoted else _TERM.fullmatch(word.text)
    if match is None:
        needle = word.text.lower()
        return lambda session: needle in session.text()
    name, operator, value = match[1], match[2], match[3]
    at = word.position + match.end(2)
    if not value and operator != ":":
        raise FilterError(f"{name}{operator} needs a value after it.", at)
    match name:
        case "is":
            return _is_term(value, at)
        case "has":
            keys = _path(value, at)
            return lambda session: _find(session.data(), keys) is not _MISSING
        case "expires":
            return _expires_term(operator, value, at)
        case "encrypted":
            return lambda session: "encrypted" in session.format
        case "changed":
            return _age_term(operator, value, at)
        case "size":
            limit = _number(value, _UNITS_BYTES, "a size such as 10kb", at)
            return lambda session: _compare(float(session.size), operator, limit)
        case "id" | "session":
            return _text_term(lambda session: session.session_id, operator, value)
        case "format":
            return _text_term(lambda session: session.format, operator, value)
        case "user":
            return _user_term(operator, value)
        case _:
            return _field_term(_path(name, word.position), operator, value)


def _is_term(value: str, at: int) -> Test:
    match value:
        case "active":
            return lambda session: not _is_expired(session)
        case "expired":
            return _is_expired
        case "expiring":
            return lambda session: _left(session) is not None and 0 < (_left(session) or 0) < _HOUR_MS
        case "permanent":
            return lambda session: session.is_permanent
        case "signed-in":
            return lambda session: bool(session.user)
        case "anonymous":
            return lambda session: not session.user
        case "unreadable":
            return lambda session: session.format.startswith("unreadable")
        case "encrypted":
            return lambda session: "encrypted" in session.format
        case "changed":
            return lambda session: session.changed_at_ms is not None
    raise FilterError(f"is: knows {', '.join(_IS)}.", at)


def _left(session: Candidate) -> int | None:
    return None if session.expires_at_ms is None else session.expires_at_ms - session.now_ms


def _is_expired(session: Candidate) -> bool:
    left = _left(session)
    return left is not None and left <= 0


def _expires_term(operator: str, value: str, at: int) -> Test:
    if value == "never" and operator in (":", "="):
        return lambda session: session.is_permanent
    limit = _number(value, _UNITS_MS, "a duration such as 1h, 30m or 2d, or never", at)
    return lambda session: (left := _left(session)) is not None and _compare(left, operator, limit)


def _age_term(operator: str, value: str, at: int) -> Test:
    limit = _number(value, _UNITS_MS, "a duration such as 5m", at)
    return lambda session: (
        session.changed_at_ms is not None and _compare(session.now_ms - session.changed_at_ms, operator, limit)
    )


def _number(value: str, units: dict[str, int], wanted: str, at: int) -> float:
    match = _NUMBER.fullmatch(value.strip())
    unit = match[2].lower() if match else ""
    if match is None or unit not in units:
        raise FilterError(f"Write {wanted} here.", at)
    return float(match[1]) * units[unit]


def _compare(number: float, operator: str, limit: float) -> bool:
    match operator:
        case "<":
            return number < limit
        case ">":
            return number > limit
        case "<=":
            return number <= limit
        case ">=":
            return number >= limit
        case "!=":
            return number != limit
        case _:
            return number == limit


def _text_matcher(value: str) -> Callable[[str], bool]:
    wanted = value.lower()
    if "*" in wanted:
        # Only * is a wildcard here: brackets and question marks are themselves.
        pattern = re.compile(fnmatch.translate(re.sub(r"([\[?])", r"[\1]", wanted)))
        return lambda text: pattern.match(text.lower()) is not None
    return lambda text: text.lower() == wanted


def _text_term(get: Callable[[Candidate], str], operator: str, value: str) -> Test:
    matches = _text_matcher(value)
    if operator == "!=":
        return lambda session: not matches(get(session))
    return lambda session: matches(get(session))


def _user_term(operator: str, value: str) -> Test:
    found = _text_term(lambda session: session.user, operator, value)
    if operator != ":":
        return found
    # `user:john` finds the user column, and an application whose own field is called user.
    own = _field_term(("user",), operator, value)
    return lambda session: found(session) or own(session)


class _Missing:
    """Stands for a field which is not there, as None stands for null."""


_MISSING = _Missing()


def _path(text: str, at: int) -> tuple[str | int, ...]:
    try:
        return parse_field_path(text)
    except FieldPathError as error:
        raise FilterError(str(error), at) from None


def _find(data: Any, keys: tuple[str | int, ...]) -> Any:
    found = data
    for place, key in enumerate(keys):
        if isinstance(found, dict) and str(key) in found:
            found = found[str(key)]
        elif isinstance(found, list) and str(key).isdigit() and int(key) < len(found):
            found = found[int(key)]
        elif key == "length" and place == len(keys) - 1 and isinstance(found, list | str):
            return len(found)
        else:
            return _MISSING
    return found


def _field_term(keys: tuple[str | int, ...], operator: str, value: str) -> Test:
    matches = _text_matcher(value)
    limit = _as_number(value)

    def holds(found: Any) -> bool:
        if isinstance(found, _Missing):
            return False
        if isinstance(found, list) and operator in (":", "="):
            return any(holds(item) for item in found)
        if operator in ("<", ">", "<=", ">="):
            number = _as_number(found)
            if number is not None and limit is not None:
                return _compare(number, operator, limit)
            return isinstance(found, str) and _compare_texts(found, operator, value)
        if limit is not None and (number := _as_number(found)) is not None and not isinstance(found, str):
            return (number == limit) == (operator != "!=")
        return matches(_as_text(found)) == (operator != "!=")

    return lambda session: holds(_find(session.data(), keys))


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _as_text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _compare_texts(found: str, operator: str, value: str) -> bool:
    # ISO dates sort as text.
    return (
        found < value
        if operator == "<"
        else found > value
        if operator == ">"
        else (found <= value if operator == "<=" else found >= value)
    )
