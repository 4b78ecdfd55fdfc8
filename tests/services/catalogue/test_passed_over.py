"""The list says of a record that the application's query passes over that it is not found, and not that it never expires."""

from __future__ import annotations

import datetime
import sqlite3
from pathlib import Path
from typing import Any

import pymongo
import pytest

from inspector.core.expiry import format_countdown
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.listing import read_list
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.registry import open_store
from tests.contract.backends import make_sqlite_url

SESSION = '{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"}}'
LATER = datetime.datetime(2035, 1, 1, tzinfo=datetime.UTC)


def listed(store: SessionStore) -> dict[str, str]:
    catalogue = Catalogue(store)
    for _ in read_list(store, catalogue, CancelToken()):
        pass
    positions = catalogue.select(None, None, descending=False, now_ms=now_ms())
    rows = [catalogue.row(position) for position in positions]
    return {row.session_id: format_countdown(row.expires_at_ms, now_ms()) for row in rows}


@pytest.mark.parametrize("count", [1, 40], ids=["one", "many alike"])
@pytest.mark.parametrize("value", [None, 1_900_000_000_000, "2035-01-01T00:00:00.000Z"], ids=["null", "number", "text"])
def test_mongo_document_whose_expires_is_no_date_is_not_found(mongo_url: str, value: object, count: int) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        sessions = client.get_default_database()["sessions"]
        sessions.insert_many(
            {"_id": f"odd{number:03}", "expires": value, "session": SESSION} for number in range(count)
        )
        sessions.insert_one({"_id": "good", "expires": LATER, "session": SESSION})
        sessions.insert_one({"_id": "endless", "session": SESSION})
    store = open_store(f"{mongo_url}&collection=sessions")
    try:
        found = listed(store)
    finally:
        store.close()
    assert {words for name, words in found.items() if name.startswith("odd")} == {"not found"}
    assert found["endless"] == "no expiry"
    assert found["good"] not in ("not found", "no expiry")


@pytest.mark.parametrize("dialect", ["connect-sqlite3", "better-sqlite3"])
def test_sqlite_row_without_a_time_is_not_found(dialect: str, tmp_path: Path) -> None:
    url = make_sqlite_url(dialect, tmp_path)
    column, value = ("expired", None) if dialect == "connect-sqlite3" else ("expire", "soon")
    with sqlite3.connect(tmp_path / "sessions.db") as application:
        application.execute(f"INSERT INTO sessions (sid, sess, {column}) VALUES (?, ?, ?)", ("odd", SESSION, value))
    store = open_store(url)
    try:
        assert listed(store) == {"odd": "not found"}
    finally:
        store.close()
