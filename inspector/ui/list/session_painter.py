"""Paints rows of the sessions table.

The view calls it once for all rows: a call from Qt into Python for each cell would wait for the interpreter each time.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter

from inspector.core.display import escape_display
from inspector.services.catalogue.session_row import Column, Row
from inspector.ui.base.theme import Theme, mono_font
from inspector.ui.list.session_table import RIGHT_ALIGNED, SessionTableModel

_PAD = 9
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class SessionPainter:
    """One line of text a cell, in the colour of what it says; changed rows are tinted. Made for each painting."""

    def __init__(self, painter: QPainter, model: SessionTableModel, theme: Theme, font: QFont) -> None:
        self._painter = painter
        self._model = model
        self._theme = theme
        small = QFont(font)
        small.setPointSizeF(font.pointSizeF() * 0.87)
        self._fonts = {
            name: (one, QFontMetrics(one)) for name, one in (("text", font), ("mono", mono_font()), ("small", small))
        }

    def paint_row(self, row: Row, band: QRect, cells: Sequence[tuple[Column, int, int]], *, is_selected: bool) -> None:
        """Paint one row into `band`. `cells`: each column, where it begins and how wide it is."""
        if is_selected:
            self._painter.fillRect(band, self._theme.colour("accent_soft"))
        elif self._model.is_marked(row):
            self._painter.fillRect(band, self._theme.colour("warn_soft"))
        self._painter.setPen(self._theme.colour("line"))
        self._painter.drawLine(band.bottomLeft(), band.bottomRight())
        for column, left, width in cells:
            area = QRect(left + _PAD, band.top(), width - 2 * _PAD, band.height())
            if column is Column.USER:
                self._paint_user(area, row)
                continue
            tone, font = self._look(row, column)
            self._draw(font, area, self._model.text(row, column), tone, column in RIGHT_ALIGNED)

    def _look(self, row: Row, column: Column) -> tuple[str, str]:
        if column is Column.SESSION:
            return "text", "mono"
        if column is Column.EXPIRES:
            return self._model.expiry_tone(row), "text"
        return "muted" if column is Column.FORMAT else "text", "text"

    def _paint_user(self, area: QRect, row: Row) -> None:
        if not row.user:
            # Unreadable records say so where the user would be: that is what the eye looks for.
            text = row.format if row.format.startswith(("unreadable", "not read", "encrypted")) else ""
            self._draw("small", area, escape_display(text, 80), "muted")
            return
        user = escape_display(row.user, 80)
        self._draw("text", area, user, "text")
        used = self._fonts["text"][1].horizontalAdvance(user) + 6
        self._draw("small", area.adjusted(used, 0, 0, 0), escape_display(row.role, 40), "muted")

    def _draw(self, font: str, area: QRect, text: str, tone: str, right: bool = False) -> None:
        if not text or area.width() <= 0:
            return
        face, metrics = self._fonts[font]
        self._painter.setFont(face)
        self._painter.setPen(self._theme.colour(tone))
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        self._painter.drawText(area, _RIGHT if right else _LEFT, shown)
