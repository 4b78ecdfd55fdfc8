"""The window's vocabulary: each action is bound, and can be done when what it needs is there."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from inspector.ui.base.actions import Action, When
from inspector.ui.window.commands import commands_of
from inspector.ui.window.window_actions import ACTIONS
from tests.ui.conftest import WAIT_MS, OpenWindow
from tests.ui.window.test_window import open_session0, url

__all__ = ["url"]


def test_each_action_has_one_command_and_each_command_an_action(make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    names = [action.id for action in ACTIONS if isinstance(action, Action)]
    assert len(names) == len(set(names))
    assert set(commands_of(window, window)) == set(names)


def test_actions_that_need_a_store_or_a_session_wait_for_one(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    bound = [action for action in ACTIONS if isinstance(action, Action) and action.when]
    window = open_session0(qtbot, make_window, url)

    def enabled() -> list[str]:
        return [action.id for action in bound if window.actions_book[action.id].isEnabled()]

    absent = When.EDITS | When.BULK_CHANGE
    there = [action.id for action in bound if not action.when & absent]
    qtbot.waitUntil(lambda: enabled() == there, timeout=WAIT_MS)
    window.forget_store(window.current.profile.id)
    assert enabled() == []
