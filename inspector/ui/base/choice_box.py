"""A field to choose from a list, in forms that scroll."""

from __future__ import annotations

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox

from inspector.ui.base.guard import qt_guard


class ChoiceBox(QComboBox):
    """The wheel scrolls past it: else a form that is scrolled changes, unseen, what the pointer comes over."""

    @qt_guard()
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
