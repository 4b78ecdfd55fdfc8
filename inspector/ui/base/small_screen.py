"""What makes the window and its dialogs fit on a screen that is smaller than they would be."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from inspector.ui.base.guard import qt_guard

FRAME_HEIGHT = 40
"""At least the title bar of a window, in pixels."""


def fit_screen(widget: QWidget, width: int, height: int) -> QSize:
    """Return this size, or what the widget's screen has room for beside a frame."""
    return QSize(width, height).boundedTo(widget.screen().availableSize() - QSize(0, FRAME_HEIGHT))


def size_window(window: QWidget) -> None:
    """Give the main window its first size, and a least size that the screen has room for."""
    window.resize(QSize(1280, 800).boundedTo(window.screen().availableSize()))
    window.setMinimumSize(fit_screen(window, 960, 560))


class Flowing(QWidget):
    """The inside of a scroll area: as high as its lines need at the width it has.

    Qt would ask for the height that they need in a narrow area, and show a scroll bar where everything fits.
    """

    @qt_guard(QSize(0, 0))
    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), 0)


def make_scrollable(inside: QWidget) -> QScrollArea:
    """Return an area which shows a widget, with scroll bars where there is no room for the least it needs."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(inside)
    return area
