"""IEEE 754 decimal128 in BSON's binary integer form: bytes to a number's text and back.

Format: github.com/mongodb/specifications, bson-decimal128. The text is the one of the General Decimal Arithmetic
specification, which Python's `decimal` writes.
"""

from __future__ import annotations

import re
import struct
from decimal import Decimal, DecimalException

from inspector.codecs._api import CodecError

_BIAS = 6176
_MOST_EXPONENT = 6111
_MOST_DIGITS = 34
_INFINITY, _NAN = 0x7800 << 48, 0x7C00 << 48
_SPECIAL = {"infinity": _INFINITY, "inf": _INFINITY, "nan": _NAN}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
_LONGEST = 10_000


def decimal_text(raw: bytes) -> str:
    """Return the number of 16 bytes as text: "1.50", "1E+3", "NaN", "-Infinity"."""
    low, high = struct.unpack("<QQ", raw)
    sign = high >> 63
    if (high >> 58) & 0x1F == 0x1F:
        return "NaN"
    if (high >> 58) & 0x1F == 0x1E:
        return "-Infinity" if sign else "Infinity"
    if (high >> 61) & 3 == 3:
        # More digits than a decimal128 has: the standard reads it as zero.
        exponent, digits = (high >> 47) & 0x3FFF, 0
    else:
        exponent, digits = (high >> 49) & 0x3FFF, (high & ((1 << 49) - 1)) << 64 | low
    if digits >= 10**_MOST_DIGITS:
        digits = 0
    return str(Decimal((sign, tuple(map(int, str(digits))), exponent - _BIAS)))


def decimal_bytes(text: str) -> bytes:
    """Return the 16 bytes of a number's text. `CodecError` for what isn't a number, or for which 34 digits are too few."""
    text = text.strip()
    special = _SPECIAL.get(text.lstrip("+-").lower())
    if special is not None:
        return struct.pack("<QQ", 0, special | (text.startswith("-") and special == _INFINITY) << 63)
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        raise CodecError("A Decimal128 is a number such as 19.90.")
    try:
        sign, figures, scale = Decimal(text).as_tuple()
    except DecimalException:
        raise CodecError("A Decimal128 has no exponent as large.") from None
    exponent = int(scale)
    digits = "".join(map(str, figures)).lstrip("0") or "0"
    if digits == "0":
        exponent = max(-_BIAS, min(_MOST_EXPONENT, exponent))
    while digits != "0" and digits.endswith("0") and (len(digits) > _MOST_DIGITS or exponent < -_BIAS):
        digits, exponent = digits[:-1], exponent + 1
    if 0 < exponent - _MOST_EXPONENT <= _MOST_DIGITS - len(digits):
        digits, exponent = digits + "0" * (exponent - _MOST_EXPONENT), _MOST_EXPONENT
    if len(digits) > _MOST_DIGITS or not -_BIAS <= exponent <= _MOST_EXPONENT:
        raise CodecError("A Decimal128 holds 34 digits and exponents from -6176 to 6111: this number would be changed.")
    number = int(digits)
    high = sign << 63 | (exponent + _BIAS) << 49 | number >> 64
    return struct.pack("<QQ", number & (1 << 64) - 1, high)
