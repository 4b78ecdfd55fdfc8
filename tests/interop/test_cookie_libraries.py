"""The other Node libraries, running: their cookies are verified here, and what is edited and signed here is accepted there."""

from __future__ import annotations

import json

import pytest

from inspector.cookies import CookieError, Status, edit_payload, judge, resign
from inspector.core.secret import Secret
from store_adapters.clock import now_ms
from tests.interop.cookie_apps import (
    CURRENT,
    KEY,
    LIBRARIES,
    NEWER_KEY,
    OLDER,
    SALT,
    SALT_BYTES,
    STORED,
    CookieApps,
    session_cookie,
)  # fmt: skip

VISITOR = {"value": "Zoë"}
KEY_PAIRS = ("RS256", "PS384", "ES256", "EdDSA", "Ed25519")


def test_fastify_that_shares_its_cookie_with_express_is_one_to_the_eye(cookie_apps: CookieApps) -> None:
    """Its manual names these options for applications that move from Express."""
    library = "fastify-session as express"
    cookie = session_cookie(cookie_apps.write(library, VISITOR))
    verdict = judge(cookie, [OLDER, CURRENT], now_ms())
    assert (cookie.name, verdict.scheme) == ("connect.sid", "express-session")
    assert (verdict.status, verdict.secret_index) == (Status.VALID, 1)
    assert cookie_apps.read(library, f"connect.sid={resign(cookie, verdict, OLDER)}") == VISITOR


@pytest.mark.parametrize("library", LIBRARIES)
def test_cookie_made_there_is_verified_here(cookie_apps: CookieApps, library: str) -> None:
    cookie = session_cookie(cookie_apps.write(library, VISITOR))
    verdict = judge(
        cookie, [Secret.from_text("quite another secret, long enough"), cookie_apps.secrets(library)[-1]], now_ms()
    )
    assert (verdict.scheme, verdict.status, verdict.secret_index) == (library.split()[0], Status.VALID, 1)
    if verdict.payload is not None:
        assert json.loads(verdict.payload)["value"] == "Zoë"


@pytest.mark.parametrize("library", STORED)
def test_id_signed_again_here_is_read_there(cookie_apps: CookieApps, library: str) -> None:
    cookie = session_cookie(cookie_apps.write(library, VISITOR))
    value = resign(cookie, judge(cookie, [CURRENT], now_ms()), CURRENT)
    assert cookie_apps.read(library, f"{cookie.name}={value}") == VISITOR


@pytest.mark.parametrize("library", [one for one in LIBRARIES if not one.endswith(KEY_PAIRS)])
def test_cookie_signed_with_another_secret_is_refused_there_and_here(cookie_apps: CookieApps, library: str) -> None:
    cookie = session_cookie(cookie_apps.write(library, VISITOR))
    verdict = judge(cookie, [cookie_apps.secrets(library)[-1]], now_ms())
    other = Secret(b"\x08" * 32)
    if verdict.payload is None:
        value = resign(cookie, verdict, other)
    else:
        value = edit_payload(cookie, verdict, '{"value":"forged"}', other, now_ms())
    assert cookie_apps.read(library, f"{cookie.name}={value}") == {}
    assert (
        judge(session_cookie(f"{cookie.name}={value}"), [cookie_apps.secrets(library)[-1]], now_ms()).status
        is Status.INVALID
    )


@pytest.mark.parametrize(
    "library",
    ["cookie-session", "cookie-session 1", "koa-session", "koa-session 5", "fastify-session", "fastify-session 10"],
)
def test_cookie_of_the_older_secret_is_accepted_there_and_told_here(cookie_apps: CookieApps, library: str) -> None:
    cookie = session_cookie(cookie_apps.write(library, VISITOR))
    verdict = judge(cookie, [CURRENT], now_ms())
    value = resign(cookie, verdict, OLDER)
    assert cookie_apps.read(library, f"{cookie.name}={value}") == VISITOR
    again = judge(session_cookie(f"{cookie.name}={value}"), [CURRENT, OLDER], now_ms())
    assert (again.status, again.secret_index) == (Status.VALID, 1)


@pytest.mark.parametrize(
    "library, secret, salt",
    [("secure-session salt", CURRENT, SALT), ("secure-session salt buffer", OLDER, SALT_BYTES)],
)
def test_salt_of_an_applications_own_among_the_secrets_opens_and_seals(
    cookie_apps: CookieApps, library: str, secret: Secret, salt: Secret
) -> None:
    cookie = session_cookie(cookie_apps.write(library, VISITOR))
    without = judge(cookie, [secret], now_ms())
    assert (without.status, without.is_sealed) == (Status.INVALID, True)
    assert "salt" in without.detail
    verdict = judge(cookie, [salt, KEY, secret], now_ms())
    assert (verdict.scheme, verdict.status, verdict.secret_index) == ("secure-session", Status.VALID, 2)
    payload = json.loads(verdict.payload or "") | {"added": "here"}
    value = edit_payload(cookie, verdict, json.dumps(payload), secret, now_ms())
    assert cookie_apps.read(library, f"{cookie.name}={value}") == {"value": "Zoë", "added": "here"}
    assert judge(session_cookie(f"session={value}"), [secret, salt], now_ms()).secret_index == 0


