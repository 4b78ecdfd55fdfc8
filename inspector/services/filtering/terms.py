"""The terms of a filter, as what they do to a chunk of a list: which of these rows match.

A term narrows the rows it is given, so that the cheap ones (columns) go before the dear ones (decoding), and looks for the
bytes a match must hold before it decodes anything: searching bytes is ten times faster.
"""

from __future__ import annotations

import fnmatch
import operator as compare
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from inspector.codecs import CUT, ROLE_PATH
from inspector.core.store_facts import NEVER

Rows = Sequence[int]
FieldKeys = tuple[str | int, ...]

COLUMN, TEXT, FIELD = 1, 2, 3
_HOUR_MS = 3_600_000
_ENOUGH, _RARE = 100, 0.2
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')
_COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "<": compare.lt, ">": compare.gt, "<=": compare.le, ">=": compare.ge, "!=": compare.ne, ":": compare.eq, "=": compare.eq,
}  # fmt: skip


class Chunk(Protocol):
    """Some rows of a list, numbered from 0. Costly answers are worked out when asked for."""

    @property
    def now_ms(self) -> int: ...
    @property
    def sizes(self) -> Sequence[int]: ...
    @property
    def expires(self) -> Sequence[int]:
        """When each ends, in epoch milliseconds, or `NEVER`."""
        ...

    @property
    def changed(self) -> Sequence[int]:
        """When each changed, in epoch milliseconds, or 0."""
        ...

    def users(self) -> Sequence[str]: ...
    def formats(self) -> Sequence[str]: ...
    def session_ids(self) -> Sequence[str]: ...
    def is_expiry_hidden(self, row: int) -> bool: ...

    def find(self, needle: str) -> set[int]:
        """Return the rows whose key or text holds `needle` (in lower case), whatever its case there."""
        ...

    def may_hold(self, rows: Rows, needle: str) -> Rows:
        """Return those of the rows which may hold `needle` (lower case, ASCII) as a key or value: none that does is left out."""
        ...

    def found(self, finding: str, rows: Rows) -> Rows:
        """Return those of the rows in which the doctor found this."""
        ...

    def format_roles(self) -> tuple[Sequence[tuple[str, str]], Sequence[int]] | None:
        """Return the different pairs of format and role there are so far, and which one each row has; None where rows
        may have more than one role at `ROLE_PATH`."""
        ...

    def fields(self, rows: Rows, keys: FieldKeys) -> Sequence[Any]:
        """Return for each row the field at `keys` of its session as plain values, `MISSING` where it has none."""
        ...


_Narrow = Callable[[Chunk, Rows], Rows]
_Choose = Callable[[Rows, Sequence[Any]], Rows]


@dataclass(frozen=True, slots=True)
class Term:
    """`narrow(chunk, rows)` returns the matching ones of `rows`, in order. `cost` says which to ask first."""

    narrow: _Narrow = field(repr=False)
    cost: int = COLUMN

    @property
    def needs_values(self) -> bool:
        """True where it looks into the stored values, which must not be kept."""
        return self.cost > COLUMN


def all_of(terms: Sequence[Term]) -> Term:
    if len(terms) == 1:
        return terms[0]
    ordered = sorted(terms, key=lambda term: term.cost)

    def narrow(chunk: Chunk, rows: Rows) -> Rows:
        for term in ordered:
            if not rows:
                break
            rows = term.narrow(chunk, rows)
        return rows

    return Term(narrow, ordered[-1].cost)


def any_of(terms: Sequence[Term]) -> Term:
    if len(terms) == 1:
        return terms[0]

    def narrow(chunk: Chunk, rows: Rows) -> Rows:
        found: set[int] = set()
        for term in terms:
            found.update(term.narrow(chunk, [row for row in rows if row not in found]))
        return [row for row in rows if row in found]

    return Term(narrow, max(term.cost for term in terms))


def none_of(term: Term) -> Term:
    def narrow(chunk: Chunk, rows: Rows) -> Rows:
        found = set(term.narrow(chunk, rows))
        return [row for row in rows if row not in found] if found else rows

    return Term(narrow, term.cost)


def chosen(rows: Rows, found: set[int]) -> Rows:
    """Return those of the rows, in order, that were found."""
    if isinstance(rows, range):
        return [row for row in sorted(found) if row in rows]
    return sorted(found.intersection(rows)) if found else []


