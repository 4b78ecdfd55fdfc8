"""Row F35, later: an edit that is overwritten seconds after it was saved is told too, and what we write ourselves is not."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from inspector.services.sessions.save_session import Persistence, PersistenceReport
from inspector.ui.stores.open_store import OpenStore
from inspector.ui.window.main_window import MainWindow
from tests.faults.redis.rigs import HOUR_MS, Rig, assert_told, new_role
from tests.faults.window.rigs import boxes, edit_role, edited_window, press_save, read_box, show
from tests.stalls import Heartbeat, assert_smooth
from tests.ui.conftest import WAIT_MS, OpenWindow

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Told = list[tuple[Persistence, int]]


def hear(window: MainWindow) -> Told:
    """Return a list that will hold what each look found, and its number."""
    told: Told = []

    def note(_store: OpenStore, _key: bytes, report: PersistenceReport, number: int) -> None:
        told.append((report.state, number))

    window.saving.verifier.told.connect(note)
    return told


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look sooner, where a row is about which looks there are."""
    monkeypatch.setattr("inspector.ui.session.save_verifier._LOOKS_MS", (100, 600))


def test_f35_window_tells_that_the_edit_was_overwritten_seconds_later(
    qtbot: QtBot, make_window: OpenWindow, heartbeat: Heartbeat, rig: Rig
) -> None:
    rig.fill(3)
    before = rig.stored("s0") or b""
    window = edited_window(qtbot, make_window, rig.url)
    told = hear(window)
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: told == [(Persistence.PERSISTED, 0)], timeout=WAIT_MS)
    assert rig.stored("s0") == new_role(before)
    rig.client.set("sess:s0", before, px=HOUR_MS)  # a slow request ends and writes what it had read before
    assert_told(read_box(qtbot), "was overwritten", "overwrote role", "save again")
    assert told == [(Persistence.PERSISTED, 0), (Persistence.OVERWRITTEN, 1)]
    qtbot.waitUntil(lambda: window.panel.opened.raw.payload == before, timeout=WAIT_MS)  # type: ignore[union-attr]
    assert [change.field for change in window.panel.draft.changes()] == ["role"]  # type: ignore[union-attr]
    assert_smooth(heartbeat)


@pytest.mark.usefixtures("soon")
def test_f35_own_next_save_is_not_taken_for_the_applications(qtbot: QtBot, make_window: OpenWindow, rig: Rig) -> None:
    rig.fill(3)
    before = rig.stored("s0") or b""
    window = edited_window(qtbot, make_window, rig.url)
    told = hear(window)
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: told == [(Persistence.PERSISTED, 0)], timeout=WAIT_MS)
    edit_role(qtbot, window, "owner")
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: rig.stored("s0") == new_role(before, "owner"), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: told.count((Persistence.PERSISTED, 0)) == 2 and told[-1][1] == 1, timeout=WAIT_MS)
    assert {state for state, _ in told} == {Persistence.PERSISTED}
    assert boxes() == []


@pytest.mark.usefixtures("soon")
def test_f35_session_left_behind_is_not_looked_at_again(qtbot: QtBot, make_window: OpenWindow, rig: Rig) -> None:
    rig.fill(3)
    window = edited_window(qtbot, make_window, rig.url)
    told = hear(window)
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: told == [(Persistence.PERSISTED, 0)], timeout=WAIT_MS)
    show(qtbot, window, "s1")
    qtbot.waitUntil(lambda: not window.saving.verifier.is_waiting, timeout=WAIT_MS)
    assert told == [(Persistence.PERSISTED, 0)]


@pytest.mark.usefixtures("soon")
def test_f35_edits_made_since_are_kept_beside_what_is_staged_again(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    before = rig.stored("s0") or b""
    window = edited_window(qtbot, make_window, rig.url)
    told = hear(window)
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: told == [(Persistence.PERSISTED, 0)], timeout=WAIT_MS)
    window.panel.edit_field("n", "9")
    rig.client.set("sess:s0", before, px=HOUR_MS)
    assert_told(read_box(qtbot), "was overwritten", "overwrote role", "unsaved edits")
    assert [change.field for change in window.panel.draft.changes()] == ["role", "n"]  # type: ignore[union-attr]
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: rig.stored("s0") == new_role(before).replace(b'"n":0', b'"n":9'), timeout=WAIT_MS)


def test_f35_each_of_two_sessions_saved_at_once_is_looked_at(qtbot: QtBot, make_window: OpenWindow, rig: Rig) -> None:
    rig.fill(3)
    before = rig.stored("s0") or b""
    window = edited_window(qtbot, make_window, rig.url)
    told = hear(window)
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    rig.client.set("sess:s0", before, px=HOUR_MS)
    show(qtbot, window, "s1")
    edit_role(qtbot, window, "owner")
    press_save(qtbot, window)
    assert_told(read_box(qtbot), "your edit to sess:s0 was overwritten", "overwrote role")
    assert window.panel.unsaved() == 1, "it waits as an unsaved edit of the other session"
    qtbot.waitUntil(lambda: (Persistence.PERSISTED, 0) in told, timeout=WAIT_MS)
    assert sorted(told, key=str) == [(Persistence.OVERWRITTEN, 0), (Persistence.PERSISTED, 0)]
