"""A table model over a list of rows, each a value: the text of its cells, their font and colour, and a tooltip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import plain_tip
from inspector.ui.base.theme import mono_font

_Row = TypeVar("_Row")
_Index = QModelIndex | QPersistentModelIndex


class RowTableModel(QAbstractTableModel, Generic[_Row]):
    """What a table says of its rows is said by the class that inherits: `text_of`, `tip_of`, and where needed the rest."""

    def __init__(self, titles: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._titles = titles
        self._rows: list[_Row] = []
        self._font = mono_font()

    def text_of(self, row: _Row, column: int) -> str:
        """Return what a cell shows."""
        raise NotImplementedError

    def tip_of(self, row: _Row) -> str:
        """Return a row's tooltip."""
        raise NotImplementedError

    def is_mono(self, column: int) -> bool:
        """True for a column whose text stands in the font of code."""
        return True

    def colour_of(self, row: _Row, column: int) -> Any:
        """Return the colour of a cell's text, None for the usual one."""
        return None

    def show_rows(self, rows: Sequence[_Row]) -> None:
        """Show these in place of what was shown."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def row(self, number: int) -> _Row | None:
        return self._rows[number] if 0 <= number < len(self._rows) else None

    @qt_guard(0)
    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @qt_guard(0)
    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._titles)

    @qt_guard()
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section] if 0 <= section < len(self._titles) else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    @qt_guard()
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row(index.row()) if index.isValid() else None
        if row is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.text_of(row, index.column())
            case Qt.ItemDataRole.FontRole:
                return self._font if self.is_mono(index.column()) else None
            case Qt.ItemDataRole.ForegroundRole:
                return self.colour_of(row, index.column())
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self.tip_of(row))
        return None
