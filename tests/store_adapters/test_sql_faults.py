"""Faults that PostgreSQL and MariaDB share: a deadlock, an address of what isn't there, and a clock that differs from ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest

from store_adapters.contract import RawRecord, Replace, SessionStore, Written
from store_adapters.errors import RecordChanged, RecordMissing, StoreRefused, StoreUnreachable
from store_adapters.registry import open_store
from tests.contract.backends import MYSQL_SESSION_TABLE, PG_SIMPLE_TABLE, mysql_application

_SESSION = '{"cookie":{"originalMaxAge":3600000,"expires":"2030-01-01T00:00:00.000Z"},"n":1}'
_THEIRS = _SESSION.replace('"n":1', '"n":"theirs"')

Execute = Callable[[str], Any]


class Server:
    """One server with three sessions: two that live until 2030, and "late", which has half an hour left."""

    def __init__(self, kind: str, url: str) -> None:
        self.url, self._is_postgres = url, kind == "postgres"
        self.table = "session" if self._is_postgres else "sessions"
        self.key, self.data = ("sid", "sess") if self._is_postgres else ("session_id", "data")
        with self.application() as application:
            self.run(application, PG_SIMPLE_TABLE if self._is_postgres else MYSQL_SESSION_TABLE)
            for sid, seconds in (("a", 10**8), ("b", 10**8), ("late", 1800)):
                ends = (
                    f"LOCALTIMESTAMP + make_interval(secs => {seconds})"
                    if self._is_postgres
                    else f"UNIX_TIMESTAMP() + {seconds}"
                )
                columns = f"{self.key}, {self.data}, {'expire' if self._is_postgres else 'expires'}"
                self.run(application, f"INSERT INTO {self.table} ({columns}) VALUES ('{sid}', '{_SESSION}', {ends})")
            application.commit()

    def application(self) -> Any:
        if self._is_postgres:
            return psycopg.connect(self.url)
        connection = mysql_application(self.url)
        connection.autocommit(False)
        return connection

    def run(self, application: Any, statement: str) -> None:
        with application.cursor() as cursor:
            cursor.execute(statement)

    def overwrite(self, application: Any, sid: str) -> None:
        self.run(application, f"UPDATE {self.table} SET {self.data} = '{_THEIRS}' WHERE {self.key} = '{sid}'")

    def has_waiting(self) -> bool:
        """True while somebody waits for a row."""
        asked = (
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            if self._is_postgres
            else "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        )
        with self.application() as application, application.cursor() as cursor:
            cursor.execute(asked)
            return bool(int(cursor.fetchone()[0]))

    def value(self, sid: str) -> str:
        with self.application() as application, application.cursor() as cursor:
            cursor.execute(f"SELECT {self.data} FROM {self.table} WHERE {self.key} = '{sid}'")
            value = cursor.fetchone()[0]
        return value if isinstance(value, str) else str(value).replace("'", '"').replace(" ", "")


@pytest.fixture(params=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    return Server(request.param, request.getfixturevalue(f"{request.param}_url"))


def read(store: SessionStore, sid: str) -> RawRecord:
    return store.read(store.ref_for(sid))


def edited(record: RawRecord) -> bytes:
    return record.payload.replace(b'"n":1', b'"n":2')


def test_s21_deadlock_undoes_nothing_of_the_application_and_is_told(server: Server) -> None:
    with closing(open_store(server.url)) as store, server.application() as application:
        writes = [Replace(record, edited(record)) for record in (read(store, "a"), read(store, "b"))]
        server.overwrite(application, "b")  # and holds it
        results: list[Written] = []
        ours = threading.Thread(target=lambda: results.extend(store.write_many(writes)))
        ours.start()
        until = time.monotonic() + 10
        while ours.is_alive() and not server.has_waiting() and time.monotonic() < until:
            time.sleep(0.01)  # until we hold a and wait for b, or have seen that we would have to
        server.overwrite(application, "a")  # waits for us, as we wait for it
        application.commit()
        ours.join(20)
    assert len(results) == 2
    # a may have been written by itself before the application wrote over it; b was held all the time.
    assert isinstance(results[0], RawRecord | RecordChanged | StoreUnreachable)
    assert isinstance(results[1], RecordChanged | StoreUnreachable)
    assert "theirs" in server.value("a") and "theirs" in server.value("b")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("/test_", "/nowhere_", "no such database"), ("inspector@", "stranger@", "user")],
)
def test_s22_address_of_what_is_not_there_is_told(server: Server, old: str, new: str, words: str) -> None:
    with pytest.raises(StoreRefused, match=words) as told:
        open_store(server.url.replace(old, new)).close()
    assert told.value.remedy


def test_s22_schema_and_table_that_are_not_there_are_told(server: Server) -> None:
    with pytest.raises(StoreRefused, match="The database has no table nothing"):
        open_store(f"{server.url}?table=nothing").close()
    if server.url.startswith("postgresql"):  # MySQL's schema is its database
        with pytest.raises(StoreRefused, match="in the schema nothing"):
            open_store(f"{server.url}?schema=nothing").close()


@pytest.mark.parametrize("off_s", [3600, -3600])
def test_s23_servers_clock_decides_whether_a_session_lives_and_the_difference_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, off_s: int
) -> None:
    real = time.time_ns
    with closing(open_store(server.url)) as store:
        monkeypatch.setattr(time, "time_ns", lambda: real() + off_s * 10**9)
        record = read(store, "late")
        assert store.replace(record, edited(record)).payload == edited(record)
        assert dict(store.info().details)["Clock"].startswith("3600 s")
        monkeypatch.setattr(time, "time_ns", real)
        with server.application() as application:
            moved = (
                "expire = LOCALTIMESTAMP - interval '60 seconds'"
                if "postgres" in server.url
                else "expires = UNIX_TIMESTAMP() - 60"
            )
            server.run(application, f"UPDATE {server.table} SET {moved} WHERE {server.key} = 'late'")
            application.commit()
        monkeypatch.setattr(time, "time_ns", lambda: real() + off_s * 10**9)
        record = read(store, "late")
        with pytest.raises(RecordMissing, match="expired"):
            store.replace(record, record.payload + b" ")
