"""JSON as JavaScript reads and writes it (`JSON.parse`, `JSON.stringify`), dates included.

Numbers are doubles (9007199254740993 is read as …992), keys that look like array indexes come first, numbers are
spelled as `Number.prototype.toString` does, and lone surrogates are written as escapes.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TypeAlias

JsValue: TypeAlias = "bool | int | float | str | list[JsValue] | dict[str, JsValue] | None"

_SURROGATE = re.compile("[\ud800-\udfff]")
_INDEX = re.compile(r"(?:0|[1-9]\d{0,9})\Z", re.ASCII)
_LARGEST_INDEX = 2**32 - 2
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_SAFE_INTEGER = 2**53
_LARGEST_DATE_MS = 8.64e15


class NotJson(ValueError):
    """The text isn't JSON, or is nested too deeply. Holds nothing of the text."""

    def __init__(self) -> None:
        super().__init__("The text isn't JSON.")


def parse(text: bytes) -> JsValue:
    """Return the value of a JSON text as `JSON.parse` does after decoding UTF-8. `NotJson`."""
    try:
        value: JsValue = json.loads(
            text.decode("utf-8", "replace"), parse_int=_number, parse_float=_number, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise NotJson from None
    return value


def stringify(value: JsValue) -> str:
    """Return the text `JSON.stringify` makes of a value. `NotJson` when it is nested too deeply."""
    parts: list[str] = []
    try:
        _write(value, parts)
    except RecursionError:
        raise NotJson from None
    return "".join(parts)


def _write(value: JsValue, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_quote(value))
    elif value is None:
        parts.append("null")
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, int | float):
        parts.append(spell_number(value))
    elif isinstance(value, list):
        separator = "["
        for item in value:
            parts.append(separator)
            _write(item, parts)
            separator = ","
        parts.append("]" if value else "[]")
    else:
        separator = "{"
        for key in ordered_keys(value):
            parts.append(f"{separator}{_quote(key)}:")
            _write(value[key], parts)
            separator = ","
        parts.append("}" if value else "{}")


def ordered_keys(value: Mapping[str, JsValue]) -> list[str]:
    """Return the keys in JavaScript's order: array indexes ascending, then the others as they were added."""
    indexes = [key for key in value if _INDEX.match(key) and int(key) <= _LARGEST_INDEX]
    if not indexes:
        return list(value)
    first = set(indexes)
    return sorted(indexes, key=int) + [key for key in value if key not in first]


def spell_number(value: int | float) -> str:
    """Return a number as JavaScript spells it: 1e21, 1e-7, 0.000001, 5 for 5.0; "null" for what JSON cannot hold."""
    try:
        number = float(value)
    except OverflowError:
        return "null"
    if not math.isfinite(number):
        return "null"
    if number == 0:
        return "0"
    sign, digit_tuple, exponent = Decimal(repr(number)).as_tuple()
    assert isinstance(exponent, int)
    all_digits = "".join(map(str, digit_tuple))
    digits = all_digits.rstrip("0")
    point = len(all_digits) + exponent
    minus = "-" if sign else ""
    if len(digits) <= point <= 21:
        return minus + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{minus}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{minus}{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def format_date(epoch_ms: float) -> str | None:
    """Return what `Date.prototype.toJSON` returns: ISO 8601 in UTC with milliseconds, None for an invalid date."""
    if not math.isfinite(epoch_ms) or abs(epoch_ms) > _LARGEST_DATE_MS:
        return None
    try:
        moment = _EPOCH + datetime.timedelta(milliseconds=math.trunc(epoch_ms))
    except OverflowError:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.").zfill(20) + f"{moment.microsecond // 1000:03d}Z"


def parse_date(text: str) -> float:
    """Return the epoch milliseconds of an ISO 8601 text; NaN, as an invalid `Date` has, for anything else."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return float((moment - _EPOCH) // datetime.timedelta(milliseconds=1))


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if abs(number) <= _SAFE_INTEGER and number.is_integer() else number


def _refuse_constant(_: str) -> JsValue:
    raise NotJson


def _quote(text: str) -> str:
    quoted: str = encode_basestring(text)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
