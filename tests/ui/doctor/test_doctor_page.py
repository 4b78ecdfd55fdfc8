"""The doctor's page in the real window: it examines what is shown, leads to the sessions, and never holds the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from inspector.ui.doctor.doctor_page import DoctorPage
from inspector.ui.doctor.finding_card import FindingCard
from inspector.ui.window.main_window import DOCTOR, SESSIONS, MainWindow
from tests.services.doctor.stores import Application, change_each
from tests.services.doctor.test_rules import fill_redis, set_end
from tests.ui.conftest import WAIT_MS, OpenWindow


def endless_store(redis_url: str, count: int = 120) -> str:
    """Fill a database with sessions, every tenth of which has lost its TTL; return its URL."""
    made = Application().visitors(count)
    change_each(0.1, set_end(lambda _one: None))(made)
    fill_redis(redis_url, made)
    return f"{redis_url}?prefix=sess:"


def examined(qtbot: QtBot, window: MainWindow) -> DoctorPage:
    window.actions_book["show_doctor"].trigger()
    page = window.doctor_page
    qtbot.waitUntil(lambda: page.diagnosis is not None, timeout=WAIT_MS)
    return page


def card(page: DoctorPage, identity: str) -> FindingCard:
    return next(one for one in page.cards if one.finding.id == identity)


def test_store_is_examined_when_the_page_is_first_shown(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    window = make_window(endless_store(redis_url))
    page = examined(qtbot, window)
    assert window.pages.currentIndex() == DOCTOR
    assert page.cards[0].finding.id == "no-expiry"
    assert "120 sessions examined" in page.state_label.text()
    assert page.run_button.text() == "Run again" and not page.stop_button.isVisible()


def test_show_sessions_filters_the_list_by_the_finding(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    window = make_window(endless_store(redis_url))
    page = examined(qtbot, window)
    qtbot.mouseClick(card(page, "no-expiry").show_button, Qt.MouseButton.LeftButton)
    assert window.pages.currentIndex() == SESSIONS
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == 12, timeout=WAIT_MS)
    assert window.sessions_page.filter_edit.text() == "finding:no-expiry"


def test_example_opens_its_session(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    window = make_window(endless_store(redis_url))
    page = examined(qtbot, window)
    assert page.diagnosis is not None
    [wanted, *_] = page.diagnosis.samples["no-expiry"]
    page.session_wanted.emit(wanted)
    qtbot.waitUntil(
        lambda: window.panel.opened is not None and window.panel.opened.session_id == wanted, timeout=WAIT_MS
    )


def test_report_and_fix_are_copied(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    window = make_window(endless_store(redis_url))
    page = examined(qtbot, window)
    page.copy_button.click()
    text = QApplication.clipboard().text()
    assert text.startswith("# Session store: ") and "12 of 120 sessions never expire" in text


def test_run_again_sees_what_was_repaired(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    window = make_window(endless_store(redis_url))
    page = examined(qtbot, window)
    fill_redis(redis_url, Application().visitors(120))
    window.refresh()
    qtbot.waitUntil(lambda: window.current is not None and window.current.progress.is_complete, timeout=WAIT_MS)
    before = page.diagnosis
    page.run_button.click()
    qtbot.waitUntil(lambda: page.diagnosis is not before, timeout=WAIT_MS)
    assert "no-expiry" not in {one.finding.id for one in page.cards}


def test_another_store_has_a_diagnosis_of_its_own(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, valkey_url: str
) -> None:
    window = make_window(endless_store(redis_url))
    page = examined(qtbot, window)
    window.show_store_of(endless_store(valkey_url, 60))
    qtbot.waitUntil(lambda: window.current is not None and window.current.progress.is_complete, timeout=WAIT_MS)
    assert page.cards == []
    window.show_tool("doctor")
    qtbot.waitUntil(lambda: bool(page.cards), timeout=WAIT_MS)
    assert "60 sessions examined" in page.state_label.text()


def test_stopped_examination_says_so(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    window = make_window(endless_store(redis_url, 6000))
    window.show_tool("doctor")
    page = window.doctor_page
    qtbot.waitUntil(lambda: page.is_running or page.diagnosis is not None, timeout=WAIT_MS)
    if page.is_running:  # else it was faster than the window
        page.stop_button.click()
        assert "Stopped" in page.message.text() and page.diagnosis is None
    assert page.run_button.isVisible()