def text_term(needle: str) -> Term:
    def narrow(chunk: Chunk, rows: Rows) -> Rows:
        return chosen(rows, chunk.find(needle))

    return Term(narrow, TEXT)


def _each(test: Callable[[Chunk, int], bool]) -> Term:
    return Term(lambda chunk, rows: [row for row in rows if test(chunk, row)])


def _within(get: Callable[[Chunk], Sequence[int]], low: Callable[[int], float], high: Callable[[int], float]) -> Term:
    """Match rows whose number in a column lies in [low(now), high(now))."""

    def narrow(chunk: Chunk, rows: Rows) -> Rows:
        column, lower, upper = get(chunk), low(chunk.now_ms), high(chunk.now_ms)
        return [row for row in rows if lower <= column[row] < upper]

    return Term(narrow)


def is_term(value: str) -> Term | None:
    """Return the term for `is:value`, None for a word that is not known."""
    expired = _within(lambda chunk: chunk.expires, lambda _now: 0, lambda now: now + 1)
    match value:
        case "active":
            return none_of(expired)
        case "expired":
            return expired
        case "expiring":
            return _within(lambda chunk: chunk.expires, lambda now: now + 1, lambda now: now + _HOUR_MS)
        case "permanent":
            return _each(lambda chunk, row: chunk.expires[row] == NEVER and not chunk.is_expiry_hidden(row))
        case "signed-in":
            return Term(lambda chunk, rows: _where(rows, chunk.users(), bool))
        case "anonymous":
            return Term(_anonymous)
        case "unreadable":
            return Term(lambda chunk, rows: _where(rows, chunk.formats(), lambda text: text.startswith("unreadable")))
        case "encrypted":
            return Term(lambda chunk, rows: _where(rows, chunk.formats(), lambda text: "encrypted" in text))
        case "changed":
            return _each(lambda chunk, row: chunk.changed[row] > 0)
    return None


def finding_term(finding: str) -> Term:
    """Match the rows of a finding of the doctor's; none before it has run."""
    return Term(lambda chunk, rows: chunk.found(finding, rows))


def _anonymous(chunk: Chunk, rows: Rows) -> Rows:
    users, formats = chunk.users(), chunk.formats()
    # Of a record that was not read, nobody knows.
    return [row for row in rows if not users[row] and not formats[row].startswith("not read")]


def _where(rows: Rows, column: Sequence[str], test: Callable[[str], bool]) -> Rows:
    return [row for row in rows if test(column[row])]


def expires_term(operator: str, limit_ms: float) -> Term:
    holds = _COMPARES[operator]
    return _each(lambda chunk, row: chunk.expires[row] != NEVER and holds(chunk.expires[row] - chunk.now_ms, limit_ms))


def age_term(operator: str, limit_ms: float) -> Term:
    holds = _COMPARES[operator]
    return _each(lambda chunk, row: chunk.changed[row] > 0 and holds(chunk.now_ms - chunk.changed[row], limit_ms))


def size_term(operator: str, limit_bytes: float) -> Term:
    holds = _COMPARES[operator]

    def narrow(chunk: Chunk, rows: Rows) -> Rows:
        sizes = chunk.sizes
        return [row for row in rows if holds(sizes[row], limit_bytes)]

    return Term(narrow)


def column_term(get: Callable[[Chunk], Sequence[str]], operator: str, value: str) -> Term:
    matches = _text_matcher(value)
    wanted = operator != "!="
    return Term(lambda chunk, rows: _where(rows, get(chunk), lambda text: matches(text) == wanted))


def user_term(operator: str, value: str) -> Term:
    found = column_term(lambda chunk: chunk.users(), operator, value)
    # `user:john` finds the user column, and an application whose own field is called user.
    return any_of([found, field_term(("user",), operator, value)]) if operator == ":" else found


class _Missing:
    """Stands for a field which is not there, as None stands for null."""


MISSING = _Missing()


def has_term(keys: FieldKeys) -> Term:
    def having(rows: Rows, found: Sequence[Any]) -> Rows:
        return [row for row, value in zip(rows, found, strict=True) if value is not MISSING]

    return Term(_search(keys, str(_telling_key(keys)).lower(), having), FIELD)


