"""A table of PostgreSQL or MySQL in the real window: tested in the dialog, listed, edited, and saved."""

from __future__ import annotations

import json
import time

import pytest
from pytestqt.qtbot import QtBot

from inspector.ui.stores.connect_dialog import ConnectDialog
from store_adapters.registry import open_store
from tests.contract.backends import make_mysql_table, make_postgres_table
from tests.ui.conftest import WAIT_MS, OpenWindow

_SESSION = {
    "cookie": {"originalMaxAge": 3_600_000, "expires": "2030-01-01T00:00:00.000Z", "httpOnly": True, "path": "/"}
}


@pytest.fixture(
    params=[("postgres_url", make_postgres_table), ("mariadb_url", make_mysql_table)], ids=["postgres", "mysql"]
)
def table(request: pytest.FixtureRequest) -> str:
    """The address of a database with one session of the user alice."""
    fixture, make = request.param
    url = str(request.getfixturevalue(fixture))
    make(url)
    store = open_store(url)
    payload = json.dumps({**_SESSION, "user": {"name": "alice"}}).encode()
    store.create(store.ref_for("a" * 32), payload, round(time.time() * 1000) + 3_600_000)
    store.close()
    return url


def test_table_is_listed_and_tested_in_the_dialog(qtbot: QtBot, make_window: OpenWindow, table: str) -> None:
    window = make_window(table)  # returns once its sessions are listed
    dialog = ConnectDialog(window.context, None, window)
    dialog.url_line.setText(table)
    dialog.test_button.click()
    qtbot.waitUntil(lambda: "1 session" in dialog.test_label.text(), timeout=WAIT_MS)
    dialog.deleteLater()


def test_dialog_says_which_tables_there_are(qtbot: QtBot, make_window: OpenWindow, table: str) -> None:
    window = make_window(table)
    dialog = ConnectDialog(window.context, None, window)
    dialog.url_line.setText(f"{table}?table=logins")
    dialog.test_button.click()
    qtbot.waitUntil(lambda: "no table" in dialog.test_label.text(), timeout=WAIT_MS)
    assert "session" in dialog.test_label.text().partition("Name one")[2]
    dialog.deleteLater()
