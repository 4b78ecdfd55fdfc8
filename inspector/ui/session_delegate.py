"""Paints the cells of the sessions table; knows no catalogue."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from inspector.core.display import escape_display
from inspector.services.catalogue import Column, Row
from inspector.ui.guard import qt_guard
from inspector.ui.models.session_table import COLUMNS, RIGHT_ALIGNED, SessionTableModel
from inspector.ui.theme import Theme, mono_font

_PAD = 9


class SessionDelegate(QStyledItemDelegate):
    """One line of text a cell, in the colour of what it says; changed rows are tinted."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._mono = mono_font()

    @qt_guard()
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        model = index.model()
        row = model.row_at(index.row()) if isinstance(model, SessionTableModel) else None
        if row is None or not isinstance(model, SessionTableModel):
            return
        column = COLUMNS[index.column()][0]
        rect: QRect = option.rect
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, self._theme.colour("accent_soft"))
        elif model.is_marked(row):
            painter.fillRect(rect, self._theme.colour("warn_soft"))
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        area = rect.adjusted(_PAD, 0, -_PAD, 0)
        font: QFont = option.font
        if column is Column.USER:
            self._paint_user(painter, font, area, row)
            return
        text = model.data(index)
        tone, cell_font = self._look(model, row, column, font)
        self._draw(painter, cell_font, area, text or "", self._theme.colour(tone), column in RIGHT_ALIGNED)

    @qt_guard(QSize(40, 27))
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        font: QFont = option.font
        return QSize(80, QFontMetrics(font).height() + 11)

    def _look(self, model: SessionTableModel, row: Row, column: Column, font: QFont) -> tuple[str, QFont]:
        if column is Column.SESSION:
            return "text", self._mono
        if column is Column.EXPIRES:
            return model.expiry_tone(row), font
        if column is Column.FORMAT:
            return "muted", font
        return "text", font

    def _paint_user(self, painter: QPainter, font: QFont, area: QRect, row: Row) -> None:
        small = QFont(font)
        small.setPointSizeF(font.pointSizeF() * 0.87)
        if not row.user:
            # Unreadable records say so where the user would be: that is what the eye looks for.
            text = row.format if row.format.startswith(("unreadable", "encrypted")) else ""
            self._draw(painter, small, area, escape_display(text, 80), self._theme.colour("muted"))
            return
        user = escape_display(row.user, 80)
        self._draw(painter, font, area, user, self._theme.colour("text"))
        used = QFontMetrics(font).horizontalAdvance(user) + 6
        self._draw(
            painter, small, area.adjusted(used, 0, 0, 0), escape_display(row.role, 40), self._theme.colour("muted")
        )

    def _draw(
        self, painter: QPainter, font: QFont, area: QRect, text: str, colour: QColor, right: bool = False
    ) -> None:
        if not text or area.width() <= 0:
            return
        painter.setFont(font)
        painter.setPen(colour)
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
