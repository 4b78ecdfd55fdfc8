"""The rows of a review: each field as it was opened, as it is stored, mine, and what a save would make of it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QRadioButton, QSizePolicy, QWidget

from inspector.core.merge import Choice, FieldChange, FieldState
from inspector.core.node import Node
from inspector.services.sessions.shown_changes import value_text
from inspector.ui.base.fitting_label import FittingLabel
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, plain_tip
from inspector.ui.base.theme import mono_font

MOST_ROWS = 200
_COMPARED = 2000
"""Of a value, in characters: beyond, it is not looked for where two differ."""
_SAME_SHOWN = 18
"""So much that is the same may stand before what differs, in characters; of more, a third is shown."""
_BESIDE_A_CHOICE = 40
"""A radio button's circle and margins, in pixels."""
_TITLES = ("Field", "When opened", "Stored now", "Yours", "Result")
_BASE, _THEIRS, _MINE, _RESULT = range(1, 5)
_NOT_KEPT = "Not kept: "
_RANK = {FieldState.CONFLICT: 0, FieldState.MINE: 1, FieldState.SAME: 2, FieldState.THEIRS: 3}


@dataclass(frozen=True, slots=True)
class _Row:
    """A change, its four texts, and the widgets whose look follows the choice: theirs, mine, the result."""

    change: FieldChange
    texts: tuple[str, ...]
    theirs: FittingLabel | _Choice
    mine: FittingLabel | _Choice
    result: FittingLabel


class ReviewTable(QWidget):
    """`chosen` follows every choice. `made`: choices of an earlier review, kept where their conflict is still there."""

    chosen = Signal()

    def __init__(
        self, changes: tuple[FieldChange, ...], made: dict[str, Choice], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.groups: dict[str, QButtonGroup] = {}
        self._rows: list[_Row] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(0)
        self._grid.setVerticalSpacing(0)
        for column, words in enumerate(_TITLES):
            title = PlainLabel(words, role="heading")
            title.setContentsMargins(8, 4, 8, 6)
            title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            self._grid.addWidget(title, 0, column)
            self._grid.setColumnStretch(column, 3)
        if len(changes) > MOST_ROWS:  # what is to be decided must not be among what is cut off
            changes = tuple(sorted(changes, key=lambda change: _RANK[change.state]))
        for change in changes[:MOST_ROWS]:
            self._add_row(change, made.get(change.field))
        self._show_choices()

    @property
    def choices(self) -> dict[str, Choice]:
        """Return whose value is kept, for each conflict that was decided."""
        return {
            field: Choice.MINE if group.checkedId() == 1 else Choice.THEIRS
            for field, group in self.groups.items()
            if group.checkedId() >= 0
        }

    def _add_row(self, change: FieldChange, made: Choice | None) -> None:
        row, is_mine = self._grid.rowCount(), change.mine != change.base
        role = "cell-mine" if is_mine else "cell"
        texts = _shown_values(change)
        self._grid.addWidget(_cell(change.field or "the whole record", f"{role}-key"), row, 0)
        self._grid.addWidget(_value_cell(texts[0], change.base, role), row, _BASE)
        theirs: FittingLabel | _Choice
        mine: FittingLabel | _Choice
        if change.state is FieldState.CONFLICT:
            theirs, mine = self._choices_of(change, texts, made)
        else:
            theirs, mine = (
                _value_cell(text, node, role) for text, node in ((texts[1], change.theirs), (texts[2], change.mine))
            )
        result = _value_cell("", change.theirs, role)
        for column, widget in ((_THEIRS, theirs), (_MINE, mine), (_RESULT, result)):
            self._grid.addWidget(widget, row, column)
        self._rows.append(_Row(change, texts, theirs, mine, result))

    def _choices_of(self, change: FieldChange, texts: tuple[str, ...], made: Choice | None) -> tuple[_Choice, _Choice]:
        group = QButtonGroup(self)
        buttons = _Choice(texts[1]), _Choice(texts[2])
        for identity, (button, whose) in enumerate(zip(buttons, ("the application's", "mine"), strict=True)):
            button.setAccessibleName(f"{change.field}: keep {whose}")
            button.setProperty("role", "cell-mine")
            group.addButton(button, identity)
            button.setChecked(made is (Choice.MINE if identity else Choice.THEIRS))
        group.idToggled.connect(lambda _id, is_on: self._choose() if is_on else None)
        self.groups[change.field] = group
        return buttons

    def _choose(self) -> None:
        self._show_choices()
        self.chosen.emit()

    def _show_choices(self) -> None:
        choices = self.choices
        for row in self._rows:
            change, choice = row.change, choices.get(row.change.field)
            is_open = change.state is FieldState.CONFLICT and choice is None
            _strike(row.mine, change.mine, is_struck=not is_open and change.is_discarded(choice))
            is_replaced = change.theirs != change.base and change.is_written(choice)
            _strike(row.theirs, change.theirs, is_struck=is_replaced)
            node = change.result(choice)
            words = row.texts[2] if change.is_written(choice) else row.texts[1]
            if is_open:
                words = "choose one"
            elif node is None:
                words = "removed" if change.base is not None else "not added"
            role = "cell-mine" if change.mine != change.base else "cell"
            row.result.show_role(f"{role}-none" if is_open or node is None else role)
            row.result.show_wordings(words)
            row.result.setToolTip(plain_tip(words if is_open or node is None else value_text(node, 600)))


class _Choice(QRadioButton):
    """One of two values, cut with an ellipsis where its column is too narrow."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self._words = words
        self.setFont(mono_font())
        self.setMinimumWidth(40)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @qt_guard()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = event.size().width() - _BESIDE_A_CHOICE
        self.setText(self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room))


def _strike(widget: FittingLabel | _Choice, node: Node | None, *, is_struck: bool) -> None:
    font = mono_font()
    font.setStrikeOut(is_struck)
    widget.setFont(font)
    widget.setToolTip(plain_tip(f"{_NOT_KEPT if is_struck else ''}{value_text(node, 600)}", 620))


def _cell(words: str, role: str, font: QFont | None = None) -> FittingLabel:
    cell = FittingLabel(words, role=role)
    if font is not None:
        cell.setFont(font)
    cell.setContentsMargins(8, 4, 8, 4)
    # By the columns' shares alone, so that no value pushes another out of sight.
    cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return cell


def _value_cell(words: str, node: Node | None, role: str) -> FittingLabel:
    cell = _cell(words, role if node is not None else f"{role}-none", mono_font())
    cell.setToolTip(plain_tip(value_text(node, 600)))
    return cell


def _shown_values(change: FieldChange) -> tuple[str, ...]:
    """Return the three values as texts; long ones from shortly before where they differ."""
    nodes = (change.base, change.theirs, change.mine)
    texts = [value_text(node, _COMPARED) for node in nodes]
    present = [text for node, text in zip(nodes, texts, strict=True) if node is not None]
    differs = (number for number, chars in enumerate(zip(*present, strict=False)) if len(set(chars)) > 1)
    same = next(differs, 0)
    if same <= _SAME_SHOWN:
        return tuple(texts)
    skipped = same - _SAME_SHOWN // 3
    return tuple(text if node is None else f"…{text[skipped:]}" for node, text in zip(nodes, texts, strict=True))
