"""Cookies in chunks: joined as their library joins them, and what it would not read is named."""

from __future__ import annotations

import json

import pytest

from inspector.cookies import Cookie, Status, edit_payload, judge, read_cookies, split_chunks
from inspector.cookies.chunks import join_chunks
from inspector.core.secret import Secret
from tests.cookies.frameworks import SAMPLES, Sample

CHUNKED = [one for one in SAMPLES.values() if one.is_chunked]
OPENED = [one for one in CHUNKED if one.is_valid and one.framework not in ("h3 v2", "@supabase/ssr")]
BROKEN = [one for one in CHUNKED if not one.is_valid]
FAULTS = {
    "js-authjs5-chunk-missing-2": "authjs.session-token.2 may be missing",
    "js-authjs5-chunked-plus-stale-whole": "A whole authjs.session-token, which is stale",
    "js-nextauth4-chunk-missing": "next-auth.session-token.1 is missing",
    "js-better-auth-data-compact-chunk-missing": "better-auth.session_data.1 is missing",
    "js-supabase-raw-chunk-missing": "sb-abcdefghijklmnopqrst-auth-token.1 is missing",
    "js-auth0-express-chunk-missing-0": "appSession.0 is missing",
    "js-auth0-next4-chunk-missing-0": "__session__0 is missing",
    "js-auth0-next4-chunk-missing-1": "__session__1 is missing",
}
NEXT_AUTH = "next-auth.session-token"


@pytest.mark.parametrize("sample", OPENED, ids=[one.id for one in OPENED])
def test_chunks_are_joined_and_opened(sample: Sample) -> None:
    verdict = sample.judge()
    assert (verdict.status, verdict.secret_index) == (Status.VALID, 0)
    assert isinstance(json.loads(verdict.payload or ""), dict)


@pytest.mark.parametrize("sample", CHUNKED, ids=[one.id for one in CHUNKED])
def test_header_is_written_again_with_the_chunks_it_had(sample: Sample) -> None:
    pairs = {f"{one.name}={one.raw}" for one in split_chunks(sample.cookies)}
    assert pairs <= set(sample.header.split("; "))
    assert len(sample.cookies) == 1


@pytest.mark.parametrize("sample", BROKEN, ids=[one.id for one in BROKEN])
def test_chunk_that_is_missing_or_stale_is_named(sample: Sample) -> None:
    verdict = sample.judge()
    assert verdict.status in (Status.INVALID, Status.UNKNOWN)
    assert FAULTS[sample.id] in verdict.detail


def test_chunks_in_any_order_are_joined_by_their_numbers() -> None:
    sample = next(one for one in OPENED if one.framework == "better-auth")
    header = "; ".join(reversed(sample.header.split("; ")))
    assert judge(read_cookies(f"Cookie: {header}")[0], sample.secrets, sample.now_ms).status is Status.VALID


@pytest.mark.parametrize(
    ("sample", "way"), [("js-iron9-chunked", "reads the whole cookie"), ("js-better-auth-data-jwe-chunked", "whole")]
)
def test_whole_cookie_is_read_where_the_library_prefers_it(sample: str, way: str) -> None:
    chunked = SAMPLES[sample]
    (joined,) = chunked.cookies
    (cookie,) = read_cookies(f"Cookie: {chunked.header}; {joined.name}={joined.raw}")
    verdict = judge(cookie, chunked.secrets, chunked.now_ms)
    assert verdict.status is Status.VALID
    assert cookie.chunks is not None
    assert way in cookie.chunks.note
    assert f"{joined.name}.0, {joined.name}.1" in cookie.chunks.note
    (spoiled,) = read_cookies(f"Cookie: {chunked.header}; {joined.name}=Fe26.spoiled")
    assert judge(spoiled, chunked.secrets, chunked.now_ms).status is not Status.VALID


