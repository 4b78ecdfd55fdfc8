"""Tells what each thread was doing when a test with Qt failed: most often one of them waits for what does not come."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Generator

import pytest


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
