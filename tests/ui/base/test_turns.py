"""A lane waits while the window works, and never for a window that waits itself."""

from __future__ import annotations

import threading
import time

import pytest

from inspector.services import checkpoint as services
from inspector.services.checkpoint import checkpoint
from inspector.ui.base import turns
from inspector.ui.base.turns import give_way, go_first


@pytest.fixture(autouse=True)
def window_that_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the window hands to the services when it starts, whichever test came before."""
    monkeypatch.setattr(services, "_pause", give_way)


def test_lane_waits_for_the_window_and_goes_on_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_LONGEST_S", 60.0)  # a loaded machine may let this thread wait for 50 ms
    steps: list[str] = []
    is_waiting = threading.Event()
    really = time.sleep

    def sleep(seconds: float) -> None:
        is_waiting.set()
        really(seconds)

    monkeypatch.setattr(time, "sleep", sleep)

    def compute() -> None:
        checkpoint()
        steps.append("lane")

    with go_first():
        lane = threading.Thread(target=compute)
        lane.start()
        assert is_waiting.wait(10)
        with go_first():
            steps.append("window")
    lane.join()
    assert steps == ["window", "lane"]


def test_nobody_waits_for_a_window_that_waits_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    really = time.sleep

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        really(seconds)

    monkeypatch.setattr(turns, "_LONGEST_S", 0.3)
    monkeypatch.setattr(time, "sleep", sleep)
    with go_first():
        checkpoint()
        waited = len(waits)
        assert waited
        checkpoint()
        assert len(waits) == waited
    checkpoint()
    assert len(waits) == waited
