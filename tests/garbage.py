"""Collects what tests with Qt leave behind on the main thread, as the program does (inspector/ui/base/interpreter_tuning.py).

Python collects on whichever thread makes one object too many: a server's or a lane's thread would then end widgets of an
earlier test, and Qt would crash in a later one.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if "qapp" not in getattr(item, "fixturenames", ()):
        return (yield)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.enable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()  # what was imported stays: looking through it after each test would take most of its time
