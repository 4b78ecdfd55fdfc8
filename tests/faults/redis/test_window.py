"""The rows where the window matters: F03–F06, F13, F16, F23, F25, F33–F36, F38, driven through the real one.

Each holds that the window answers its heartbeat, says what happened, keeps what was typed, and can be used afterwards.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from inspector.ui.base.actions import Action, When
from inspector.ui.stores.open_store import StoreState
from inspector.ui.window.main_window import MainWindow
from inspector.ui.window.window_actions import ACTIONS
from tests.faults.proxy import Fault, Kind, Proxy
from tests.faults.redis.rigs import HOUR_MS, MakeRedis, Rig, assert_told, command, new_role
from tests.faults.window.rigs import (
    assert_window_works,
    current,
    edited_window,
    open_review,
    press_save,
    read_box,
    show,
    shown,
    shown_box,
)  # fmt: skip
from tests.stalls import Heartbeat, assert_smooth
from tests.ui.conftest import WAIT_MS, OpenWindow, profile

pytestmark = pytest.mark.usefixtures("nothing_leaks", "smooth")


@pytest.fixture
def smooth(heartbeat: Heartbeat) -> Iterator[None]:
    """Every row here holds that the window answered all the time."""
    yield
    assert_smooth(heartbeat)


def test_f03_window_waits_for_a_silent_server_and_can_leave_it_at_once(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    window = make_window(rig.url)
    first = current(window).profile.id
    with Proxy(rig.port, Fault(Kind.ACCEPT_HANG)) as proxy:
        started = time.monotonic()
        window.put_profile(profile(rig.at(proxy.port), "silent"), keep=False)
        qtbot.waitUntil(lambda: current(window).state is StoreState.FAILED, timeout=WAIT_MS)
        assert time.monotonic() - started < 3.5 + 0.5
        empty = window.sessions_page.empty
        assert_told(f"{empty.headline.text()} {empty.sentence.text()}", "did not answer in time", "try again")
        current(window).open()
        assert current(window).state is StoreState.CONNECTING
        qtbot.waitUntil(lambda: proxy.hits >= 2, timeout=WAIT_MS)
        started = time.monotonic()
        window.choose_store(first)
        window.forget_store("silent")
        assert time.monotonic() - started < 2 * 0.2  # to reach: 0.2 s
    assert_window_works(qtbot, window, rig)


def test_f04_window_says_that_the_server_hangs_and_finds_it_again(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    window = make_window(rig.url)
    rig.server.signal(signal.SIGSTOP)
    started = time.monotonic()
    window.go_to_session(b"sess:s0")
    empty = window.panel.empty
    qtbot.waitUntil(lambda: "did not answer" in empty.headline.text(), timeout=WAIT_MS)
    assert time.monotonic() - started < 3.5 + 0.5
    assert_told(f"{empty.headline.text()} {empty.sentence.text()}", "try again")
    rig.server.signal(signal.SIGCONT)
    assert_window_works(qtbot, window, rig)


@pytest.mark.usefixtures("hasty")
def test_f05_window_marks_a_list_as_incomplete_when_the_server_hangs(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    break_a_listing(qtbot, make_window, rig, Fault(Kind.BLACKHOLE, match=b"SCAN", skip=4))


def test_f06_window_marks_a_list_as_incomplete_when_the_server_restarts(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig, make_redis: MakeRedis
) -> None:
    def restart() -> Rig:
        rig.server.process.kill()
        rig.server.process.wait()
        return make_redis(port=rig.port, folder=rig.folder)

    held = Fault(Kind.LATENCY, match=b"SCAN", skip=4, seconds=0.5)
    break_a_listing(qtbot, make_window, rig, held, restart)


@pytest.mark.usefixtures("hasty")
def test_f13_window_marks_a_list_as_incomplete_when_the_server_drips(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    break_a_listing(qtbot, make_window, rig, Fault(Kind.SLOW, match=b"SCAN", skip=4, seconds=0.05))


def break_a_listing(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig, fault: Fault, meanwhile: Callable[[], Rig] | None = None
) -> None:
    """Refresh a complete list, break the fifth page, see that the list is called incomplete, and refresh again."""
    rig.fill(8000)
    rig.client.save()
    with Proxy(rig.port) as proxy:
        window = make_window(rig.at(proxy.port))
        assert window.sessions_page.head.count_label.text() == "8,000"
        proxy.fault = fault
        window.refresh()
        qtbot.waitUntil(proxy.fired.is_set, timeout=WAIT_MS)
        if meanwhile is not None:
            rig = meanwhile()
        qtbot.waitUntil(lambda: current(window).trouble is not None, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: "list incomplete" in window.sessions_page.head.count_label.text(), timeout=WAIT_MS)
        trouble = current(window).trouble
        assert trouble is not None
        assert_told(f"{trouble.text} {trouble.remedy}", "the list is incomplete", "sessions were read", "try again")
        assert not current(window).progress.is_complete
        assert rig.client.dbsize() == 8000
        proxy.fault = Fault(Kind.PASS)
        window.refresh()
        qtbot.waitUntil(lambda: current(window).progress.is_complete, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: window.sessions_page.head.count_label.text() == "8,000", timeout=WAIT_MS)
        assert_window_works(qtbot, window, rig)


@pytest.mark.usefixtures("hasty")
def test_f16_window_keeps_the_edit_when_the_server_pauses_writes(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    before = rig.stored("s0")
    window = edited_window(qtbot, make_window, rig.url)
    command(rig.client, "CLIENT", "PAUSE", 60_000, "WRITE")
    press_save(qtbot, window)
    words = read_box(qtbot)
    assert_told(words, "did not answer in time", "nothing was written", "your edits are still here")
    command(rig.client, "CLIENT", "UNPAUSE")
    assert rig.stored("s0") == before
    assert window.panel.can_review
    assert window.saving.dialog is not None
    window.saving.dialog.save_button.click()  # the review is still there: once more
    qtbot.waitUntil(lambda: rig.stored("s0") == new_role(before or b""), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    assert_window_works(qtbot, window, rig)


def test_f08_window_says_when_it_is_not_known_whether_it_was_saved(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    before = rig.stored("s0")
    with Proxy(rig.port) as proxy:
        window = edited_window(qtbot, make_window, rig.at(proxy.port))
        dialog = open_review(qtbot, window)
        proxy.fault = Fault(Kind.BLACKHOLE, match=b"EVAL")
        dialog.save_button.click()
        qtbot.waitUntil(proxy.fired.is_set, timeout=WAIT_MS)
        proxy.refuse()  # no second look either
        words = read_box(qtbot)
        assert_told(words, "may or may not have been saved", "refresh", "your edits are still here")
        proxy.fault = Fault(Kind.PASS)
        proxy.accept()
        assert rig.stored("s0") == before
        assert window.panel.can_review
        assert_window_works(qtbot, window, rig)


def test_f23_window_of_a_viewer_shows_everything_and_why_nothing_can_be_edited(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    window = make_window(rig.at(rig.port, rig.acl("viewer", "+scan", "+get", "+pttl")))
    show(qtbot, window, "s0")
    panel = window.panel
    assert panel.banner.isVisible()
    assert_told(panel.banner.label.text(), "only be viewed", "no permission for the SET command", "ACL")
    assert not panel.bar.isVisible()
    writes = [action.id for action in ACTIONS if isinstance(action, Action) and When.WRITABLE in action.when]
    assert len(writes) == 9
    assert [name for name in writes if window.actions_book[name].isEnabled()] == []


def test_f25_window_keeps_the_edit_when_the_right_is_taken_away(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    before = rig.stored("s0")
    window = edited_window(qtbot, make_window, rig.at(rig.port, rig.acl("editor", "+@all")))
    rig.acl("editor", "+scan", "+get", "+pttl")
    press_save(qtbot, window)
    assert_told(read_box(qtbot), "no permission", "nothing was written", "your edits are still here")
    assert rig.stored("s0") == before
    assert window.panel.can_review
    rig.acl("editor", "+@all")
    assert window.saving.dialog is not None
    window.saving.dialog.save_button.click()
    qtbot.waitUntil(lambda: rig.stored("s0") == new_role(before or b""), timeout=WAIT_MS)


def test_f33_window_shows_both_versions_and_saves_the_one_chosen(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    window = edited_window(qtbot, make_window, rig.url)
    theirs = rig.put("s0", role="guest", n=0)
    dialog = open_review(qtbot, window)
    assert not dialog.save_button.isEnabled()
    assert rig.stored("s0") == theirs
    (group,) = dialog.table.groups.values()
    group.button(1).click()
    dialog.save_button.click()
    qtbot.waitUntil(lambda: rig.stored("s0") == theirs.replace(b'"guest"', b'"admin"'), timeout=WAIT_MS)
    assert_window_works(qtbot, window, rig)


def test_f34_window_does_not_bring_back_what_ended_while_it_was_reviewed(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    window = edited_window(qtbot, make_window, rig.url)
    dialog = open_review(qtbot, window)
    rig.client.delete("sess:s0")
    dialog.save_button.click()
    words = read_box(qtbot)
    assert_told(words, "not saved", "no longer in the store", "not brought back")
    assert rig.client.exists("sess:s0") == 0
    assert_window_works(qtbot, window, rig)


def size_in_list(window: MainWindow) -> int:
    catalogue = current(window).catalogue
    assert catalogue is not None
    position = catalogue.find(b"sess:s0")
    assert position is not None
    return catalogue.row(position).size


def test_f35_window_tells_that_the_edit_did_not_stick_and_stages_it_again(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    before = rig.stored("s0") or b""
    window = edited_window(qtbot, make_window, rig.url)
    press_save(qtbot, window)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    assert rig.stored("s0") == new_role(before)
    QTimer.singleShot(300, lambda: rig.client.set("sess:s0", before, px=HOUR_MS))
    qtbot.waitUntil(lambda: shown_box() is not None, timeout=WAIT_MS)
    box = shown_box()
    assert box is not None
    assert_told(
        f"{box.text()} {box.informativeText()}", "was overwritten", "overwrote role", "save again", "unsaved edits"
    )
    qtbot.waitUntil(lambda: size_in_list(window) == len(before), timeout=WAIT_MS)
    assert window.panel.opened.raw.payload == before  # type: ignore[union-attr]
    assert [change.field for change in window.panel.draft.changes()] == ["role"]  # type: ignore[union-attr]
    assert window.panel.bar.review_button.isEnabled()
    box.defaultButton().click()  # Save again…
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    window.saving.dialog.save_button.click()  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: rig.stored("s0") == new_role(before), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: size_in_list(window) == len(new_role(before)), timeout=WAIT_MS)
    assert window.panel.unsaved() == 0
    assert_window_works(qtbot, window, rig)


def test_f36_window_keeps_the_edit_when_the_key_became_a_hash(qtbot: QtBot, make_window: OpenWindow, rig: Rig) -> None:
    rig.fill(3)
    window = edited_window(qtbot, make_window, rig.url)
    rig.client.delete("sess:s0")
    rig.client.hset("sess:s0", "field", "kept")
    window.saving.review()
    assert_told(read_box(qtbot), "doesn't hold a string", "not saved", "your edits are still here")
    assert rig.client.hgetall("sess:s0") == {b"field": b"kept"}
    qtbot.waitUntil(lambda: "doesn't hold a string" in window.panel.banner.label.text(), timeout=WAIT_MS)
    assert window.panel.can_review
    assert_window_works(qtbot, window, rig)


def test_f38_selection_that_changes_while_saving_hits_the_right_key(
    qtbot: QtBot, make_window: OpenWindow, rig: Rig
) -> None:
    rig.fill(3)
    first, second = rig.stored("s0") or b"", rig.stored("s1") or b""
    with Proxy(rig.port) as proxy:
        window = edited_window(qtbot, make_window, rig.at(proxy.port))
        proxy.fault = Fault(Kind.LATENCY, match=b"EVAL", seconds=0.5)
        press_save(qtbot, window)
        qtbot.waitUntil(proxy.fired.is_set, timeout=WAIT_MS)
        window.go_to_session(b"sess:s1")
        qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: shown(window) == "s1", timeout=WAIT_MS)
        assert window.panel.key == b"sess:s1"
        assert window.panel.opened is not None
        assert window.panel.opened.raw.payload == second
        assert rig.stored("s0") == new_role(first)
        assert rig.stored("s1") == second
        assert window.panel.unsaved() == 0
        proxy.fault = Fault(Kind.PASS)
        assert_window_works(qtbot, window, rig)


def test_f41_hostile_text_typed_into_the_filter_is_only_text(qtbot: QtBot, make_window: OpenWindow, rig: Rig) -> None:
    rig.fill(3)
    window = make_window(rig.url)
    page = window.sessions_page
    page.filter_edit.setText("*?[a\\" * 1000)
    qtbot.waitUntil(lambda: page.filter_error.isVisible(), timeout=WAIT_MS)
    assert_told(page.filter_error.text(), "too long", "shorten")
    page.filter_edit.setText("*?[a\\" * 400)
    qtbot.waitUntil(lambda: page.model.match_count == 0, timeout=WAIT_MS)
    page.filter_edit.clear()
    qtbot.waitUntil(lambda: page.model.match_count == 3, timeout=WAIT_MS)
    assert_window_works(qtbot, window, rig)
