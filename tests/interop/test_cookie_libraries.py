"""The other Node libraries, running: their cookies are verified here, and what is edited and signed here is accepted there."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.cookies import Cookie, CookieError, Status, edit_payload, judge, read_cookies, resign
from inspector.core.secret import Secret
from store_adapters.clock import now_ms
from tests.interop.apps import find_node
from tests.servers import die_with_parent

FOLDER = Path(__file__).parent / "cookies_node"
CURRENT = Secret.from_text("cookie library secret, current one")
OLDER = Secret.from_text("cookie library secret, the older one")
KEY, NEWER_KEY = Secret(b"\x07" * 32), Secret(b"\x09" * 32)
SALT, SALT_BYTES = Secret.from_text("salt of this app"), Secret.from_text("AAECAwQFBgcICQoLDA0O/w==")
SEALED_BY_A_KEY = ("secure-session", "secure-session 7", "secure-session signed", "jwe")
LIBRARIES = (
    "cookie-session", "cookie-session 1", "koa-session", "koa-session store", "koa-session 5", "koa-session 5 store",
    "fastify-session", "fastify-session 10", "secure-session", "secure-session 7", "secure-session secret",
    "secure-session signed", "secure-session signed secret", "iron-session", "iron-session 6", "jwt", "jwe",
)  # fmt: skip


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    process = subprocess.Popen(
        [find_node(), "--no-warnings", "cookies.js"],
        cwd=FOLDER,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=die_with_parent,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        pytest.fail(process.communicate()[1].decode()[-800:])
    yield json.loads(line)
    process.kill()
    process.communicate(timeout=10)


def _ask(port: int, path: str, cookie: str = "") -> tuple[str, list[str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
    answer = connection.getresponse()
    body = answer.read().decode()
    lines = answer.headers.get_all("Set-Cookie") or []
    connection.close()
    return body, lines


def _log_in(port: int) -> str:
    """Return the Cookie header of a visitor whose session holds a value."""
    _, lines = _ask(port, "/set?value=Zo%C3%AB")
    return "; ".join(line.partition(";")[0] for line in lines)


def _session_cookie(header: str) -> Cookie:
    (cookie,) = [one for one in read_cookies(f"Cookie: {header}") if not one.partner]
    return cookie


def _secret(library: str) -> Secret:
    return KEY if library in SEALED_BY_A_KEY else CURRENT


@pytest.mark.parametrize("library", LIBRARIES)
def test_cookie_made_there_is_verified_here(ports: dict[str, int], library: str) -> None:
    cookie = _session_cookie(_log_in(ports[library]))
    verdict = judge(cookie, [Secret.from_text("quite another secret, long enough"), _secret(library)], now_ms())
    assert (verdict.scheme, verdict.status, verdict.secret_index) == (library.split()[0], Status.VALID, 1)
    if verdict.payload is not None:
        assert json.loads(verdict.payload)["value"] == "Zoë"


@pytest.mark.parametrize("library", LIBRARIES)
def test_cookie_edited_here_is_read_there(ports: dict[str, int], library: str) -> None:
    cookie = _session_cookie(_log_in(ports[library]))
    verdict = judge(cookie, [_secret(library)], now_ms())
    if verdict.payload is None:
        value = resign(cookie, verdict, _secret(library))
        expected = {"value": "Zoë", "added": None}
    else:
        payload = json.loads(verdict.payload) | {"added": "here"}
        value = edit_payload(cookie, verdict, json.dumps(payload), _secret(library), now_ms())
        expected = {"value": "Zoë", "added": "here"}
    body, _ = _ask(ports[library], "/get", f"{cookie.name}={value}")
    assert json.loads(body) == expected


@pytest.mark.parametrize("library", LIBRARIES)
def test_cookie_signed_with_another_secret_is_refused_there_and_here(ports: dict[str, int], library: str) -> None:
    cookie = _session_cookie(_log_in(ports[library]))
    verdict = judge(cookie, [_secret(library)], now_ms())
    other = Secret(b"\x08" * 32)
    if verdict.payload is None:
        value = resign(cookie, verdict, other)
    else:
        value = edit_payload(cookie, verdict, '{"value":"forged"}', other, now_ms())
    body, _ = _ask(ports[library], "/get", f"{cookie.name}={value}")
    assert json.loads(body)["value"] is None
    assert judge(_session_cookie(f"{cookie.name}={value}"), [_secret(library)], now_ms()).status is Status.INVALID


@pytest.mark.parametrize(
    "library",
    ["cookie-session", "cookie-session 1", "koa-session", "koa-session 5", "fastify-session", "fastify-session 10"],
)
def test_cookie_of_the_older_secret_is_accepted_there_and_told_here(ports: dict[str, int], library: str) -> None:
    cookie = _session_cookie(_log_in(ports[library]))
    verdict = judge(cookie, [CURRENT], now_ms())
    value = resign(cookie, verdict, OLDER)
    body, _ = _ask(ports[library], "/get", f"{cookie.name}={value}")
    assert json.loads(body)["value"] == "Zoë"
    again = judge(_session_cookie(f"{cookie.name}={value}"), [CURRENT, OLDER], now_ms())
    assert (again.status, again.secret_index) == (Status.VALID, 1)


@pytest.mark.parametrize(
    "library, secret, salt",
    [("secure-session salt", CURRENT, SALT), ("secure-session salt buffer", OLDER, SALT_BYTES)],
)
def test_salt_of_an_applications_own_among_the_secrets_opens_and_seals(
    ports: dict[str, int], library: str, secret: Secret, salt: Secret
) -> None:
    cookie = _session_cookie(_log_in(ports[library]))
    without = judge(cookie, [secret], now_ms())
    assert (without.status, without.is_sealed) == (Status.INVALID, True)
    assert "salt" in without.detail
    verdict = judge(cookie, [salt, KEY, secret], now_ms())
    assert (verdict.scheme, verdict.status, verdict.secret_index) == ("secure-session", Status.VALID, 2)
    payload = json.loads(verdict.payload or "") | {"added": "here"}
    value = edit_payload(cookie, verdict, json.dumps(payload), secret, now_ms())
    body, _ = _ask(ports[library], "/get", f"{cookie.name}={value}")
    assert json.loads(body) == {"value": "Zoë", "added": "here"}
    assert judge(_session_cookie(f"session={value}"), [secret, salt], now_ms()).secret_index == 0


def test_key_list_of_secure_session_opens_with_each_and_seals_with_the_first(ports: dict[str, int]) -> None:
    port = ports["secure-session keys"]
    newer = _session_cookie(_log_in(port))
    assert judge(newer, [NEWER_KEY, KEY], now_ms()).secret_index == 0
    older = _session_cookie(_log_in(ports["secure-session"]))
    body, lines = _ask(port, "/get", f"session={older.raw}")
    assert json.loads(body)["value"] == "Zoë"
    verdict = judge(older, [NEWER_KEY, KEY], now_ms())
    assert (verdict.status, verdict.secret_index) == (Status.VALID, 1)
    assert "the first" in verdict.detail
    renewed = _session_cookie(lines[0].partition(";")[0])
    assert judge(renewed, [NEWER_KEY, KEY], now_ms()).secret_index == 0
    rotated = resign(older, verdict, NEWER_KEY)
    body, lines = _ask(port, "/get", f"session={rotated}")
    assert (json.loads(body)["value"], lines) == ("Zoë", [])


def test_resealing_keeps_whether_the_key_is_a_secret_or_made_from_one(ports: dict[str, int]) -> None:
    """32 characters can be a key or a secret: what opened the cookie tells which."""
    cookie = _session_cookie(_log_in(ports["secure-session secret"]))
    verdict = judge(cookie, [CURRENT], now_ms())
    other = Secret.from_text("a".ljust(32, "b"))
    again = _session_cookie(f"session={resign(cookie, verdict, other)}")
    assert judge(again, [other], now_ms()).salt == verdict.salt
    with pytest.raises(CookieError, match="32"):
        resign(cookie, verdict, Secret.from_text("short"))


def test_signature_around_a_sealed_cookie_is_needed_and_made_again(ports: dict[str, int]) -> None:
    """@fastify/cookie registered by the application: the box has one key and the signature another secret."""
    port = ports["secure-session signed cookie"]
    cookie = _session_cookie(_log_in(port))
    without = judge(cookie, [KEY], now_ms())
    assert (without.status, without.secret_index) == (Status.INVALID, 0)
    assert "@fastify/cookie" in without.detail
    verdict = judge(cookie, [OLDER, KEY], now_ms())
    assert (verdict.scheme, verdict.status, verdict.secret_index) == ("secure-session", Status.VALID, 1)
    payload = json.dumps(json.loads(verdict.payload or "") | {"added": "here"})
    good = edit_payload(cookie, verdict, payload, KEY, now_ms())
    assert json.loads(_ask(port, "/get", f"session={good}")[0]) == {"value": "Zoë", "added": "here"}
    again = judge(_session_cookie(f"session={good}"), [KEY, OLDER], now_ms())
    assert (again.status, again.secret_index) == (Status.VALID, 0)
    # The same box signed with what was not asked for is refused there, and so here.
    bad = edit_payload(cookie, without, payload, KEY, now_ms())
    assert json.loads(_ask(port, "/get", f"session={bad}")[0])["value"] is None


def test_signed_cookie_of_the_older_key_is_refused_there_and_warned_of_here(ports: dict[str, int]) -> None:
    cookie = _session_cookie(_log_in(ports["secure-session signed"]))
    verdict = judge(cookie, [NEWER_KEY, KEY], now_ms())
    assert verdict.secret_index == 1
    assert "stops fitting" in verdict.detail
    port = ports["secure-session signed keys"]
    assert json.loads(_ask(port, "/get", f"session={cookie.raw}")[0])["value"] is None
    rotated = resign(cookie, verdict, NEWER_KEY)
    assert json.loads(_ask(port, "/get", f"session={rotated}")[0])["value"] == "Zoë"


@pytest.mark.parametrize("library", ["cookie-session", "koa-session"])
def test_white_space_beside_a_value_is_refused_there_and_here(ports: dict[str, int], library: str) -> None:
    header = _log_in(ports[library])
    for spaced in (header.replace("=", "= ", 1), header.replace(";", " ;", 1), header.replace(".sig=", ".sig=\t")):
        assert json.loads(_ask(ports[library], "/get", spaced)[0])["value"] is None
        assert judge(_session_cookie(spaced), [CURRENT], now_ms()).status is Status.INVALID
