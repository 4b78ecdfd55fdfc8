"""Work on lanes: results come back in order, and what it knew ends on the GUI thread."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from inspector.ui.base.jobs import Job, JobRunner, Lane
from store_adapters.contract import CancelToken


class Known:
    """Stands for a widget that a piece of work knows."""


@pytest.fixture
def lane() -> Iterator[Lane]:
    made = Lane("test")
    yield made
    made.close()
    assert made.join(10)


def test_what_a_piece_of_work_knows_ends_on_the_gui_thread(qtbot: QtBot, lane: Lane) -> None:
    ended: list[str] = []
    answers: list[object] = []
    owner = QObject()
    runner = JobRunner(owner)

    def give(kind: str) -> None:
        known = Known()
        weakref.finalize(known, lambda: ended.append(threading.current_thread().name))

        def work() -> str:
            if kind == "fails":
                raise ValueError(str(known))
            return kind

        def stream(_token: CancelToken) -> Iterator[object]:
            yield known

        if kind == "streams":
            runner.stream(lane, stream, owner=owner, item=answers.append, failed=answers.append)
        else:
            job = runner.submit(lane, work, owner=owner, done=answers.append, failed=answers.append)
            if kind == "cancelled":
                job.cancel()

    for _ in range(50):
        for kind in ("succeeds", "fails", "streams", "cancelled"):
            give(kind)
    runner.submit(lane, lambda: "last", owner=owner, done=answers.append, failed=answers.append)
    qtbot.waitUntil(lambda: "last" in answers)
    answers.clear()
    runner.submit(lane, lambda: "one more", owner=owner, done=answers.append, failed=answers.append)
    qtbot.waitUntil(lambda: answers == ["one more"])
    assert len(ended) == 200
    assert set(ended) == {threading.current_thread().name}


def test_nothing_arrives_after_cancel_nor_for_an_owner_that_is_gone(qtbot: QtBot, lane: Lane) -> None:
    answers: list[str] = []
    home, owner, gone = QObject(), QObject(), QObject()
    runner = JobRunner(home)
    gate = threading.Event()

    def give(name: str, to: QObject) -> Job:
        return runner.submit(lane, lambda: name, owner=to, done=answers.append, failed=lambda _error: None)

    runner.submit(lane, lambda: gate.wait(10), owner=owner, failed=lambda _error: None)
    give("cancelled", owner).cancel()
    give("gone", gone)
    give("kept", owner)
    with qtbot.waitSignal(gone.destroyed):
        gone.deleteLater()
    del gone
    gate.set()
    qtbot.waitUntil(lambda: "kept" in answers)
    assert answers == ["kept"]
