"""What a browser or a production site makes of a Set-Cookie line is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.cookies import Chunks, Cookie, read_cookies
from inspector.services.cookies.cookie_attributes import judge_set_cookie
from inspector.services.cookies.cookie_chain import LinkState

NOW_MS = 1_795_478_400_000
GOOD = "; Path=/; HttpOnly; Secure; SameSite=Lax"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"a={'x' * 4096}{GOOD}", "Name and value have 4,097 bytes: browsers refuse"),
        ("a=b; Path=/; HttpOnly; Partitioned", "Partitioned without Secure"),
        ("a=b; Path=/; HttpOnly; SameSite=None", "SameSite=None without Secure"),
        ("__Host-a=b; HttpOnly; Secure; Path=/; Domain=x.example", "needs Path=/ and no Domain"),
        ("__Secure-a=b; Path=/; HttpOnly", "demands Secure"),
        (f"a=b{GOOD}; Max-Age=0", "Max-Age is over at once"),
        (f"a=b{GOOD}; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Expires is in the past"),
    ],
)
def test_cookie_that_a_browser_refuses_or_drops_is_told(line: str, words: str) -> None:
    (cookie,) = read_cookies(f"Set-Cookie: {line}")
    broken = [text for state, text in judge_set_cookie(cookie, NOW_MS, False) if state is LinkState.BROKEN]
    assert [text for text in broken if words in text]


def test_cookie_of_the_largest_size_and_all_attributes_has_nothing_to_object_to() -> None:
    (cookie,) = read_cookies(f"Set-Cookie: a={'x' * 4095}{GOOD}; Partitioned")
    assert judge_set_cookie(cookie, NOW_MS, True) == []


def test_size_of_chunks_is_that_of_each() -> None:
    parts = tuple(Cookie(f"session-{number}", "A" * 4032, "", "set-cookie") for number in range(3))
    joined = replace(parts[0], name="session", raw="A" * 12_096, chunks=Chunks("Litestar", parts))
    assert not any("browsers refuse a cookie above" in words for _, words in judge_set_cookie(joined, 0, False))
    assert any(
        "browsers refuse a cookie above" in words
        for _, words in judge_set_cookie(replace(joined, chunks=None), 0, False)
    )
