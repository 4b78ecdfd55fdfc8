"""The demo's request log for a table view: the newest rows, added in bunches."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QObject

from inspector.core.display import escape_display, format_clock, format_time
from inspector.demo.request_log import RequestEntry
from inspector.ui.base.row_table import RowTableModel

TITLES = ("Time", "Request", "Status", "Session", "What changed")
MOST_ROWS = 2000


class RequestTableModel(RowTableModel[RequestEntry]):
    """Newest last; the oldest fall out."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(TITLES, parent)

    def add(self, entries: Sequence[RequestEntry]) -> None:
        """Put entries at the end."""
        entries = list(entries)[-MOST_ROWS:]
        too_many = len(self._rows) + len(entries) - MOST_ROWS
        if too_many > 0:
            self.beginRemoveRows(QModelIndex(), 0, too_many - 1)
            del self._rows[:too_many]
            self.endRemoveRows()
        if entries:
            start = len(self._rows)
            self.beginInsertRows(QModelIndex(), start, start + len(entries) - 1)
            self._rows.extend(entries)
            self.endInsertRows()

    def tip_of(self, row: RequestEntry) -> str:
        operations = ", ".join(row.operations) or "nothing"
        return f"{format_time(row.at_ms)} · {row.session_id or 'no session'}: {operations}"

    def text_of(self, row: RequestEntry, column: int) -> str:
        match column:
            case 0:
                return format_clock(row.at_ms, with_ms=True)
            case 1:
                return escape_display(f"{row.method} {row.path}", 120)
            case 2:
                return str(row.status)
            case 3:
                return escape_display(row.session_id or "–", 9)
            case _:
                return escape_display(", ".join(row.changes) or ", ".join(row.operations) or "no session")
