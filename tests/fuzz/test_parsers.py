"""Every parser on damaged seeds: only documented errors, and never longer than 2 s; `make fuzz` goes on for as long as it is told."""

from __future__ import annotations

import time
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

TOKENS = [
    b"", b"\0", b"\xff", b"{", b"}", b"[", b"]", b'"', b"\\", b"\\ud800", b"9" * 40, b"1e999", b"-", b"null", b"%", b"%00", b".", b":",
    b"=", b";", b"\r\n", b"H4sI", b"eyJ", b"Fe26.2*", b"s%3A", b"\xed\xa0\x80", b"\xe2\x80\xae", b"(", b")", b"NOT ", b"*", b"'", b"$",
]  # fmt: skip
SLOWEST_S = 2.0


@pytest.mark.fuzz
@pytest.mark.parametrize("name", TARGETS)
@settings(suppress_health_check=list(HealthCheck))
@given(st.data())
def test_f67_parser_raises_only_what_is_documented(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    payload = data.draw(st.one_of(st.sampled_from(target.seeds), st.binary(max_size=300)))
    places = st.tuples(
        st.integers(0, 10_000), st.integers(0, 8), st.one_of(st.sampled_from(TOKENS), st.binary(max_size=6))
    )
    for place, length, token in data.draw(st.lists(places, max_size=5)):
        start = place % (len(payload) + 1)
        payload = payload[:start] + token + payload[start + length :]
    began = time.thread_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        target.run(payload)
    assert time.thread_time() - began < SLOWEST_S


@pytest.mark.parametrize("name", TARGETS)
def test_f67_parser_takes_deep_and_long_input(name: str) -> None:
    for piece in (
        b"[",
        b"(",
        b'{"a":',
        b"a.",
        b"a[0]",
        b'"',
        b"%",
        b"a=b; ",
        b"-",
        b"\\",
        b"NOT ",
        b"=",
        b"1",
        b"\xff",
        b" ",
    ):
        began = time.thread_time()
        TARGETS[name].run(piece * (60_000 // len(piece)))
        assert time.thread_time() - began < SLOWEST_S, piece
