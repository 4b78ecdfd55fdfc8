"""Review and save: what was stored when opened, what is stored now, and yours, field by field; writes nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from inspector.codecs import format_json, scalar_json
from inspector.core.display import escape_display
from inspector.core.item_changes import count_changes, item_changes
from inspector.core.merge import Choice, FieldChange, FieldState
from inspector.core.node import Kind, Node
from inspector.services.sessions.save_session import Review, describe_fields
from inspector.services.settings.profiles import Environment, Profile
from inspector.ui.base.busy_sign import BusySign
from inspector.ui.base.fitting_label import FittingLabel
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, plain_tip
from inspector.ui.base.small_screen import fit_screen
from inspector.ui.base.theme import mono_font

_MOST_ROWS = 200
_COMPARED = 2000
"""Of a value, in characters: beyond, it is not looked for where two differ."""
_SAME_SHOWN = 18
"""So much that is the same may stand before what differs, in characters; of more, a third is shown."""
_BESIDE_A_CHOICE = 40
"""A radio button's circle and margins, in pixels."""
_TITLES = ("Field", "Stored when opened", "Stored now", "Yours")
_BADGES = {Environment.PRODUCTION: ("PROD", "badge-bad"), Environment.STAGING: ("STAGE", "badge-warn")}


class ReviewDialog(QDialog):
    """Shows one review. `save_wanted(choices, overwrite)` when a person decided; it stays open until it is told to close."""

    save_wanted = Signal(object, bool)  # dict[str, Choice], overwrite
    preview_wanted = Signal(object)  # dict[str, Choice]

    def __init__(self, review: Review, profile: Profile, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Review and save")
        self.setModal(True)
        self.resize(fit_screen(self, 900, 420))
        self._profile = profile
        self._groups: dict[str, QButtonGroup] = {}
        self.review = review
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._build_head())
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        layout.addWidget(self._scroll, 1)
        self.commands_label = PlainLabel("", role="muted", selectable=True, wrap=True)
        self.commands_label.setFont(mono_font())
        self.commands_label.setContentsMargins(18, 8, 18, 8)
        self.commands_label.setAccessibleName("Commands that a save would send")
        self.commands_label.hide()
        layout.addWidget(self.commands_label)
        layout.addWidget(self._build_foot())
        self.show_review(review)
        # Without this the first button, Cancel, has the focus, and Return throws the review away.
        undecided = next(iter(self._groups.values()), None)
        (undecided.buttons()[0] if undecided is not None else self.save_button).setFocus()

    def _build_head(self) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setContentsMargins(18, 14, 18, 10)
        head.setSpacing(5)
        self.title = PlainLabel("", role="title", wrap=True)
        head.addWidget(self.title)
        row = QHBoxLayout()
        row.setSpacing(7)
        row.addWidget(PlainLabel(escape_display(self._profile.name, 60), role="muted"))
        if self._profile.environment in _BADGES:
            words, role = _BADGES[self._profile.environment]
            row.addWidget(PlainLabel(words, role=role))
        self.expiry_label = PlainLabel("", role="muted")
        row.addWidget(self.expiry_label, 1)
        self.busy_sign = BusySign()
        row.addWidget(self.busy_sign)
        head.addLayout(row)
        return head

    def _build_foot(self) -> QFrame:
        foot = QFrame()
        foot.setProperty("role", "bar")
        row = QHBoxLayout(foot)
        row.setContentsMargins(18, 10, 18, 10)
        row.setSpacing(8)
        self.foot_label = PlainLabel("The old record is kept in History and can be restored.", role="muted", wrap=True)
        row.addWidget(self.foot_label, 1)
        self.preview_button = QPushButton("Show commands")
        self.preview_button.setCheckable(True)
        self.preview_button.toggled.connect(lambda _on: self._preview())
        row.addWidget(self.preview_button)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.clicked.connect(self.reject)
        row.addWidget(self.cancel_button)
        self.overwrite_button = QPushButton("Overwrite all with mine")
        self.overwrite_button.setProperty("role", "danger")
        self.overwrite_button.clicked.connect(lambda: self.save_wanted.emit({}, True))
        row.addWidget(self.overwrite_button)
        self.save_button = QPushButton("Save")
        self.save_button.setProperty("role", "primary")
        self.save_button.setDefault(True)
        self.save_button.clicked.connect(lambda: self.save_wanted.emit(self.choices, False))
        row.addWidget(self.save_button)
        return foot

    @property
    def choices(self) -> dict[str, Choice]:
        """Return whose value is kept, for each conflict that was decided."""
        return {
            field: Choice.MINE if group.checkedId() == 1 else Choice.THEIRS
            for field, group in self._groups.items()
            if group.checkedId() >= 0
        }

    def show_review(self, review: Review, message: str = "") -> None:
        """Show a newer review in the place of the old one; choices that were made stay."""
        made = self.choices
        self.review = review
        self._groups = {}
        number = count_changes(tuple(one for one in review.changes if one.state is not FieldState.THEIRS))
        what = f"{number} change{'' if number == 1 else 's'}"
        key = escape_display(review.opened.raw.ref.key.decode("utf-8", "surrogateescape"), 60)
        self.title.setText(f"{key} is gone" if review.gone else f"Save {what} to {key}?")
        self.expiry_label.setText(f"·  {review.expiry}")
        self._scroll.setWidget(self._build_rows(review, message, made))
        self.save_button.setText("Merge and save" if review.changed_by_application else "Save")
        self.overwrite_button.setVisible(bool(review.conflicts))
        self.set_busy(False)
        self._preview()

    def show_commands(self, commands: Sequence[str]) -> None:
        """Show what a save would send as it stands."""
        self.commands_label.setText("\n".join(commands) or "Nothing would be sent.")
        self.commands_label.setVisible(self.preview_button.isChecked())

    def _preview(self) -> None:
        if self.preview_button.isChecked():
            self.preview_wanted.emit(self.choices)
        else:
            self.commands_label.hide()

    def set_busy(self, is_busy: bool) -> None:
        """Lock the buttons while it is being written."""
        self._is_busy = is_busy
        self._enable()

    def _build_rows(self, review: Review, message: str, made: dict[str, Choice]) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(18, 8, 18, 12)
        column.setSpacing(8)
        if message:
            column.addWidget(PlainLabel(message, role="warn", wrap=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(0)
        grid.setVerticalSpacing(0)
        for place, words in enumerate(_TITLES):
            title = PlainLabel(words, role="heading")
            title.setContentsMargins(8, 4, 8, 6)
            title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            grid.addWidget(title, 0, place)
            grid.setColumnStretch(place, 2 if place == 0 else 3)
        for change in review.changes[:_MOST_ROWS]:
            items = item_changes(change)
            self._add_row(grid, change, items, made)
            for item in items[: max(0, _MOST_ROWS - grid.rowCount())]:
                self._add_values(grid, item, _shown_values(item))
        column.addLayout(grid)
        if len(review.changes) > _MOST_ROWS:
            column.addWidget(PlainLabel(f"… and {len(review.changes) - _MOST_ROWS:,} more fields", role="muted"))
        self._add_words(column, review)
        column.addStretch(1)
        return inside

    def _add_row(
        self, grid: QGridLayout, change: FieldChange, items: tuple[FieldChange, ...], made: dict[str, Choice]
    ) -> None:
        # Where the items follow, each in its row, the whole is told by how many there are.
        values = _item_counts(change) if items else _shown_values(change)
        if change.state is not FieldState.CONFLICT:
            self._add_values(grid, change, values)
            return
        row = self._add_values(grid, change, (values[0], None, None))
        group = QButtonGroup(self)
        for identity, place, node, whose in ((0, 2, change.theirs, "the application's"), (1, 3, change.mine, "mine")):
            button = _Choice(values[place - 1] or "")
            button.setToolTip(plain_tip(_value_text(node, 600)))
            button.setAccessibleName(f"{change.field}: keep {whose}")
            group.addButton(button, identity)
            button.setChecked(made.get(change.field) is (Choice.MINE if identity else Choice.THEIRS))
            button.setProperty("role", "cell-mine")
            grid.addWidget(button, row, place)
        group.idToggled.connect(lambda _id, _on: self._enable())
        group.idClicked.connect(lambda _id: self._preview())
        self._groups[change.field] = group

    def _add_values(self, grid: QGridLayout, change: FieldChange, values: tuple[str | None, ...]) -> int:
        """Add a row of these texts, None for a place that stays free; return its number."""
        row, is_mine = grid.rowCount(), change.state is not FieldState.THEIRS
        role = "cell-mine" if is_mine else "cell"
        grid.addWidget(_cell(change.field or "the whole record", f"{role}-key"), row, 0)
        for place, (node, words) in enumerate(zip((change.base, change.theirs, change.mine), values, strict=True), 1):
            if place == 3 and not is_mine:
                grid.addWidget(_cell("kept: changed by the application", "muted"), row, place)
            elif words is not None:
                cell = _cell(words, role if node is not None else f"{role}-none", mono_font())
                cell.setToolTip(plain_tip(_value_text(node, 600)))
                grid.addWidget(cell, row, place)
        return row

    def _add_words(self, column: QVBoxLayout, review: Review) -> None:
        theirs = tuple(one for one in review.changes if one.state is FieldState.THEIRS)
        if review.gone:
            _add_note(column, "gone", "badge-bad", "It was logged out or expired. A save never brings a session back.")
        elif review.now_decoded is None:
            _add_note(column, "unreadable now", "badge-bad", "The application has written what no codec reads.")
        elif review.conflicts:
            words = f"You and the application both changed {describe_fields(review.conflicts)}. Choose whose is kept."
            _add_note(column, "conflict", "badge-bad", words)
        elif theirs:
            words = f"The application changed {describe_fields(theirs)}. Yours touch other fields, so both are kept."
            _add_note(column, "changed since you opened it", "badge-warn", words)
        for finding in review.findings:
            role = "badge-bad" if finding in review.refusals else "badge-warn"
            _add_note(column, finding.severity.value, role, f"{finding.text} {finding.remedy}".strip())

    def _enable(self) -> None:
        decided = all(group.checkedId() >= 0 for group in self._groups.values())
        self.save_button.setEnabled(self.review.can_save and decided and not self._is_busy)
        self.overwrite_button.setEnabled(self.review.can_save and not self._is_busy)


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


def _cell(words: str, role: str, font: QFont | None = None) -> FittingLabel:
    cell = FittingLabel(words, role=role)
    if font is not None:
        cell.setFont(font)
    cell.setContentsMargins(8, 4, 8, 4)
    # By the columns' shares alone, so that no value pushes another out of sight.
    cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return cell


def _item_counts(change: FieldChange) -> tuple[str, ...]:
    counts = (len(node.entries) if node is not None else 0 for node in (change.base, change.theirs, change.mine))
    return tuple(f"{count} item{'' if count == 1 else 's'}" for count in counts)


def _shown_values(change: FieldChange) -> tuple[str, ...]:
    """Return the three values as texts; long ones from shortly before where they differ."""
    nodes = (change.base, change.theirs, change.mine)
    texts = [_value_text(node, _COMPARED) for node in nodes]
    present = [text for node, text in zip(nodes, texts, strict=True) if node is not None]
    differs = (number for number, chars in enumerate(zip(*present, strict=False)) if len(set(chars)) > 1)
    same = next(differs, 0)
    if same <= _SAME_SHOWN:
        return tuple(texts)
    skipped = same - _SAME_SHOWN // 3
    return tuple(text if node is None else f"…{text[skipped:]}" for node, text in zip(nodes, texts, strict=True))


def _value_text(node: Node | None, limit: int) -> str:
    if node is None:
        return "–"
    if node.kind in (Kind.OBJECT, Kind.ARRAY):
        return escape_display(format_json(node, None), limit)
    return escape_display(str(node.scalar) if node.kind is Kind.OTHER else scalar_json(node), limit)


def _add_note(column: QVBoxLayout, badge: str, role: str, words: str) -> None:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(PlainLabel(badge, role=role), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(PlainLabel(words, wrap=True), 1)
    column.addLayout(row)
