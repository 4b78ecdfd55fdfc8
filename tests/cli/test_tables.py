"""`tables` lists what the window's *Find tables* lists, with an address that `list` takes as it stands."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.contract.backends import MYSQL_SESSION_TABLE, PG_SIMPLE_TABLE, mysql_application

_TABLE = "CREATE TABLE logins (ticket_sid varchar(64) PRIMARY KEY, body varchar(200), valid_until bigint)"
_ROW = """INSERT INTO logins VALUES ('abc', '{"user":{"name":"alice"}}', 4102444800000)"""


@pytest.fixture(params=["postgres", "mysql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with a known library's table and one of logins."""
    match request.param:
        case "postgres":
            import psycopg

            url = str(request.getfixturevalue("postgres_url"))
            with psycopg.connect(url, autocommit=True) as connection:
                for statement in (PG_SIMPLE_TABLE, _TABLE, _ROW):
                    connection.execute(statement)
            return url
        case "mysql":
            url = str(request.getfixturevalue("mariadb_url"))
            with mysql_application(url) as application, application.cursor() as cursor:
                for statement in (MYSQL_SESSION_TABLE, _TABLE, _ROW):
                    cursor.execute(statement)
            return url
        case _:
            with closing(sqlite3.connect(tmp_path / "a.db")) as file:
                for statement in ("CREATE TABLE sessions (sid TEXT PRIMARY KEY, expired, sess TEXT)", _TABLE, _ROW):
                    file.execute(statement)
                file.commit()
            return f"sqlite://{tmp_path}/a.db"


def test_tables_are_listed_with_the_address_that_reads_them(capsys: pytest.CaptureFixture[str], database: str) -> None:
    code, text, _ = run(capsys, "tables", database, "--json")
    known, logins = map(json.loads, text.splitlines())
    assert code == 0
    assert list(known) == ["schema", "table", "library", "rows", "columns", "address"]
    assert known["library"] in ("connect-pg-simple", "express-mysql-session", "connect-sqlite3")
    assert (logins["table"], logins["library"]) == ("logins", None)
    assert [column["name"] for column in logins["columns"]] == ["ticket_sid", "body", "valid_until"]
    code, text, _ = run(capsys, "list", f"{logins['address']}&unit=ms", "--json")
    row = json.loads(text)
    assert (row["id"], row["user"], row["expires_at"]) == ("abc", "alice", "2100-01-01T00:00:00.000Z")
    code, text, _ = run(capsys, "tables", database)
    assert [line.split()[0].rpartition(".")[2] for line in text.splitlines()] == [known["table"], "logins"]


def test_store_without_tables_says_which_have_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, complaint = run(capsys, "tables", f"file://{tmp_path}")
    assert code == 2
    assert "has no tables" in complaint
    assert "PostgreSQL table, MySQL or MariaDB table, SQLite file" in complaint


def test_file_without_a_table_is_a_negative_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as file:
        file.execute("PRAGMA user_version = 1")
    assert run(capsys, "tables", f"sqlite://{tmp_path}/a.db") == (
        1,
        "This database has no table that you may read.\n",
        "",
    )
