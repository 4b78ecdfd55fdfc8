"""The review in the real window: the result of each choice before the save, and what was written after it."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QWidget
from pytestqt.qtbot import QtBot

from inspector.ui.base.fitting_label import FittingLabel
from inspector.ui.session.review_dialog import ReviewDialog
from tests.ui.conftest import WAIT_MS, OpenWindow
from tests.ui.window.test_window import open_session0, url, write

__all__ = ["url"]


def test_review_shows_the_result_and_strikes_out_what_a_choice_discards(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    write(url, "session0", "role", '"user"')
    write(url, "session0", "cart", '[{"sku":"a","qty":1}]')
    window = open_session0(qtbot, make_window, url)
    window.panel.edit_field("role", '"vip"')
    window.panel.edit_field("cart", '[{"sku":"a","qty":3},{"sku":"mine"}]')
    write(url, "session0", "role", '"blocked"')
    write(url, "session0", "cart", '[{"sku":"a","qty":1},{"sku":"app"}]')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    assert list(dialog.table.groups) == ["role"], "the lists merge by item"
    assert dialog.title.text().startswith("Save 3 changes")
    theirs, mine = dialog.table.groups["role"].buttons()
    assert are_struck(theirs, mine) == [False, False]
    assert results(dialog)["role"] == "choose one"
    mine.click()
    assert (are_struck(theirs, mine), results(dialog)["role"]) == ([True, False], '"vip"')
    theirs.click()
    assert (are_struck(theirs, mine), results(dialog)["role"]) == ([False, True], '"blocked"')
    assert dialog.title.text().startswith("Save 2 changes")
    assert results(dialog)["cart[0].qty"] == "3"
    assert '"app"' in results(dialog)["cart[1] (new)"]
    assert '"mine"' in results(dialog)["cart[2] (new)"]
    dialog.save_button.click()
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    cart = b'"cart":[{"sku":"a","qty":3},{"sku":"app"},{"sku":"mine"}]'
    qtbot.waitUntil(lambda: cart in window.panel.opened.raw.payload, timeout=WAIT_MS)
    assert b'"role":"blocked"' in window.panel.opened.raw.payload
    entry = window.context.journal.entries()[0]
    assert entry.what == "cart[0].qty, cart[2] (new)"


def are_struck(*widgets: QWidget) -> list[bool]:
    return [widget.font().strikeOut() for widget in widgets]


def results(dialog: ReviewDialog) -> dict[str, str]:
    """Return what the Result column says of each field."""
    grid = dialog.table.layout()
    assert isinstance(grid, QGridLayout)
    cells = [[_label(grid, row, column) for column in (0, 4)] for row in range(1, grid.rowCount())]
    return {field.wordings[0]: result.wordings[0] for field, result in cells}


def _label(grid: QGridLayout, row: int, column: int) -> FittingLabel:
    item = grid.itemAtPosition(row, column)
    assert item is not None
    label = item.widget()
    assert isinstance(label, FittingLabel)
    return label


def test_choosing_what_is_stored_for_all_keeps_it_and_is_called_so(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    write(url, "session0", "role", '"user"')
    window = open_session0(qtbot, make_window, url)
    window.panel.edit_field("role", '"vip"')
    write(url, "session0", "role", '"blocked"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    dialog.table.groups["role"].buttons()[0].click()
    assert "None of your edits are written" in dialog.title.text()
    assert dialog.save_button.text() == "Keep stored"
    dialog.save_button.click()
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    assert b'"role":"blocked"' in window.panel.opened.raw.payload
    assert window.panel.unsaved() == 0
