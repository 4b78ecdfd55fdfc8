"""Our window in a process of its own: told on standard input what to do, it prints the seconds as a line of JSON.

`list URL` opens a store and waits until all its rows are in the table; `find TEXT` types a filter and waits for its rows.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

from PySide6.QtCore import QEventLoop, QTimer

from inspector.app import Launch, make_application, open_window
from inspector.services.settings.profiles import Profile
from inspector.ui.base.interpreter_tuning import tune_interpreter
from inspector.ui.window.main_window import MainWindow

_FIRST = 200
_PATIENCE_MS = 300_000
_SETTLING_MS = 1500


def wait_for(is_there: Callable[[], bool]) -> float:
    """Run the window until it is there, asked every millisecond; return the seconds."""
    loop, begun = QEventLoop(), time.perf_counter()
    look = QTimer(interval=1)
    look.timeout.connect(lambda: loop.quit() if is_there() else None)
    look.start()
    QTimer.singleShot(_PATIENCE_MS, loop, loop.quit)
    loop.exec()
    took_s = time.perf_counter() - begun
    if not is_there():
        raise RuntimeError("the window did not get there")
    return took_s


def list_store(window: MainWindow, url: str) -> dict[str, float]:
    """Open a store; return the seconds until its first rows were painted and until all were in the table, sorted."""
    model, table = window.sessions_page.model, window.sessions_page.table
    begun = time.perf_counter()
    window.put_profile(Profile(id="bench", name="Bench", url=url), keep=False)

    def is_ours() -> bool:
        return window.current is not None and window.current.profile.id == "bench"

    def is_complete() -> bool:
        current = window.current
        if not is_ours() or current is None or current.catalogue is None or not current.progress.is_complete:
            return False
        return 0 < len(current.catalogue) == model.match_count

    wait_for(lambda: is_complete() or (is_ours() and model.match_count >= _FIRST))
    table.viewport().repaint()
    first_s, first_keys = time.perf_counter() - begun, model.match_count
    wait_for(is_complete)
    table.viewport().repaint()
    return {"first_s": first_s, "first_keys": first_keys, "s": time.perf_counter() - begun, "keys": model.match_count}


def find_text(window: MainWindow, text: str) -> dict[str, float]:
    """Type a filter; return the seconds until the table shows its rows, the pause after typing included."""
    page = window.sessions_page
    begun, before = time.perf_counter(), page.model.match_count
    page.filter_edit.setText(text)
    wait_for(lambda: page.model.match_count != before)
    page.table.viewport().repaint()
    return {"s": time.perf_counter() - begun, "keys": page.model.match_count}


def main() -> None:
    """Show the window, say so, then do what each line says."""
    with tempfile.TemporaryDirectory() as folder:
        application = make_application()
        window = open_window(Launch(), Path(folder))
        window.resize(1280, 720)
        window.show()
        tune_interpreter(window)
        application.processEvents()
        print(json.dumps({"ready": True}), flush=True)
        settling = QEventLoop()
        QTimer.singleShot(_SETTLING_MS, settling.quit)  # what it opens by itself
        settling.exec()
        for line in sys.stdin:
            word, _, rest = line.strip().partition(" ")
            print(json.dumps(list_store(window, rest) if word == "list" else find_text(window, rest)), flush=True)
        window.close()
        sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
