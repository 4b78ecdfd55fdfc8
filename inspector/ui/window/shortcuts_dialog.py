"""The keys of the program beside what they do: those of the menus and those of the lists; does nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from inspector.ui.base.actions import MENUS, ActionBook
from inspector.ui.base.plain import PlainLabel

IN_PLACE = (
    (
        "In the list",
        (
            ("Down", "go from the filter to the list"),
            ("Return", "go to the session"),
            ("Ctrl+A", "select all matches"),
        ),
    ),
    (
        "In the data",
        (
            ("Return, F2", "edit the value"),
            ("Shift+F2", "rename the field"),
            ("Ctrl+Ins", "add a field"),
            ("Del", "remove the field"),
            ("Alt+Up, Alt+Down", "move the field"),
        ),
    ),
)


class ShortcutsDialog(QDialog):
    """Two columns of groups; Escape closes it."""

    def __init__(self, actions: ActionBook, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(QSize(760, 620).boundedTo(self.screen().availableSize() - QSize(0, 40)))
        inside = QWidget()
        columns = QHBoxLayout(inside)
        columns.setSpacing(36)
        groups = [*((menu, keys) for menu in MENUS if (keys := _keys_of(actions, menu))), *IN_PLACE]
        half = (sum(len(keys) + 2 for _title, keys in groups) + 1) // 2 - 2
        sides = QVBoxLayout(), QVBoxLayout()
        for side in sides:
            columns.addLayout(side, 1)
            side.setSpacing(0)
        used = 0
        for title, keys in groups:
            sides[used >= half].addLayout(_group(title, keys))
            used += len(keys) + 2
        for side in sides:
            side.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)


def _keys_of(actions: ActionBook, menu: str) -> Sequence[tuple[str, str]]:
    return [
        (action.shortcut().toString(QKeySequence.SequenceFormat.NativeText), action.text().replace("&", ""))
        for place, action in actions.all_actions()
        if place == menu and not action.shortcut().isEmpty()
    ]


def _group(title: str, keys: Sequence[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 4, 0, 10)
    grid.setVerticalSpacing(5)
    grid.setHorizontalSpacing(16)
    grid.setColumnMinimumWidth(0, 120)
    grid.setColumnStretch(1, 1)
    grid.addWidget(PlainLabel(title, role="heading"), 0, 0, 1, 2)
    for row, (key, words) in enumerate(keys, 1):
        grid.addWidget(PlainLabel(key, role="muted"), row, 0)
        grid.addWidget(PlainLabel(words), row, 1)
    return grid
