"""A cookie followed to an odd record: the chain says what the application does with it, and so does the session itself."""

from __future__ import annotations

import datetime
import json
import sqlite3
from pathlib import Path
from typing import Any

import bson
import pymongo
import pytest
import redis

from inspector.core.secret import Secret
from inspector.core.verdict import Effect
from inspector.frameworks import EXPRESS, UNKNOWN
from inspector.frameworks import OTHER as OTHER_LIBRARY
from inspector.services.cookies.cookie_chain import CookieReport, LinkState
from inspector.services.cookies.signed_cookie import cookie_header
from inspector.services.cookies.verify_cookie import inspect_cookies
from inspector.services.sessions.open_session import DecodeContext, OpenedSession, open_session
from store_adapters.clock import now_ms
from store_adapters.contract import SessionStore
from store_adapters.registry import open_store

SECRET, OTHER = Secret.from_text("current"), Secret.from_text("another")
COOKIE = '{"originalMaxAge":86400000,"expires":"2099-01-01T00:00:00.000Z","httpOnly":true,"path":"/"}'
SESSION = f'{{"cookie":{COOKIE},"user":"ada"}}'
DJANGO = '{"_auth_user_id":"1","_auth_user_backend":"django.contrib.auth.backends.ModelBackend","_auth_user_hash":"ab"}'
SID = "f" * 32


def _follow(store: SessionStore, signed_with: Secret = SECRET, session_id: str = SID) -> CookieReport:
    text = f"Cookie: {cookie_header('connect.sid', session_id, signed_with)}"
    return inspect_cookies(text, (SECRET,), store, now_ms=now_ms())[0]


def _state(report: CookieReport, name: str) -> tuple[LinkState, str]:
    return next((link.state, link.text) for link in report.chain if link.name == name)


def _seen(
    url: str, value: bytes, key: str = f"sess:{SID}", prefix: str = "sess:"
) -> tuple[OpenedSession, CookieReport]:
    with redis.Redis.from_url(url) as server:
        server.set(key, value, ex=9000)
    store = open_store(f"{url}?prefix={prefix}")
    try:
        session_id = key.removeprefix(prefix)
        return open_session(store, store.ref_for(session_id)), _follow(store, session_id=session_id)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (json.dumps(SESSION), "stringified twice"),
        (f"\ufeff{SESSION}", "answers 500"),
        ('{"cookie":null,"user":1}', "answers 500"),
        ('{"cookie":"x","user":1}', "answers 500"),
        ('{"cookie":{"originalMaxAge":"1"}}', "hangs"),
        ("null", "starts a new session"),
        ("", "starts a new session"),
        ("  ", "answers 500"),
    ],
)
def test_chain_breaks_at_a_record_that_the_application_does_not_open(redis_url: str, value: str, words: str) -> None:
    opened, report = _seen(redis_url, value.encode())
    state, text = _state(report, "Record")
    assert (state, words in text, "file" in text) == (LinkState.BROKEN, True, False)
    assert report.broken == text
    assert opened.verdict.text in text
    assert opened.verdict.text in [one.text for one in opened.findings]


@pytest.mark.parametrize(
    "value", [SESSION, f" {SESSION}\n", '{"cookie":{}}', '{"cookie":[]}', '{"cookie":null,"cookie":{}}']
)
def test_chain_holds_at_a_record_that_the_application_opens(redis_url: str, value: str) -> None:
    opened, report = _seen(redis_url, value.encode())
    assert (report.broken, opened.verdict.effect) == ("", Effect.FOUND)


@pytest.mark.parametrize(
    "value",
    [
        DJANGO.encode(),
        b"\x80\x04\x95",
        b'user|s:3:"ada";',
        b'a:1:{s:4:"user";i:1;}',
        b'{"user":1}',
        b"null",
        b"[1]",
        b"x",
    ],
)
def test_record_of_unknown_origin_has_no_rules(redis_url: str, value: bytes) -> None:
    with redis.Redis.from_url(redis_url) as server:
        server.set("django:abc", value, ex=9000)
    store = open_store(f"{redis_url}?prefix=django:")
    opened = open_session(store, store.ref_for("abc"))
    store.close()
    assert (opened.origin.framework, opened.verdict.effect) == (UNKNOWN, Effect.UNKNOWN)
    assert not any("500" in one.text or "Express" in one.text for one in opened.findings)


