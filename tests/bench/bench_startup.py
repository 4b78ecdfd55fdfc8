"""How long until the window is usable, beside an empty PySide6 main window on the same machine.

The measure to reach: 1.5 times the empty window's time plus 0.2 s. Prints; asserts nothing, as machines differ.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from tests.bench.report import row

ROUNDS = 7
FACTOR, ALLOWANCE_S = 1.5, 0.2

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
    return 0


if __name__ == "__main__":
    sys.exit(main())