def test_key_list_of_secure_session_opens_with_each_and_seals_with_the_first(cookie_apps: CookieApps) -> None:
    library = "secure-session keys"
    newer = session_cookie(cookie_apps.write(library, VISITOR))
    assert judge(newer, [NEWER_KEY, KEY], now_ms()).secret_index == 0
    older = session_cookie(cookie_apps.write("secure-session", VISITOR))
    body, lines = cookie_apps.ask(library, "/get", f"session={older.raw}")
    assert json.loads(body)["value"] == "Zoë"
    verdict = judge(older, [NEWER_KEY, KEY], now_ms())
    assert (verdict.status, verdict.secret_index) == (Status.VALID, 1)
    assert "the first" in verdict.detail
    renewed = session_cookie(lines[0].partition(";")[0])
    assert judge(renewed, [NEWER_KEY, KEY], now_ms()).secret_index == 0
    rotated = resign(older, verdict, NEWER_KEY)
    body, lines = cookie_apps.ask(library, "/get", f"session={rotated}")
    assert (json.loads(body)["value"], lines) == ("Zoë", [])


def test_resealing_keeps_whether_the_key_is_a_secret_or_made_from_one(cookie_apps: CookieApps) -> None:
    """32 characters can be a key or a secret: what opened the cookie tells which."""
    cookie = session_cookie(cookie_apps.write("secure-session secret", VISITOR))
    verdict = judge(cookie, [CURRENT], now_ms())
    other = Secret.from_text("a".ljust(32, "b"))
    again = session_cookie(f"session={resign(cookie, verdict, other)}")
    assert judge(again, [other], now_ms()).salt == verdict.salt
    with pytest.raises(CookieError, match="32"):
        resign(cookie, verdict, Secret.from_text("short"))


def test_signature_around_a_sealed_cookie_is_needed_and_made_again(cookie_apps: CookieApps) -> None:
    """@fastify/cookie registered by the application: the box has one key and the signature another secret."""
    library = "secure-session signed cookie"
    cookie = session_cookie(cookie_apps.write(library, VISITOR))
    without = judge(cookie, [KEY], now_ms())
    assert (without.status, without.secret_index) == (Status.INVALID, 0)
    assert "@fastify/cookie" in without.detail
    verdict = judge(cookie, [OLDER, KEY], now_ms())
    assert (verdict.scheme, verdict.status, verdict.secret_index) == ("secure-session", Status.VALID, 1)
    payload = json.dumps(json.loads(verdict.payload or "") | {"added": "here"})
    good = edit_payload(cookie, verdict, payload, KEY, now_ms())
    assert cookie_apps.read(library, f"session={good}") == {"value": "Zoë", "added": "here"}
    again = judge(session_cookie(f"session={good}"), [KEY, OLDER], now_ms())
    assert (again.status, again.secret_index) == (Status.VALID, 0)
    # The same box signed with what was not asked for is refused there, and so here.
    bad = edit_payload(cookie, without, payload, KEY, now_ms())
    assert cookie_apps.read(library, f"session={bad}") == {}


def test_signed_cookie_of_the_older_key_is_refused_there_and_warned_of_here(cookie_apps: CookieApps) -> None:
    cookie = session_cookie(cookie_apps.write("secure-session signed", VISITOR))
    verdict = judge(cookie, [NEWER_KEY, KEY], now_ms())
    assert verdict.secret_index == 1
    assert "stops fitting" in verdict.detail
    library = "secure-session signed keys"
    assert cookie_apps.read(library, f"session={cookie.raw}") == {}
    rotated = resign(cookie, verdict, NEWER_KEY)
    assert cookie_apps.read(library, f"session={rotated}") == VISITOR


@pytest.mark.parametrize("library", ["cookie-session", "koa-session"])
def test_white_space_beside_a_value_is_refused_there_and_here(cookie_apps: CookieApps, library: str) -> None:
    header = cookie_apps.write(library, VISITOR)
    for spaced in (header.replace("=", "= ", 1), header.replace(";", " ;", 1), header.replace(".sig=", ".sig=\t")):
        assert cookie_apps.read(library, spaced) == {}
        assert judge(session_cookie(spaced), [CURRENT], now_ms()).status is Status.INVALID
