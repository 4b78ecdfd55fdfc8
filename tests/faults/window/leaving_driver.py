"""Runs the real program in a process of its own and closes its window in a given state; for test_leaving.py.

Arguments: the state, a store's URL. It prints the time of the closing in seconds since the epoch.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer

from inspector import app
from inspector.app import Launch
from inspector.ui.stores.open_store import StoreState
from inspector.ui.window.main_window import MainWindow

_LOOK_MS = 5


def main(state: str, url: str) -> None:
    """Start the program on the store; once it is in the state, close its window as a person does."""
    opening = app.open_window

    def open_window(*args: Any) -> MainWindow:
        window = opening(*args)
        clock = QTimer(window, interval=_LOOK_MS)
        clock.timeout.connect(lambda: _look(clock, window, STATES[state]))
        clock.start()
        return window

    app.open_window = open_window  # type: ignore[assignment]
    app.main(Launch(store=url))


def _look(clock: QTimer, window: MainWindow, is_there: Callable[[MainWindow], bool]) -> None:
    if window.current is None or not is_there(window):
        return
    clock.stop()
    print(time.time(), flush=True)
    window.close()


def _is_connecting(window: MainWindow) -> bool:
    return window.current is not None and window.current.state is StoreState.CONNECTING


def _is_idle(window: MainWindow) -> bool:
    return window.current is not None and window.current.progress.is_complete


def _is_reading(window: MainWindow) -> bool:
    return window.current is not None and window.current.progress.is_reading and window.current.progress.read > 0


def _is_hung(window: MainWindow) -> bool:
    """Idle, then the server stops, and a refresh waits for it."""
    if not _is_idle(window):
        return False
    _stop_server()
    window.refresh()
    return True


def _is_saving(window: MainWindow) -> bool:
    """A session is written (deleted, compared) while the server has stopped."""
    if not _is_idle(window) or window.panel.opened is None:
        if _is_idle(window) and window.panel.key is None:
            assert window.current is not None and window.current.connection is not None
            window.go_to_session(window.current.connection.store.ref_for("session0").key)
        return False
    store, opened = window.current, window.panel.opened
    assert store is not None
    _stop_server()
    started = threading.Event()

    def write(adapter: Any) -> object:
        started.set()
        return adapter.delete(opened.raw)

    store.run(write, owner=window, done=lambda _: None, failed=lambda _: None)
    return started.wait(5)


def _is_decoding(window: MainWindow) -> bool:
    """The compute lane is busy for ever, as with a record that takes long."""
    if not _is_idle(window):
        return False
    started = threading.Event()

    def decode() -> None:
        started.set()
        while True:
            sum(range(10_000))

    window.context.jobs.submit(window.context.compute, decode, owner=window, failed=lambda _: None)
    return started.wait(5)


def _is_asking_keyring(window: MainWindow) -> bool:
    """The keyring waits for somebody to unlock it."""
    if not _is_idle(window):
        return False
    started = threading.Event()

    def wait() -> None:
        started.set()
        threading.Event().wait()

    window.context.jobs.submit(window.context.vault, wait, owner=window, failed=lambda _: None)
    return started.wait(5)


def _is_serving(window: MainWindow) -> bool:
    """The demo server runs and visitors come."""
    if not _is_idle(window):
        return False
    page = window.demo_page
    if page.server is None:
        if page.run_button.isEnabled():
            page.start_server(page.form.settings())
        return False
    if page.traffic_job is None:
        page.count_edit.setValue(10_000)
        page.toggle_traffic()
        return False
    return page.progress.value() > 0


def _stop_server() -> None:
    pid = int(os.environ["SERVER_PID"])
    os.kill(pid, signal.SIGSTOP)
    # The signal is sent, not obeyed yet: each thread of the server stops by itself.
    while any(
        task.read_text().rpartition(")")[2].split()[0] not in "Tt" for task in Path(f"/proc/{pid}/task").glob("*/stat")
    ):
        time.sleep(0.001)


STATES: dict[str, Callable[[MainWindow], bool]] = {
    "connecting": _is_connecting,
    "idle": _is_idle,
    "reading": _is_reading,
    "hung": _is_hung,
    "saving": _is_saving,
    "decoding": _is_decoding,
    "keyring": _is_asking_keyring,
    "serving": _is_serving,
}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
