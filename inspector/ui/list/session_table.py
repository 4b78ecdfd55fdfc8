"""The rows of a catalogue for a table view; holds positions only and sorts nothing itself."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from inspector.core.display import escape_display, format_local, format_size, format_time
from inspector.core.expiry import format_countdown, format_duration
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.session_row import Column, Row
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import plain_tip

COLUMNS: tuple[tuple[Column, str], ...] = (
    (Column.SESSION, "Session"),
    (Column.USER, "User"),
    (Column.SIGNED_IN, "Signed in"),
    (Column.EXPIRES, "Expires"),
    (Column.SIZE, "Size"),
    (Column.CHANGED, "Changed"),
    (Column.FORMAT, "Format"),
)
RIGHT_ALIGNED = frozenset({Column.EXPIRES, Column.SIZE, Column.CHANGED})
_PAGE = 2000
_MARK_MS = 4000
_HOUR_MS = 3_600_000
_Index = QModelIndex | QPersistentModelIndex


def _goes_on(before: Sequence[int], after: Sequence[int]) -> bool:
    """True when both are 0, 1, 2 … and the second is not shorter: rows that came while reading."""
    return isinstance(before, range) and isinstance(after, range) and 0 < len(before) <= len(after)


def age_words(changed_at_ms: int | None, now_ms: int) -> str:
    """Return "just now", "2 s ago", "3 h ago" or "" for a time of change."""
    if changed_at_ms is None:
        return ""
    age = now_ms - changed_at_ms
    return (
        "just now" if age < 2000 else f"{format_duration(age).split(' ')[0]} {format_duration(age).split(' ')[1]} ago"
    )


class SessionTableModel(QAbstractTableModel):
    """Shows the catalogue's rows at the given positions, growing by `fetchMore` as the view asks."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._catalogue: Catalogue | None = None
        self._positions: Sequence[int] = ()
        self._shown = 0
        self._rows: dict[int, Row] = {}
        self._generation = -1
        self._marks_since_ms = 0
        self.now_ms = round(time.time() * 1000)

    def show_rows(self, catalogue: Catalogue | None, positions: Sequence[int]) -> None:
        """Show these positions of `catalogue` from now on. Where they only go on further, nothing moves."""
        if catalogue is self._catalogue and _goes_on(self._positions, positions):
            self._positions = positions
            self._rows.clear()
            self._grow(_PAGE)
            return
        self.beginResetModel()
        keep = self._shown if catalogue is self._catalogue else 0
        if catalogue is not self._catalogue:
            self._marks_since_ms = round(time.time() * 1000)
        self._catalogue = catalogue
        self._positions = positions
        self._shown = min(len(positions), max(_PAGE, keep))
        self._rows.clear()
        self.now_ms = round(time.time() * 1000)
        self.endResetModel()

    @property
    def match_count(self) -> int:
        return len(self._positions)

    def row_at(self, row: int) -> Row | None:
        """Return the row's values, or None outside the table."""
        if self._catalogue is None or not 0 <= row < len(self._positions):
            return None
        if self._catalogue.generation != self._generation:
            self._rows.clear()
            self._generation = self._catalogue.generation
        position = self._positions[row]
        found = self._rows.get(position)
        if found is None:
            if len(self._rows) > _PAGE:
                self._rows.clear()
            found = self._rows[position] = self._catalogue.row(position)
        return found

    def positions_of(self, ranges: Sequence[tuple[int, int]]) -> array[int]:
        """Return the catalogue's positions of rows, given as ranges (first, last)."""
        found = array("I")
        for first, last in ranges:
            found.extend(self._positions[first : last + 1])
        return found

    def fetch_all(self) -> None:
        """Let the view have every row, so that all of them can be selected."""
        self._grow(len(self._positions))

    def row_of(self, key: bytes) -> int:
        """Return the shown row of a key, -1 when it is not among the matches."""
        position = self._catalogue.find(key) if self._catalogue else None
        if position is None:
            return -1
        try:
            row = self._positions.index(position)
        except ValueError:
            return -1
        if row >= self._shown:
            self._grow(row + _PAGE)
        return row

    def _grow(self, wanted: int) -> None:
        count = min(len(self._positions), wanted)
        if count > self._shown:
            self.beginInsertRows(QModelIndex(), self._shown, count - 1)
            self._shown = count
            self.endInsertRows()

    @qt_guard(0)
    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else self._shown

    @qt_guard(0)
    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    @qt_guard(False)
    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and self._shown < len(self._positions)

    @qt_guard()
    def fetchMore(self, parent: _Index) -> None:
        self._grow(self._shown + _PAGE)

    @qt_guard()
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row_at(index.row()) if index.isValid() else None
        if row is None:
            return None
        column = COLUMNS[index.column()][0]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in RIGHT_ALIGNED:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self._tip(row, column))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{COLUMNS[index.column()][1]}: {self.text(row, column)}"
        return None

    @qt_guard()
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column, title = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column in RIGHT_ALIGNED else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def is_marked(self, row: Row) -> bool:
        """True for a row which changed within the last seconds, while its store was looked at."""
        if row.changed_at_ms is None or row.changed_at_ms < self._marks_since_ms:
            return False
        return 0 <= self.now_ms - row.changed_at_ms < _MARK_MS

    def expiry_tone(self, row: Row) -> str:
        """Return the colour name of a row's expiry: "bad" expired, "warn" within the hour, "text" else."""
        if row.expires_at_ms is None:
            return "muted"
        left = row.expires_at_ms - self.now_ms
        return "bad" if left <= 0 else "warn" if left < _HOUR_MS else "text"

    def text(self, row: Row, column: Column) -> str:
        """Return what a cell says."""
        match column:
            case Column.SESSION:
                return escape_display(row.key.decode("utf-8", "surrogateescape"), 120)
            case Column.USER:
                return escape_display(row.user, 80)
            case Column.SIGNED_IN:
                return "●" if row.signed_in else ""
            case Column.EXPIRES:
                return "unknown" if row.is_expiry_hidden else format_countdown(row.expires_at_ms, self.now_ms)
            case Column.SIZE:
                return format_size(row.size)
            case Column.CHANGED:
                return age_words(row.changed_at_ms, self.now_ms)
            case Column.FORMAT:
                return escape_display(row.format, 80)

    def _tip(self, row: Row, column: Column) -> str:
        match column:
            case Column.SESSION:
                return row.key.decode("utf-8", "surrogateescape")
            case Column.USER:
                return f"{row.user} {row.role}".strip() or row.format
            case Column.SIGNED_IN:
                return "A user was found in this session" if row.signed_in else "No user in this session"
            case Column.EXPIRES if row.is_passed_over:
                return "The application's store never finds this record; open it to see why."
            case Column.EXPIRES if row.expires_at_ms is not None:
                return f"{format_local(row.expires_at_ms)} · {format_time(row.expires_at_ms)}"
            case Column.CHANGED if row.changed_at_ms is not None:
                return f"{format_local(row.changed_at_ms)} · {format_time(row.changed_at_ms)}"
            case Column.SIZE:
                return f"{row.size:,} bytes"
            case _:
                return row.format
