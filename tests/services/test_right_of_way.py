"""A lane waits while the window works, and never for a window that waits itself."""

from __future__ import annotations

import threading
import time

from inspector.services.right_of_way import give_way, go_first


def test_lane_waits_for_the_window_and_goes_on_after_it() -> None:
    steps: list[str] = []

    def compute() -> None:
        give_way()
        steps.append("lane")

    with go_first():
        lane = threading.Thread(target=compute)
        lane.start()
        time.sleep(0.01)
        with go_first():
            steps.append("window")
    lane.join()
    assert steps == ["window", "lane"]
    give_way()


def test_nobody_waits_for_a_window_that_waits_itself() -> None:
    with go_first():
        begun = time.monotonic()
        give_way()
        assert 0.02 < time.monotonic() - begun < 5
        begun = time.monotonic()
        give_way()
        assert time.monotonic() - begun < 0.02
