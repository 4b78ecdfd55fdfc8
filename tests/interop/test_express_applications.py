"""What real Express applications write is read, and what is written here is what they go on with."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from inspector.codecs import json_bytes, parse_json
from inspector.cookies import Status
from inspector.core.edits import SetValue, apply_edit
from inspector.core.field_path import find_path, parse_field_path
from inspector.core.merge import diff
from inspector.core.node import Node
from inspector.demo.express_session import SessionOptions
from inspector.demo.server import DemoServer, DemoSettings
from inspector.demo.session_cookie import CookieOptions
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.session_row import Column
from inspector.services.cookies.signed_cookie import signed_cookie_value
from inspector.services.cookies.verify_cookie import inspect_cookies
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import change_expiry, delete_session
from inspector.services.sessions.open_session import OpenedSession, open_session
from inspector.services.sessions.restoration import restore_deleted
from inspector.services.sessions.save_session import SaveState, save_session
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken
from tests.interop.apps import Browser
from tests.interop.conftest import Site

HOUR_MS = 3_600_000


def log_in(site: Site) -> Browser:
    browser = Browser(site.app.port)
    browser.post("/login", userId="7", username="ada", role="user")
    browser.post("/add-to-cart", item="keyboard")
    return browser


def session_id_of(browser: Browser) -> str:
    return unquote(browser.cookies["connect.sid"])[2:].rpartition(".")[0]


def open_own(site: Site, browser: Browser) -> OpenedSession:
    return open_session(site.store, site.store.ref_for(session_id_of(browser)))


def with_field(opened: OpenedSession, field: str, text: str) -> Node:
    assert opened.decoded is not None
    path = find_path(opened.decoded.root, parse_field_path(field))
    assert path is not None
    return apply_edit(opened.decoded.root, SetValue(path, parse_json(text)))[0]


def test_sessions_of_the_application_are_listed_and_decoded(site: Site) -> None:
    browser = log_in(site)
    catalogue = Catalogue(site.store)
    for batch in site.store.list_records(CancelToken()):
        catalogue.append(batch)
    (position,) = catalogue.select(None, Column.SESSION, descending=False, now_ms=now_ms())
    row = catalogue.row(position)
    assert (row.session_id, row.user, row.role, row.signed_in) == (session_id_of(browser), "ada", "user", True)
    opened = open_own(site, browser)
    assert opened.decoded is not None
    assert opened.is_editable
    data = json.loads(json_bytes(opened.decoded.root))
    assert data["user"] == {"id": 7, "username": "ada", "role": "user"}
    assert data["cart"] == ["keyboard"]


def test_expiry_is_what_the_application_set(site: Site) -> None:
    opened = open_own(site, log_in(site))
    assert opened.raw.expires_at_ms is not None
    assert abs(opened.raw.expires_at_ms - now_ms() - HOUR_MS) < 10_000


def test_edit_is_seen_by_the_application_and_touches_nothing_else(site: Site) -> None:
    browser = log_in(site)
    opened = open_own(site, browser)
    outcome = save_session(site.store, opened, with_field(opened, "user.role", '"admin"'), Journal())
    assert outcome.state is SaveState.SAVED
    assert browser.get_json("/get")["user"] == {"id": 7, "username": "ada", "role": "admin"}
    after = open_own(site, browser)
    assert opened.decoded is not None
    assert after.decoded is not None
    changed = {change.field for change in diff(opened.decoded.root, after.decoded.root)}
    assert changed - {"__lastAccess", "cookie.expires"} == {"user.role"}
    assert after.raw.expires_at_ms is not None
    assert abs(after.raw.expires_at_ms - now_ms() - HOUR_MS) < 10_000


def test_saving_keeps_every_byte_that_was_not_edited(site: Site) -> None:
    opened = open_own(site, log_in(site))
    outcome = save_session(site.store, opened, with_field(opened, "user.role", '"boss"'), Journal())
    assert outcome.record is not None
    # Both words have four letters: nothing else may have moved.
    assert outcome.record.raw.payload.replace(b"boss", b"user") == opened.raw.payload


def test_delete_logs_out_and_restoring_logs_in_again(site: Site) -> None:
    browser, journal = log_in(site), Journal()
    delete_session(site.store, open_own(site, browser), journal)
    assert browser.get("/dashboard")[0] == 302
    restore_deleted(site.store, journal.entries()[0], journal)
    assert browser.get("/dashboard") == (200, "Welcome ada")


def test_changed_expiry_holds_after_the_next_requests(site: Site) -> None:
    browser = log_in(site)
    ends = now_ms() + 5 * HOUR_MS
    after = change_expiry(site.store, open_own(site, browser), ends, Journal())
    assert after.raw.expires_at_ms is not None
    assert abs(after.raw.expires_at_ms - ends) < 2_000
    browser.get("/get")
    browser.post("/add-to-cart", item="mouse")
    later = open_own(site, browser).raw.expires_at_ms
    assert later is not None
    assert abs(later - ends) < 10_000


def test_cookie_of_the_application_is_verified_and_followed_to_its_record(site: Site) -> None:
    browser = log_in(site)
    header = f"Cookie: theme=dark; connect.sid={browser.cookies['connect.sid']}"
    reports = inspect_cookies(header, site.secrets, site.store, now_ms=now_ms())
    report = next(one for one in reports if one.cookie.name == "connect.sid")
    assert (report.verdict.status, report.verdict.secret_index, report.broken) == (Status.VALID, 0, "")
    assert report.record == site.store.ref_for(session_id_of(browser))


def test_cookie_signed_here_is_accepted_there(site: Site) -> None:
    session_id = session_id_of(log_in(site))
    for secret in site.secrets:
        stranger = Browser(site.app.port, {"connect.sid": signed_cookie_value(session_id, secret)})
        assert stranger.get("/dashboard") == (200, "Welcome ada")


# The demo keeps MongoDB sessions as connect-mongo does by default, as text.
@pytest.mark.parametrize("site", ["redis", "mongo", "file"], indirect=True)
def test_demo_server_and_application_read_each_others_sessions(site: Site) -> None:
    options = SessionOptions(site.secrets, cookie=CookieOptions(max_age_ms=HOUR_MS))
    demo = DemoServer(DemoSettings(site.store_url, 0, options))
    demo.start()
    try:
        ours = log_in(site)
        there = Browser(demo.port, ours.cookies)
        assert there.get_json("/get")["user"]["username"] == "ada"
        there.post("/add-to-cart", item="mouse")
        assert ours.get_json("/cart") == ["keyboard", "mouse"]

        theirs = Browser(demo.port)
        theirs.post("/login", userId="8", username="grace", role="admin")
        here = Browser(site.app.port, theirs.cookies)
        assert here.get("/dashboard") == (200, "Welcome grace")
        here.get("/delete")
        assert theirs.get("/dashboard")[0] == 302
    finally:
        demo.stop()
