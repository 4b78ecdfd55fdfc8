"""The doctor on MongoDB, folders and SQLite: their own facts, and no false alarm on what their libraries do."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo
import pytest

from inspector.core.store_finding import Weight
from tests.services.doctor.stores import DAY_MS, HOUR_MS, Application, Made, iso, text
from tests.services.doctor.test_rules import diagnose, finding, found_in


def ended(made: list[Made], count: int, ago_ms: int) -> None:
    for one in made[:count]:
        one.ends_ms = int(time.time() * 1000) - ago_ms
        one.session["cookie"]["expires"] = iso(one.ends_ms)


def fill_mongo(url: str, made: list[Made], *, is_text: bool = True, ttl_index: bool = True, **odd: Any) -> None:
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        sessions = client.get_default_database()["sessions"]
        if made:
            sessions.insert_many(
                {
                    "_id": one.session_id,
                    "expires": datetime.fromtimestamp((one.ends_ms or 0) / 1000, UTC),
                    "session": text(one).decode() if is_text else one.session,
                    **odd,
                }
                for one in made
            )
        if ttl_index:
            sessions.create_index("expires", expireAfterSeconds=0)


def test_mongo_that_is_healthy_is_silent(mongo_url: str) -> None:
    fill_mongo(mongo_url, Application().visitors(300))
    assert found_in(diagnose(mongo_url)) == set()


def test_mongo_with_documents_is_healthy_too(mongo_url: str) -> None:
    fill_mongo(mongo_url, Application().visitors(300), is_text=False)
    diagnosis = diagnose(mongo_url)
    assert found_in(diagnosis) == set()
    assert diagnosis.examined == 300


def test_mongo_without_ttl_index_over_sessions_that_ended(mongo_url: str) -> None:
    made = Application().visitors(300)
    ended(made, 120, 5 * HOUR_MS)
    fill_mongo(mongo_url, made, ttl_index=False)
    diagnosis = diagnose(mongo_url)
    assert found_in(diagnosis) == {"ttl-index-missing", "expired-standing"}
    assert finding(diagnosis, "expired-standing").count == 120
    assert any("createIndex" in fix.line for fix in finding(diagnosis, "ttl-index-missing").fixes)


def test_mongo_without_ttl_index_is_no_finding_while_nothing_stands(mongo_url: str) -> None:
    fill_mongo(mongo_url, Application().visitors(100), ttl_index=False)
    assert found_in(diagnose(mongo_url)) == set()


def test_mongo_with_a_ttl_index_over_another_field(mongo_url: str) -> None:
    fill_mongo(mongo_url, Application().visitors(100), createdAt=datetime.now(UTC))
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        client.get_default_database()["sessions"].create_index("createdAt", expireAfterSeconds=86_400)
    assert found_in(diagnose(mongo_url)) == {"ttl-index-odd"}


def test_mongo_expiry_that_is_no_date(mongo_url: str) -> None:
    fill_mongo(mongo_url, Application().visitors(100))
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        sessions = client.get_default_database()["sessions"]
        for document in list(sessions.find({}, {"_id": 1}).limit(12)):
            sessions.update_one({"_id": document["_id"]}, {"$set": {"expires": "2030-01-01"}})
    diagnosis = diagnose(mongo_url)
    assert found_in(diagnosis) == {"expiry-not-a-date"}
    assert finding(diagnosis, "expiry-not-a-date").count == 12


def test_mongo_with_two_formats(mongo_url: str) -> None:
    fill_mongo(mongo_url, Application().visitors(200))
    fill_mongo(mongo_url, Application().visitors(20, first=200), is_text=False)
    diagnosis = diagnose(mongo_url)
    assert found_in(diagnosis) == {"mixed-formats"}
    assert finding(diagnosis, "mixed-formats").count == 20


def fill_folder(folder: Path, made: list[Made]) -> str:
    folder.chmod(0o700)
    for one in made:
        session = one.session
        life_ms = session["cookie"]["originalMaxAge"] or 3_600_000
        (folder / f"{one.session_id}.json").write_text(
            json.dumps({**session, "__lastAccess": (one.ends_ms or 0) - life_ms})
        )
    return f"file://{folder}"


def test_folder_that_is_healthy_is_silent(tmp_path: Path) -> None:
    assert found_in(diagnose(fill_folder(tmp_path, Application().visitors(200))), at_least=Weight.LOW) == set()


def test_folder_with_sessions_that_ended_long_ago(tmp_path: Path) -> None:
    made = Application().visitors(200)
    ended(made, 100, DAY_MS)
    diagnosis = diagnose(fill_folder(tmp_path, made))
    assert found_in(diagnosis) == {"expired-standing"}
    assert any("reapInterval" in fix.line for fix in finding(diagnosis, "expired-standing").fixes)


def test_folder_that_anybody_may_write(tmp_path: Path) -> None:
    url = fill_folder(tmp_path, Application().visitors(20))
    tmp_path.chmod(0o777)
    assert {"folder-writable", "folder-readable"} <= found_in(diagnose(url), at_least=Weight.LOW)


def test_folder_that_a_web_server_serves(tmp_path: Path) -> None:
    folder = tmp_path / "public" / "sessions"
    folder.mkdir(parents=True)
    assert found_in(diagnose(fill_folder(folder, Application().visitors(20)))) == {"folder-served"}


def test_folder_with_files_of_another_owner(tmp_path: Path) -> None:
    url = fill_folder(tmp_path, Application().visitors(20))
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    for path in sorted(tmp_path.iterdir())[:5]:
        os.chown(path, 65534, 65534)
    diagnosis = diagnose(url)
    assert found_in(diagnosis) == {"several-owners"}
    assert "5 session files" in finding(diagnosis, "several-owners").title


def test_folder_with_what_a_cut_off_write_has_left(tmp_path: Path) -> None:
    url = fill_folder(tmp_path, Application().visitors(20))
    left = tmp_path / "a.json.4039384755"
    left.write_text("{}")
    os.utime(left, (time.time() - 7200, time.time() - 7200))
    assert found_in(diagnose(url), at_least=Weight.LOW) == {"temporary-leftovers"}


def fill_sqlite(path: Path, made: list[Made]) -> str:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE sessions (sid PRIMARY KEY, expired, sess)")
        file.executemany(
            "INSERT INTO sessions VALUES (?, ?, ?)", [(one.session_id, one.ends_ms, text(one).decode()) for one in made]
        )
    return f"sqlite://{path}"


def test_sqlite_cleans_once_a_day_and_a_third_that_ended_is_healthy(tmp_path: Path) -> None:
    made = Application().visitors(90)
    ended(made, 30, 20 * HOUR_MS)
    diagnosis = diagnose(fill_sqlite(tmp_path / "sessions.db", made))
    assert found_in(diagnosis) == set()
    assert "journal-mode" in {one.id for one in diagnosis.findings}


def test_sqlite_without_max_age_ends_sessions_of_the_active(tmp_path: Path) -> None:
    made = Application(max_age_ms=None).visitors(90)
    assert found_in(diagnose(fill_sqlite(tmp_path / "sessions.db", made))) == {"fixed-lifetime"}
