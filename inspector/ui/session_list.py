"""The sessions' table view: its columns, their widths, and choosing among them; knows no store."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView

from inspector.services.catalogue import Column
from inspector.ui.models.session_table import COLUMNS, SessionTableModel
from inspector.ui.session_delegate import SessionDelegate
from inspector.ui.theme import Theme

_WIDTHS = {
    Column.SESSION: 165, Column.USER: 120, Column.SIGNED_IN: 82, Column.EXPIRES: 86, Column.SIZE: 66,
    Column.CHANGED: 94, Column.FORMAT: 130,
}  # fmt: skip


def make_session_table(model: SessionTableModel, theme: Theme) -> QTableView:
    """Return the table with its columns, sorted by the last change; the caller connects it."""
    table = QTableView()
    table.setModel(model)
    table.setItemDelegate(SessionDelegate(theme, table))
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setWordWrap(False)
    table.setAccessibleName("Sessions")
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 11)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header = table.horizontalHeader()
    header.setSectionsMovable(True)
    header.setSortIndicatorShown(True)
    header.setSectionsClickable(True)
    header.setHighlightSections(False)
    header.setMinimumSectionSize(50)
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
