"""What one library or version accepts and another refuses, asked of both while they run."""

from __future__ import annotations

import json

import pytest

from inspector.cookies import Status, edit_payload, judge
from inspector.cookies.schemes.keygrip import keygrip_signature, paired
from inspector.services.cookies.cookie_chain import LinkState
from inspector.services.cookies.verify_cookie import inspect_cookies
from store_adapters.clock import now_ms
from tests.interop.cookie_apps import CURRENT, OLDER, CookieApps, session_cookie
from tests.interop.test_cookie_differences import SESSIONS

VISITOR = {"value": "Zoë"}
SHA256 = "9cnf5lRbyVlirrNUMmWJHjq0rCl6IKYarpls7ywuPWY"
"""A signature of this length tells its hash; what it signs does not matter."""


def _signature_link(header: str) -> tuple[LinkState, str]:
    (report,) = inspect_cookies(f"Cookie: {header}", [CURRENT], None, now_ms=now_ms())
    return next((link.state, link.text) for link in report.chain if link.name == "Signature")


@pytest.mark.parametrize("quoted", ["value", "signature", "both"])
def test_quoted_pair_is_accepted_by_cookies_0_9_and_refused_before(cookie_apps: CookieApps, quoted: str) -> None:
    value, _, signature = (
        cookie_apps.write("cookie-session", VISITOR).removeprefix("session=").partition("; session.sig=")
    )
    value = value if quoted == "signature" else f'"{value}"'
    signature = signature if quoted == "value" else f'"{signature}"'
    header = f"session={value}; session.sig={signature}"
    assert cookie_apps.read("cookie-session", header) == VISITOR
    assert cookie_apps.read("cookie-session 1", header) == {}
    verdict = judge(session_cookie(header), [CURRENT], now_ms())
    assert verdict.status is Status.VALID
    state, words = _signature_link(header)
    assert state is LinkState.WARNING
    assert "from 0.9 on" in words


@pytest.mark.parametrize("library", ["cookie-session", "cookie-session 1", "koa-session", "koa-session 5"])
def test_keygrip_of_another_hash_is_refused_by_the_defaults(cookie_apps: CookieApps, library: str) -> None:
    cookie = session_cookie(cookie_apps.write(library, VISITOR))
    header = f"{cookie.name}={paired(cookie.name, cookie.raw, CURRENT, SHA256)}"
    assert cookie_apps.read(library, header) == {}
    state, words = _signature_link(header)
    assert state is LinkState.WARNING
    assert f"SHA-256 in base64: {library.split()[0]}'s defaults (SHA-1 in base64) refuse that" in words


def test_keygrip_of_an_applications_own_is_accepted_there_and_by_no_other(cookie_apps: CookieApps) -> None:
    header = cookie_apps.write("koa-session keygrip", VISITOR)
    assert cookie_apps.read("koa-session keygrip", header) == VISITOR
    assert cookie_apps.read("koa-session", header) == {}
    verdict = judge(session_cookie(header), [CURRENT], now_ms())
    assert verdict.status is Status.VALID
    assert "SHA-256 in hex" in verdict.caution


@pytest.mark.parametrize("held", ["null", "bnVsbA==", "undefined", "IiI=", "MA==", "ZmFsc2U="])
@pytest.mark.parametrize(
    "library", ["koa-session", "koa-session store", "koa-session 5", "cookie-session", "cookie-session 1"]
)
def test_null_opens_nothing_there_and_here(cookie_apps: CookieApps, library: str, held: str) -> None:
    name = session_cookie(cookie_apps.write(library, VISITOR)).name
    header = f"{name}={held}; {name}.sig={keygrip_signature(name, held, CURRENT)}"
    assert cookie_apps.read(library, header) == {}
    verdict = judge(session_cookie(header), [CURRENT], now_ms())
    assert (verdict.status, verdict.session_id, verdict.payload) == (Status.INVALID, None, None)


@pytest.mark.parametrize("library", ["iron-session", "iron-session 6", "iron-session passwords"])
@pytest.mark.parametrize("after_ms", [-5000, 5000, 55_000, 65_000])
def test_seal_is_accepted_for_a_minute_past_its_end_in_every_link(
    cookie_apps: CookieApps, library: str, after_ms: int
) -> None:
    header = cookie_apps.write(library, VISITOR)
    ends = judge(session_cookie(header), [CURRENT], now_ms()).expires_at_ms
    assert ends is not None
    try:
        ahead_ms = ends + after_ms - now_ms()
        cookie_apps.move_clock(ahead_ms)
        is_read = cookie_apps.read(library, header) == VISITOR
        reports = [
            inspect_cookies(f"Cookie: {header}", secrets, None, now_ms=now_ms() + ahead_ms)[0]
            for secrets in ([CURRENT], [])
        ]
    finally:
        cookie_apps.move_clock(0)
    assert is_read == (after_ms < 60_000)
    assert [report.broken == "" for report in reports] == [is_read, is_read]
    expiry = [link for report in reports for link in report.chain if link.name == "Expiry"]
    assert ["still accepts it" in link.text for link in expiry] == [0 < after_ms < 60_000] * 2


def test_object_in_a_signed_cookie_of_express_is_data_and_no_session_id(cookie_apps: CookieApps) -> None:
    for kind in ("unicode", "nested", "numbers", "odd texts"):
        header = cookie_apps.write("res-cookie", SESSIONS[kind])
        cookie = session_cookie(header)
        verdict = judge(cookie, [OLDER, CURRENT], now_ms())
        assert (verdict.scheme, verdict.status, verdict.secret_index) == ("res-cookie", Status.VALID, 1), kind
        assert (json.loads(verdict.payload or ""), verdict.session_id) == (SESSIONS[kind], None), kind
        assert judge(cookie, [OLDER], now_ms()).status is Status.INVALID, kind
        edited = edit_payload(cookie, verdict, verdict.payload or "", CURRENT, now_ms())
        assert edited == cookie.raw or "\\u" in (verdict.payload or ""), kind
