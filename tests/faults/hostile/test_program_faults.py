"""A fault of the program anywhere: one message, no crash, no stored value in it, and the window goes on."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FrameType

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from inspector.app import faults_of, make_application
from inspector.ui.window.fault_reports import FaultReports
from inspector.ui.window.main_window import MainWindow
from tests.faults.window.rigs import boxes, close_boxes
from tests.servers import ROOT
from tests.ui.conftest import WAIT_MS, OpenWindow, heartbeat, make_window
from tests.ui.window.test_window import fill

__all__ = ["heartbeat", "make_window"]  # fixtures

SECRET = "s3cr3t-value"
UI = str(ROOT / "inspector" / "ui")
# What calls overrides and results for everybody: the entry is what they call.
BETWEEN = ("guard.py", "jobs.py")
_LOST_MS = 1000


class Injected(ValueError):
    """A fault which quotes a stored value."""


@pytest.fixture
def reports(qtbot: QtBot) -> Iterator[FaultReports]:
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    made = FaultReports(make_application())
    made.install()
    yield made
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    made.deleteLater()


def is_entry(frame: FrameType) -> bool:
    """True for a function of the window that Qt called: a slot, a timer, an override, a result of a job."""
    if not frame.f_code.co_filename.startswith(UI) or frame.f_code.co_filename.endswith(BETWEEN):
        return False
    caller = frame.f_back
    return caller is None or not caller.f_code.co_filename.startswith(UI) or caller.f_code.co_filename.endswith(BETWEEN)


def drive(qtbot: QtBot, window: MainWindow, is_enough: Callable[[], bool] = lambda: False) -> None:
    """Use the window, by Qt's own means only, so that no fault comes back to the test; stop when that was enough."""
    page, panel = window.sessions_page, window.panel
    header = page.table.horizontalHeader()
    with _untraced():
        actions = {action.objectName(): action for _menu, action in window.actions_book.all_actions()}
    shown: object = None

    def is_another_shown() -> bool:
        return panel.opened is not None and panel.opened is not shown

    def is_listed() -> bool:
        return window.current is not None and window.current.progress.is_complete

    def is_all_matched() -> bool:
        return is_listed() and page.model.match_count > 1

    def is_followed() -> bool:
        return bool(looks)

    looks: list[None] = []
    with _untraced():
        store = window.current
    assert store is not None
    looked = store.looked.connect(partial(looks.append, None))

    steps: list[tuple[Callable[[], object], Callable[[], bool]]] = [
        (lambda: window.resize(1180, 700), lambda: window.width() == 1180),
        (lambda: page.table.selectRow(0), is_another_shown),
        (lambda: page.table.selectRow(1), is_another_shown),
        *((partial(panel.tabs.setCurrentIndex, tab), _is_at_once) for tab in (1, 2, 3, 4, 0)),
        (window.grab, _is_at_once),
        (lambda: header.setSortIndicator(2, header.sortIndicatorOrder()), is_all_matched),
        (actions["refresh"].trigger, is_listed),
        (actions["live"].trigger, is_followed),
        *((actions[name].trigger, is_listed) for name in ("live", "theme", "theme")),
        (lambda: window.pages.setCurrentIndex(1), _is_at_once),
        (
            lambda: window.cookie_page.edit.setPlainText("connect.sid=s%3Aabc.def"),
            lambda: bool(window.cookie_page.cards),
        ),
        (lambda: window.pages.setCurrentIndex(2), _is_at_once),
        (lambda: window.pages.setCurrentIndex(0), _is_at_once),
        (lambda: page.filter_edit.setText("user:nobody"), lambda: page.model.match_count == 0),
        (page.filter_edit.clear, is_all_matched),
        (lambda: window.resize(1280, 720), lambda: window.width() == 1280),
    ]
    for act, is_done in steps:
        with _untraced():
            shown = panel.opened
        with contextlib.suppress(Injected):  # PySide raises what an override raised in whoever called Qt
            act()
        # What a fault has kept from happening never comes, and the drive goes on without it.
        with contextlib.suppress(qtbot.TimeoutError):
            qtbot.waitUntil(partial(_ask, is_enough, is_done), timeout=_LOST_MS)
        QApplication.processEvents()
        if is_enough():
            break
    store.looked.disconnect(looked)


def _is_at_once() -> bool:
    return True


def _ask(*conditions: Callable[[], bool]) -> bool:
    with _untraced():
        return any(condition() for condition in conditions)


@contextlib.contextmanager
def _untraced() -> Iterator[None]:
    """What the test itself asks of the window is no slot."""
    old = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(old)


