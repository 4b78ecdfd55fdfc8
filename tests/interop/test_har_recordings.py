"""Real express-session applications visited by a client that keeps its cookies by the browser's rules, and the archive of it."""

from __future__ import annotations

import datetime
import http.client
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from inspector.cookies import read_har
from inspector.cookies.browser.jar import BrowserJar
from inspector.cookies.browser.request import BrowserRequest, Origin
from inspector.cookies.pasted.header import read_set_cookie
from inspector.core.secret import Secret
from inspector.services.cookies.har_report import Event, HarReport, follow_session
from tests.interop.apps import SECRETS, ExpressApp
from tests.services.cookies.test_har_report import Recorder

FRONT = {"Origin": "https://front.example.org", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}


class Visitor:
    """A browser before applications that think they are behind a proxy which ends TLS; it records what it does."""

    def __init__(self, shape: str) -> None:
        self._jar = BrowserJar()
        self._recorder = Recorder(0, shape)
        self._now = datetime.datetime.now(datetime.UTC)
        self._count = 0

    def visit(self, app: ExpressApp, url: str, *, method: str = "GET", asked: dict[str, str] | None = None) -> str:
        """Return the body of the answer."""
        address, self._count = urlsplit(url), self._count + 1
        request = BrowserRequest(address.scheme, address.hostname or "", address.path, method)
        if asked is not None:
            request = replace(request, origin=Origin.CROSS_SITE, is_navigation=False)
        now_ms = round(self._now.timestamp() * 1000) + self._count * 1000
        sent = "; ".join(f"{one.cookie.name}={one.cookie.raw}" for one in self._jar.send(request, now_ms))
        headers = {"Host": address.netloc, "X-Forwarded-Proto": address.scheme, **(asked or {})}
        connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=10)
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} | ({"Cookie": sent} if sent else {})
        connection.request(method, address.path, "userId=7&username=ada&role=admin", headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        lines = answer.headers.get_all("Set-Cookie") or []
        connection.close()
        for line in lines:
            for cookie in read_set_cookie(line):
                self._jar.receive(cookie, request, now_ms, set_by=self._count)
        started = datetime.datetime.fromtimestamp(now_ms / 1000, datetime.UTC).isoformat().replace("+00:00", "Z")
        self._recorder.note(url, sent, lines, answer.status, method=method, asked=asked, startedDateTime=started)
        return body

    def report(self) -> HarReport:
        return follow_session(read_har(self._recorder.archive()), [Secret.from_text(text) for text in SECRETS])


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(stack: ExitStack, folder: Path, cookie: dict[str, Any]) -> ExpressApp:
    options = {"proxy": True, "cookie": {"maxAge": 3_600_000, **cookie}}
    app = ExpressApp({"store": "file", "folder": str(folder), "options": options})
    stack.callback(app.stop)
    return app


@pytest.mark.parametrize("shape", ["chrome", "firefox"])
def test_domain_that_was_added_later_leaves_an_old_cookie_that_is_read_first(
    stack: ExitStack, tmp_path: Path, shape: str
) -> None:
    before = start(stack, tmp_path, {})
    after = start(stack, tmp_path, {"domain": "shop.example"})
    visitor = Visitor(shape)
    visitor.visit(before, "https://shop.example/set")
    old_id = visitor.report().rows[0].received
    visitor.visit(after, "https://shop.example/login", method="POST")
    assert visitor.visit(after, "https://shop.example/dashboard").startswith("Found. Redirecting to /login")
    report = visitor.report()
    assert report.summary.startswith("Request 2, POST /login: The browser now holds two cookies named connect.sid")
    assert [row.event for row in report.rows] == [Event.SET, Event.DOUBLED, Event.DOUBLED]
    assert report.rows[2].sent == report.rows[2].all_sent[0] == old_id
    assert report.rows[2].all_sent[1] == report.rows[1].received


@pytest.mark.parametrize(
    ("cookie", "is_kept"),
    [
        ({}, False),
        ({"sameSite": "lax"}, False),
        ({"sameSite": "none"}, False),
        ({"sameSite": "none", "secure": True}, True),
    ],
)
def test_login_of_another_site_is_kept_with_none_and_secure_only(
    stack: ExitStack, tmp_path: Path, cookie: dict[str, Any], is_kept: bool
) -> None:
    app, visitor = start(stack, tmp_path, cookie), Visitor("chrome")
    visitor.visit(app, "https://api.example.com/login", method="POST", asked=FRONT)
    body = visitor.visit(app, "https://api.example.com/dashboard", asked=FRONT)
    assert body.startswith("Welcome") == is_kept
    report = visitor.report()
    assert report.summary.startswith("No session was lost" if is_kept else "Request 1, POST /login: ")
    assert [row.is_stored for row in report.rows] == [is_kept, None]


def test_path_of_the_cookie_that_the_page_is_outside_of(stack: ExitStack, tmp_path: Path) -> None:
    app, visitor = start(stack, tmp_path, {"path": "/login"}), Visitor("firefox")
    visitor.visit(app, "https://shop.example/login", method="POST")
    # express-session, too, leaves such a request without a session.
    assert "undefined (reading 'user')" in visitor.visit(app, "https://shop.example/dashboard")
    assert visitor.report().summary.startswith("Request 2, GET /dashboard: The cookie's Path is /login")
