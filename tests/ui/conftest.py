"""A real window on real stores: in a folder of its own, with a memory for secrets, and closed at the end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from inspector.app import Launch, open_window
from inspector.services.settings.profiles import Profile
from inspector.services.settings.secrets import SecretStore
from inspector.ui.session.unsaved_edits import DISCARD_AND_QUIT
from inspector.ui.stores.connect_dialog import ConnectDialog
from inspector.ui.stores.open_store import StoreState
from inspector.ui.window.main_window import MainWindow
from tests.stalls import Heartbeat, keep_stall

WAIT_MS = 15_000
OpenWindow = Callable[..., MainWindow]


@pytest.fixture
def heartbeat(request: pytest.FixtureRequest) -> Iterator[Heartbeat]:
    heart = Heartbeat()
    yield heart
    keep_stall(request.node, heart)


@pytest.fixture
def make_window(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heartbeat: Heartbeat
) -> Iterator[OpenWindow]:
    """Open a window as the program does; `store` is a URL, the demo without one. `secrets`: what it keeps them in."""
    hooks = sys.excepthook, threading.excepthook
    windows: list[MainWindow] = []

    def make(store: str = "", *, demo: bool = False, secrets: SecretStore | None = None) -> MainWindow:
        heartbeat.stop()  # making a second window is no stall of the first
        keeper = secrets or SecretStore(use_keyring=False)
        window = open_window(Launch(store=store, demo=demo), tmp_path / "home", keeper)
        # pytest-qt looks at what is not caught; the program's own hook would show it in a dialog instead.
        sys.excepthook, threading.excepthook = hooks
        windows.append(window)
        window.resize(1280, 720)
        window.show()
        qtbot.waitUntil(lambda: window.current is not None, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: window.current.state is StoreState.OPEN, timeout=WAIT_MS)  # type: ignore[union-attr]
        qtbot.waitUntil(lambda: window.current.progress.is_complete, timeout=WAIT_MS)  # type: ignore[union-attr]
        qtbot.waitUntil(lambda: window.sessions_page.model.match_count > 0, timeout=WAIT_MS)
        heartbeat.start()
        return window

    yield make
    heartbeat.stop()
    # Nobody is there to answer whether edits may be left.
    monkeypatch.setattr("inspector.ui.session.unsaved_edits.ask_loss", lambda *_words: DISCARD_AND_QUIT)
    close_windows(windows)
    sys.excepthook, threading.excepthook = hooks


def close_windows(windows: Sequence[MainWindow]) -> None:
    for window in windows:
        stores = list(window.stores.made)  # no other can have lanes
        window.close()
        for store in stores:
            assert store.join(10), "a lane did not end"
        window.deleteLater()
        # Now, and not in the next test, which would dress it once more with its own window: a third of a second each.
        QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)
    # A concealed copy is a Python object which Qt would free after Python has ended.
    QGuiApplication.clipboard().clear()


def open_connect_dialog(window: MainWindow, action: str = "connect") -> ConnectDialog:
    """Return the dialog that the action opens: for a new store, or "edit_store" for the one that is shown."""
    window.actions_book[action].trigger()
    return next(one for one in window.findChildren(ConnectDialog) if one.isVisible())


def is_written(window: MainWindow) -> bool:
    """False while the JSON tab still writes its text."""
    return window.panel.json_tab.message.text() != "Writing the text …"


def profile(url: str, name: str = "shop") -> Profile:
    return Profile(id=name, name=name, url=url)
