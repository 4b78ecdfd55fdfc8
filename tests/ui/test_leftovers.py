"""What an export that was cut short leaves behind: offered for deletion, and not left when a signal ends the window."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from inspector.services.settings.unfinished_files import SUFFIX
from inspector.ui.window.main_window import MainWindow
from tests.servers import ROOT
from tests.ui.conftest import WAIT_MS, OpenWindow

_CRASH = """
import os, signal, sys
from pathlib import Path
from inspector.services.settings.new_file import open_new_file
from inspector.services.settings.unfinished_files import UnfinishedFiles
with open_new_file(Path(sys.argv[1]), UnfinishedFiles(Path(sys.argv[2]))) as file:
    file.write(b"sessions")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
_END = """
import os, signal, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from inspector import app
from inspector.services.settings.new_file import open_new_file
opening = app.open_window
def open_window(launch, folder, secrets, unfinished):
    window = opening(launch, folder, secrets, unfinished)
    writing = open_new_file(Path(sys.argv[1]), unfinished)
    writing.__enter__().write(b"sessions")
    app.writing = writing
    QTimer.singleShot(0, lambda: os.kill(os.getpid(), int(sys.argv[2])))
    return window
app.open_window = open_window
app.main()
"""


@pytest.fixture
def left(tmp_path: Path) -> Path:
    subprocess.run([sys.executable, "-c", _CRASH, tmp_path / "out.jsonl", tmp_path / "home"], cwd=ROOT, check=False)
    (found,) = tmp_path.glob(f".out.jsonl.*{SUFFIX}")
    assert found.read_bytes() == b"sessions"
    return found


def offered(qtbot: QtBot, window: MainWindow, path: Path) -> QMessageBox:
    def boxes() -> list[QMessageBox]:
        return [one for one in window.findChildren(QMessageBox) if str(path) in one.informativeText()]

    qtbot.waitUntil(lambda: bool(boxes()), timeout=WAIT_MS)
    return boxes()[0]


def press(box: QMessageBox, words: str) -> None:
    next(button for button in box.buttons() if button.text().replace("&", "") == words).click()


def test_leftover_of_a_crash_is_offered_and_deleted(qtbot: QtBot, make_window: OpenWindow, left: Path) -> None:
    box = offered(qtbot, make_window(), left)
    assert box.defaultButton().text().replace("&", "") == "Later"
    press(box, "Delete")
    qtbot.waitUntil(lambda: not left.exists(), timeout=WAIT_MS)


def test_leftover_stays_until_the_person_wants_it_gone(qtbot: QtBot, make_window: OpenWindow, left: Path) -> None:
    press(offered(qtbot, make_window(), left), "Later")
    assert left.exists()
    press(offered(qtbot, make_window(), left), "Delete")
    qtbot.waitUntil(lambda: not left.exists(), timeout=WAIT_MS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_that_ends_the_window_leaves_no_half_export(number: int, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "out").mkdir()
    env = os.environ | {"SESSION_INSPECTOR_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    script = [sys.executable, "-c", _END, str(tmp_path / "out" / "a.jsonl"), str(number)]
    done = subprocess.run(script, cwd=ROOT, env=env, capture_output=True, check=False, timeout=120)
    assert done.returncode == 128 + number
    assert list((tmp_path / "out").iterdir()) == []
    assert b"Traceback" not in done.stderr
