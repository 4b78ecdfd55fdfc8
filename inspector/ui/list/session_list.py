"""The sessions' table view: its columns, their widths, and choosing among them."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRect, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView

from inspector.services.catalogue.session_row import Column
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.theme import Theme
from inspector.ui.base.turns import go_first
from inspector.ui.list.session_painter import SessionPainter
from inspector.ui.list.session_table import COLUMNS, SessionTableModel

_WIDTHS = {
    Column.SESSION: 165, Column.USER: 120, Column.SIGNED_IN: 82, Column.EXPIRES: 86, Column.SIZE: 66,
    Column.CHANGED: 94, Column.FORMAT: 130,
}  # fmt: skip
_WHOLE_ID = 300
_REASON = Qt.FocusReason
_COMES_BACK = (_REASON.PopupFocusReason, _REASON.ActiveWindowFocusReason, _REASON.MenuBarFocusReason)


class SessionTable(QTableView):
    """A table view in all but the painting, which is done row by row in one go."""

    def __init__(self, model: SessionTableModel, theme: Theme) -> None:
        super().__init__()
        self._sessions = model
        self._theme = theme
        self.setModel(model)

    def selected_rows(self) -> list[tuple[int, int]]:
        """Return the selected rows as ranges (first, last), in order: a hundred thousand rows may be one range."""
        selection = self.selectionModel().selection()
        parts = [selection.at(number) for number in range(selection.count())]
        return sorted((part.top(), part.bottom()) for part in parts if part.left() == 0)

    def show_arrow(self, column: Column | None) -> None:
        """Show by which column it is sorted, descending (None: as the rows came), without sorting it."""
        header = self.horizontalHeader()
        header.blockSignals(True)
        section = next((number for number, (one, _title) in enumerate(COLUMNS) if one is column), -1)
        header.setSortIndicator(section, Qt.SortOrder.DescendingOrder)
        header.blockSignals(False)
        header.viewport().update()

    @qt_guard()
    def selectAll(self) -> None:
        self._sessions.fetch_all()
        super().selectAll()

    @qt_guard()
    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select the row that Qt makes the current one; a click selects what it means, and who comes back from
        a menu or dialog wants none."""
        if event.reason() in _COMES_BACK and not self.selectionModel().hasSelection():
            super(QAbstractItemView, self).focusInEvent(event)
            return
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.MouseFocusReason and not self.selectionModel().hasSelection():
            self.selectRow(self.currentIndex().row())

    @qt_guard()
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the session more room where there is more, unless a person gave it another width."""
        super().resizeEvent(event)
        header = self.horizontalHeader()
        if header.sectionSize(0) in (_WIDTHS[Column.SESSION], _session_width(event.oldSize().width())):
            header.resizeSection(0, _session_width(event.size().width()))

    @qt_guard()
    def paintEvent(self, event: QPaintEvent) -> None:
        with go_first(), QPainter(self.viewport()) as painter:
            self._paint_rows(painter, event.rect())

    def _paint_rows(self, painter: QPainter, dirty: QRect) -> None:
        header, selection = self.horizontalHeader(), self.selectionModel()
        cells = [
            (column, header.sectionViewportPosition(number), header.sectionSize(number))
            for number, (column, _title) in enumerate(COLUMNS)
            if not header.isSectionHidden(number)
        ]
        sessions = SessionPainter(painter, self._sessions, self._theme, self.font())
        width, root = self.viewport().width(), QModelIndex()
        number = self.rowAt(dirty.top())
        while number >= 0 and (row := self._sessions.row_at(number)) is not None:
            top = self.rowViewportPosition(number)
            if top > dirty.bottom() or number >= self._sessions.rowCount():
                break
            band = QRect(0, top, width, self.rowHeight(number))
            sessions.paint_row(row, band, cells, is_selected=selection.isRowSelected(number, root))
            number += 1
        current = self.currentIndex()
        if self.hasFocus() and current.isValid():
            painter.setPen(QPen(self._theme.colour("accent"), 1, Qt.PenStyle.DotLine))
            place = self.rowViewportPosition(current.row())
            painter.drawRect(QRect(0, place, width - 1, self.rowHeight(current.row()) - 1))


def _session_width(width: int) -> int:
    return min(max(round(width * 0.24), _WIDTHS[Column.SESSION]), _WHOLE_ID)


def make_session_table(model: SessionTableModel, theme: Theme) -> SessionTable:
    """Return the table with its columns, sorted by the last change; the caller connects it."""
    table = SessionTable(model, theme)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setWordWrap(False)
    table.setAccessibleName("Sessions")
    table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 11)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header = table.horizontalHeader()
    header.setSectionsMovable(True)
    header.setSortIndicatorShown(True)
    header.setSectionsClickable(True)
    header.setHighlightSections(False)
    header.setMinimumSectionSize(50)
    # Painting asks of each column whether all of it is selected, which Qt finds out row by row: seconds at 50,000.
    header.setSelectionModel(QItemSelectionModel(model, header))
    for number, (column, _title) in enumerate(COLUMNS):
        header.resizeSection(number, _WIDTHS[column])
    header.setSectionHidden(len(COLUMNS) - 1, True)
    # The user takes what room there is; the others keep the width a person gave them.
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
    header.setSortIndicator(5, Qt.SortOrder.DescendingOrder)
    header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    return table


def choose_columns(table: QTableView) -> None:
    """Show a menu in which columns are shown or hidden; the session's own stays."""
    menu = QMenu(table)
    header = table.horizontalHeader()
    for number, (column, title) in enumerate(COLUMNS):
        action = menu.addAction(title)
        action.setCheckable(True)
        action.setChecked(not header.isSectionHidden(number))
        action.setEnabled(column is not Column.SESSION)
        action.toggled.connect(lambda on, section=number: header.setSectionHidden(section, not on))
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(header.cursor().pos())
