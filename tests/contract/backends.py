"""The stores of the contract suite: how to open each, what its payloads look like, and how to change it behind our back."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from store_adapters.address import parse_address
from store_adapters.contract import ChangeKind, SessionStore
from store_adapters.memory_store import shared_records
from store_adapters.registry import open_store
from store_adapters.tables.expiry import ExpiryColumn, Unit

BACKENDS = (
    "memory",
    "redis",
    "sentinel",
    "valkey",
    "mongo",
    "postgres",
    "mysql",
    "file",
    "connect-sqlite3",
    "better-sqlite3",
    "knex",
)


@dataclass(frozen=True, slots=True)
class Backend:
    """One real store. `put` writes behind the inspector's back as an application would, `drop` removes, `raw` reads.

    `products`: what the store may call itself. `endless`: the end of a record that was put to last for ever, the latest that the
    table can hold where it has no "never"."""

    name: str
    url: str
    payload: Callable[[str, int], bytes]
    put: Callable[[str, bytes, int | None], None]
    drop: Callable[[str], None]
    raw: Callable[[str], bytes | None]
    products: tuple[str, ...] = ("Redis", "Valkey", "MongoDB", "PostgreSQL", "MariaDB", "Folder", "SQLite", "Memory")
    endless: int | None = None

    def open(self, *, read_only: bool = False) -> SessionStore:
        return open_store(self.url, read_only=read_only)


def session_json(number: int, **more: Any) -> dict[str, Any]:
    cookie = {"originalMaxAge": 3_600_000, "expires": "2030-01-01T00:00:00.000Z", "httpOnly": True, "path": "/"}
    return {"cookie": cookie, "n": number, **more}


def _json_payload(_sid: str, number: int) -> bytes:
    return json.dumps(session_json(number), separators=(",", ":")).encode()


def _file_payload(_sid: str, number: int) -> bytes:
    return json.dumps(session_json(number, __lastAccess=round(time.time() * 1000)), separators=(",", ":")).encode()


def _memory_backend(name: str) -> Backend:
    shared = shared_records(name)

    def put(sid: str, payload: bytes, expires_at_ms: int | None) -> None:
        with shared.lock:
            shared.put(sid.encode(), payload, expires_at_ms, ChangeKind.WRITTEN)

    def drop(sid: str) -> None:
        with shared.lock:
            if sid.encode() in shared.records:
                shared.remove(sid.encode())

    def raw(sid: str) -> bytes | None:
        found = shared.records.get(sid.encode())
        return found[0] if found else None

    return Backend("memory", f"memory:{name}", _json_payload, put, drop, raw)


def _redis_backend(name: str, url: str, opened_at: str = "") -> Iterator[Backend]:
    import redis

    with redis.Redis.from_url(url) as client:

        def put(sid: str, payload: bytes, expires_at_ms: int | None) -> None:
            client.set(f"sess:{sid}", payload, pxat=expires_at_ms)

        def raw(sid: str) -> bytes | None:
            found = client.get(f"sess:{sid}")
            return found if isinstance(found, bytes) else None

        yield Backend(
            name, opened_at or url, _json_payload, put, lambda sid: client.delete(f"sess:{sid}") and None, raw
        )


def _mongo_backend(url: str) -> Iterator[Backend]:
    import bson
    import pymongo
    from bson.codec_options import CodecOptions
    from bson.raw_bson import RawBSONDocument

    with pymongo.MongoClient[dict[str, Any]](url) as client:
        base = client.get_default_database()
        plain = base["sessions"]
        exact = base.with_options(CodecOptions(document_class=RawBSONDocument))["sessions"]

        def payload(sid: str, number: int) -> bytes:
            text = json.dumps(session_json(number), separators=(",", ":"))
            return bson.encode({"_id": sid, "session": text})

        def put(sid: str, document: bytes, expires_at_ms: int | None) -> None:
            fields = bson.decode(document)
            fields.pop("_id", None)
            if expires_at_ms is not None:
                fields["expires"] = bson.datetime_ms.DatetimeMS(expires_at_ms)
            plain.update_one({"_id": sid}, {"$set": fields}, upsert=True)

        def raw(sid: str) -> bytes | None:
            found = exact.find_one({"_id": sid})
            return None if found is None else bytes(found.raw)

        def remove(sid: str) -> None:
            plain.delete_one({"_id": sid})

        yield Backend("mongo", url, payload, put, remove, raw)


def _file_backend(folder: Path) -> Backend:
    def path(sid: str) -> Path:
        return folder / f"{sid}.json"

    def put(sid: str, payload: bytes, expires_at_ms: int | None) -> None:
        if expires_at_ms is not None:
            record = json.loads(payload)
            record["__lastAccess"] = expires_at_ms - record["cookie"]["originalMaxAge"]
            payload = json.dumps(record, separators=(",", ":")).encode()
        temporary = folder / f".{sid}.app"
        temporary.write_bytes(payload)
        os.replace(temporary, path(sid))

    def raw(sid: str) -> bytes | None:
        return path(sid).read_bytes() if path(sid).exists() else None

    return Backend("file", f"file://{folder}", _file_payload, put, lambda sid: path(sid).unlink(missing_ok=True), raw)


SQLITE_TABLES = {
    # As the libraries create them.
    "connect-sqlite3": "CREATE TABLE IF NOT EXISTS sessions (sid PRIMARY KEY, expired, sess)",
    "better-sqlite3": "CREATE TABLE sessions (sid TEXT NOT NULL PRIMARY KEY, sess JSON NOT NULL, expire TEXT NOT NULL)",
    "knex": "CREATE TABLE `sessions` (`sid` varchar(255), `sess` json not null, `expired` datetime not null, primary key (`sid`))",
}


def make_sqlite_url(dialect: str, folder: Path) -> str:
    """Return the address of a new SQLite file with the table of this library, empty."""
    with contextlib.closing(sqlite3.connect(folder / "sessions.db", isolation_level=None)) as application:
        application.execute("PRAGMA journal_mode=WAL")
        application.execute(SQLITE_TABLES[dialect])
    return f"sqlite://{folder / 'sessions.db'}"


def _sqlite_backend(dialect: str, folder: Path) -> Iterator[Backend]:
    url = make_sqlite_url(dialect, folder)
    application = sqlite3.connect(folder / "sessions.db", isolation_level=None)
    column = "expire" if dialect == "better-sqlite3" else "expired"
    unit = ExpiryColumn(column, Unit.MS if dialect == "connect-sqlite3" else Unit.ISO_TEXT)

    def put(sid: str, payload: bytes, expires_at_ms: int | None) -> None:
        ends = "never" if expires_at_ms is None else unit.write(expires_at_ms)
        application.execute(
            f"INSERT OR REPLACE INTO sessions (sid, sess, {column}) VALUES (?, ?, ?)", (sid, payload.decode(), ends)
        )

    def raw(sid: str) -> bytes | None:
        row = application.execute("SELECT sess FROM sessions WHERE sid = ?", (sid,)).fetchone()
        return row[0].encode() if row else None

    def drop(sid: str) -> None:
        application.execute("DELETE FROM sessions WHERE sid = ?", (sid,))

    yield Backend(dialect, url, _json_payload, put, drop, raw)
    application.close()


PG_SIMPLE_TABLE = """
CREATE TABLE "session" ("sid" varchar NOT NULL COLLATE "default", "sess" json NOT NULL, "expire" timestamp(6) NOT NULL);
ALTER TABLE "session" ADD CONSTRAINT "session_pkey" PRIMARY KEY ("sid");
CREATE INDEX "IDX_session_expire" ON "session" ("expire");
"""
"""connect-pg-simple's own table.sql, versions 6 to 10."""


