"""The tables of a database, and the first rows of one, for table views."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor

from inspector.core.display import escape_display, format_local, format_size
from inspector.services.catalogue.session_row import Row
from inspector.ui.base.row_table import RowTableModel
from inspector.ui.base.theme import Theme
from store_adapters.tables.survey import FoundTable

TABLE_TITLES = ("Table", "Written by", "Rows")
ROW_TITLES = ("Session ID", "Ends", "Size", "User", "Format")


class FoundTableModel(RowTableModel[FoundTable]):
    """The tables that a survey found."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(TABLE_TITLES, parent)
        self._theme = theme

    def is_mono(self, column: int) -> bool:
        return column == 0

    def colour_of(self, row: FoundTable, column: int) -> QColor | None:
        is_unknown = (column == 1 and not row.library) or (column == 2 and row.rows is None)
        return self._theme.colour("muted") if is_unknown else None

    def tip_of(self, row: FoundTable) -> str:
        return "Columns: " + ", ".join(f"{column.name} {column.type}".strip() for column in row.columns)

    def text_of(self, row: FoundTable, column: int) -> str:
        match column:
            case 0:
                return escape_display(row.title, 120)
            case 1:
                return row.library or "unknown"
            case _:
                return "unknown" if row.rows is None else f"about {row.rows:,}"


class FirstRowsModel(RowTableModel[Row]):
    """Some sessions as the list would show them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(ROW_TITLES, parent)

    def is_mono(self, column: int) -> bool:
        return column == 0

    def tip_of(self, row: Row) -> str:
        return row.format

    def text_of(self, row: Row, column: int) -> str:
        match column:
            case 0:
                return escape_display(row.session_id, 80)
            case 1:
                return _end(row)
            case 2:
                return format_size(row.size)
            case 3:
                return escape_display(row.user, 80) or "–"
            case _:
                return escape_display(row.format.partition(":")[0], 80)  # why stands below, and in the tooltip


def _end(row: Row) -> str:
    if row.is_expiry_hidden:
        return "encrypted"
    if row.is_passed_over:
        return "no time"
    return "never" if row.expires_at_ms is None else format_local(row.expires_at_ms)