@contextlib.contextmanager
def tracing(see: Callable[[CodeType], object]) -> Iterator[None]:
    """Hand `see` each entry that is called; what it raises is raised there."""

    def trace(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and is_entry(frame):
            see(frame.f_code)

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(old)


@pytest.mark.fuzz
@pytest.mark.timeout(300)
def test_f64_fault_in_every_slot_and_override_is_told_once(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, reports: FaultReports, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"{redis_url}?prefix=sess:"
    fill(url)
    window = make_window(url)
    reports.install()  # the window of the tests has put the test's own hooks back
    reports.quiet_s = 0  # every fault here comes from the same line, that of the injection
    entries: set[CodeType] = set()
    with tracing(entries.add):
        drive(qtbot, window)
    close_boxes()
    assert len(entries) > 40
    told = 0
    # All of them take a minute, so the usual run tries one in four, and `make fuzz` every one.
    ordered = sorted(entries, key=lambda code: (code.co_filename, code.co_firstlineno))
    tried = ordered if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else ordered[::4]
    for entry in tried:
        reached: list[CodeType] = []

        def see(code: CodeType, entry: CodeType = entry, reached: list[CodeType] = reached) -> None:
            if code is entry and len(reached) < 3:
                reached.append(code)
                raise Injected(SECRET)

        with tracing(see):
            drive(qtbot, window, partial(_was_told, reached))
        QApplication.processEvents()
        assert len(boxes()) <= 1, f"{entry.co_qualname} was told more than once"
        told += bool(reached and boxes())
        assert all(SECRET not in box.text() + box.informativeText() for box in boxes())
        close_boxes()
    assert told > len(tried) * 0.6
    drive(qtbot, window)
    window.go_to_session(b"sess:session1")
    qtbot.waitUntil(
        lambda: window.panel.opened is not None and window.panel.opened.session_id == "session1", timeout=WAIT_MS
    )
    window.panel.edit_field("cookie.path", '"/x"')
    assert window.panel.can_review
    assert SECRET not in capsys.readouterr().err
    assert window.panel.draft is not None
    window.panel.draft.discard()


def test_f64_fault_that_comes_again_is_told_once(
    qtbot: QtBot, reports: FaultReports, capsys: pytest.CaptureFixture[str], make_window: OpenWindow, redis_url: str
) -> None:
    fill(f"{redis_url}?prefix=sess:")
    window = make_window(f"{redis_url}?prefix=sess:")
    reports.install()
    timer = QTimer(window, interval=0)
    failed: list[None] = []

    def fail() -> None:
        failed.append(None)
        raise Injected(SECRET)

    timer.timeout.connect(fail)
    timer.start()
    qtbot.waitUntil(lambda: len(boxes()) == 1, timeout=WAIT_MS)
    shown_after = len(failed)
    qtbot.waitUntil(lambda: len(failed) >= shown_after + 20, timeout=WAIT_MS)
    timer.stop()
    assert len(boxes()) == 1
    assert (
        capsys.readouterr().err.count("Injected at") < len(failed) / 5
    )  # once in five seconds, however many the machine took
    close_boxes()


def test_f64_faults_of_threads_and_thrown_away_ones_are_told(
    qtbot: QtBot, reports: FaultReports, capsys: pytest.CaptureFixture[str], make_window: OpenWindow, redis_url: str
) -> None:
    fill(f"{redis_url}?prefix=sess:")
    make_window(f"{redis_url}?prefix=sess:")
    reports.install()

    def fail() -> None:
        raise Injected(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(boxes()) == 1, timeout=WAIT_MS)
    close_boxes()

    class Bad:
        def __del__(self) -> None:
            raise Injected(SECRET)

    Bad()
    gc.collect()
    qtbot.waitUntil(lambda: len(boxes()) == 1, timeout=WAIT_MS)
    close_boxes()
    written = capsys.readouterr().err
    assert written.count("Injected at") == 2
    assert SECRET not in written


def test_f64_program_installs_every_hook_and_keeps_crashes_private(tmp_path: Path) -> None:
    code = """
import ctypes, sys, threading
from pathlib import Path
from PySide6.QtCore import qWarning
from inspector.app import faults_of, make_application
application = make_application()
reports = faults_of(application)
reports.install_for_process(Path(sys.argv[1]))
assert sys.excepthook == reports.take
assert threading.excepthook is not threading.__excepthook__
assert sys.unraisablehook is not sys.__unraisablehook__
assert faults_of(application) is reports
qWarning("beware\\u202e")
ctypes.string_at(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")],
        capture_output=True,
        cwd=ROOT,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode < 0
    assert "Qt: beware‹U+202E›" in done.stderr
    crash = tmp_path / "home" / "crash.txt"
    assert "Segmentation fault" in crash.read_text()
    assert crash.stat().st_mode & 0o077 == 0


def test_faulthandler_is_on_in_the_tests() -> None:
    assert faulthandler.is_enabled()
    assert faults_of(make_application()) is faults_of(make_application())


def _was_told(reached: list[CodeType]) -> bool:
    return bool(reached and boxes())
