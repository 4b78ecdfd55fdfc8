"""A line of text which says less where there is less room, and shows the whole as its tooltip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent

from inspector.core.display import escape_display
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, plain_tip

_LEAST_WIDTH = 20
_LONGEST = 600


class FittingLabel(PlainLabel):
    """Shows the first of its wordings that fits; where none does, the last one with an ellipsis."""

    def __init__(self, *wordings: str, role: str = "") -> None:
        super().__init__(role=role)
        self.wordings: tuple[str, ...] = ("",)
        self.show_wordings(*wordings)

    def show_wordings(self, *wordings: str) -> None:
        """Say this from now on: the whole first, the shortest last. The tooltip has the whole."""
        self.wordings = tuple(escape_display(words, _LONGEST) for words in wordings) or ("",)
        self.setToolTip(plain_tip(self.wordings[0]))
        self.updateGeometry()
        self._fit(self.width())

    @qt_guard(QSize(_LEAST_WIDTH, 20))
    def sizeHint(self) -> QSize:
        """Return the room for the whole."""
        # One more: a width in whole pixels may be a fraction too small on a scaled screen.
        width = self.fontMetrics().horizontalAdvance(self.wordings[0]) + self._beside() + 1
        return QSize(width, super().sizeHint().height())

    @qt_guard(QSize(_LEAST_WIDTH, 20))
    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_WIDTH + self._beside(), super().minimumSizeHint().height())

    @qt_guard()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit(event.size().width())

    def _beside(self) -> int:
        margins = self.contentsMargins()
        return margins.left() + margins.right() + 2 * self.margin()

    def _fit(self, width: int) -> None:
        metrics, room = self.fontMetrics(), width - self._beside()
        words = next((one for one in self.wordings if metrics.horizontalAdvance(one) <= room), None)
        self.setText(words or metrics.elidedText(self.wordings[-1], Qt.TextElideMode.ElideRight, room))
