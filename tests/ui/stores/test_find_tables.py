"""The table of sessions is found in the dialog: listed with its library, or described column by column, with its first rows."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from inspector.ui.stores.connect_dialog import ConnectDialog
from inspector.ui.stores.table_dialog import TableDialog
from inspector.ui.window.main_window import MainWindow
from store_adapters.registry import parse_address
from tests.contract.backends import (
    MYSQL_SESSION_TABLE,
    PG_SIMPLE_TABLE,
    mysql_application,
)
from tests.stalls import Heartbeat, assert_smooth
from tests.ui.conftest import WAIT_MS, OpenWindow

_DATA = '{"user":{"name":"alice"}}'
_ENDS_S = 1_893_456_000  # 2030-01-01
Run = Callable[[str], object]


def _fill(run: Run, *, text: str, number: str) -> None:
    """Make a table of logins that no library knows: seconds, seven rows; and one of JSON that nobody keeps sessions in."""
    run(
        f"CREATE TABLE logins (ticket_sid {text} PRIMARY KEY, body {text} NOT NULL, valid_until {number}, owner {text})"
    )
    for number_of_row in range(7):
        run(
            f"INSERT INTO logins VALUES ('s{number_of_row}', '{_DATA if number_of_row else '{}'}', {_ENDS_S + number_of_row}, 'bob')"
        )
    run(f"CREATE TABLE colours (name {text} PRIMARY KEY, red {number})")


def _postgres(url: str) -> str:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(PG_SIMPLE_TABLE)
        _fill(connection.execute, text="text", number="bigint")
        connection.execute("ANALYZE")
    return url


def _mysql(url: str) -> str:
    with mysql_application(url) as connection, connection.cursor() as cursor:
        cursor.execute(MYSQL_SESSION_TABLE)
        _fill(cursor.execute, text="varchar(128)", number="bigint")
        cursor.execute("ANALYZE TABLE logins, sessions, colours")
    return url


def _sqlite(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE sessions (sid TEXT PRIMARY KEY, expired, sess TEXT)")
        _fill(connection.execute, text="text", number="integer")
        connection.commit()
    return f"sqlite://{path}"


@pytest.fixture(params=["postgres", "mysql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with a known library's table, empty, and a table of logins."""
    match request.param:
        case "postgres":
            return _postgres(request.getfixturevalue("postgres_url"))
        case "mysql":
            return _mysql(request.getfixturevalue("mariadb_url"))
        case _:
            return _sqlite(tmp_path / "app.db")


@pytest.fixture
def window(make_window: OpenWindow, tmp_path: Path) -> MainWindow:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.json").write_text('{"cookie":{"path":"/"}}')
    return make_window(f"file://{folder}")


@pytest.fixture
def dialog(window: MainWindow) -> Iterator[ConnectDialog]:
    dialog = ConnectDialog(window.context, None, window)
    dialog.show()
    yield dialog
    for finder in dialog.findChildren(TableDialog):
        finder.close()
    dialog.close()
    dialog.deleteLater()


def find_tables(qtbot: QtBot, dialog: ConnectDialog, url: str) -> TableDialog:
    dialog.url_line.setText(url)
    dialog.form.show_url(url)
    assert dialog.tables_button.isVisible()
    dialog.tables_button.click()
    finder = next(one for one in dialog.findChildren(TableDialog) if one.isVisible())
    qtbot.waitUntil(lambda: finder.tables.rowCount() == 3, timeout=WAIT_MS)
    return finder


def choose(qtbot: QtBot, finder: TableDialog, title: str) -> None:
    rows = finder.tables.rowCount()
    finder.table_view.selectRow(next(row for row in range(rows) if finder.tables.index(row, 0).data() == title))
    qtbot.waitUntil(finder.use_button.isEnabled, timeout=WAIT_MS)


def name_of(finder: TableDialog, table: str) -> str:
    rows = [finder.tables.index(row, 0).data() for row in range(finder.tables.rowCount())]
    return next(str(title) for title in rows if title.rpartition(".")[2] == table)


def test_known_table_is_listed_first_and_chosen(qtbot: QtBot, dialog: ConnectDialog, database: str) -> None:
    finder = find_tables(qtbot, dialog, database)
    qtbot.waitUntil(finder.use_button.isEnabled, timeout=WAIT_MS)
    name = finder.tables.index(0, 0).data().rpartition(".")[2]
    assert name in ("session", "sessions")
    assert finder.tables.index(0, 1).data() in ("connect-pg-simple", "express-mysql-session", "connect-sqlite3")
    assert not finder.columns.isEnabled()
    assert finder.columns.choices["sid"].currentData() in ("sid", "session_id")
    assert "empty" in finder.rows_label.text()
    finder.use_button.click()
    assert parse_address(dialog.url_line.text()).options["table"] == name
    assert dialog.form.lines["table"].text() == name


