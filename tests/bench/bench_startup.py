"""How long until the window is usable, beside an empty PySide6 main window on the same machine.

The measure to reach: 1.5 times the empty window's time plus 0.3 s. Prints; asserts nothing, as machines differ.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
FACTOR, ALLOWANCE_S = 1.5, 0.3

# Each prints the clock once its window is painted and the event loop has nothing left to do.
EMPTY = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication(sys.argv)
window = QMainWindow()
"""
PROGRAM = """
import sys, time
import inspector.cli
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
    environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    begun = time.clock_gettime(time.CLOCK_MONOTONIC)
    run = subprocess.run([sys.executable, "-c", code + REPORT], env=environment, capture_output=True, check=True)
    return float(run.stdout) - begun


def main() -> int:
    """Measure both in turns, so that other work on the machine meets both alike."""
    empty, program = [], []
    with tempfile.TemporaryDirectory() as home:
        seconds_to_window(PROGRAM, home)
        for _ in range(ROUNDS):
            empty.append(seconds_to_window(EMPTY, home))
            program.append(seconds_to_window(PROGRAM, home))
    bound = FACTOR * statistics.median(empty) + ALLOWANCE_S
    reached = statistics.median(program)
    print(f"empty window   {statistics.median(empty):.2f} s (best {min(empty):.2f})")
    print(
        f"this program   {reached:.2f} s (best {min(program):.2f}); bound {bound:.2f} s: {'ok' if reached <= bound else 'over'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
