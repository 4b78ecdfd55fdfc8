"""What the chain says of a cookie: how sure it is of the scheme, what refuses it, and when it ends."""

from __future__ import annotations

import pytest

from inspector.cookies import encode_value, sign
from inspector.core.secret import Secret
from inspector.services.cookies.cookie_chain import CookieReport, LinkState
from inspector.services.cookies.verify_cookie import inspect_cookies
from tests.cookies.frameworks import SAMPLES

SECRET = Secret.from_text("keyboard cat")
EXPRESS = f"connect.sid={encode_value('s:' + sign('a' * 32, SECRET))}"
# Made by joserfc with "a key of its own, long enough for HS256".
TOKEN = "token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiIsImV4cCI6MTcwMDAwMDAwMH0.tj7KvdtFUNHBDgyzKnW2BXz7Xssap5pG-dnZ_8Dc4zA"


def _report(header: str, *secrets: Secret, now_ms: int = 1_800_000_000_000) -> CookieReport:
    return inspect_cookies(f"Cookie: {header}", secrets, None, now_ms=now_ms)[0]


def _link(report: CookieReport, name: str) -> tuple[LinkState, str]:
    return next((link.state, link.text) for link in report.chain if link.name == name)


def test_certain_needs_a_secret_that_fits_and_names_the_others() -> None:
    _, words = _link(_report(EXPRESS, SECRET), "Format")
    assert "certain: a secret fits; res.cookie with signed: true (cookie-parser) or @fastify/session" in words


@pytest.mark.parametrize("secrets", [(), (Secret.from_text("another"),)])
def test_form_alone_is_likely_and_lists_the_candidates(secrets: tuple[Secret, ...]) -> None:
    _, words = _link(_report(EXPRESS, *secrets), "Format")
    assert "likely: its form; or of res.cookie with signed: true (cookie-parser)" in words
    assert "certain" not in words


def test_token_without_a_key_is_not_verified_and_its_end_is_told() -> None:
    report = _report(TOKEN)
    assert report.verdict.status.value == "not verified"
    assert _link(report, "Signature")[0] is LinkState.SKIPPED
    assert _link(report, "Expiry") == (LinkState.BROKEN, "It expired at 2023-11-14T22:13:20.000Z.")


def test_expresss_secret_does_not_hide_that_a_token_expired() -> None:
    report = _report(TOKEN, SECRET)
    assert _link(report, "Signature")[0] is LinkState.BROKEN
    assert _link(report, "Expiry") == (LinkState.BROKEN, "It expired at 2023-11-14T22:13:20.000Z.")
    assert "expired" in report.broken


@pytest.mark.parametrize(
    "sample", ["dj42-sc-compressed", "laravel12-session-cookie", "rack2-hmac-marshal", "js-h3v2-chunked"]
)
def test_what_is_not_checked_is_not_called_broken(sample: str) -> None:
    report = _report(SAMPLES[sample].header, SECRET)
    assert report.broken == ""
    assert {link.state for link in report.chain} == {LinkState.SKIPPED}
    assert "not checked here" in _link(report, "Format")[1]


def test_chunks_are_named_and_a_missing_one_is_the_fault() -> None:
    sample = SAMPLES["js-better-auth-data-jwe-chunked"]
    report = _report(sample.header, *sample.secrets, now_ms=sample.now_ms)
    assert report.broken == ""
    names = "better-auth.session_data.0 to better-auth.session_data.2"
    assert f"Joined from 3 cookies, {names}." in _link(report, "Format")[1]
    missing = SAMPLES["js-nextauth4-chunk-missing"]
    assert "next-auth.session-token.1 is missing" in _report(missing.header, *missing.secrets).broken
    alien = SAMPLES["js-auth0-express-chunk-missing-0"]
    assert "appSession.0 is missing" in _report(alien.header, *alien.secrets).broken


def test_data_of_a_signed_json_cookie_is_looked_for_in_no_store() -> None:
    report = _report(f"ok={encode_value('s:' + sign('j:{}', SECRET))}", SECRET)
    assert report.broken == ""
    assert _link(report, "Session ID")[1] == "There is none: the data is inside the cookie, not in a store."
    assert _link(report, "Record")[0] is LinkState.SKIPPED
