"""The start of the program: what is not imported for it, pages that come when wanted, and who decides what is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from inspector.app import DEMO_PROFILE, Launch, open_window
from inspector.services.settings.profiles import Profile, ProfileBook, Settings
from inspector.services.settings.secrets import SecretStore
from inspector.ui.cookies.cookie_page import CookiePage
from inspector.ui.demo.demo_page import DemoPage
from inspector.ui.stores.open_store import StoreState
from inspector.ui.window.main_window import COOKIES, DEMO, MainWindow
from tests.ui.conftest import WAIT_MS, close_windows

MINE = Profile(id="mine", name="mine", url="memory:")
NOT_FOR_THE_START = {
    "bson",
    "cryptography",
    "hiredis",
    "http.client",
    "inspector.cookies",
    "inspector.demo.server",
    "inspector.ui.stores.connect_dialog",
    "inspector.ui.cookies.cookie_page",
    "inspector.ui.demo.demo_page",
    "itsdangerous",
    "keyring",
    "pymongo",
    "redis",
    "sqlite3",
    "ssl",
    "watchfiles",
    "werkzeug",
}
NewWindow = Callable[..., MainWindow]


@pytest.fixture
def new_window(qtbot: QtBot, tmp_path: Path) -> Iterator[NewWindow]:
    """A window that was shown and has opened nothing yet."""
    hooks = sys.excepthook
    windows: list[MainWindow] = []

    def make(store: str = "") -> MainWindow:
        # The demo is there already: to make it takes a second and is not what is looked at.
        (tmp_path / "demo-sessions").mkdir(exist_ok=True)
        (tmp_path / "demo-sessions" / "one.json").write_text('{"cookie":{}}')
        window = open_window(Launch(store=store), tmp_path, SecretStore(use_keyring=False))
        sys.excepthook = hooks
        windows.append(window)
        window.show()
        return window

    yield make
    close_windows(windows)


def run_fresh(code: str, home: Path) -> str:
    """Run code in a fresh interpreter after the window was opened and painted; return what it prints."""
    start = (
        "import os, sys\n"
        "import inspector.cli\n"
        "from inspector.app import Launch, make_application, open_window\n"
        "application = make_application()\n"
        "window = open_window(Launch())\n"
        "window.show()\n"
        "window.repaint()\n"
    )
    environment = {**os.environ, "SESSION_INSPECTOR_HOME": str(home)}
    environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    run = subprocess.run(
        [sys.executable, "-c", f"{start}{code}\nsys.stdout.flush()\nos._exit(0)"],
        capture_output=True, check=True, text=True, timeout=60, env=environment,
    )  # fmt: skip
    return run.stdout


def test_window_is_there_before_drivers_demo_and_cookies_are_imported(tmp_path: Path) -> None:
    loaded = set(run_fresh("print(*sys.modules)", tmp_path).split())
    assert loaded & NOT_FOR_THE_START == set()


@pytest.mark.parametrize(("profiles", "driver"), [((), "redis"), (("mongodb://localhost/db",), "pymongo")])
def test_drivers_of_the_known_stores_come_while_the_window_is_idle(
    tmp_path: Path, profiles: tuple[str, ...], driver: str
) -> None:
    for url in profiles:
        ProfileBook(tmp_path).put(Profile(id=url, name=url, url=url))
    code = (
        "import threading\n"
        "class OnLanes:\n"
        "    names = []\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if threading.current_thread() is not threading.main_thread(): self.names.append(name)\n"
        "sys.meta_path.insert(0, OnLanes())\n"
        "from PySide6.QtCore import QTimer\n"
        "timer = QTimer(interval=10)\n"
        "timer.timeout.connect(lambda: 'inspector.services.cookies.verify_cookie' in sys.modules and application.quit())\n"
        "timer.start()\n"
        "QTimer.singleShot(30_000, application.quit)\n"
        "application.exec()\n"
        "print(*sys.modules)\n"
        "print(*OnLanes.names)"
    )
    loaded, on_lanes = (set(line.split()) for line in run_fresh(code, tmp_path).splitlines())
    assert loaded & {"redis", "pymongo", "keyring"} == {driver}
    assert {driver, "inspector.demo.server", "inspector.services.cookies.verify_cookie"} <= on_lanes
    # Qt makes its classes on the thread that asks for them first, and the GUI thread may be at it.
    assert [name for name in on_lanes if name.startswith(("PySide6", "inspector.ui"))] == []


@pytest.mark.parametrize(
    ("name", "page", "part"),
    [
        ("show_cookies", COOKIES, CookiePage),
        ("paste_cookie", COOKIES, CookiePage),
        ("show_demo", DEMO, DemoPage),
    ],
)
@pytest.mark.parametrize("by", ["shortcut", "menu"])
def test_page_that_is_built_late_comes_by(
    by: str, name: str, page: int, part: type[QWidget], new_window: NewWindow, qtbot: QtBot
) -> None:
    window = new_window()
    assert window.findChild(part) is None
    action = window.actions_book[name]
    if by == "menu":
        action.trigger()
    else:
        with qtbot.waitActive(window):
            window.activateWindow()
        QTest.keySequence(window, action.shortcut())
    assert window.pages.currentIndex() == page
    found = window.findChild(part)
    assert found is not None and found.isVisible()


def test_visitors_and_browser_do_nothing_while_the_demo_has_no_page(new_window: NewWindow) -> None:
    window = new_window()
    window.actions_book["visitors"].trigger()
    window.actions_book["browse_demo"].trigger()
    assert not window.demo_page.is_running


def test_page_that_is_built_late_knows_the_stores(new_window: NewWindow) -> None:
    window = new_window()
    window.put_profile(MINE, keep=False)
    choice = window.demo_page.form.store_choice
    assert "mine" in [choice.itemText(number) for number in range(choice.count())]
    assert window.cookie_page.store is window.current


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


def test_store_that_was_shown_last_is_known_after_a_crash(new_window: NewWindow, tmp_path: Path) -> None:
    window = new_window()
    window.put_profile(MINE)
    assert ProfileBook(tmp_path).settings.last_store == MINE.id  # nothing was closed
