"""Cookies of the other Node libraries get their library's verdict; edited and signed ones are read back."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.cookies import Cookie, Status, Verdict, edit_payload, judge, read_cookies, resign
from inspector.cookies.pasted.header import decode_value
from inspector.core.secret import Secret

GOLDEN = Path(__file__).parent.parent / "golden" / "cookies" / "node-libraries.jsonl"
ROWS = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
NOW_MS = 1_795_475_450_000  # when the samples were made
SCHEMES = {"cookie-session", "koa-session", "fastify-session", "secure-session", "iron-session"}


def _secrets(row: dict[str, Any]) -> list[Secret]:
    given = [one.encode() if isinstance(one, str) else base64.b64decode(one["base64"]) for one in row["secrets"]]
    names = row.get("password_ids") or [""] * len(given)
    return [Secret(one, name) for one, name in zip(given, names, strict=True)]


def _judge(row: dict[str, Any], secrets: list[Secret] | None = None) -> tuple[Cookie, Verdict]:
    cookies = [one for one in read_cookies(f"Cookie: {row['cookie_header']}") if not one.signs]
    (cookie,) = [one for one in cookies if one.name == row["cookie_name"]]
    return cookie, judge(cookie, _secrets(row) if secrets is None else secrets, NOW_MS)


def _own(payload: str | None) -> Any:
    return {key: value for key, value in json.loads(payload or "{}").items() if not key.startswith("_")}


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['lib']} {row['case']}" for row in ROWS])
def test_cookie_gets_the_verdict_of_its_library(row: dict[str, Any]) -> None:
    _, verdict = _judge(row)
    # An application that signs nothing has no key: such a cookie is readable, and called unsigned.
    expected = Status.VALID if row["secrets"] else Status.UNSIGNED
    assert (verdict.status is expected) == row["valid"], verdict.detail
    if row["valid"]:
        assert verdict.scheme in SCHEMES
        assert verdict.session_id == row["sid"]
    if row["valid"] and not row["store_mode"]:
        assert _own(verdict.payload) == row["payload"]


@pytest.mark.parametrize("row", [row for row in ROWS if row["valid"] and row["secrets"]], ids=lambda row: row["case"])
def test_wrong_secret_opens_and_confirms_nothing(row: dict[str, Any]) -> None:
    _, verdict = _judge(row, [Secret.from_text("quite another secret of enough length")])
    assert verdict.status is Status.INVALID
    if row["lib"] in ("iron-session", "@fastify/secure-session"):
        assert (verdict.payload, verdict.is_sealed) == (None, True)


@pytest.mark.parametrize("row", [row for row in ROWS if row["valid"] and row["secrets"]], ids=lambda row: row["case"])
def test_edited_and_signed_cookie_is_valid_again(row: dict[str, Any]) -> None:
    cookie, verdict = _judge(row)
    secret = _secrets(row)[0]
    if verdict.payload is None:
        value = resign(cookie, verdict, secret)
    else:
        payload = json.loads(verdict.payload) | {"added": "é"}
        value = edit_payload(cookie, verdict, json.dumps(payload), secret, NOW_MS)
    again = [one for one in read_cookies(f"Cookie: {cookie.name}={value}") if not one.signs]
    found = judge(again[0], [secret], NOW_MS)
    assert (found.status, found.scheme, found.secret_index) == (Status.VALID, verdict.scheme, 0)
    assert found.session_id == verdict.session_id
    if verdict.payload is not None:
        assert json.loads(found.payload or "")["added"] == "é"


def test_key_that_is_not_the_first_is_told_to_stop_working() -> None:
    row = next(row for row in ROWS if row["case"].startswith("signed by second"))
    _, verdict = _judge(row)
    assert verdict.secret_index == 1
    assert "stops working" in verdict.detail


# Made by keygrip 1.1.0 with the key "one key" for session=eyJhIjoxfQ==.
KEYGRIP = {
    "sha256": "9cnf5lRbyVlirrNUMmWJHjq0rCl6IKYarpls7ywuPWY",
    "sha384": "HwYYIVnBDNpv6Pb0yEZXBTxFr_NR1OdUIr2UtK1C-62gv99gKImno0DqIpy2sZLB",
    "sha512": "KGsB-3IF9bQcpkG4YA-2Chu9fakvraQ9vJ7xJbOUNcyLRmZK97SisgthnjioMio_u6pUbH3-61TuofUhWKrF_A",
    "sha1 hex": "5b7343bd15af8557d2415caf44021670338dc52c",
    "sha256 hex": "f5c9dfe6545bc95962aeb3543265891e3ab4ac297a20a61aae996cef2c2e3d66",
}


@pytest.mark.parametrize("form", KEYGRIP)
def test_keygrip_of_an_applications_own_is_verified_and_signed_the_same_way(form: str) -> None:
    key = Secret.from_text("one key")
    cookie = read_cookies(f"Cookie: session=eyJhIjoxfQ==; session.sig={KEYGRIP[form]}")[0]
    verdict = judge(cookie, [Secret.from_text("other"), key], NOW_MS)
    assert (verdict.status, verdict.secret_index) == (Status.VALID, 1)
    assert edit_payload(cookie, verdict, '{"a":1}', key, NOW_MS).endswith(f"; session.sig={KEYGRIP[form]}")
    assert judge(cookie, [Secret.from_text("other")], NOW_MS).status is Status.INVALID


@pytest.mark.parametrize(
    "header", ["session={}V; session.sig=S", "session=V; session.sig={}S", "session=V{}; session.sig=S"]
)
def test_white_space_beside_a_value_is_a_part_of_it_to_keygrip(header: str) -> None:
    """The pattern of cookies 0.9 takes what stands between `=` and `;`."""
    filled = header.replace("V", "eyJhIjoxfQ==").replace("S", "W3NDvRWvhVfSQVyvRAIWcDONxSw")
    key = Secret.from_text("one key")
    for space in (" ", "\t"):
        cookie = read_cookies(f"Cookie: {filled.replace('{}', space)}")[0]
        assert judge(cookie, [key], NOW_MS).status is Status.INVALID
        assert "White space" in judge(cookie, [key], NOW_MS).detail
    around = read_cookies(f"Cookie:  {filled.replace('{}', '')} ")[0]
    assert judge(around, [key], NOW_MS).status is Status.VALID


# Made by the signer of @fastify/cookie 11.1 with 32 times "a" and "!".
FASTIFY = {
    "sha1": "yTCXRQ+tK7cg7/wy0g1OnRqJ9QA",
    "sha384": "gnOgaNtWf9AlkpQPkCzpLHhEXZt1w1jsXcf/OwjfYhhuTw6gtMzIPI7k2m7o32eg",
    "sha512": "7l+AgixwadRTnD9FaZJtdkT5SnEL+mpvElmDKvZD1tMVaZQm3ssM1COySQCQHii/5s2bby59xVhfUs2x72PY0Q",
}


@pytest.mark.parametrize("hashing", FASTIFY)
def test_algorithm_option_of_fastify_session_is_told_by_the_signature(hashing: str) -> None:
    secret, value = Secret.from_text("a" * 32 + "!"), f"r272mAGHW0tIa0sf2NPxkkTMm4b3JpuN.{FASTIFY[hashing]}"
    (cookie,) = read_cookies(f"Cookie: sessionId={value}")
    verdict = judge(cookie, [secret], NOW_MS)
    assert (verdict.scheme, verdict.status) == ("fastify-session", Status.VALID)
    assert resign(cookie, verdict, secret) == value


def test_signature_cookie_is_judged_with_its_partner() -> None:
    row = next(row for row in ROWS if row["case"] == "sig order reversed in header")
    cookies = read_cookies(f"Cookie: {row['cookie_header']}")
    assert [one.signs for one in cookies] == ["session", ""]


# --- tokens ----------------------------------------------------------------------------------------------------------

CLAIMS = {"sub": "42", "name": "Zoë", "exp": 4_000_000_000, "iat": 1_700_000_000}
HMAC = Secret.from_text("a secret of at least sixty-four bytes, as HS512 would like to have it!")


def _token(claims: dict[str, Any], algorithm: str, key: Any) -> str:
    from joserfc import jwt

    return jwt.encode({"alg": algorithm, "kid": "k1"}, claims, key, algorithms=[algorithm])


def _see(value: str, secrets: list[Secret]) -> Verdict:
    return judge(read_cookies(f"token={value}")[0], secrets, round(time.time() * 1000))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_hmac_token_is_read_without_and_verified_with_its_secret(algorithm: str) -> None:
    from joserfc.jwk import OctKey

    value = _token(CLAIMS, algorithm, OctKey.import_key(HMAC.reveal()))
    blind = _see(value, [])
    assert (blind.scheme, blind.status, json.loads(blind.payload or "")["name"]) == ("jwt", Status.UNVERIFIED, "Zoë")
    assert "k1" in blind.detail
    seen = _see(value, [Secret.from_text("other"), HMAC])
    assert (seen.status, seen.secret_index, seen.expires_at_ms) == (Status.VALID, 1, 4_000_000_000_000)
    assert _see(value[:-2] + "AA", [HMAC]).status is Status.INVALID


@pytest.mark.parametrize(("algorithm", "kind"), [("RS256", "RSA"), ("ES256", "EC"), ("PS256", "RSA")])
def test_public_key_verifies_and_private_key_signs(algorithm: str, kind: str) -> None:
    from joserfc.jwk import ECKey, RSAKey

    key = RSAKey.generate_key(2048) if kind == "RSA" else ECKey.generate_key("P-256")
    public, private = Secret(key.as_pem(private=False)), Secret(key.as_pem(private=True))
    value = _token(CLAIMS, algorithm, key)
    verdict = _see(value, [public])
    assert verdict.status is Status.VALID
    again = edit_payload(read_cookies(f"token={value}")[0], verdict, '{"sub":"7"}', private, 0)
    assert _see(again, [public]).status is Status.VALID


def test_token_without_signature_or_with_a_public_key_as_secret_is_refused() -> None:
    from joserfc.jwk import OctKey, RSAKey

    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    claims = base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).decode().rstrip("=")
    assert _see(f"{none}.{claims}.", [HMAC]).status is Status.INVALID
    pem = RSAKey.generate_key(2048).as_pem(private=False)
    forged = _token(CLAIMS, "HS256", OctKey.import_key(b"x" * 40))
    assert _see(forged, [Secret(pem)]).status is Status.INVALID


def test_expired_and_early_tokens_say_when() -> None:
    from joserfc.jwk import OctKey

    key = OctKey.import_key(HMAC.reveal())
    old = _see(_token(CLAIMS | {"exp": 1_700_000_100}, "HS256", key), [HMAC])
    early = _see(_token(CLAIMS | {"nbf": 3_900_000_000}, "HS256", key), [HMAC])
    assert (old.status, early.status) == (Status.INVALID, Status.INVALID)
    assert "expired" in old.detail
    assert "clocks" in early.detail


@pytest.mark.parametrize(
    ("info", "salt", "size", "enc"),
    [
        ("Auth.js Generated Encryption Key (authjs.session-token)", b"authjs.session-token", 64, "A256CBC-HS512"),
        ("NextAuth.js Generated Encryption Key", b"", 32, "A256GCM"),
    ],
)
def test_token_of_auth_js_opens_with_its_secret(info: str, salt: bytes, size: int, enc: str) -> None:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    from joserfc import jwe
    from joserfc.jwk import OctKey

    secret = Secret.from_text("the AUTH_SECRET of the application")
    key = OctKey.import_key(HKDF(SHA256(), size, salt, info.encode()).derive(secret.reveal()))
    value = jwe.encrypt_compact({"alg": "dir", "enc": enc}, json.dumps(CLAIMS).encode(), key)
    (cookie,) = read_cookies(f"authjs.session-token={value}")
    sealed = judge(cookie, [], 0)
    assert (sealed.scheme, sealed.status, sealed.is_sealed) == ("jwe", Status.UNVERIFIED, True)
    verdict = judge(cookie, [secret], 0)
    assert (verdict.status, json.loads(verdict.payload or "")["sub"]) == (Status.VALID, "42")
    edited = edit_payload(cookie, verdict, '{"sub":"7"}', secret, 0)
    again = judge(read_cookies(f"authjs.session-token={edited}")[0], [secret], 0)
    assert (again.status, again.payload) == (Status.VALID, '{"sub":"7"}')
    renamed = judge(read_cookies(f"other={value}")[0], [secret], 0)
    assert (renamed.status is Status.VALID) == (salt == b"")


VALUES = [row["cookie_header"] for row in ROWS] + ["t=eyJhbGciOiJIUzI1NiJ9.e30.x", "t=eyJlbmMiOiJBMjU2R0NNIn0..a.b.c"]


@pytest.mark.fuzz
@given(st.sampled_from(VALUES), st.data())
def test_damaged_cookie_never_raises(header: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(header) - 1))
    damaged = header[:place] + data.draw(st.text(max_size=3)) + header[place + data.draw(st.integers(0, 5)) :]
    try:
        cookies = read_cookies(f"Cookie: {damaged}")
    except ValueError:
        return
    for cookie in cookies:
        assert judge(cookie, [Secret.from_text("short")], NOW_MS).detail


@pytest.mark.parametrize("rest", ["", ".", ".abc+de", ".abc%2Bde", ".abc%2Bdef%2", ".abc%2Bdef%", ".%"])
def test_fastify_cookie_cut_off_anywhere_is_told_as_that(rest: str) -> None:
    """In an escape too: then none of them can be undone, and the value stands as it came."""
    (cookie,) = read_cookies(f"Cookie: sessionId=v17tGdXYEVu1P66sz1nqdRfH5fl0QmYA{rest}")
    verdict = judge(cookie, (), NOW_MS)
    assert (verdict.scheme, verdict.status) == ("fastify-session", Status.INVALID)
    assert "cut off" in verdict.detail


@pytest.mark.parametrize("half", ["%", "%2"])
def test_cookie_that_ends_in_half_an_escape_is_never_good(half: str) -> None:
    for row in ROWS:
        cookie, _ = _judge(row)
        raw = cookie.raw + half
        verdict = judge(replace(cookie, raw=raw, value=decode_value(raw)[0]), _secrets(row), NOW_MS)
        assert verdict.status is not Status.VALID, row["case"]