def make_postgres_table(url: str) -> None:
    """Make connect-pg-simple's table, empty."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as application:
        application.execute(PG_SIMPLE_TABLE)


def _postgres_backend(url: str) -> Iterator[Backend]:
    import psycopg

    # Without a limit, an application that writes amid a transaction of ours, on its thread, would wait forever.
    with psycopg.connect(url, autocommit=True, options="-c lock_timeout=200") as application:
        application.execute(PG_SIMPLE_TABLE)

        def put(sid: str, payload: bytes, expires_at_ms: int | None) -> None:
            ends = "infinity" if expires_at_ms is None else expires_at_ms
            moment = "to_timestamp(ceil(%s / 1000.0))" if expires_at_ms is not None else "%s::timestamp"
            application.execute(
                f"INSERT INTO session (sess, expire, sid) SELECT %s, {moment}, %s"
                " ON CONFLICT (sid) DO UPDATE SET sess = EXCLUDED.sess, expire = EXCLUDED.expire",
                (payload.decode(), ends, sid),
            )

        def raw(sid: str) -> bytes | None:
            row = application.execute("SELECT sess::text FROM session WHERE sid = %s", (sid,)).fetchone()
            return row[0].encode() if row else None

        def drop(sid: str) -> None:
            application.execute("DELETE FROM session WHERE sid = %s", (sid,))

        yield Backend("postgres", url, _json_payload, put, drop, raw)


MYSQL_SESSION_TABLE = """
CREATE TABLE IF NOT EXISTS `sessions` (
  `session_id` varchar(128) COLLATE utf8mb4_bin NOT NULL,
  `expires` int(11) unsigned NOT NULL,
  `data` mediumtext COLLATE utf8mb4_bin,
  PRIMARY KEY (`session_id`)
) ENGINE=InnoDB
"""
"""express-mysql-session's own schema.sql, versions 2 and 3."""


