"""What the program says that an application does with an odd row of a table is what the real application does."""

from __future__ import annotations

import contextlib
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest

from inspector.core.verdict import Effect
from inspector.services.sessions.open_session import open_session
from store_adapters.registry import open_store
from tests.interop.odd_records import HANGING, TEXTS, running

STORES = "sql_node/stores.js"
_TEXTS = {name: text.decode() for name, text in (TEXTS | HANGING).items() if b"\0" not in text}
POSTGRES: dict[tuple[str, str], LiteralString] = {
    ("connect-pg-simple", "6"): "INSERT INTO session (sid, sess, expire) VALUES (%s, %s, now() + interval '1 day')",
    ("connect-pg-simple", "10"): "INSERT INTO session (sid, sess, expire) VALUES (%s, %s, now() + interval '1 day')",
    ("connect-session-knex", "5"): "INSERT INTO sessions (sid, sess, expired) VALUES (%s, %s, now() + interval '1 day')",
    ("connect-session-sequelize", "8"): "INSERT INTO \"Sessions\" VALUES (%s, now() + interval '1 day', %s, now(), now())",
    ("connect-typeorm", "2"): 'INSERT INTO session (id, json, "expiredAt") VALUES (%s, %s, 4000000000000)',
}  # fmt: skip
MARIADB = {
    ("express-mysql-session", "2"): "INSERT INTO sessions (session_id, data, expires) VALUES (%s, %s, 4000000000)",
    ("express-mysql-session", "3"): "INSERT INTO sessions (session_id, data, expires) VALUES (%s, %s, 4000000000)",
    ("connect-session-knex", "5"): "INSERT INTO sessions (sid, sess, expired) VALUES (%s, %s, now() + INTERVAL 1 DAY)",
    ("connect-session-sequelize", "8"): "INSERT INTO Sessions VALUES (%s, now() + INTERVAL 1 DAY, %s, now(), now())",
    ("connect-typeorm", "2"): "INSERT INTO session (id, json, expiredAt) VALUES (%s, %s, 4000000000000)",
}


def _told(url: str, sids: dict[str, str]) -> dict[str, Effect]:
    store = open_store(url)
    try:
        return {name: open_session(store, store.ref_for(sid)).verdict.effect for name, sid in sids.items()}
    finally:
        store.close()


_AS_MADE: LiteralString = "SELECT 1"
POSTGRES_TABLES: list[tuple[str, str, LiteralString]] = [
    *((library, version, _AS_MADE) for library, version in POSTGRES),
    ("connect-pg-simple", "10", "ALTER TABLE session ALTER sess TYPE text"),
    ("connect-pg-simple", "10", "ALTER TABLE session ALTER sess TYPE jsonb"),
    ("connect-session-knex", "5", "ALTER TABLE sessions ALTER sess TYPE text"),
]


@pytest.mark.parametrize(("library", "version", "change"), POSTGRES_TABLES)
def test_odd_rows_in_postgresql(library: str, version: str, change: LiteralString, postgres_url: str) -> None:
    stored: dict[str, str] = {}
    with running(STORES, library=library, version=version, url=postgres_url) as application:
        assert application.ask("nobody") is Effect.NEW_SESSION  # the library has made its table now
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(change)
            for number, (name, text) in enumerate(_TEXTS.items()):
                sid = f"odd{number:029d}"
                with contextlib.suppress(psycopg.DataError):  # a column of type json takes JSON only
                    connection.execute(POSTGRES[library, version], (sid, text))
                    stored[name] = sid
        told = _told(postgres_url, stored)
        done = {name: application.ask(sid) for name, sid in stored.items()}
    assert told == done, {name: (told[name], done[name]) for name in done if told[name] is not done[name]}
    assert len(stored) > 40


@pytest.mark.parametrize(("library", "version"), MARIADB)
def test_odd_rows_in_mariadb(library: str, version: str, mariadb_url: str) -> None:
    stored: dict[str, str] = {}
    place = urlsplit(mariadb_url)
    with running(STORES, library=library, version=version, url=mariadb_url) as application:
        assert application.ask("nobody") is Effect.NEW_SESSION  # the library has made its table now
        connection = pymysql.connect(
            host="127.0.0.1", port=place.port or 0, user=place.username, database=place.path[1:], autocommit=True
        )
        with connection, connection.cursor() as cursor:
            for number, (name, text) in enumerate(_TEXTS.items()):
                sid = f"odd{number:029d}"
                with contextlib.suppress(pymysql.Error):  # MariaDB's json takes JSON only
                    cursor.execute(MARIADB[library, version], (sid, text))
                    stored[name] = sid
        told = _told(mariadb_url, stored)
        done = {name: application.ask(sid) for name, sid in stored.items()}
    assert told == done, {name: (told[name], done[name]) for name in done if told[name] is not done[name]}
    assert len(stored) > 40


def test_after_one_broken_row_connect_typeorm_finds_nobody(postgres_url: str) -> None:
    config = {"library": "connect-typeorm", "version": "2", "url": postgres_url, "staysAway": True}
    with running(STORES, **config) as application:
        assert application.ask("nobody") is Effect.NEW_SESSION
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            for sid, name in (("good", "plain"), ("broken", "cut off")):
                connection.execute(POSTGRES["connect-typeorm", "2"], (sid, _TEXTS[name]))
        asked = [application.ask(sid) for sid in ("good", "broken", "good")]
    assert asked == [Effect.FOUND, Effect.ERROR, Effect.NEW_SESSION]
    store = open_store(postgres_url)
    verdict = open_session(store, store.ref_for("broken")).verdict
    store.close()
    assert "nobody has a session until the application is restarted" in verdict.text
