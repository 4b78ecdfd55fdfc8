"""How long until the window is usable, beside an empty PySide6 main window on the same machine.

The measure to reach: 1.5 times the empty window's time plus 0.2 s. Prints; asserts nothing, as machines differ.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.report import row

ROUNDS = 7
FACTOR, ALLOWANCE_S = 1.5, 0.2
STORES, MANY_FACTOR = 5000, 2

# Each prints the clock once its window is painted and the event loop has nothing left to do.
EMPTY = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication(sys.argv)
window = QMainWindow()
"""
PROGRAM = """
import gc, sys, time
import inspector.cli
gc.disable()  # as inspector.cli does
from PySide6.QtCore import QTimer
from inspector.app import Launch, make_application, open_window
application = make_application()
window = open_window(Launch())
"""
REPORT = """
window.show()
window.repaint()
QTimer.singleShot(0, lambda: (print(time.clock_gettime(time.CLOCK_MONOTONIC), flush=True), application.quit()))
application.exec()
sys.stdout.flush()
import os; os._exit(0)
"""


def seconds_to_window(code: str, home: str) -> float:
    """Start a fresh interpreter; return the seconds from before its start until its window is usable."""
    environment = {**os.environ, "SESSION_INSPECTOR_HOME": home, "QT_LOGGING_RULES": "*=false"}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    # As installed: compiled once, into a folder of the benchmark's own.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = os.path.join(home, "compiled")
    environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    begun = time.clock_gettime(time.CLOCK_MONOTONIC)
    run = subprocess.run([sys.executable, "-c", code + REPORT], env=environment, capture_output=True, check=True)
    return float(run.stdout) - begun


def main() -> int:
    """Measure both in turns, so that other work on the machine meets both alike."""
    empty, program = [], []
    with tempfile.TemporaryDirectory() as home:
        for code in (EMPTY, PROGRAM):
            seconds_to_window(code, home)
        for _ in range(ROUNDS):
            empty.append(seconds_to_window(EMPTY, home))
            program.append(seconds_to_window(PROGRAM, home))
    bare, reached = statistics.median(empty), statistics.median(program)
    bound = FACTOR * bare + ALLOWANCE_S
    row(
        "start until the window is usable", f"{reached:.2f} s", f"empty PySide6 window {bare:.2f} s", reached / bare,
        f"at most {FACTOR:g} times + {ALLOWANCE_S:g} s", holds=reached <= bound,
    )  # fmt: skip
    measure_many_stores()
    return 0


def measure_many_stores() -> None:
    """Measure the start with thousands of stores in the profile beside one with a single store, in turns."""
    one, many = [], []
    with tempfile.TemporaryDirectory() as few, tempfile.TemporaryDirectory() as full:
        for home, number in ((few, 1), (full, STORES)):
            keep_stores(Path(home), number)
            seconds_to_window(PROGRAM, home)
        for _ in range(ROUNDS):
            one.append(seconds_to_window(PROGRAM, few))
            many.append(seconds_to_window(PROGRAM, full))
    ordinary, reached = statistics.median(one), statistics.median(many)
    row(
        f"start with {STORES:,} stores in the profile", f"{reached:.2f} s", f"with one store {ordinary:.2f} s",
        reached / ordinary, f"at most {MANY_FACTOR:g} times", holds=reached <= MANY_FACTOR * ordinary,
    )  # fmt: skip


def keep_stores(folder: Path, number: int) -> None:
    """Write a profile file of so many stores at which nobody answers."""
    stores = [
        {"id": f"s{one}", "name": f"store {one}", "url": f"redis://127.0.0.1:1/{one % 16}"} for one in range(number)
    ]
    for name, content in (("profiles.json", {"profiles": stores}), ("settings.json", {"last_store": "s0"})):
        (folder / name).write_text(json.dumps(content))
        (folder / name).chmod(0o600)


if __name__ == "__main__":
    sys.exit(main())
