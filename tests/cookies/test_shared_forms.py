"""Forms that several libraries share are called certain only where a secret fits, and the others are named all the same."""

from __future__ import annotations

import json

import pytest

from inspector.cookies import (
    CookieError,
    Status,
    Verdict,
    edit_payload,
    encode_value,
    judge,
    read_cookies,
    resign,
    sign,
)
from inspector.cookies.schemes.keygrip import keygrip_signature
from inspector.core.secret import Secret
from tests.cookies.frameworks import SAMPLES, Sample

SECRET, OTHER = Secret.from_text("keyboard cat"), Secret.from_text("another")
SIGNED_JSON = encode_value("s:" + sign('j:{"why":"ok"}', SECRET))
"""As cookie-parser 1.4 with cookie-signature 1.2 writes it; the case of cookie-parser#5."""
ROUTERS = [
    one
    for one in SAMPLES.values()
    if one.framework in ("react-router", "remix")
    and "unsigned" not in one.id
    and one.secrets
    and "truncated" not in one.id
]


def _see(header: str, *secrets: Secret, now_ms: int = 0) -> Verdict:
    cookie = next(one for one in read_cookies(f"Cookie: {header}") if not one.signs)
    return judge(cookie, secrets, now_ms)


def test_signed_json_cookie_has_data_and_no_id() -> None:
    assert SIGNED_JSON == "s%3Aj%3A%7B%22why%22%3A%22ok%22%7D.DiLCcl5mF%2FcFHuBPfaKytUgCWfm2kt3YfJMEDHaf7dw"
    verdict = _see(f"ok={SIGNED_JSON}", OTHER, SECRET)
    assert (verdict.scheme, verdict.status, verdict.secret_index) == ("res-cookie", Status.VALID, 1)
    assert (verdict.session_id, verdict.payload) == (None, '{"why":"ok"}')
    assert "cookieSession of Express 3" in verdict.also


@pytest.mark.parametrize("name", ["ok", "connect.sid", "sessionId", ""])
@pytest.mark.parametrize("data", ['{"a":1.5}', "[1,2]", "null", '"text"', '{"a":"x.y"}'])
def test_signed_json_is_data_under_any_name(name: str, data: str) -> None:
    value = encode_value("s:" + sign(f"j:{data}", SECRET))
    verdict = _see(f"{name}={value}" if name else f"x={value}", SECRET)
    assert (verdict.scheme, verdict.status, verdict.payload, verdict.session_id) == (
        "res-cookie", Status.VALID, data, None,
    )  # fmt: skip


def test_json_cookie_is_judged_by_its_signature_and_signed_again() -> None:
    assert _see(f"ok={SIGNED_JSON}").status is Status.UNVERIFIED
    assert _see(f"ok={SIGNED_JSON}", OTHER).status is Status.INVALID
    assert _see(f"ok={encode_value('s:j:{}')}", SECRET).status is Status.INVALID
    plain = _see(f"ok={encode_value('j:{}')}", SECRET)
    assert (plain.scheme, plain.status, plain.payload) == ("res-cookie", Status.UNSIGNED, "{}")
    (cookie,) = read_cookies(f"Cookie: ok={SIGNED_JSON}")
    verdict = judge(cookie, (SECRET,), 0)
    assert resign(cookie, verdict, SECRET) == SIGNED_JSON
    assert _see(f"ok={edit_payload(cookie, verdict, '[1]', OTHER, 0)}", OTHER).payload == "[1]"
    with pytest.raises(CookieError, match="JSON"):
        edit_payload(cookie, verdict, "{", SECRET, 0)


@pytest.mark.parametrize("sample", ROUTERS, ids=[one.id for one in ROUTERS])
def test_base64_json_with_a_signature_is_react_routers(sample: Sample) -> None:
    verdict = sample.judge()
    assert verdict.scheme == "react-router"
    assert (verdict.status is Status.VALID) == sample.is_valid
    assert "alice" in (verdict.payload or "")
    assert verdict.session_id is None
    assert {"cookieSession of Express 3"} <= set(verdict.also)


def test_cookie_of_react_router_is_edited_and_signed_again() -> None:
    sample = SAMPLES["js-react-router-signed"]
    (cookie,) = sample.cookies
    verdict = sample.judge()
    assert resign(cookie, verdict, sample.secrets[0]) == cookie.raw
    edited = edit_payload(cookie, verdict, '{"user":"bob"}', sample.secrets[0], 0)
    assert _see(f"__session={edited}", sample.secrets[0]).payload == '{"user":"bob"}'


def test_id_for_a_store_of_react_router_is_an_id() -> None:
    """createSessionStorage keeps the JSON of the ID in the cookie."""
    value = encode_value(sign("IjAxOTNhIg==", SECRET))
    (cookie,) = read_cookies(f"Cookie: __session={value}")
    verdict = judge(cookie, (SECRET,), 0)
    assert (verdict.scheme, verdict.status, verdict.session_id, verdict.payload) == (
        "react-router", Status.VALID, "0193a", None,
    )  # fmt: skip
    assert resign(cookie, verdict, SECRET) == value


def test_padded_signature_divides_react_router_and_remix() -> None:
    (cookie,) = SAMPLES["js-react-router-signed"].cookies
    verdict = _see(f"__session={encode_value(cookie.value + '=')}", *SAMPLES["js-react-router-signed"].secrets)
    assert verdict.status is Status.VALID
    assert "Remix 2 refuses it" in verdict.caution


