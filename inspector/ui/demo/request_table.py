"""The demo's request log for a table view: the newest rows, added in bunches; knows no server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from inspector.core.display import escape_display, format_clock, format_time
from inspector.demo.request_log import RequestEntry
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import plain_tip
from inspector.ui.base.theme import mono_font

TITLES = ("Time", "Request", "Status", "Session", "What changed")
MOST_ROWS = 2000
_Index = QModelIndex | QPersistentModelIndex


class RequestTableModel(QAbstractTableModel):
    """Newest last; the oldest fall out."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[RequestEntry] = []
        self._font = mono_font()

    def add(self, entries: Sequence[RequestEntry]) -> None:
        """Put entries at the end."""
        entries = list(entries)[-MOST_ROWS:]
        too_many = len(self._entries) + len(entries) - MOST_ROWS
        if too_many > 0:
            self.beginRemoveRows(QModelIndex(), 0, too_many - 1)
            del self._entries[:too_many]
            self.endRemoveRows()
        if entries:
            start = len(self._entries)
            self.beginInsertRows(QModelIndex(), start, start + len(entries) - 1)
            self._entries.extend(entries)
            self.endInsertRows()

    def clear(self) -> None:
        self.beginResetModel()
        self._entries.clear()
        self.endResetModel()

    def entry(self, row: int) -> RequestEntry | None:
        return self._entries[row] if 0 <= row < len(self._entries) else None

    @qt_guard(0)
    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._entries)

    @qt_guard(0)
    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(TITLES)

    @qt_guard()
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section] if 0 <= section < len(TITLES) else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    @qt_guard()
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entry(index.row()) if index.isValid() else None
        if entry is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, index.column())
        if role == Qt.ItemDataRole.FontRole:
            return self._font
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(
                f"{format_time(entry.at_ms)} · {entry.session_id or 'no session'}: {', '.join(entry.operations) or 'nothing'}"
            )
        return None

    def _text(self, entry: RequestEntry, column: int) -> str:
        match column:
            case 0:
                return format_clock(entry.at_ms, with_ms=True)
            case 1:
                return escape_display(f"{entry.method} {entry.path}", 120)
            case 2:
                return str(entry.status)
            case 3:
                return escape_display(entry.session_id or "–", 9)
            case _:
                return escape_display(", ".join(entry.changes) or ", ".join(entry.operations) or "no session")
