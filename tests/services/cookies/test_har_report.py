"""Sessions followed through HTTP archives, recorded from the demo server in the shapes of Chrome's and Firefox's exports."""

from __future__ import annotations

import datetime
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.cookies import CookieError, read_har
from inspector.core.secret import Secret
from inspector.demo.express_session import SessionOptions
from inspector.demo.server import DemoServer, DemoSettings
from inspector.demo.session_cookie import CookieOptions
from inspector.services.cookies.har_report import Event, exchange_text, follow_session
from tests.interop.apps import Browser

SECRETS = (Secret.from_text("har secret"),)


class Recorder:
    """A browser that keeps an archive of what it does: `shape` is how header names and several cookies are written."""

    def __init__(self, port: int, shape: str) -> None:
        self.browser = Browser(port)
        self._shape = shape
        self._entries: list[dict[str, Any]] = []
        self._clock = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)

    def visit(self, path: str, *, cookie: str | None = None, url: str = "") -> None:
        jar = self.browser.cookies
        sent = cookie if cookie is not None else "; ".join(f"{name}={value}" for name, value in jar.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.browser.port, timeout=10)
        connection.request("GET", path, headers={"Cookie": sent} if sent else {})
        answer = connection.getresponse()
        answer.read()
        lines = answer.headers.get_all("Set-Cookie") or []
        connection.close()
        for line in lines:
            name, _, value = line.partition(";")[0].partition("=")
            jar[name] = value
        self.note(url or f"http://127.0.0.1:{self.browser.port}{path}", sent, lines, answer.status)

    def note(
        self,
        url: str,
        sent: str,
        lines: list[str],
        status: int = 200,
        *,
        method: str = "GET",
        asked: dict[str, str] | None = None,
        answered: dict[str, str] | None = None,
        **fields: Any,
    ) -> None:
        """Add an exchange. `asked`, `answered`: further headers; `fields`: further members of the entry."""
        self._clock += datetime.timedelta(seconds=1)
        is_chrome = self._shape == "chrome"
        name = "cookie" if is_chrome else "Cookie"
        joined = ["\n".join(lines)] if is_chrome and lines else lines
        self._entries.append(
            {
                "startedDateTime": self._clock.isoformat().replace("+00:00", "Z"),
                "request": {
                    "method": method,
                    "url": url,
                    "headers": _pairs(asked) + ([{"name": name, "value": sent}] if sent else []),
                },
                "response": {
                    "status": status,
                    "headers": _pairs(answered)
                    + [{"name": "set-cookie" if is_chrome else "Set-Cookie", "value": line} for line in joined],
                },
            }
            | fields
        )

    def archive(self) -> bytes:
        # Browsers do not promise an order.
        return json.dumps({"log": {"version": "1.2", "entries": self._entries[::-1]}}).encode()


def _pairs(headers: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in (headers or {}).items()]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DemoServer]:
    options = SessionOptions(SECRETS, cookie=CookieOptions(max_age_ms=3_600_000))
    server = DemoServer(DemoSettings(f"memory:{tmp_path.name}", 0, options))
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("shape", ["chrome", "firefox"])
def test_session_is_followed_from_its_first_cookie(server: DemoServer, shape: str) -> None:
    recorder = Recorder(server.port, shape)
    for path in ("/", "/set", "/get", "/set"):
        recorder.visit(path)
    report = follow_session(read_har(recorder.archive()), SECRETS)
    assert [row.event for row in report.rows] == [Event.SET, Event.KEPT, Event.RENEWED]
    assert "No session was lost" in report.summary
    assert {row.received for row in report.rows if row.received} == {report.rows[0].received}


def test_refused_cookie_is_told_from_a_renewed_id(server: DemoServer) -> None:
    recorder = Recorder(server.port, "chrome")
    recorder.visit("/set")
    good = recorder.browser.cookies["connect.sid"]
    recorder.visit("/set", cookie=f"connect.sid={good[:-4]}AAAA")
    recorder.visit("/delete")
    recorder.visit("/set")
    report = follow_session(read_har(recorder.archive()), SECRETS)
    assert [row.event for row in report.rows] == [Event.SET, Event.REFUSED, Event.KEPT, Event.REPLACED]
    assert report.summary.startswith("Request 2, GET /set: ")


SET = "connect.sid=s%3Aabc.xyz; Path=/"


@pytest.mark.parametrize(
    ("line", "url", "event", "words"),
    [
        (f"{SET}; Secure", "http://shop.example/", Event.DROPPED, "plain http"),
        (f"{SET}; SameSite=None", "https://shop.example/", Event.DROPPED, "SameSite=None"),
        (f"{SET}; Domain=other.example", "https://shop.example/", Event.DROPPED, "Domain"),
        (f"{SET}; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://shop.example/", Event.CLEARED, "deletes"),
    ],
)
def test_cookie_that_browsers_do_not_keep_says_why(line: str, url: str, event: Event, words: str) -> None:
    recorder = Recorder(1, "firefox")
    recorder.note(url, "", [line])
    (row,) = follow_session(read_har(recorder.archive()), ()).rows
    assert (row.event, words in row.text) == (event, True)


