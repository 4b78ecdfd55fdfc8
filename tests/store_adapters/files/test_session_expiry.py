"""The quick way to a session file's expiry comes to the same as decoding everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store_adapters.files.session_file import exact_expiry_of, expiry_of

NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.booleans(), st.none(), st.text(max_size=3))
OTHERS = st.one_of(NUMBERS, st.lists(NUMBERS, max_size=2), st.dictionaries(st.text(max_size=3), NUMBERS, max_size=2))
COOKIES = st.one_of(OTHERS, st.fixed_dictionaries({}, optional={"originalMaxAge": OTHERS, "path": st.text(max_size=5)}))
SESSIONS = st.fixed_dictionaries({}, optional={"cookie": COOKIES, "__lastAccess": OTHERS, "user": OTHERS})


@given(SESSIONS, st.booleans(), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=2))
def test_quick_expiry_is_the_exact_one(session: Any, is_ascii: bool, cuts: list[tuple[int, int]]) -> None:
    text = bytearray(json.dumps(session, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass"))
    for place, byte in cuts:
        text[place % len(text)] = byte
    assert expiry_of(bytes(text), 3600) == exact_expiry_of(bytes(text), 3600)


@pytest.mark.parametrize(
    "text",
    [
        b'{"cookie":{"originalMaxAge":5},"__lastAccess":3,"x":"\xff"}',
        b'{"cookie":{"originalMaxAge":5},"__lastAccess":3,"x":%s}' % (b"9" * 5000),
        b'{"cookie":{"originalMaxAge":5},"__lastAccess":3,"x":NaN}',
        b'{"cookie":{"originalMaxAge":5},"cookie":{},"__lastAccess":3,"__lastAccess":"4"}',
        b'\xef\xbb\xbf{"__lastAccess":3}',
        b'[{"__lastAccess":3}]',
        b"",
    ],
)
def test_quick_expiry_is_the_exact_one_of_odd_files(text: bytes) -> None:
    assert expiry_of(text, 3600) == exact_expiry_of(text, 3600)
