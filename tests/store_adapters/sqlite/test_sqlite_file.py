"""SQLite files that are in use, damaged, something else or read-only: said in words, and never changed by looking."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from store_adapters.contract import CancelToken, Delete, RawRecord, SessionStore
from store_adapters.errors import (
    Interrupted,
    RecordChanged,
    RecordMissing,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.options import Limits
from store_adapters.registry import open_store
from store_adapters.sqlite.link import SqliteLink

SESSION = '{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"},"n":1}'
ENDS_MS = 4_000_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "with space & ü.db"
    with sqlite3.connect(path) as application:
        application.execute("CREATE TABLE sessions (sid PRIMARY KEY, expired, sess)")
        application.execute("INSERT INTO sessions VALUES ('a', ?, ?)", (ENDS_MS, SESSION))
    application.close()
    return path


def _open(path: Path, **limits: float) -> SessionStore:
    return open_store(f"sqlite://{path}".replace(" ", "%20"), limits=Limits(**limits))  # type: ignore[arg-type]


def test_looking_changes_no_byte_and_leaves_no_file_beside(path: Path) -> None:
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    store = _open(path)
    assert [batch.keys for batch in store.list_records(CancelToken())] == [[b"a"]]
    assert store.read(store.ref_for("a")).expires_at_ms == ENDS_MS
    store.close()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert os.listdir(path.parent) == [path.name]


def test_locked_database_is_told_and_nothing_is_written(path: Path) -> None:
    store = _open(path, call_s=0.2)
    base = store.read(store.ref_for("a"))
    application = sqlite3.connect(path, isolation_level=None)
    application.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnreachable, match="locked") as caught:
        store.replace(base, base.payload + b" ")
    assert caught.value.remedy
    application.execute("COMMIT")
    application.close()
    assert store.replace(base, base.payload + b" ").payload == base.payload + b" "


def _many(path: Path, store: SessionStore, count: int) -> list[RawRecord]:
    with sqlite3.connect(path) as connection:
        (sess, expiry) = connection.execute("SELECT sess, expired FROM sessions").fetchone()
        rows = [(f"m{number}", sess, expiry) for number in range(count)]
        connection.executemany("INSERT INTO sessions (sid, sess, expired) VALUES (?, ?, ?)", rows)
    connection.close()
    found = store.read_many([store.ref_for(f"m{number}") for number in range(count)])
    return [record for record in found if isinstance(record, RawRecord)]


def test_many_writes_are_few_transactions_and_each_is_told(path: Path) -> None:
    store = _open(path)
    records = _many(path, store, 250)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE sessions SET sess = '{}' WHERE sid = 'm7'")
        connection.execute("DELETE FROM sessions WHERE sid = 'm120'")
    before = _commits(path)
    results = store.write_many([Delete(record) for record in records])
    assert _commits(path) - before == 3
    told = {place: type(one) for place, one in enumerate(results) if one is not None}
    assert told == {7: RecordChanged, 120: RecordMissing}
    assert [row[0] for row in connection.execute("SELECT sid FROM sessions WHERE sid LIKE 'm%'")] == ["m7"]
    connection.close()


def _commits(path: Path) -> int:
    """Return the file's change counter, which each transaction adds one to (SQLite's file format, 1.3.7)."""
    return int.from_bytes(path.read_bytes()[24:28])


def test_many_writes_on_a_locked_database_write_nothing(path: Path) -> None:
    store = _open(path, call_s=0.2)
    records = _many(path, store, 150)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    results = store.write_many([Delete(record) for record in records])
    assert [type(one) for one in results] == [StoreUnreachable] * 150
    other.execute("ROLLBACK")
    assert store.count().number == 151
    assert store.write_many([Delete(record) for record in records]) == [None] * 150
    other.close()


def test_lock_that_ends_in_time_is_waited_for(path: Path) -> None:
    store = _open(path)
    base = store.read(store.ref_for("a"))
    application = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    application.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.2, lambda: application.execute("COMMIT"))
    release.start()
    assert store.replace(base, b"{}").payload == b"{}"
    release.join()
    application.close()


def test_column_keeps_its_type(path: Path) -> None:
    with sqlite3.connect(path) as application:
        application.execute("INSERT INTO sessions VALUES ('blob', ?, ?)", (ENDS_MS, SESSION.encode()))
    application.close()
    store = _open(path)
    for sid in ("a", "blob"):
        base = store.read(store.ref_for(sid))
        store.replace(base, base.payload.replace(b"1", b"2"))
    store.close()
    with sqlite3.connect(path) as application:
        found = application.execute("SELECT sid, typeof(sess), typeof(expired) FROM sessions ORDER BY sid").fetchall()
    application.close()
    assert found == [("a", "text", "integer"), ("blob", "blob", "integer")]


def test_changed_row_is_not_overwritten(path: Path) -> None:
    store = _open(path)
    base = store.read(store.ref_for("a"))
    with sqlite3.connect(path) as application:
        application.execute("UPDATE sessions SET sess = sess || ' '")
    application.close()
    with pytest.raises(RecordChanged):
        store.replace(base, b"{}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a database at all", "n't an SQLite"),
        (b"SQLite format 3\0" + b"\x07" * 4096, "SQLite"),
        (os.urandom(4096), "n't an SQLite"),
    ],
)
def test_other_files_are_refused_with_words(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(StoreError, match=words):
        _open(tmp_path / "x.db")
    assert (tmp_path / "x.db").read_bytes() == content


def test_missing_file_folder_and_table_are_told_apart(tmp_path: Path, path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="no such file"):
        _open(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(StoreUnreachable, match="folder"):
        _open(tmp_path)
    with pytest.raises(StoreRefused, match="its tables: sessions"):
        open_store(f"sqlite://{path}?table=other".replace(" ", "%20"))
    with sqlite3.connect(path) as application:
        application.execute("CREATE TABLE users (id, name)")
    application.close()
    with pytest.raises(StoreRefused, match=": id, name"):
        open_store(f"sqlite://{path}?table=users".replace(" ", "%20"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_file_without_permission_to_write_is_read_only(path: Path) -> None:
    path.chmod(0o444)
    store = _open(path)
    with pytest.raises(StoreReadOnly):
        store.delete(store.read(store.ref_for("a")))


LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_statement_without_end_stops_at_the_deadline_and_when_interrupted(path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="in time"):
        SqliteLink(str(path), Limits(deadline_s=0.05)).read(LONG)
    link = SqliteLink(str(path), Limits(deadline_s=60))
    threading.Timer(0.05, link.interrupt).start()
    with pytest.raises(Interrupted):
        link.read(LONG)
