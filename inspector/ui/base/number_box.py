"""A field for a whole number, its text where the other fields have theirs."""

from __future__ import annotations

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSpinBox, QWidget

from inspector.ui.base.guard import qt_guard

_INDENT = 9
"""In pixels. The style sheet's padding does not reach the text of a spin box (Qt 6.11)."""


class NumberBox(QSpinBox):
    """`suffix` is the unit, with its space."""

    def __init__(self, name: str, least: int, most: int, suffix: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setRange(least, most)
        self.setSuffix(suffix)
        self.lineEdit().setTextMargins(_INDENT, 0, 0, 0)

    @qt_guard()
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # as ChoiceBox
