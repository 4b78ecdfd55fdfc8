"""Tells what each thread was doing when a test with Qt failed, or when a process of the run crashed.

A test that fails most often waits for what a thread does not bring. A process that crashes says nothing to the one that
started it, so it leaves its stack in a file, which is told at the end of the run.
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import shutil
import sys
import tempfile
import threading
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import IO

import pytest

_FOLDER = "SESSION_INSPECTOR_TEST_CRASHES"
_LINES = 60
_files: list[IO[str]] = []

if _FOLDER not in os.environ:
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="session-inspector-crashes-")
    atexit.register(shutil.rmtree, os.environ[_FOLDER], ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        _files.append((Path(os.environ[_FOLDER]) / f"{os.getpid()}.txt").open("w"))
        faulthandler.enable(_files[-1])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for path in sorted(Path(os.environ[_FOLDER]).glob("*.txt")):
        if text := path.read_text():
            terminalreporter.write_sep("=", f"process {path.stem} of the run crashed")
            terminalreporter.write_line("\n".join(text.splitlines()[:_LINES]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and report.when == "call" and "qapp" in getattr(item, "fixturenames", ()):
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if ident != threading.get_ident():
                title = f"thread {names.get(ident, ident)}"
                report.sections.append((title, "".join(traceback.format_stack(frame)[-8:])))
    return report
