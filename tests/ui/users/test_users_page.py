"""The users' page in the real window: who is signed in, their sessions in the list, and ending them after a preview."""

from __future__ import annotations

import time

from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from inspector.ui.users.users_page import UsersPage
from inspector.ui.window.main_window import SESSIONS, USERS, MainWindow
from tests.cli.test_users import people
from tests.services.doctor.stores import Application
from tests.services.doctor.test_rules import fill_redis
from tests.ui.conftest import WAIT_MS, OpenWindow


def shown(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> tuple[MainWindow, UsersPage]:
    fill_redis(redis_url, people())
    window = make_window(f"{redis_url}?prefix=sess:")
    window.actions_book["show_users"].trigger()
    qtbot.waitUntil(lambda: window.users_page.users is not None, timeout=WAIT_MS)
    return window, window.users_page


def cells(page: UsersPage, row: int) -> list[str]:
    return [page.model.index(row, column).data() for column in range(page.model.columnCount())]


def test_users_are_counted_when_the_page_is_first_shown(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    window, page = shown(qtbot, make_window, redis_url)
    assert window.pages.currentIndex() == USERS
    assert "2 signed in, with 4 sessions" in page.state_label.text()
    assert cells(page, 0)[:2] == ["42", "3"] and cells(page, 0)[3:] == ["admin", "ada@example.com"]
    assert cells(page, 1)[:2] == ["7", "1"]
    assert not page.show_button.isEnabled() and not page.logout_button.isEnabled()


def test_user_is_found_by_any_of_the_names(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    _window, page = shown(qtbot, make_window, redis_url)
    for text, names in (("ADA@", ["42"]), ("bob", ["7"]), ("admin", ["42"]), ("nobody", [])):
        page.filter_edit.setText(text)
        assert [cells(page, row)[0] for row in range(page.model.rowCount())] == names


def test_sessions_of_a_user_are_shown_in_the_list(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    window, page = shown(qtbot, make_window, redis_url)
    page.table.selectRow(0)
    page.show_button.click()
    assert window.pages.currentIndex() == SESSIONS
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == 3, timeout=WAIT_MS)


def test_log_out_ends_the_sessions_after_a_preview(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    window, page = shown(qtbot, make_window, redis_url)
    page.table.selectRow(0)
    page.logout_button.click()
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), QDialog), timeout=WAIT_MS)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QDialog) and "3" in dialog.windowTitle() + "".join(
        label.text() for label in dialog.findChildren(type(page.state_label))
    )
    dialog.accept()
    qtbot.waitUntil(lambda: window.current is not None and len(window.current.catalogue or ()) == 2, timeout=WAIT_MS)
    page.refresh_button.click()
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=WAIT_MS)
    assert cells(page, 0)[0] == "7"


def test_name_with_signs_of_the_filter_finds_its_own_sessions(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str
) -> None:
    application, now = Application(), time.time() * 1000
    names = ('a "b" c', "back\\slash", "(x) OR y", "7")
    fill_redis(redis_url, [application.session(place, now, user={"id": name}) for place, name in enumerate(names)])
    window = make_window(f"{redis_url}?prefix=sess:")
    window.show_tool("users")
    page = window.users_page
    qtbot.waitUntil(lambda: page.model.rowCount() == 4, timeout=WAIT_MS)
    for row in range(4):
        window.show_tool("users")
        page.table.selectRow(row)
        page.show_button.click()
        qtbot.waitUntil(lambda: window.sessions_page.model.match_count == 1, timeout=WAIT_MS)
        window.sessions_page.filter_edit.clear()
        qtbot.waitUntil(lambda: window.sessions_page.model.match_count == 4, timeout=WAIT_MS)