@pytest.mark.parametrize("value", [DJANGO.encode(), b"\x80\x04\x95", b'user|s:3:"ada";'])
def test_other_languages_record_is_none_of_express_under_its_prefix_either(redis_url: str, value: bytes) -> None:
    assert _seen(redis_url, value)[0].origin.framework is UNKNOWN


def test_valid_cookie_or_a_person_tells_whose_the_record_is(redis_url: str) -> None:
    opened, report = _seen(redis_url, b'{"user":1}', f"mine:{SID}", "mine:")
    assert opened.verdict.effect is Effect.UNKNOWN
    assert "no cookie member" in _state(report, "Record")[1]
    store = open_store(f"{redis_url}?prefix=mine:")
    told = open_session(store, store.ref_for(SID), DecodeContext(framework=EXPRESS))
    store.close()
    assert told.verdict.effect is Effect.ERROR


NOW = datetime.datetime.now(datetime.UTC)


@pytest.mark.parametrize(
    ("expires", "is_found"),
    [
        ({"expires": None}, False),
        ({"expires": bson.Int64(4 * 10**12)}, False),
        ({"expires": "2099-01-01T00:00:00Z"}, False),
        ({"expires": NOW - datetime.timedelta(days=9)}, False),
        ({"expires": NOW + datetime.timedelta(days=9)}, True),
        ({}, True),
    ],
)
def test_mongodb_document_is_found_only_by_a_date_in_the_future(
    mongo_url: str, expires: dict[str, Any], is_found: bool
) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        client.get_default_database()["sessions"].insert_one({"_id": SID, "session": SESSION, **expires})
    store = open_store(f"{mongo_url}&collection=sessions")
    opened, report = open_session(store, store.ref_for(SID)), _follow(store)
    store.close()
    assert (opened.verdict.effect is Effect.FOUND, report.broken == "") == (is_found, is_found)
    assert not any("never expires" in one.text for one in opened.findings) or not expires


def test_bad_signature_does_not_hide_the_record(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as server:
        server.set(f"sess:{SID}", SESSION, ex=9000)
    store = open_store(f"{redis_url}?prefix=sess:")
    report, gone = _follow(store, OTHER), _follow(store, OTHER, "g" * 32)
    store.close()
    state, text = _state(report, "Record")
    assert (state, "ada" in text, report.record) == (LinkState.SKIPPED, True, store.ref_for(SID))
    assert report.broken == _state(report, "Signature")[1]
    assert ("no record" in _state(gone, "Record")[1], gone.record) == (True, None)


def test_what_a_person_said_of_the_store_holds_in_the_chain_too(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as server:
        server.set(f"sess:{SID}", '{"user":1}', ex=9000)
    store = open_store(f"{redis_url}?prefix=sess:")
    text = f"Cookie: {cookie_header('connect.sid', SID, SECRET)}"
    reading = DecodeContext(framework=OTHER_LIBRARY)
    [report] = inspect_cookies(text, (SECRET,), store, now_ms=now_ms(), reading=reading)
    store.close()
    assert report.broken == ""


def test_session_without_a_valid_expiry_is_not_said_to_live_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE sessions (sid PRIMARY KEY, expired, sess)")
        file.execute("INSERT INTO sessions VALUES (?, NULL, ?)", (SID, SESSION))
    file.close()
    store = open_store(f"sqlite://{path}")
    opened, report = open_session(store, store.ref_for(SID)), _follow(store)
    store.close()
    words = " ".join(
        [opened.expiry.summary, *(one.note for one in opened.expiry.sources), *(one.text for one in opened.findings)]
    )
    assert ("never" in words, "not found" in opened.expiry.summary) == (False, True)
    assert "NULL" in report.broken


def test_ended_session_that_still_stands_breaks_the_chain_at_its_expiry(tmp_path: Path) -> None:
    (tmp_path / f"{SID}.json").write_text(f'{SESSION[:-1]},"__lastAccess":5}}')
    store = open_store(f"file://{tmp_path}")
    opened, report = open_session(store, store.ref_for(SID)), _follow(store)
    store.close()
    assert (_state(report, "Record")[0], _state(report, "Expiry")[0]) == (LinkState.OK, LinkState.BROKEN)
    assert (opened.verdict.effect, opened.verdict.is_over) == (Effect.NEW_SESSION, True)
