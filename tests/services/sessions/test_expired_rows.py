"""A record that outlived its session: it is said that the application reads it no more, before a save and after it."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pymongo import MongoClient

from inspector.cli import main
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import duplicate_session
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.save_session import review_changes, save_session, verify_saved
from store_adapters.clock import now_ms
from store_adapters.contract import SessionStore
from store_adapters.registry import open_store
from tests.services.sessions.test_save_session import edited

HOUR_MS = 3_600_000
COOKIE = {"originalMaxAge": HOUR_MS, "expires": "2020-01-01T00:00:00.000Z", "path": "/"}
WORDS = "This session is over: it expired 1 h ago. The application will not read it."


def _file(folder: Path, request: pytest.FixtureRequest) -> str:
    data = {"cookie": COOKIE, "role": "user", "__lastAccess": now_ms() - 2 * HOUR_MS}
    (folder / "s1.json").write_text(json.dumps(data))
    return f"file://{folder}"


def _sqlite(folder: Path, request: pytest.FixtureRequest) -> str:
    path = folder / "sessions.db"
    with closing(sqlite3.connect(path)) as application:
        application.execute("CREATE TABLE sessions (sid PRIMARY KEY, expired, sess)")
        row = ("s1", now_ms() - HOUR_MS, json.dumps({"cookie": COOKIE, "role": "user"}))
        application.execute("INSERT INTO sessions VALUES (?, ?, ?)", row)
        application.commit()
    return f"sqlite://{path}"


def _mongo(folder: Path, request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("mongo_url")
    ended = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    with MongoClient(url) as client:  # type: ignore[var-annotated]
        data = {"cookie": COOKIE, "role": "user"}
        client.get_default_database("test")["sessions"].insert_one({"_id": "s1", "expires": ended, "session": data})
    return f"{url}&collection=sessions"


def _koa(folder: Path, request: pytest.FixtureRequest) -> str:
    """Redis keeps it, and koa-session goes by what stands inside."""
    url: str = f"{request.getfixturevalue('redis_url')}?prefix=koa:"
    from redis import Redis

    with closing(Redis.from_url(request.getfixturevalue("redis_url"))) as client:
        data = {"role": "user", "_expire": now_ms() - HOUR_MS, "_maxAge": HOUR_MS}
        client.set("koa:s1", json.dumps(data), ex=600)
    return url


@pytest.fixture(params=[_file, _sqlite, _mongo, _koa], ids=["file", "sqlite", "mongo", "koa in redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    found: str = request.param(tmp_path, request)
    return found


@pytest.fixture
def store(url: str) -> Iterator[SessionStore]:
    with closing(open_store(url)) as opened:
        yield opened


def test_review_and_save_say_that_the_session_is_over(store: SessionStore) -> None:
    opened = open_session(store, store.ref_for("s1"))
    root = edited(opened, "role", '"admin"')
    assert WORDS in [one.text for one in review_changes(store, opened, root).findings]
    outcome = save_session(store, opened, root, Journal())
    assert outcome.message == f"Saved role. {WORDS}"
    assert outcome.record is not None
    assert verify_saved(store, outcome).message == f"Saved, and still there. {WORDS}"


def test_copy_of_it_is_over_as_well(store: SessionStore) -> None:
    copy = duplicate_session(store, open_session(store, store.ref_for("s1")), "s2", Journal())
    assert copy.over is not None


def test_command_line_says_so_before_and_after(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for more in (["--dry-run"], []):
        assert main(["edit", url, "s1", "--set", 'role="admin"', *more]) == 0
        assert WORDS in capsys.readouterr().out
    assert main(["edit", url, "s1", "--set", 'role="user"', "--json"]) == 0
    assert WORDS in capsys.readouterr().out


def test_edit_that_gives_it_a_new_lifetime_is_not_said_to_be_over(tmp_path: Path) -> None:
    data = {"cookie": COOKIE, "role": "user", "__lastAccess": now_ms() - 2 * HOUR_MS}
    (tmp_path / "s1.json").write_text(json.dumps(data))
    with closing(open_store(f"file://{tmp_path}")) as store:
        opened = open_session(store, store.ref_for("s1"))
        root = edited(opened, "cookie.originalMaxAge", str(9 * HOUR_MS))
        assert not [one for one in review_changes(store, opened, root).findings if "is over" in one.text]
        assert "is over" not in save_session(store, opened, root, Journal()).message