def test_chunk_left_over_from_a_longer_value_is_stale() -> None:
    sample = SAMPLES["js-better-auth-data-jwe-chunked"]
    (verdict,) = [
        judge(one, sample.secrets, sample.now_ms)
        for one in read_cookies(f"Cookie: {sample.header}; better-auth.session_data.3={'A' * 3000}")
    ]
    assert verdict.status is Status.INVALID
    assert "better-auth.session_data.2 is shorter than the first chunk" in verdict.detail
    assert "better-auth.session_data.3 is stale" in verdict.detail


def test_first_chunk_alone_is_never_the_whole() -> None:
    first = SAMPLES["js-nextauth4-chunk-missing"].header.partition("; ")[0]
    verdict = judge(read_cookies(f"Cookie: {first}")[0], (), 0)
    assert verdict.status is Status.INVALID
    assert f"{NEXT_AUTH}.1 is missing" in verdict.detail


def test_head_of_h3_tells_how_many_chunks_there_are() -> None:
    sample = SAMPLES["js-h3v2-chunked"]
    head, first, _ = sample.header.split("; ")
    (whole,) = sample.cookies
    assert (whole.name, whole.value[:8]) == ("h3", "Fe26.2**")
    (cut,) = read_cookies(f"Cookie: {head}; {first}")
    assert "h3.2 is missing" in judge(cut, (), 0).detail


def test_litestar_cannot_read_more_than_ten_chunks() -> None:
    few, many = (
        read_cookies("Cookie: " + "; ".join(f"session-{number}={'A' * 4032}" for number in range(count)))
        for count in (3, 12)
    )
    assert [one.name for one in (*few, *many)] == ["session", "session"]
    assert "session-10 before session-2" not in judge(few[0], (), 0).detail
    assert "session-10 before session-2" in judge(many[0], (), 0).detail


def test_set_cookie_lines_are_joined_without_those_that_take_a_chunk_away() -> None:
    sample = SAMPLES["js-better-auth-data-jwe-chunked"]
    lines = [f"Set-Cookie: {pair}; Path=/; HttpOnly" for pair in sample.header.split("; ")]
    gone = "Set-Cookie: better-auth.session_data.3=; Max-Age=0"
    cookies = read_cookies("\n".join([*lines, gone]))
    assert [one.name for one in cookies] == ["better-auth.session_data", "better-auth.session_data.3"]
    assert judge(cookies[0], sample.secrets, sample.now_ms).status is Status.VALID
    assert [one.name for one in cookies[0].attributes] == ["Path", "HttpOnly"]


@pytest.mark.parametrize(
    "header",
    [
        "_ga.1=GA1.1.5; _ga.2=GA1.1.6", "page-0=1; page-1=2", "v.0=a; v.1=b", "utm__0=x; utm__1=y", "a.1=eyJ4Ijox",
        "list-0=AAAA; list-1=AAAA",
    ],
)  # fmt: skip
def test_cookies_that_only_have_numbers_stay_themselves(header: str) -> None:
    assert [f"{one.name}={one.raw}" for one in read_cookies(f"Cookie: {header}")] == header.split("; ")


def test_chunks_of_two_sites_are_not_mixed() -> None:
    parts = SAMPLES["js-iron9-chunked"].cookies[0].chunks
    assert parts is not None
    one, two = (Cookie(part.name, part.raw, part.value, "cookie", jar=jar) for jar, part in enumerate(parts.parts))
    assert join_chunks([one, two]) == (one, two)


def test_edited_value_of_chunks_opens_again() -> None:
    sample = SAMPLES["js-auth0-express-chunked"]
    (cookie,) = sample.cookies
    verdict = judge(cookie, sample.secrets, sample.now_ms)
    value = edit_payload(cookie, verdict, '{"user":{"sub":"7"}}', sample.secrets[0], sample.now_ms)
    again = judge(read_cookies(f"Cookie: appSession={value}")[0], sample.secrets, sample.now_ms)
    assert (again.status, again.payload) == (Status.VALID, '{"user":{"sub":"7"}}')
    assert judge(cookie, (Secret.from_text("another"),), sample.now_ms).status is Status.INVALID
