"""The demo server as its visitors see it: pages, options, refusals, the log, on every kind of store."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inspector.core.secret import Secret
from inspector.demo.express_session import SessionOptions
from inspector.demo.guard import refuse
from inspector.demo.prepare import choose_demo_folder, prepare_demo
from inspector.demo.request_log import RequestEntry, describe_changes
from inspector.demo.server import EMBEDDED_VALKEY, DemoServer, DemoSettings, PortTaken
from inspector.demo.session_cookie import CookieOptions
from inspector.demo.traffic import generate_visitors
from store_adapters.application.javascript_json import JsValue
from store_adapters.contract import CancelToken
from store_adapters.registry import open_store
from tests.interop.apps import Browser

SECRET = (Secret.from_text("keyboard cat"),)
DAY_MS = 86_400_000
Start = Callable[..., DemoServer]


@pytest.fixture
def log() -> list[RequestEntry]:
    return []


@pytest.fixture
def start(tmp_path: Path, log: list[RequestEntry]) -> Iterator[Start]:
    running: list[DemoServer] = []

    def begin(store_url: str = "", **options: object) -> DemoServer:
        given = {"cookie": CookieOptions(max_age_ms=DAY_MS)} | options
        session = SessionOptions(SECRET, **given)  # type: ignore[arg-type]
        server = DemoServer(DemoSettings(store_url or f"file://{tmp_path}", 0, session), log.append)
        server.start()
        running.append(server)
        return server

    yield begin
    for server in running:
        server.stop()


def count(server: DemoServer) -> int:
    store = open_store(server.store_url)
    try:
        return store.count().number
    finally:
        store.close()


def walk(server: DemoServer) -> Browser:
    browser = Browser(server.port)
    assert browser.get("/")[0] == 200
    assert browser.cookies == {}
    assert browser.get("/dashboard")[0] == 302
    browser.get("/set?username=ada")
    first = browser.cookies["connect.sid"]
    assert browser.get_json("/get")["username"] == "ada"
    assert browser.post("/login", userId="7", username="ada", role="admin")[0] == 302
    assert browser.cookies["connect.sid"] != first, "the session ID is renewed at login"
    assert "Welcome ada" in browser.get("/dashboard")[1]
    browser.post("/add-to-cart", item="<script>")
    assert "&lt;script&gt;" in browser.get("/cart")[1]
    data = browser.get_json("/get")
    assert (data["user"], data["cart"]) == ({"id": 7, "username": "ada", "role": "admin"}, ["<script>"])
    return browser


@pytest.mark.parametrize("kind", ["file", "valkey", "redis", "mongo", "memory"])
def test_pages_work_on_every_store(request: pytest.FixtureRequest, start: Start, kind: str) -> None:
    urls = {"file": "", "valkey": EMBEDDED_VALKEY, "memory": "memory:demo-pages"}
    url = urls[kind] if kind in urls else request.getfixturevalue(f"{kind}_url")
    server = start(url)
    browser = walk(server)
    assert count(server) == 1
    assert browser.get("/logout")[0] == 302
    assert browser.get("/dashboard")[0] == 302


def test_log_says_what_each_request_did(start: Start, log: list[RequestEntry]) -> None:
    browser = walk(start())
    browser.get("/delete")
    told = {(entry.method, entry.path): entry for entry in log}
    assert "+ username" in " ".join(told["GET", "/set"].changes)
    assert told["POST", "/login"].changes[:2] == ("new session ID", "+ user {3}")
    assert told["GET", "/cart"].operations == ("read", "touched")
    assert told["GET", "/delete"].changes == ("destroyed",)
    assert all(entry.session_id for entry in log if entry.path == "/cart")


def test_save_uninitialized_leaves_a_record_for_every_visitor(start: Start) -> None:
    server = start(save_uninitialized=True)
    for _ in range(3):
        Browser(server.port).get("/")
    assert count(server) == 3


def test_visitors_without_data_leave_nothing(start: Start) -> None:
    server = start()
    Browser(server.port).get("/")
    assert count(server) == 0


def test_secure_cookie_is_never_set_over_http(start: Start) -> None:
    server = start(cookie=CookieOptions(secure=True))
    browser = Browser(server.port)
    browser.get("/set")
    assert browser.cookies == {}


def test_rolling_sends_the_cookie_every_time(start: Start) -> None:
    server = start(rolling=True)
    browser = Browser(server.port)
    browser.get("/set")
    browser.cookies = dict(browser.cookies)
    sent = dict(browser.cookies)
    browser.cookies["connect.sid"] = sent["connect.sid"]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("GET", "/cart", headers={"Cookie": f"connect.sid={sent['connect.sid']}"})
    assert "Expires=" in connection.getresponse().headers["Set-Cookie"]
    connection.close()


def test_taken_port_is_told_and_free_again_after_stop(start: Start, tmp_path: Path) -> None:
    server = start()
    taken = DemoServer(DemoSettings(f"file://{tmp_path}", server.port))
    with pytest.raises(PortTaken):
        taken.start()
    server.stop()
    taken.start()
    taken.stop()
    assert not taken.is_running


def test_next_port_is_taken_when_3000_is_in_use(tmp_path: Path) -> None:
    first, second = (DemoServer(DemoSettings(f"file://{tmp_path}")) for _ in range(2))
    first.start()
    second.start()
    try:
        assert second.port > first.port >= 3000
    finally:
        first.stop()
        second.stop()


GOOD = {"HTTP_HOST": "127.0.0.1:3000"}


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({}, 421),
        ({"HTTP_HOST": "evil.example"}, 421),
        ({"HTTP_HOST": "evil.example:3000"}, 421),
        ({"HTTP_HOST": "127.0.0.1:3001"}, 421),
        ({"HTTP_HOST": "127.0.0.1.evil.example:3000"}, 421),
        ({"HTTP_HOST": "127.0.0.1:3000,evil.example"}, 421),
        (GOOD | {"HTTP_ORIGIN": "http://evil.example"}, 403),
        (GOOD | {"HTTP_ORIGIN": "null"}, 403),
        (GOOD | {"HTTP_SEC_FETCH_SITE": "cross-site"}, 403),
        (GOOD | {"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
        (GOOD | {"CONTENT_LENGTH": "99999999"}, 413),
        (GOOD | {"CONTENT_LENGTH": "-1"}, 400),
        (GOOD | {"CONTENT_LENGTH": "٣"}, 400),
    ],
)
def test_strangers_are_refused(environ: dict[str, str], status: int) -> None:
    refusal = refuse(environ, 3000)
    assert refusal is not None
    assert refusal.status == status


def test_own_pages_are_welcome(start: Start) -> None:
    assert refuse(GOOD | {"HTTP_ORIGIN": "http://127.0.0.1:3000", "CONTENT_LENGTH": "12"}, 3000) is None
    server = start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain:
        plain.sendall(b"GET /get HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert b" 421 " in plain.recv(200)


def test_request_that_breaks_off_is_no_fault(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    server = start()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port), 5) as visitor:
            visitor.sendall(
                b"POST /add-to-cart HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nitem=mou"
                % (server.port, server.port)
            )
            visitor.shutdown(socket.SHUT_WR)
            while visitor.recv(4096):
                pass
    assert Browser(server.port).get("/")[0] == 200
    assert "Error on request" not in caplog.text


def test_visitors_come_and_leave_sessions(start: Start) -> None:
    server = start()
    told: list[tuple[int, int]] = []
    report = generate_visitors(
        server.url, 30, CancelToken(), lambda done, everybody: told.append((done, everybody)), seed=1
    )
    assert (report.visitors, report.failed) == (30, 0)
    assert told[-1] == (30, 30)
    assert 20 <= count(server) <= 30


def test_first_start_has_sessions_and_is_made_once(tmp_path: Path) -> None:
    url = prepare_demo(tmp_path)
    files = sorted((tmp_path / "demo-sessions").glob("*.json"))
    assert len(files) > 20
    assert any("user" in json.loads(path.read_text()) for path in files)
    stamps = [path.stat().st_mtime_ns for path in files]
    assert prepare_demo(tmp_path) == url
    assert [path.stat().st_mtime_ns for path in files] == stamps


def test_file_store_makes_a_resaved_session_look_changed(start: Start, tmp_path: Path) -> None:
    """session-file-store puts `__lastAccess` into the session itself: with resave each answer sets the cookie again."""
    for store_url, is_sent in ((f"file://{tmp_path}/files", True), (f"memory:{tmp_path.name}", False)):
        (tmp_path / "files").mkdir(exist_ok=True)
        server = start(store_url, resave=True)
        browser = Browser(server.port)
        browser.get("/set")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/", headers={"Cookie": f"connect.sid={browser.cookies['connect.sid']}"})
        assert (connection.getresponse().getheader("Set-Cookie") is not None) == is_sent
        connection.close()


def test_log_tells_what_a_page_did_and_not_the_time_that_the_store_notes() -> None:
    before: dict[str, JsValue] = {"__lastAccess": 1, "cart": [1]}
    after: dict[str, JsValue] = {"__lastAccess": 2, "cart": [1, 2], "user": "ada"}
    assert list(describe_changes(before, after)) == ["cart + 2", '+ user "ada"']


def test_demo_is_made_among_the_data_and_an_earlier_one_stays_where_it_is(tmp_path: Path) -> None:
    configuration, data = tmp_path / "config", tmp_path / "data"
    configuration.mkdir()
    assert choose_demo_folder(configuration, data) == data
    (configuration / "demo-sessions").mkdir()
    assert choose_demo_folder(configuration, data) == configuration
