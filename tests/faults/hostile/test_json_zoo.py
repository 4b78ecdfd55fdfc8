"""F43: JSON that every library changes when it loads and dumps it stays to the byte, with no edit and around one."""

from __future__ import annotations

import pytest

from inspector.codecs import decode, encode, parse_json
from inspector.core.edits import SetValue, apply_edit
from inspector.core.node import find_member

# reliability.md, section 4: what json, orjson, msgspec and others change.
ZOO = (
    b"1e-7", b"0.00001", b"0.000001", b"1e+21", b"-0", b"1E5", b"18446744073709551616", b"100000000000000000000",
    b"1234567890123456789012345678901234567890", b"1e400", b"0.1000000000000000055511151231257827", b'"\\ud800"', b'"\\/"',
    b'"\\u003c\\u00e9"', b'"\\u0000"', '"\u2028 \x7f é"'.encode(), b'{"a":1,"a":2}', b'{"__proto__":1,"":2}', b"[ 1 , 2 ]",
    b'{"2":1,"1":2}', b"9007199254740993", b"1.10", b'"' + b"x" * 5000 + b'"',
)  # fmt: skip


@pytest.mark.parametrize("zoo", ZOO, ids=range(len(ZOO)))
@pytest.mark.parametrize("space", [b"", b"\r\n\t "])
def test_f43_odd_json_keeps_its_bytes_with_no_edit_and_around_one(zoo: bytes, space: bytes) -> None:
    before = b'{"cookie":{"originalMaxAge":null},"odd":' + space + zoo + b',"mine":' + space
    text = before + b'"old"' + space + b"}"
    decoded = decode(text, "redis")
    assert encode(decoded, decoded.root) == text
    place = find_member(decoded.root, "mine")
    assert place is not None
    edited, _ = apply_edit(decoded.root, SetValue((place,), parse_json('"new"')))
    assert encode(decoded, edited) == before + b'"new"' + space + b"}"
