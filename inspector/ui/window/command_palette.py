"""Ctrl+K: every action of the menus, found by typing a few letters; does nothing itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from inspector.ui.base.actions import ActionBook
from inspector.ui.base.guard import qt_guard


def match_score(typed: str, words: str) -> int | None:
    """Return how well the letters of `typed` stand in `words` in order (smaller is better), None when they do not."""
    lower, position, score = words.lower(), 0, 0
    if typed.lower() in lower:
        return lower.index(typed.lower())
    for letter in typed.lower().replace(" ", ""):
        found = lower.find(letter, position)
        if found < 0:
            return None
        score += found - position
        position = found + 1
    return 100 + score


class CommandPalette(QDialog):
    """A line and a list. Enter runs the marked action; disabled actions are shown, not run."""

    def __init__(self, actions: ActionBook, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setModal(True)
        self.setWindowTitle("Commands")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = [(menu, action) for menu, action in actions.all_actions() if action.objectName() != "commands"]
        self.resize(520, 360)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        self.line = QLineEdit()
        self.line.setPlaceholderText("Type a command")
        self.line.setAccessibleName("Command")
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout.addWidget(self.line)
        layout.addWidget(self.list, 1)
        self.line.textChanged.connect(self._fill)
        self.line.installEventFilter(self)
        self.list.itemClicked.connect(lambda _item: self._run())
        self._fill("")

    def open_over(self, window: QWidget) -> None:
        """Show it at the top of the window."""
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 70)
        self.show()
        self.line.setFocus()

    def _fill(self, typed: str) -> None:
        self.list.clear()
        scored = [
            (score, menu, action)
            for menu, action in self._actions
            if (score := match_score(typed, f"{action.text()} {menu}".replace("&", ""))) is not None
        ]
        for _score, menu, action in sorted(scored, key=lambda row: (row[0], row[2].text())):
            shortcut = action.shortcut().toString()
            item = QListWidgetItem(f"{menu}: {action.text().replace('&', '')}{'    ' + shortcut if shortcut else ''}")
            item.setData(Qt.ItemDataRole.UserRole, action)
            if not action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.setCurrentRow(next((row for row in range(self.list.count()) if self._is_usable(row)), -1))

    def _is_usable(self, row: int) -> bool:
        return self.list.item(row).flags() != Qt.ItemFlag.NoItemFlags

    def _run(self) -> None:
        item = self.list.currentItem()
        action = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        self.close()
        if isinstance(action, QAction) and action.isEnabled():
            action.trigger()

    @qt_guard(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if key == Qt.Key.Key_Down else -1
            row = self.list.currentRow() + step
            while 0 <= row < self.list.count() and not self._is_usable(row):
                row += step
            if 0 <= row < self.list.count():
                self.list.setCurrentRow(row)
        else:
            return False
        return True
