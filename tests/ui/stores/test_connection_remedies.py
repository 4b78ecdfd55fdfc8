"""*Test connection* says what is wrong with the way to a database, and what to do: on real servers that refuse."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from inspector.ui.stores.connect_dialog import ConnectDialog
from inspector.ui.stores.table_dialog import TableDialog
from tests.contract.backends import make_postgres_table
from tests.servers import missing
from tests.sql_servers import (
    SqlServer,
    give_to_server_user,
    mariadb_database,
    mariadbd_binary,
    postgres_binary,
    postgres_database,
    server_folder,
    start_mariadb,
    start_postgres,
)
from tests.store_adapters.certificates import write_certificate
from tests.ui.conftest import WAIT_MS, OpenWindow

_HBA = """
local all all trust
host all locked 127.0.0.1/32 scram-sha-256
hostssl all secure 127.0.0.1/32 trust
host all inspector 127.0.0.1/32 trust
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A database of a server that asks the user "locked" for a password and the user "secure" for TLS."""
    import psycopg

    if postgres_binary() is None:
        missing("PostgreSQL")
    with server_folder() as folder:
        certificate = _certificate(folder)
        server = start_postgres(folder, "ssl=on", f"ssl_cert_file={certificate}", f"ssl_key_file={certificate}")
        try:
            with postgres_database(server) as url:
                make_postgres_table(url)
                with psycopg.connect(url, autocommit=True) as application:
                    application.execute("CREATE ROLE locked LOGIN PASSWORD 'right'; CREATE ROLE secure LOGIN")
                    application.execute("GRANT SELECT ON session TO locked, secure")
                    (Path(folder) / "data" / "pg_hba.conf").write_text(_HBA)
                    application.execute("SELECT pg_reload_conf()")
                yield url
        finally:
            server.stop()


@pytest.fixture(scope="module")
def mariadb() -> Iterator[str]:
    """A database of a server that takes TLS alone over TCP, and has a user "locked" with a password."""
    import pymysql

    if mariadbd_binary() is None:
        missing("MariaDB")
    with server_folder() as folder:
        certificate = _certificate(folder)
        server: SqlServer = start_mariadb(
            folder, f"--ssl-cert={certificate}", f"--ssl-key={certificate}", "--require-secure-transport=ON"
        )
        try:
            with mariadb_database(server) as url:
                name = url.rpartition("/")[2]
                application = pymysql.connect(unix_socket=server.socket, user="inspector", database=name)
                with application, application.cursor() as cursor:
                    cursor.execute("CREATE USER locked@'%' IDENTIFIED BY 'right'")
                    cursor.execute(f"GRANT SELECT ON `{name}`.* TO locked@'%'")
                yield f"{url}?ssl-mode=required"
        finally:
            server.stop()


def _certificate(folder: str) -> Path:
    path = write_certificate(Path(folder))
    path.chmod(0o600)
    give_to_server_user(path)
    return path


@pytest.fixture
def dialog(make_window: OpenWindow, tmp_path: Path) -> Iterator[ConnectDialog]:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.json").write_text('{"cookie":{"path":"/"}}')
    window = make_window(f"file://{tmp_path / 'folder'}")
    dialog = ConnectDialog(window.context, None, window)
    dialog.show()
    yield dialog
    for finder in dialog.findChildren(TableDialog):
        finder.close()
    dialog.close()
    dialog.deleteLater()


def told(qtbot: QtBot, dialog: ConnectDialog, url: str, password: str = "") -> str:
    """Return what *Test connection* says of an address."""
    dialog.url_line.setText(url)
    dialog.password_line.setText(password)
    dialog.test_button.click()
    qtbot.waitUntil(lambda: dialog.test_button.text() == "Test connection", timeout=WAIT_MS)
    return dialog.test_label.text()


def test_postgres_refusals_are_told_with_their_remedy(qtbot: QtBot, dialog: ConnectDialog, postgres: str) -> None:
    base, _, name = postgres.rpartition("/")
    locked = postgres.replace("inspector@", "locked@")
    assert told(qtbot, dialog, locked, "wrong") == "The server refused the user or the password. Check both."
    assert told(qtbot, dialog, locked) == "The server wants a password. Give it, or set PGPASSWORD."
    assert "no such database. Check the name after the host" in told(qtbot, dialog, f"{base}/nowhere")
    text = told(qtbot, dialog, f"{base}/{name}?table=nothing")
    assert "no table nothing" in text
    assert "Find tables" in text
    assert "public.session" in text
    secure = postgres.replace("inspector@", "secure@")
    text = told(qtbot, dialog, f"{secure}?sslmode=disable")
    assert "TLS" in text
    assert "sslmode=require" in text
    assert "0 sessions" in told(qtbot, dialog, f"{secure}?sslmode=require")
    assert "0 sessions" in told(qtbot, dialog, locked, "right")


def test_mariadb_refusals_are_told_with_their_remedy(qtbot: QtBot, dialog: ConnectDialog, mariadb: str) -> None:
    base, _, rest = mariadb.rpartition("/")
    name = rest.partition("?")[0]
    locked = mariadb.replace("inspector@", "locked@")
    assert "refused the user or the password. Check both" in told(qtbot, dialog, locked, "wrong")
    assert "no such database. Check the name after the host" in told(qtbot, dialog, f"{base}/nowhere?ssl-mode=required")
    text = told(qtbot, dialog, f"{base}/{name}?ssl-mode=disabled")
    assert "isn't encrypted" in text
    assert "ssl-mode=required" in text
    text = told(qtbot, dialog, locked, "right")
    assert "No table in this database" in text
    assert "Find tables" in text


@pytest.mark.parametrize(
    ("url", "driver", "name"),
    [("postgresql://u@127.0.0.1:1/app", "psycopg", "psycopg"), ("mysql://u@127.0.0.1:1/app", "pymysql", "PyMySQL")],
)
def test_driver_that_is_not_installed_is_told_with_the_line_that_installs_it(
    qtbot: QtBot, dialog: ConnectDialog, monkeypatch: pytest.MonkeyPatch, url: str, driver: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    text = told(qtbot, dialog, url)
    assert f"the driver {name}, which isn't installed. Run: pip install 'session-inspector[sql]'" in text
    dialog.tables_button.click()
    finder = next(one for one in dialog.findChildren(TableDialog) if one.isVisible())
    qtbot.waitUntil(lambda: "isn't installed" in finder.state_label.text(), timeout=WAIT_MS)
    assert finder.look_button.text() == "Look again"


def test_trouble_while_looking_for_tables_is_told_there(qtbot: QtBot, dialog: ConnectDialog, postgres: str) -> None:
    dialog.url_line.setText(postgres.replace("inspector@", "locked@"))
    dialog.password_line.setText("wrong")
    dialog.tables_button.click()
    finder = next(one for one in dialog.findChildren(TableDialog) if one.isVisible())
    qtbot.waitUntil(lambda: "refused the user or the password" in finder.state_label.text(), timeout=WAIT_MS)
    assert not finder.use_button.isEnabled()


def test_file_that_is_no_database_is_told(qtbot: QtBot, dialog: ConnectDialog, tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("This is a text.")
    assert "SQLite" in told(qtbot, dialog, f"sqlite://{tmp_path}/a.db")
    assert "Check the path" in told(qtbot, dialog, f"sqlite://{tmp_path}/none.db")
