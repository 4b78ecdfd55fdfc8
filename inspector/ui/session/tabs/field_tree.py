"""The tree view of a session's data: where the keyboard comes to, and how far a mark reaches."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QTreeView

from inspector.ui.base.guard import qt_guard
from inspector.ui.base.turns import go_first
from inspector.ui.session.tabs.node_tree import VALUE


class FieldTree(QTreeView):
    """Comes to the value first, as the arrow keys stay in a column; a mark reaches over the whole row."""

    @qt_guard()
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.MouseFocusReason and not self.selectionModel().hasSelection():
            self.setCurrentIndex(self.currentIndex().siblingAtColumn(VALUE))

    @qt_guard()
    def paintEvent(self, event: QPaintEvent) -> None:
        """Have the lanes wait: Qt asks the model hundreds of times, and they could come in between each two."""
        with go_first():
            super().paintEvent(event)

    @qt_guard()
    def drawBranches(self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        mark = index.data(Qt.ItemDataRole.BackgroundRole)
        if mark is not None and not self.selectionModel().isSelected(index):
            painter.fillRect(rect, mark)
        super().drawBranches(painter, rect, index)
