"""What the list of sessions offers by the right button, how many are selected; and the head beside it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QFocusEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from inspector.ui.window.main_window import MainWindow
from tests.ui.conftest import WAIT_MS, OpenWindow
from tests.ui.window.test_window import fill

pytestmark = pytest.mark.qt_log_ignore(
    "This plugin does not support"
)  # a menu takes keyboard and mouse; offscreen has none


@pytest.fixture
def window(make_window: OpenWindow, redis_url: str) -> MainWindow:
    fill(f"{redis_url}?prefix=sess:", 5)
    return make_window(f"{redis_url}?prefix=sess:")


def ask_for_menu(window: MainWindow, at: QPoint) -> None:
    viewport = window.sessions_page.table.viewport()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, viewport.mapToGlobal(at))
    QApplication.sendEvent(viewport, event)


def menu_at(qtbot: QtBot, window: MainWindow, row: int) -> QMenu:
    """Press the right button on a row."""
    table = window.sessions_page.table
    at = QPoint(20, table.rowViewportPosition(row) + 5)
    qtbot.mousePress(table.viewport(), Qt.MouseButton.RightButton, pos=at)
    ask_for_menu(window, at)
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu), timeout=WAIT_MS)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def words(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def test_right_button_offers_what_one_session_can_be_asked(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    menu = menu_at(qtbot, window, 2)
    assert words(menu) == [
        "Copy session ID",
        "Copy signed cookie value",
        "Copy as curl",
        "Change expiry…",
        "Duplicate",
        "Delete…",
        "Export sessions…",
    ]
    page, store = window.sessions_page, window.current
    assert store is not None and store.catalogue is not None
    (key,) = store.catalogue.keys_at(page.selected_positions())
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    assert window.panel.key == key
    asked: list[str] = []

    def refuse(*said: object) -> bool:
        asked.append(str(said[3]))
        return False

    monkeypatch.setattr("inspector.ui.session.session_saving.confirm_act", refuse)
    next(action for action in menu.actions() if action.text() == "Delete…").trigger()
    menu.close()
    assert len(asked) == 1 and key.decode().removeprefix("sess:") in asked[0]


def test_right_button_on_several_offers_what_they_can_be_asked_together(qtbot: QtBot, window: MainWindow) -> None:
    page = window.sessions_page
    page.table.selectAll()
    assert page.head.count_label.text() == "5 · 5 selected"
    menu = menu_at(qtbot, window, 1)
    assert words(menu) == ["Change expiry of the selected…", "Delete…", "Export sessions…"]
    assert page.selected_count == 5
    menu.close()
    page.table.selectRow(0)
    assert page.head.count_label.text() == "5"


def test_right_button_beside_the_rows_offers_nothing(qtbot: QtBot, window: MainWindow) -> None:
    table = window.sessions_page.table
    table.clearSelection()
    at = QPoint(20, table.rowViewportPosition(4) + 60)
    ask_for_menu(window, at)
    assert QApplication.activePopupWidget() is None
    menu = menu_at(qtbot, window, 4)  # the same beside it opens one at once
    menu.close()


def test_size_in_the_head_stays_beside_its_unit(qtbot: QtBot, window: MainWindow) -> None:
    window.sessions_page.table.selectRow(0)
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    assert window.panel.opened is not None
    size = len(window.panel.opened.raw.payload)
    assert f"{size}\N{NO-BREAK SPACE}B" in window.panel.head.facts_label.text()


@pytest.mark.parametrize("reason", [Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason])
def test_list_that_was_left_for_a_menu_or_dialog_chooses_no_session(window: MainWindow, reason: Qt.FocusReason) -> None:
    """After a bulk deletion nothing is selected; another session would come in place of what is looked at."""
    page = window.sessions_page
    page.table.selectRow(0)
    page.table.selectionModel().clear()
    QApplication.sendEvent(page.table, QFocusEvent(QEvent.Type.FocusIn, reason))
    assert page.selected_count == 0
    QApplication.sendEvent(page.table, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason))
    assert page.selected_count == 1, "who goes there by keyboard chooses the first"
