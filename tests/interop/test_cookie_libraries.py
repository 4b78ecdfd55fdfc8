"""The other Node libraries, running: their cookies are verified here, and what is edited and signed here is accepted there."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.cookies import Cookie, Status, edit_payload, judge, read_cookies, resign
from inspector.core.secret import Secret
from store_adapters.clock import now_ms
from tests.interop.apps import find_node
from tests.servers import die_with_parent

FOLDER = Path(__file__).parent / "cookies_node"
CURRENT = Secret.from_text("cookie library secret, current one")
OLDER = Secret.from_text("cookie library secret, the older one")
KEY = Secret(b"\x07" * 32)
LIBRARIES = (
    "cookie-session", "koa-session", "koa-session store", "fastify-session", "secure-session", "secure-session secret",
    "iron-session", "jwt", "jwe",
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
    return KEY if library in ("secure-session", "jwe") else CURRENT


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


@pytest.mark.parametrize("library", ["cookie-session", "koa-session", "fastify-session"])
def test_cookie_of_the_older_secret_is_accepted_there_and_told_here(ports: dict[str, int], library: str) -> None:
    cookie = _session_cookie(_log_in(ports[library]))
    verdict = judge(cookie, [CURRENT], now_ms())
    value = resign(cookie, verdict, OLDER)
    body, _ = _ask(ports[library], "/get", f"{cookie.name}={value}")
    assert json.loads(body)["value"] == "Zoë"
    again = judge(_session_cookie(f"{cookie.name}={value}"), [CURRENT, OLDER], now_ms())
    assert (again.status, again.secret_index) == (Status.VALID, 1)
