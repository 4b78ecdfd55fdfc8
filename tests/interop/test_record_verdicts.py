"""What the program says that an application does with an odd record is what the real application does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pymongo
import pytest
import redis

from inspector.codecs import parse_json
from inspector.core.edits import InsertEntry, apply_edit
from inspector.core.secret import Secret
from inspector.core.verdict import Effect
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import DecodeContext, open_session
from inspector.services.sessions.save_session import save_session
from store_adapters.contract import SessionStore
from store_adapters.registry import open_store
from tests.interop.matrix import Library, Variant
from tests.interop.odd_records import (
    DOCUMENTS,
    HANGING,
    LAST_ACCESSES,
    NOT_UTF8,
    SECRET,
    SUB_DOCUMENTS,
    TEXTS,
    Application,
    running,
)

MATRIX, SQLITE = "matrix_node/matrix.js", "sqlite_node/sqlite.js"


def _sids(names: Iterable[str]) -> dict[str, str]:
    return {name: f"odd{number:029d}" for number, name in enumerate(names)}


def _told(store: SessionStore, sids: Mapping[str, str]) -> dict[str, Effect]:
    return {name: open_session(store, store.ref_for(sid)).verdict.effect for name, sid in sids.items()}


def _done(application: Application, sids: Mapping[str, str]) -> dict[str, Effect]:
    return {name: application.ask(sid) for name, sid in sids.items()}


REDIS_VERSIONS = [("3", "redis-2"), ("5", "redis-3"), ("7", "ioredis"), ("10", "redis-5")]


@pytest.mark.parametrize(("version", "client"), REDIS_VERSIONS)
def test_odd_records_in_redis(version: str, client: str, redis_url: str) -> None:
    records = TEXTS | HANGING | NOT_UTF8
    sids = _sids(records)
    with redis.Redis.from_url(redis_url) as server:
        for name, text in records.items():
            server.set(f"sess:{sids[name]}", text, ex=3600)
    store = open_store(f"{redis_url}?prefix=sess:")
    told = _told(store, sids)
    store.close()
    with running(MATRIX, kind="redis", store=f"connect-redis-{version}", client=client, url=redis_url) as application:
        assert told == _done(application, sids)


NUMBERS = frozenset(("zero", "minus zero", "number"))
ONLY_VERSION_3_HANGS = frozenset(("lastModified text", "text: lastModified text"))
"""From 4 on the touch fails after the visitor has the answer: a finding tells of it."""
ONLY_MEMORY_STORE = frozenset(("null", "expires array"))
"""What Express's own MemoryStore does otherwise: no other program can look into it, and the demo's is none."""
MONGO_DRIVERS = {"3": "mongodb-3", "4": "mongodb-4", "5": "mongodb-5", "6": "mongodb"}


def _check_mongo(url: str, version: str, documents: Mapping[str, Any], **options: Any) -> None:
    sids = _sids(documents)
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        client.get_default_database()["sessions"].insert_many(
            [{"_id": sids[name], **document} for name, document in documents.items()]
        )
    store = open_store(f"{url}&collection=sessions")
    told = _told(store, sids)
    store.close()
    config = {"store": f"connect-mongo-{version}", "mongodb": MONGO_DRIVERS[version], "options": options}
    with running(MATRIX, kind="mongo", url=url, **config) as application:
        done = _done(application, sids)
    assert told == done | dict.fromkeys(ONLY_VERSION_3_HANGS & done.keys(), Effect.FOUND)


@pytest.mark.parametrize("version", MONGO_DRIVERS)
def test_odd_texts_in_mongodb(version: str, mongo_url: str) -> None:
    texts = {name: text for name, text in (TEXTS | HANGING).items() if b"\0" not in text}
    documents = {f"text: {name}": {"session": text.decode()} for name, text in texts.items()}
    _check_mongo(mongo_url, version, documents | DOCUMENTS, autoRemove="disabled")


@pytest.mark.parametrize("version", MONGO_DRIVERS)
def test_odd_sub_documents_in_mongodb(version: str, mongo_url: str) -> None:
    _check_mongo(mongo_url, version, SUB_DOCUMENTS, stringify=False, autoRemove="disabled")


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5"])
def test_odd_files(version: str, tmp_path: Path) -> None:
    records = TEXTS | HANGING | NOT_UTF8 | LAST_ACCESSES
    sids = _sids(records)
    for name, text in records.items():
        (tmp_path / f"{sids[name]}.json").write_bytes(text)
    store = open_store(f"file://{tmp_path}")
    told = _told(store, sids)
    store.close()
    with running(MATRIX, kind="file", store=f"session-file-store-{version}", folder=str(tmp_path)) as application:
        done = {}
        for name, sid in sids.items():
            effect = application.ask(sid)
            is_deleted = not (tmp_path / f"{sid}.json").exists()
            done[name] = Effect.DELETED if is_deleted and effect is Effect.ERROR else effect
    assert told == done


TABLES = {
    "connect-sqlite3": "CREATE TABLE sessions (sid PRIMARY KEY, expired, sess)",
    "better-sqlite3": "CREATE TABLE sessions (sid TEXT NOT NULL PRIMARY KEY, sess JSON NOT NULL, expire TEXT NOT NULL)",
    "knex": "CREATE TABLE sessions (sid varchar(255) PRIMARY KEY, sess json NOT NULL, expired datetime)",
}
ENDS: dict[str, dict[str, object]] = {
    "connect-sqlite3": {"null": None, "text": "2099-01-01", "past": 1.0, "future": 4e12},
    "better-sqlite3": {"a word": "soon", "past": "2001-01-01T00:00:00.000Z", "without zone": "2099-01-01 00:00:00"},
    "knex": {"null": None, "number": 4e12, "past": "2001-01-01T00:00:00.000Z", "a word": "soon"},
}


@pytest.mark.parametrize("dialect", TABLES)
def test_odd_rows_in_sqlite(dialect: str, tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    ends = 4e12 if dialect == "connect-sqlite3" else "2099-01-01T00:00:00.000Z"
    # The columns declared JSON turn text that is a number into one.
    texts = {name: text for name, text in (TEXTS | HANGING).items() if b"\0" not in text and name not in NUMBERS}
    rows: list[tuple[str, object]] = [(text.decode(), ends) for text in texts.values()]
    rows += [(TEXTS["plain"].decode(), one) for one in ENDS[dialect].values()]
    sids = _sids([*texts, *(f"ends: {name}" for name in ENDS[dialect])])
    column = "expire" if dialect == "better-sqlite3" else "expired"
    with sqlite3.connect(path) as file:
        file.execute(TABLES[dialect])
        with_ids = [(sid, *row) for sid, row in zip(sids.values(), rows, strict=True)]
        file.executemany(f"INSERT INTO sessions (sid, sess, {column}) VALUES (?, ?, ?)", with_ids)
    file.close()
    store = open_store(f"sqlite://{path}")
    told = _told(store, sids)
    store.close()
    with running(SQLITE, dialect=dialect, path=str(path)) as application:
        assert told == _done(application, sids)


def test_odd_records_in_memory() -> None:
    records = {name: text for name, text in (TEXTS | HANGING).items() if name not in ONLY_MEMORY_STORE}
    sids = _sids(records)
    store = open_store("memory:")
    with running(MATRIX, memory=True) as application:
        for name, text in records.items():
            application.put(sids[name], text)
            store.create(store.ref_for(sids[name]), text, None)
        assert _told(store, sids) == _done(application, sids)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("encoding", ["hex", "base64", "base64url", "latin1", None])
def test_files_which_the_library_itself_cannot_read(version: str, encoding: str | None, tmp_path: Path) -> None:
    options = {"secret": SECRET, "encryptEncoding": encoding}
    config = {"kind": "file", "store": f"session-file-store-{version}", "folder": str(tmp_path), "options": options}
    sid = "k0v3u3Kc5nYbZrT6jxQpWdV2aLmEoH1s"
    library = Library(Variant("session-file-store", "file", config, ""), {})
    library.set(sid, {"user": "ada"})
    library.stop()
    store = open_store(f"file://{tmp_path}")
    opened = open_session(store, store.ref_for(sid), DecodeContext(secrets=(Secret.from_text(SECRET),)))
    assert opened.summary.user == "ada"
    assert opened.decoded is not None
    root = apply_edit(opened.decoded.root, InsertEntry((), 1, "note", parse_json("1")))[0]
    outcome = save_session(store, opened, root, Journal())
    store.close()
    assert ("cannot read" in outcome.message) is (encoding in ("base64", "base64url"))
    with running(MATRIX, **config) as application:
        effect = application.ask(sid)
        gone = not (tmp_path / f"{sid}.json").exists()
        assert (Effect.DELETED if gone and effect is Effect.ERROR else effect) is opened.verdict.effect


def test_key_of_an_own_function_is_named_as_a_cause(tmp_path: Path) -> None:
    """session-file-store 1.2 with keyFunction: no secret alone opens the file, however right it is."""
    (tmp_path / "a.json").write_text(f"IV;{'0' * 32}{'7b' * 40}")
    store = open_store(f"file://{tmp_path}")
    opened = open_session(store, store.ref_for("a"), DecodeContext(secrets=(Secret.from_text(SECRET),)))
    store.close()
    assert "keyFunction" in opened.attempts[-1].reason
    assert opened.verdict.effect is Effect.UNKNOWN
