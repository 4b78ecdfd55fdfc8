"""Who a table's own column names is who is signed in, where the session itself names nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.listing import read_list
from inspector.services.catalogue.session_row import Column
from inspector.services.filtering.parser import parse_filter
from inspector.services.sessions.open_session import open_session
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.registry import open_store
from tests.contract.backends import mysql_application

_TABLE = "CREATE TABLE logins (ticket varchar(64) PRIMARY KEY, body varchar(200), owner_id bigint)"
_ROWS = (
    """INSERT INTO logins VALUES ('a', '{"cart":[]}', 42)""",
    """INSERT INTO logins VALUES ('b', '{"user":{"name":"alice"}}', 43)""",
    """INSERT INTO logins VALUES ('c', '{"cart":[]}', NULL)""",
)
_OPTIONS = "?table=logins&sid=ticket&data=body&user_column=owner_id"


class Database:
    """A database of logins; `run` changes it as the application would."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *statements: str) -> None:
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite://"))) as file:
                for statement in statements:
                    file.execute(statement)
                file.commit()
        elif self.url.startswith("mysql"):
            with mysql_application(self.url) as application, application.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        else:
            import psycopg

            with psycopg.connect(self.url, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement)


@pytest.fixture(params=["postgres_url", "mariadb_url", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    is_file = request.param == "sqlite"
    found = Database(f"sqlite://{tmp_path}/a.db" if is_file else str(request.getfixturevalue(request.param)))
    found.run(_TABLE, *_ROWS)
    return found


@pytest.fixture
def store(database: Database) -> Iterator[SessionStore]:
    store = open_store(f"{database.url}{_OPTIONS}")
    yield store
    store.close()


def users(catalogue: Catalogue, terms: str = "") -> dict[str, str]:
    found = catalogue.select(parse_filter(terms), Column.SESSION, descending=False, now_ms=0)
    return {row.session_id: row.user for row in map(catalogue.row, found)}


def listed(store: SessionStore, catalogue: Catalogue) -> dict[str, str]:
    for _progress in read_list(store, catalogue, CancelToken()):
        pass
    return users(catalogue)


def test_column_names_the_user_of_a_session_that_names_none(store: SessionStore) -> None:
    catalogue = Catalogue(store)
    assert listed(store, catalogue) == {"a": "42", "b": "alice", "c": ""}
    assert users(catalogue, "user:42") == {"a": "42"}
    assert [catalogue.row(place).signed_in for place in range(3)] == [True, True, False]


def test_change_of_the_column_alone_is_seen_by_the_next_listing(database: Database, store: SessionStore) -> None:
    catalogue = Catalogue(store)
    listed(store, catalogue)
    database.run(
        "UPDATE logins SET owner_id = NULL WHERE ticket = 'a'", "UPDATE logins SET owner_id = 7 WHERE ticket = 'c'"
    )
    assert listed(store, catalogue) == {"a": "", "b": "alice", "c": "7"}


def test_user_of_the_column_stays_after_a_session_is_read_and_saved(store: SessionStore) -> None:
    catalogue = Catalogue(store)
    listed(store, catalogue)
    catalogue.update(store.read(store.ref_for("a")), None)
    assert users(catalogue)["a"] == "42"
    catalogue.update(store.replace(store.read(store.ref_for("a")), b'{"cart":[1]}'), None)
    assert users(catalogue)["a"] == "42"


def test_opened_session_is_of_the_columns_user(store: SessionStore) -> None:
    assert open_session(store, store.ref_for("a")).summary.user == "42"
    assert open_session(store, store.ref_for("b")).summary.user == "alice"
    assert not open_session(store, store.ref_for("c")).summary.signed_in