@pytest.mark.parametrize(
    ("attributes", "url", "words"),
    [
        ("; SameSite=Strict", "https://shop.example/a", "Strict"),
        ("; Max-Age=0.5", "https://shop.example/a", "credentials"),
        ("; Secure", "http://shop.example/a", "plain http"),
        ("; Expires=Tue, 24 Nov 2026 12:00:02 GMT", "https://shop.example/a", "lifetime was over"),
    ],
)
def test_cookie_that_is_no_longer_sent_is_lost_with_a_reason(attributes: str, url: str, words: str) -> None:
    recorder = Recorder(1, "chrome")
    recorder.note("https://shop.example/", "", [SET + attributes])
    recorder.note(url, "", [])
    report = follow_session(read_har(recorder.archive()), ())
    assert [row.event for row in report.rows] == [Event.SET, Event.LOST]
    assert words in report.rows[1].text


def test_cookie_that_was_changed_on_the_way_is_refused_though_nothing_new_is_set(server: DemoServer) -> None:
    recorder = Recorder(server.port, "firefox")
    recorder.visit("/set")
    good = recorder.browser.cookies["connect.sid"]
    recorder.visit("/get", cookie=f"connect.sid={good[:-4]}AAAA")
    rows = follow_session(read_har(recorder.archive()), SECRETS).rows
    assert [row.event for row in rows] == [Event.SET, Event.REFUSED]
    # With another secret nothing can be said of the cookie that the server itself had set.
    recorder.visit("/get")
    rows = follow_session(read_har(recorder.archive()), [Secret.from_text("another")]).rows
    assert rows[2].event is Event.KEPT


def test_address_that_is_none_is_no_fault() -> None:
    recorder = Recorder(1, "chrome")
    for url in ("https://[shop.example/", "http://℀.example/"):
        recorder.note(url, "connect.sid=s%3Aabc.xyz", [SET])
    assert follow_session(read_har(recorder.archive()), SECRETS).rows


RENEWED = "connect.sid=s%3Aother.xyz; Path=/"


@pytest.mark.parametrize(
    ("path", "line", "status", "method", "is_told"),
    [
        ("/login", "", 302, "POST", True),
        ("/auth/sign-in", SET, 200, "POST", True),
        ("/login", RENEWED, 302, "POST", False),  # a new session ID, as it should be
        ("/login", "", 401, "POST", False),
        ("/login", "", 200, "GET", False),
        ("/logins-of-today", "", 200, "POST", False),
    ],
)
def test_login_that_keeps_the_session_id_is_told(path: str, line: str, status: int, method: str, is_told: bool) -> None:
    recorder = Recorder(1, "chrome")
    recorder.note("https://shop.example/", "", [SET])
    recorder.note(
        f"https://shop.example{path}", "connect.sid=s%3Aabc.xyz", [line] if line else [], status, method=method
    )
    row = follow_session(read_har(recorder.archive()), ()).rows[1]
    assert ("session fixation" in row.text, "regenerate()" in row.text) == (is_told, is_told)


def test_login_into_a_cookie_that_carries_its_session_has_no_id_to_plant() -> None:
    recorder = Recorder(1, "firefox")
    sent = "session=eyJhIjoxfQ==; session.sig=W3NDvRWvhVfSQVyvRAIWcDONxSw"
    recorder.note("https://shop.example/login", sent, [], 302, method="POST")
    assert "fixation" not in " ".join(row.text for row in follow_session(read_har(recorder.archive()), ()).rows)


def test_other_paths_and_hosts_lose_nothing() -> None:
    recorder = Recorder(1, "chrome")
    recorder.note("https://shop.example/admin", "", [SET.replace("Path=/", "Path=/admin")])
    recorder.note("https://shop.example/adminx", "", [])
    recorder.note("https://cdn.example/x.js", "", [])
    assert [row.event for row in follow_session(read_har(recorder.archive()), ()).rows] == [Event.SET]


def test_sanitized_archive_says_how_to_export_it() -> None:
    recorder = Recorder(1, "chrome")
    recorder.note("https://shop.example/", "", [])
    with pytest.raises(CookieError, match="sensitive data"):
        read_har(recorder.archive())


def test_lines_of_an_exchange_are_read_as_they_were() -> None:
    recorder = Recorder(1, "chrome")
    recorder.note("https://shop.example/", "a=1; connect.sid=x", [SET, "b=2; HttpOnly"])
    (exchange,) = read_har(recorder.archive())
    assert exchange_text(exchange) == f"Cookie: a=1; connect.sid=x\nSet-Cookie: {SET}\nSet-Cookie: b=2; HttpOnly"


@pytest.mark.fuzz
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.integers(0, 400))
def test_damaged_archive_raises_only_cookie_errors(noise: bytes, place: int) -> None:
    recorder = Recorder(1, "chrome")
    recorder.note("https://shop.example/", "connect.sid=s%3Aabc.xyz", [SET])
    whole = recorder.archive()
    for data in (noise, whole[:place] + noise + whole[place:], whole[:place]):
        try:
            follow_session(read_har(data), SECRETS)
        except CookieError as error:
            assert str(error)