def field_term(keys: FieldKeys, operator: str, value: str) -> Term:
    """Compare the field at `keys` with the value: as numbers where both are, else as texts whatever their case."""
    matches = _text_matcher(value)
    limit = _as_number(value)
    is_order = operator in ("<", ">", "<=", ">=")
    is_wanted = operator != "!="
    compared = _COMPARES[operator]

    def holds(found: Any) -> bool:
        if type(found) is str and not is_order:
            return matches(found) == is_wanted
        if isinstance(found, list) and operator in (":", "="):
            return any(holds(item) for item in found)
        number = _as_number(found) if limit is not None else None
        if is_order:
            if number is not None:
                return compared(number, limit)
            return isinstance(found, str) and compared(found, value)  # ISO dates sort as text
        if number is not None:
            return (number == limit) == is_wanted
        return matches(_as_text(found)) == is_wanted

    def holding(rows: Rows, found: Sequence[Any]) -> Rows:
        # Whole numbers against a number are by far the most: no call into Python for them.
        kind = int if limit is not None else _Missing
        return [
            row
            for row, one in zip(rows, found, strict=True)
            if (compared(one, limit) if type(one) is kind and limit is not None else one is not MISSING and holds(one))
        ]

    needle = str(_telling_key(keys)).lower()
    if operator in (":", "=") and limit is None:
        # The value is rarer than its key. Numbers have several spellings; these words aren't text in BSON.
        literal = max(value.lower().split("*"), key=len)
        if len(literal) > 1 and literal not in ("true", "false", "null") and not _ESCAPED.search(literal):
            needle = literal if "*" in value else f'"{literal}"'
            if keys == ROLE_PATH and literal == value.lower() and len(literal) < CUT:
                return Term(_search_role(matches, _search(keys, needle, holding), holding), FIELD)
    return Term(_search(keys, needle, holding), FIELD)


def _search_role(matches: Callable[[str], bool], search: _Narrow, choose: _Choose) -> _Narrow:
    """The list knows the roles: it says which rows to decode, unless some have several."""
    known: Sequence[tuple[str, str]] = ()
    judged, codes = 0, set[int]()

    def narrow(chunk: Chunk, rows: Rows) -> Rows:
        nonlocal known, judged
        told = chunk.format_roles()
        if told is None:
            return search(chunk, rows)
        format_roles, row_codes = told
        if format_roles is not known:
            known, judged = format_roles, 0
            codes.clear()
        while judged < len(format_roles):
            if matches(format_roles[judged][1]):
                codes.add(judged)
            judged += 1
        maybe = chosen(rows, {row for row, code in enumerate(row_codes) if code in codes})
        return choose(maybe, chunk.fields(maybe, ROLE_PATH)) if maybe else maybe

    return narrow


def _telling_key(keys: FieldKeys) -> str | int:
    """Return the last key which must stand in the text: not an index, not the length of something."""
    named = [key for key in keys[: -1 if keys[-1] == "length" else None] if isinstance(key, str) and not key.isdigit()]
    return named[-1] if named else ""


def _search(keys: FieldKeys, needle: str, choose: _Choose) -> _Narrow:
    is_rare = bool(needle) and needle.isascii()

    def narrow(chunk: Chunk, rows: Rows) -> Rows:
        nonlocal is_rare
        if is_rare:
            maybe = chunk.may_hold(rows, needle)
            # Where most rows hold it, searching costs more than it spares.
            is_rare = len(rows) < _ENOUGH or len(maybe) < len(rows) * _RARE
            rows = maybe
        return choose(rows, chunk.fields(rows, keys)) if rows else rows

    return narrow


def find_field(data: Any, keys: FieldKeys) -> Any:
    """Return what stands at `keys`, or a value of its own kind for nothing; `length` counts a list or text."""
    found = data
    for place, key in enumerate(keys):
        if type(found) is dict and type(key) is str:
            found = found.get(key, MISSING)
            continue
        if isinstance(found, dict) and str(key) in found:
            found = found[str(key)]
        elif isinstance(found, list) and str(key).isdigit() and int(key) < len(found):
            found = found[int(key)]
        elif key == "length" and place == len(keys) - 1 and isinstance(found, list | str):
            return len(found)
        else:
            return MISSING
    return found


def _text_matcher(value: str) -> Callable[[str], bool]:
    wanted = value.lower()
    if "*" in wanted:
        # Only * is a wildcard here: brackets and question marks are themselves.
        pattern = re.compile(fnmatch.translate(re.sub(r"([\[?])", r"[\1]", wanted)))
        return lambda text: pattern.match(text.lower()) is not None
    return lambda text: text.lower() == wanted


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
