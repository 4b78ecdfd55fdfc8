"""What the columns of an unknown table mean: a choice for each role, in the words of a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from inspector.core.display import escape_display
from inspector.ui.base.choice_box import ChoiceBox
from inspector.ui.base.plain import PlainLabel
from store_adapters.tables.survey import FoundTable

_ROLES = (
    ("sid", "Session ID", ""),
    ("data", "Session data", ""),
    ("expires", "Expiry", "None: sessions don't end"),
    ("unit", "Unit", "As its type says"),
    ("timezone", "Time zone", "UTC"),
    ("user_column", "User", "None"),
)
_BY_LIBRARY = "As the library writes it"
_UNITS = {"ms": "Milliseconds", "s": "Seconds"}


class ColumnChoice(QWidget):
    """`changed` follows a person's choice; `described` are the options of an address. Of a library's table it only shows them."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table: FoundTable | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        self.choices: dict[str, ChoiceBox] = {}
        for number, (option, words, _empty) in enumerate(_ROLES):
            choice = self.choices[option] = ChoiceBox()
            choice.setAccessibleName(words)
            choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            choice.setMinimumContentsLength(12)
            choice.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.currentIndexChanged.connect(lambda _row: self._chosen())
            label = PlainLabel(words)
            label.setBuddy(choice)
            row, column = number // 2, number % 2 * 2
            grid.addWidget(label, row, column)
            grid.addWidget(choice, row, column + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)

    def show_table(self, table: FoundTable, zones: Sequence[str], described: Mapping[str, str]) -> None:
        """Offer a table's columns, with those chosen that `described` names; nothing is emitted."""
        self._table = table
        is_known = bool(table.library) and not described
        self.setEnabled(not is_known)
        if is_known:
            described = table.roles
        columns = {
            column.name: f"{column.name}  ({column.type})" if column.type else column.name for column in table.columns
        }
        offered = {
            "unit": _UNITS,
            "timezone": {zone: zone for zone in zones},
            "expires": {column.name: columns[column.name] for column in table.columns if column.can_end},
        }
        for option, _words, empty in _ROLES:
            if is_known and option in ("unit", "timezone"):
                empty = _BY_LIBRARY
            choice, wanted = self.choices[option], described.get(option, "")
            with QSignalBlocker(choice):
                choice.clear()
                if empty or not wanted:
                    choice.addItem(empty or ("The row itself" if is_known else "Choose a column"), "")
                for value, text in offered.get(option, columns).items():
                    choice.addItem(escape_display(text, 80), value)
                if wanted and choice.findData(wanted) < 0:
                    choice.addItem(escape_display(wanted, 80), wanted)
                choice.setCurrentIndex(max(0, choice.findData(wanted)))
        self._show_needs()

    @property
    def described(self) -> dict[str, str]:
        """The options as they are chosen; what isn't chosen, or isn't needed, is left out."""
        chosen = {option: str(choice.currentData() or "") for option, choice in self.choices.items()}
        return {option: value for option, value in chosen.items() if value and self.choices[option].isEnabled()}

    @property
    def missing(self) -> str:
        """What has to be chosen before the table can be read, "" for nothing."""
        wanted = [words for option, words, empty in _ROLES if not empty and option not in self.described]
        return f"Choose the column of: {', '.join(wanted)}." if wanted else ""

    def show_unit(self, unit: str) -> None:
        """Show the unit that was found out; nothing is emitted."""
        choice = self.choices["unit"]
        with QSignalBlocker(choice):
            choice.setCurrentIndex(max(0, choice.findData(unit)))

    def _chosen(self) -> None:
        self._show_needs()
        self.changed.emit()

    def _show_needs(self) -> None:
        name = str(self.choices["expires"].currentData() or "")
        column = self._table.column(name) if self._table is not None else None
        self.choices["unit"].setEnabled(column is not None and column.needs_unit)
        self.choices["timezone"].setEnabled(column is not None and column.needs_zone)
