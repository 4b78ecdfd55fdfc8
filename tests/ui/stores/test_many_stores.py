"""Thousands of stores in the profile cost the window no more than a dozen, and another window's changes are shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from inspector.app import Launch, open_window
from inspector.services.settings.profiles import Environment, Profile, ProfileBook, ProfileFile, Settings
from inspector.services.settings.secrets import SecretStore
from inspector.ui.stores.open_store import StoreState
from inspector.ui.window.main_window import MainWindow
from tests.ui.conftest import WAIT_MS, close_windows

NUMBER = 5000


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """A window with thousands of stores, of which the last was shown last."""
    profiles = tuple(Profile(id=f"s{number}", name=f"store {number}", url="memory:") for number in range(NUMBER))
    for name, content in (
        ("profiles.json", ProfileFile(profiles=profiles)),
        ("settings.json", Settings(last_store=f"s{NUMBER - 1}")),
    ):
        (tmp_path / name).write_bytes(msgspec.json.encode(content))
        os.chmod(tmp_path / name, 0o600)
    window = open_window(Launch(), tmp_path, SecretStore(use_keyring=False))
    window.show()
    qtbot.waitUntil(lambda: window.current is not None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.stores[f"s{NUMBER - 1}"].state is StoreState.OPEN, timeout=WAIT_MS)
    yield window
    close_windows([window])


def test_only_stores_in_sight_have_a_row_a_connection_and_a_thread(window: MainWindow) -> None:
    assert len(window.stores) == NUMBER
    assert len(window.stores_panel.rows) < 30
    assert len(window.stores.made) < 60


def test_store_that_was_shown_last_is_in_sight_and_marked(window: MainWindow) -> None:
    row = window.stores_panel.rows[f"s{NUMBER - 1}"]
    assert row.isChecked()
    assert not row.visibleRegion().isEmpty()


def test_scrolled_to_store_can_be_clicked_and_is_marked(window: MainWindow, qtbot: QtBot) -> None:
    bar = window.stores_panel.list.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    middle = f"s{NUMBER // 2}"
    qtbot.mouseClick(window.stores_panel.rows[middle], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.stores[middle].state is StoreState.OPEN, timeout=WAIT_MS)
    assert window.stores_panel.rows[middle].isChecked()
    bar.setValue(0)
    assert middle not in window.stores_panel.rows or window.stores_panel.rows[middle].hasFocus()
    bar.setValue(bar.maximum() // 2)
    assert window.stores_panel.rows[middle].isChecked()


def test_tab_goes_from_row_to_row_in_the_order_on_screen(window: MainWindow, qtbot: QtBot) -> None:
    bar = window.stores_panel.list.verticalScrollBar()
    bar.setValue(0)
    window.activateWindow()
    window.stores_panel.rows["s0"].setFocus()
    for number in range(1, 25):
        qtbot.keyClick(window.stores_panel.rows[f"s{number - 1}"], Qt.Key.Key_Tab)
        assert window.focusWidget() is window.stores_panel.rows[f"s{number}"]


def test_another_windows_new_changed_and_removed_stores_are_shown(window: MainWindow, qtbot: QtBot) -> None:
    other = ProfileBook(window.context.book.folder)
    changed = other.find("s1")
    assert changed is not None
    other.put(Profile(id="new", name="of the other window", url="memory:"))
    other.put(replace(changed, name="renamed"))
    other.remove("s2")
    qtbot.waitUntil(lambda: "new" in window.stores and "s2" not in window.stores, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.stores["s1"].profile.name == "renamed", timeout=WAIT_MS)


def test_open_store_that_another_window_marks_as_production_is_so_here_at_once(
    window: MainWindow, qtbot: QtBot
) -> None:
    store = window.stores[f"s{NUMBER - 1}"]
    other = ProfileBook(window.context.book.folder)
    other.put(replace(store.profile, environment=Environment.PRODUCTION, read_only=True))
    qtbot.waitUntil(lambda: store.profile.environment is Environment.PRODUCTION, timeout=WAIT_MS)
    assert store.state is StoreState.OPEN
    assert "changed in another window" in window.statusBar().currentMessage()
