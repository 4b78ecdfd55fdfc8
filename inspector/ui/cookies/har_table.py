"""The requests of an HTTP archive for a table view, a row for each that says something of a session; reads no file."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from inspector.core.display import escape_display, format_clock, format_time, localise_times
from inspector.services.cookies.har_report import TROUBLE, HarRow
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import plain_tip
from inspector.ui.base.theme import Theme, mono_font

TITLES = ("#", "Time", "Request", "Status", "Cookie", "Session sent", "Session received", "Stored", "What happened")

# Of the answer's Set-Cookie, by the browser's rules.
_STORED = {True: "yes", False: "no", None: "–"}

_Index = QModelIndex | QPersistentModelIndex


class HarTableModel(QAbstractTableModel):
    """The rows of one report, in time order."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: tuple[HarRow, ...] = ()
        self._font = mono_font()

    def show_rows(self, rows: tuple[HarRow, ...]) -> None:
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def row(self, number: int) -> HarRow | None:
        return self._rows[number] if 0 <= number < len(self._rows) else None

    @qt_guard(0)
    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

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
        row = self.row(index.row()) if index.isValid() else None
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, index.column())
        if role == Qt.ItemDataRole.FontRole:
            return self._font if index.column() != len(TITLES) - 1 else None
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == len(TITLES) - 1 and row.event in TROUBLE:
            return self._theme.colour("bad")
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{format_time(row.exchange.started_at_ms)} {row.exchange.url}: {row.text}")
        return None

    def _text(self, row: HarRow, column: int) -> str:
        exchange = row.exchange
        match column:
            case 0:
                return str(exchange.number)
            case 1:
                return format_clock(exchange.started_at_ms)
            case 2:
                return escape_display(f"{exchange.method} {exchange.address.path or '/'}", 60)
            case 3:
                return str(exchange.status or "–")
            case 4:
                return escape_display(row.cookie_name, 24)
            case 5:
                more = f" +{len(row.all_sent) - 1}" if len(row.all_sent) > 1 else ""
                return escape_display(row.sent or "–", 10) + more
            case 6:
                return escape_display(row.received or "–", 10)
            case 7:
                return _STORED[row.is_stored]
            case _:
                return escape_display(f"{row.event.value}: {localise_times(row.text)}")
