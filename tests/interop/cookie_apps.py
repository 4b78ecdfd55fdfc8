"""The applications of cookies_node, one a library and its form: started once, asked over HTTP, with a clock that can be moved."""

from __future__ import annotations

import http.client
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from inspector.cookies import Cookie, read_cookies
from inspector.core.secret import Secret
from tests.interop.apps import find_node
from tests.servers import die_with_parent

FOLDER = Path(__file__).parent / "cookies_node"
CURRENT = Secret.from_text("cookie library secret, current one")
OLDER = Secret.from_text("cookie library secret, the older one")
KEY, NEWER_KEY = Secret(b"\x07" * 32), Secret(b"\x09" * 32)
SALT, SALT_BYTES = Secret.from_text("salt of this app"), Secret.from_text("AAECAwQFBgcICQoLDA0O/w==")
_SEALED_BY_A_KEY = ("secure-session", "secure-session 7", "secure-session signed")
STORED = ("koa-session store", "koa-session 5 store", "fastify-session", "fastify-session 10", "fastify-session sha512")
"""The session is in a store; the cookie holds its ID."""
LIBRARIES = (
    "cookie-session", "cookie-session 1", "koa-session", "koa-session 5", "koa-session keygrip", *STORED,
    "secure-session", "secure-session 7", "secure-session secret", "secure-session signed", "secure-session signed secret",
    "iron-session", "iron-session 6", "iron-session passwords", "iron-session 6 passwords", "iron-session no end",
    "jwt", "jwt HS512", "jwt RS256", "jwt PS384", "jwt ES256", "jwt EdDSA", "jwt Ed25519",
    "jwe", "jwe CBC", "jwe wrapped", "jwe GCM wrapped",
)  # fmt: skip


class CookieApps:
    """The running applications by their names."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [find_node(), "--no-warnings", "--max-http-header-size=131072", "cookies.js"],
            cwd=FOLDER,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            pytest.fail(self._process.communicate()[1].decode()[-800:])
        self._ports: dict[str, int] = json.loads(line)
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def stop(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._process.kill()
        self._process.communicate(timeout=10)

    def ask(self, library: str, path: str, cookie: str = "") -> tuple[str, list[str]]:
        """Return the body and the Set-Cookie lines; "" for a request that the application answered with an error."""
        connection = self._connections.get(library)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._ports[library], timeout=10)
            self._connections[library] = connection
        connection.request("GET", path, headers={"Cookie": cookie.encode()} if cookie else {})
        answer = connection.getresponse()
        body = answer.read().decode()
        return body if answer.status < 400 else "", answer.headers.get_all("Set-Cookie") or []

    def write(self, library: str, session: object) -> str:
        """Return the Cookie header of a visitor whose session holds these members."""
        answer, lines = self.ask(library, f"/set?session={quote(json.dumps(session))}")
        assert answer, f"{library} did not keep {session}"
        return "; ".join(line.partition(";")[0] for line in lines)

    def read(self, library: str, cookie: str) -> Any:
        """Return what the application finds in the session of a Cookie header, {} for a new or an impossible one."""
        body, _ = self.ask(library, "/get", cookie)
        return json.loads(body) if body else {}

    def move_clock(self, ahead_ms: int) -> None:
        self.ask("clock", f"/?ahead={ahead_ms}")

    def secrets(self, library: str) -> list[Secret]:
        """Return what verifies the library's cookies, and last what signs them."""
        if library.startswith("jwt") and (keys := json.loads(self.ask(library, "/keys")[0])):
            return [Secret(key.encode()) for key in keys]
        return [KEY if library in _SEALED_BY_A_KEY or library.startswith("jwe") else CURRENT]


def session_cookie(header: str) -> Cookie:
    """Return the one cookie of a header which is not the signature of another."""
    (cookie,) = [one for one in read_cookies(f"Cookie: {header}") if not one.signs]
    return cookie