def test_estimates_of_rows_are_told(qtbot: QtBot, dialog: ConnectDialog, database: str) -> None:
    finder = find_tables(qtbot, dialog, database)
    rows = {finder.tables.index(row, 0).data(): finder.tables.index(row, 2).data() for row in range(3)}
    assert rows[name_of(finder, "logins")] == "about 7"


def test_unknown_table_is_described_by_guessed_columns_and_previewed(
    qtbot: QtBot, dialog: ConnectDialog, database: str
) -> None:
    finder = find_tables(qtbot, dialog, database)
    choose(qtbot, finder, name_of(finder, "logins"))
    assert finder.columns.isEnabled()
    assert finder.rows.rowCount() == 5
    assert [finder.rows.index(1, column).data() for column in (0, 3)] == ["s1", "alice"]
    assert "2030-01-01" in finder.rows.index(0, 1).data() or "2029-12-31" in finder.rows.index(0, 1).data()
    assert finder.columns.described == {"sid": "ticket_sid", "data": "body", "expires": "valid_until", "unit": "s"}
    finder.use_button.click()
    options = parse_address(dialog.url_line.text()).options
    assert {name: options[name] for name in ("table", "sid", "data", "expires", "unit")} == {
        "table": "logins",
        "sid": "ticket_sid",
        "data": "body",
        "expires": "valid_until",
        "unit": "s",
    }
    dialog.test_button.click()
    qtbot.waitUntil(lambda: "7 sessions" in dialog.test_label.text(), timeout=WAIT_MS)


def test_wrong_unit_and_wrong_column_are_told(qtbot: QtBot, dialog: ConnectDialog, database: str) -> None:
    finder = find_tables(qtbot, dialog, database)
    choose(qtbot, finder, name_of(finder, "logins"))
    units = finder.columns.choices["unit"]
    units.setCurrentIndex(units.findData("ms"))
    qtbot.waitUntil(lambda: "before 1990" in finder.rows_label.text(), timeout=WAIT_MS)
    data = finder.columns.choices["data"]
    data.setCurrentIndex(data.findData("owner"))
    qtbot.waitUntil(lambda: "The session in all 5 rows can't be read" in finder.rows_label.text(), timeout=WAIT_MS)


def test_described_table_is_shown_as_it_was_described(qtbot: QtBot, dialog: ConnectDialog, database: str) -> None:
    finder = find_tables(qtbot, dialog, f"{database}?table=logins&sid=ticket_sid&data=body&user_column=owner")
    qtbot.waitUntil(finder.use_button.isEnabled, timeout=WAIT_MS)
    assert finder.columns.described == {"sid": "ticket_sid", "data": "body", "user_column": "owner"}
    assert finder.rows.index(0, 1).data() == "never"
    assert [finder.rows.index(row, 3).data() for row in range(2)] == ["bob", "alice"]
    assert "No expiry column" in finder.rows_label.text()


def test_table_without_likely_columns_asks_for_them(qtbot: QtBot, dialog: ConnectDialog, database: str) -> None:
    finder = find_tables(qtbot, dialog, f"{database}?table=colours")
    assert finder.state_label.text() == "Choose the column of: Session ID, Session data."
    assert not finder.use_button.isEnabled()


def test_button_is_for_databases_alone(dialog: ConnectDialog) -> None:
    dialog.url_line.setText("redis://localhost/0")
    assert not dialog.tables_button.isVisible()
    dialog.url_line.setText("mariadb://localhost/app")
    assert dialog.tables_button.isVisible()


def test_looking_at_a_server_that_stands_still_can_be_stopped(
    qtbot: QtBot, dialog: ConnectDialog, heartbeat: Heartbeat
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        dialog.url_line.setText(f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/app")
        dialog.tables_button.click()
        finder = next(one for one in dialog.findChildren(TableDialog) if one.isVisible())
        assert "Looking for tables" in finder.state_label.text()
        assert finder.look_button.text() == "Stop"
        finder.look_button.click()
        assert (finder.state_label.text(), finder.look_button.text()) == ("Stopped.", "Look again")
        finder.look_button.click()
        qtbot.waitUntil(lambda: "didn't answer in time" in finder.state_label.text(), timeout=WAIT_MS)
    assert_smooth(heartbeat)