@pytest.mark.parametrize(
    ("header", "other"),
    [
        (f"connect.sid={encode_value('s:' + sign('abc', SECRET))}", "res.cookie"),
        (f"sessionId={sign('v17tGdXYEVu1P66sz1nqdRfH5fl0QmYA', SECRET)}", "@fastify/cookie"),
        ("session=eyJhIjoxfQ==; session.sig=W3NDvRWvhVfSQVyvRAIWcDONxSw", "koa-session"),
        ("session=eyJhIjoxfQ.awTLcQ.xnfie_1PCeQF86Pfzve8iQFVRuY", "Quart"),
        ("token=eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aaaa.bbbb.cccc", "better-auth"),
    ],
)
def test_libraries_that_share_a_form_are_named_without_a_secret(header: str, other: str) -> None:
    assert other in " ".join(_see(header).also)
    assert _see(header).status is Status.UNVERIFIED


@pytest.mark.parametrize("held", ["null", "bnVsbA==", "bnVsbA", "undefined", "IiI=", "ZmFsc2U="])
@pytest.mark.parametrize("name", ["koa.sess", "session"])
def test_cookie_that_holds_null_opens_nothing(name: str, held: str) -> None:
    for header in (
        f"{name}={held}; {name}.sig={keygrip_signature(name, held, SECRET)}",
        f"{name}={held}; {name}.sig=x",
    ):
        for secrets in ((), (SECRET,)):
            verdict = _see(header, *secrets)
            assert (verdict.status, verdict.session_id, verdict.payload) == (Status.INVALID, None, None)
            assert "holds no session" in verdict.detail


def test_signed_cookie_without_an_object_is_no_session() -> None:
    verdict = _see("theme=dark; theme.sig=W3NDvRWvhVfSQVyvRAIWcDONxSw")
    assert verdict.status is Status.INVALID
    assert "isn't a JSON object" in verdict.detail


@pytest.mark.parametrize(
    "sample", [one for one in SAMPLES.values() if not one.is_valid and one.secrets], ids=lambda one: one.id
)
def test_cookie_that_its_library_refuses_is_never_plainly_that_librarys(sample: Sample) -> None:
    for cookie in sample.cookies:
        verdict = judge(cookie, sample.secrets, sample.now_ms)
        assert verdict.status is not Status.VALID or verdict.caution or sample.id == "js-hono-signed-sig-unpadded"


JWES = [
    one for one in SAMPLES.values() if one.framework in ("@auth0/nextjs-auth0 4", "better-auth") and "jwt" not in one.id
]
JWES = [one for one in JWES if one.header.partition("=")[2].startswith("eyJ") and "compact" not in one.id]


@pytest.mark.parametrize("sample", JWES, ids=[one.id for one in JWES])
def test_sealed_token_opens_with_the_key_its_library_derives(sample: Sample) -> None:
    """Ten seconds past the end, which better-auth and nextjs-auth0 allow for clocks that differ, too."""
    verdict = sample.judge()
    assert verdict.scheme == "jwe"
    assert (verdict.status is Status.VALID) == sample.is_valid


def test_token_of_next_auth_under_the_name_of_auth_js_is_warned_of() -> None:
    assert "refuses" in SAMPLES["nextauth4-read-as-v5"].judge().caution
    assert not SAMPLES["nextauth4"].judge().caution
    assert "one secret only" in SAMPLES["js-nextauth4-second-secret"].judge().caution


# --- tokens without their key -----------------------------------------------------------------------------------------

CLAIMS = {"sub": "42", "exp": 1_700_000_000}
LONG = Secret.from_text("a secret that is long enough for any HMAC, sixty-four bytes or more of it!")


def _token(algorithm: str, key: object) -> str:
    from joserfc import jwt

    return jwt.encode({"alg": algorithm}, CLAIMS, key, algorithms=[algorithm])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "secrets", [(), (SECRET,), (LONG,), (SECRET, LONG)], ids=["none", "Express's", "its own", "both"]
)
def test_end_of_a_token_is_told_whatever_the_key(secrets: tuple[Secret, ...]) -> None:
    from joserfc.jwk import OctKey

    verdict = _see(f"token={_token('HS256', OctKey.import_key(LONG.reveal()))}", *secrets, now_ms=1_700_000_001_000)
    assert "expired at 2023-11-14T22:13:20" in verdict.detail
    assert verdict.expires_at_ms == 1_700_000_000_000
    assert verdict.status is (Status.INVALID if secrets else Status.UNVERIFIED)
    assert json.loads(verdict.payload or "")["sub"] == "42"


def test_secret_that_is_no_public_key_verifies_nothing_and_refutes_nothing() -> None:
    from joserfc.jwk import RSAKey

    key, other = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
    value = _token("RS256", key)
    assert _see(f"token={value}", SECRET).status is Status.UNVERIFIED
    assert "Nothing given is a key of that kind" in _see(f"token={value}", SECRET).detail
    assert _see(f"token={value}", SECRET, Secret(other.as_pem(private=False))).status is Status.INVALID
    assert _see(f"token={value}", SECRET, Secret(key.as_pem(private=False))).status is Status.VALID