_LAST_MS = 4_294_967_295_000  # of an unsigned int of seconds


def mysql_application(url: str) -> Any:
    """Return the application's connection to a database of the tests."""
    import pymysql

    address = parse_address(url)
    host, _, port = address.hosts[0].rpartition(":")
    return pymysql.connect(host=host, port=int(port), user=address.user, database=address.path, autocommit=True)


def make_mysql_table(url: str) -> None:
    """Make express-mysql-session's table, empty."""
    with mysql_application(url) as application, application.cursor() as cursor:
        cursor.execute(MYSQL_SESSION_TABLE)


def _mysql_backend(url: str) -> Iterator[Backend]:
    with mysql_application(url) as application, application.cursor() as cursor:
        cursor.execute(MYSQL_SESSION_TABLE)

        def put(sid: str, payload: bytes, expires_at_ms: int | None) -> None:
            ends = round((_LAST_MS if expires_at_ms is None else expires_at_ms) / 1000)
            cursor.execute(
                "INSERT INTO `sessions` (`session_id`, `expires`, `data`) VALUES (%s, %s, %s)"
                " ON DUPLICATE KEY UPDATE `expires` = VALUES(`expires`), `data` = VALUES(`data`)",
                (sid, ends, payload.decode()),
            )

        def raw(sid: str) -> bytes | None:
            cursor.execute("SELECT `data` FROM `sessions` WHERE `session_id` = %s", (sid,))
            row = cursor.fetchone()
            return row[0].encode() if row else None

        def drop(sid: str) -> None:
            cursor.execute("DELETE FROM `sessions` WHERE `session_id` = %s", (sid,))

        yield Backend("mysql", url, _json_payload, put, drop, raw, endless=_LAST_MS)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """Each store in turn, empty."""
    match request.param:
        case "memory":
            yield _memory_backend(f"contract-{id(request)}")
        case "redis":
            yield from _redis_backend("redis", request.getfixturevalue("redis_url"))
        case "sentinel":
            master, sentinel = request.getfixturevalue("redis_url"), request.getfixturevalue("sentinel_server")
            yield from _redis_backend("sentinel", master, f"{sentinel.url}/0")
        case "valkey":
            yield from _redis_backend("valkey", request.getfixturevalue("valkey_url"))
        case "mongo":
            yield from _mongo_backend(request.getfixturevalue("mongo_url"))
        case "postgres":
            yield from _postgres_backend(request.getfixturevalue("postgres_url"))
        case "mysql":
            yield from _mysql_backend(request.getfixturevalue("mariadb_url"))
        case "file":
            yield _file_backend(tmp_path)
        case dialect:
            yield from _sqlite_backend(dialect, tmp_path)
