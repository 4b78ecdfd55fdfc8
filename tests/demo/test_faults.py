"""Each failure that the demo can show is there when it is chosen, told in the log, and absent otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inspector.cli._arguments import FAULTS
from inspector.codecs import parse_json
from inspector.core.edits import InsertEntry, apply_edit
from inspector.core.secret import Secret
from inspector.demo.express_session import SessionOptions
from inspector.demo.faults import LESSONS, Fault, delay_s
from inspector.demo.request_log import RequestEntry
from inspector.demo.server import DemoServer, DemoSettings
from inspector.demo.session_cookie import CookieOptions
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.save_session import SaveState, save_session
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.registry import open_store
from tests.interop.apps import Browser

Start = Callable[[Fault], DemoServer]


@pytest.fixture
def log() -> list[RequestEntry]:
    return []


@pytest.fixture(params=["redis", "file", "mongo"])
def start(
    request: pytest.FixtureRequest, tmp_path: Path, log: list[RequestEntry], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    monkeypatch.setattr("inspector.demo.faults.SLOW_S", 0.4)
    running: list[DemoServer] = []

    def begin(fault: Fault) -> DemoServer:
        folder = tmp_path / fault.value
        folder.mkdir(exist_ok=True)
        url = f"file://{folder}" if request.param == "file" else request.getfixturevalue(f"{request.param}_url")
        if request.param == "redis":
            url += f"?prefix={fault.value}:"
        elif request.param == "mongo":
            url += f"&collection={fault.value}"
        options = SessionOptions((Secret.from_text("one"),), cookie=CookieOptions(max_age_ms=3_600_000))
        server = DemoServer(DemoSettings(url, 0, options, fault), log.append)
        server.start()
        running.append(server)
        return server

    yield begin
    for server in running:
        server.stop()


def records(server: DemoServer) -> list[int | None]:
    """Return when each record of the server's store ends."""
    store = open_store(server.store_url)
    try:
        return [ends for batch in store.list_records(CancelToken()) for ends in batch.expires_at_ms]
    finally:
        store.close()


def _lost_update(start: Start, fault: Fault) -> int:
    browser = Browser(start(fault).port)
    browser.get("/set")
    others = [Browser(browser.port, browser.cookies) for _ in range(2)]
    adding = [
        threading.Thread(target=one.post, args=("/add-to-cart",), kwargs={"item": f"item {n}"})
        for n, one in enumerate(others)
    ]
    if fault is Fault.NONE:
        # One after the other: nothing is slow, and nothing overlaps.
        for thread in adding:
            thread.start()
            thread.join()
    else:
        for thread in adding:
            thread.start()
        for thread in adding:
            thread.join()
    return len(browser.get_json("/get")["cart"])


def test_lost_update(start: Start, log: list[RequestEntry]) -> None:
    assert _lost_update(start, Fault.NONE) == 2
    assert _lost_update(start, Fault.LOST_UPDATE) == 1
    assert any("overwrote what was saved meanwhile" in entry.changes for entry in log)


def test_missing_trust_proxy(start: Start, log: list[RequestEntry]) -> None:
    for fault, cookies, count in ((Fault.NONE, 1, 1), (Fault.MISSING_TRUST_PROXY, 0, 3)):
        server = start(fault)
        browser = Browser(server.port)
        for _ in range(3):
            browser.get("/set")
        assert (len(browser.cookies), len(records(server))) == (cookies, count)
    assert any("cookie not sent" in " ".join(entry.changes) for entry in log)


def test_no_expiry(start: Start) -> None:
    for fault, is_endless in ((Fault.NONE, False), (Fault.NO_EXPIRY, True)):
        server = start(fault)
        browser = Browser(server.port)
        browser.get("/set")
        browser.get("/get")
        assert browser.get_json("/get")["username"] == "ada"
        assert [ends is None for ends in records(server)] == [is_endless]


def test_wrong_secret(start: Start, log: list[RequestEntry]) -> None:
    for fault, sticks in ((Fault.NONE, True), (Fault.WRONG_SECRET, False)):
        browser = Browser(start(fault).port)
        browser.get("/set")
        first = browser.cookies["connect.sid"]
        assert ("username" in browser.get_json("/get")) == sticks
        browser.get("/set")
        assert browser.cookies["connect.sid"].split(".")[0] == first.split(".")[0]
    told = [entry.path for entry in log if any("cookie rejected" in change for change in entry.changes)]
    assert told == ["/get"]


def test_cookie_without_a_record_is_told(start: Start, log: list[RequestEntry]) -> None:
    browser = Browser(start(Fault.NONE).port)
    for path in ("/set", "/logout", "/get", "/set", "/get"):
        browser.get(path)
    told = [entry.path for entry in log if "no record for its cookie" in entry.changes]
    assert told == ["/get", "/set"]


def test_mark_of_the_file_store_is_no_change_of_the_session(start: Start, log: list[RequestEntry]) -> None:
    browser = Browser(start(Fault.FLOOD).port)
    for path in ("/", "/set"):
        browser.get(path)
    assert [entry.operations[-2:] for entry in log] == [("saved", "set-cookie"), ("saved", "set-cookie")]
    assert not any("__lastAccess" in change for entry in log for change in entry.changes)


def test_flood(start: Start) -> None:
    for fault, count in ((Fault.NONE, 0), (Fault.FLOOD, 5)):
        server = start(fault)
        for _ in range(5):
            Browser(server.port).get("/")
        assert len(records(server)) == count


def _edit(store: SessionStore, sid: str) -> None:
    opened = open_session(store, store.ref_for(sid))
    assert opened.decoded is not None
    root = apply_edit(opened.decoded.root, InsertEntry((), 1, "edited", parse_json("true")))[0]
    assert save_session(store, opened, root, Journal()).state is SaveState.SAVED


def test_resave_overwrites_edit(start: Start, log: list[RequestEntry], monkeypatch: pytest.MonkeyPatch) -> None:
    has_loaded = threading.Event()

    def note_and_wait(fault: Fault, method: str, number: int) -> float:
        has_loaded.set()
        return delay_s(fault, method, number)

    monkeypatch.setattr("inspector.demo.app.delay_s", note_and_wait)
    for fault, survives in ((Fault.NONE, True), (Fault.RESAVE, False)):
        server = start(fault)
        browser = Browser(server.port)
        browser.get("/set")
        store = open_store(server.store_url)
        (key,) = [key for batch in store.list_records(CancelToken()) for key in batch.keys]
        has_loaded.clear()
        reading = threading.Thread(target=browser.get, args=("/cart",))
        reading.start()
        assert has_loaded.wait(10)
        if fault is Fault.NONE:
            # Without a delay there is no "meanwhile"; a touch of a file reads and writes it in its own short race.
            reading.join()
        _edit(store, store.session_id_of(key))
        reading.join()
        assert ("edited" in browser.get_json("/get")) == survives
        store.close()
    assert any("overwrote what was saved meanwhile" in entry.changes for entry in log)


def test_every_failure_has_a_lesson_and_a_name_on_the_command_line() -> None:
    assert set(LESSONS) == set(Fault)
    assert [fault.value for fault in Fault] == list(FAULTS)
