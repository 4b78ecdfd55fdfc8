"""The start of the program: what is not imported for it, pages that come when wanted, and who decides what is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from inspector.app import DEMO_PROFILE, Launch, open_window
from inspector.services.profiles import Profile, ProfileBook, Settings
from inspector.services.secrets import SecretStore
from inspector.ui.main_window import COOKIES, MainWindow
from inspector.ui.open_store import StoreState
from tests.ui.conftest import WAIT_MS

MINE = Profile(id="mine", name="mine", url="memory:")
NewWindow = Callable[..., MainWindow]


@pytest.fixture
def new_window(qtbot: QtBot, tmp_path: Path) -> Iterator[NewWindow]:
    """A window that was shown and has opened nothing yet."""
    hooks = sys.excepthook
    windows: list[MainWindow] = []

    def make(store: str = "") -> MainWindow:
        window = open_window(Launch(store=store), tmp_path, SecretStore(use_keyring=False))
        sys.excepthook = hooks
        windows.append(window)
        window.show()
        return window

    yield make
    for window in windows:
        stores = list(window.stores.values())
        window.close()
        for store in stores:
            assert store.join(10), "a lane did not end"
        window.deleteLater()
    QGuiApplication.clipboard().clear()


def test_store_put_before_the_demo_is_ready_stays_shown(new_window: NewWindow, qtbot: QtBot) -> None:
    window = new_window()
    window.put_profile(MINE, keep=False)
    qtbot.waitUntil(lambda: DEMO_PROFILE in window.stores, timeout=WAIT_MS)
    assert window.current is window.stores["mine"]
    assert window.stores[DEMO_PROFILE].state is StoreState.CLOSED


def test_store_put_before_the_last_one_is_restored_stays_shown(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    book = ProfileBook(tmp_path)
    book.put(Profile(id="last", name="last", url="memory:"))
    book.change_settings(Settings(last_store="last"))
    window = new_window()
    window.put_profile(MINE, keep=False)
    qtbot.waitUntil(lambda: window.stores["mine"].progress.is_complete, timeout=WAIT_MS)
    assert window.current is window.stores["mine"]
    assert window.stores["last"].state is StoreState.CLOSED


def test_store_of_the_command_line_does_not_take_the_place_of_one_that_was_put(
    new_window: NewWindow, qtbot: QtBot
) -> None:
    window = new_window("memory:")
    window.put_profile(MINE, keep=False)
    qtbot.waitUntil(lambda: len(window.stores) == 2, timeout=WAIT_MS)
    assert window.current is window.stores["mine"]


def test_page_that_was_gone_to_stays_when_the_first_store_opens(new_window: NewWindow, qtbot: QtBot) -> None:
    window = new_window()
    window.show_cookies()
    qtbot.waitUntil(lambda: DEMO_PROFILE in window.stores, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.stores[DEMO_PROFILE].progress.is_complete, timeout=WAIT_MS)
    assert window.current is window.stores[DEMO_PROFILE]
    assert window.pages.currentIndex() == COOKIES
    assert window.focusWidget() is window.cookie_page.edit
