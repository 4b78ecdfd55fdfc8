"""Review and save: what was stored when opened, what is stored now, and yours, field by field."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from inspector.core.display import escape_display
from inspector.core.merge import Choice, FieldState
from inspector.services.sessions.save_session import Review, describe_fields
from inspector.services.settings.profiles import Environment, Profile
from inspector.ui.base.plain import PlainLabel, timed_label
from inspector.ui.base.small_screen import fit_screen
from inspector.ui.base.theme import mono_font
from inspector.ui.session.review_table import MOST_ROWS, ReviewTable
from inspector.ui.stores.busy_sign import BusySign

_BADGES = {Environment.PRODUCTION: ("PROD", "badge-bad"), Environment.STAGING: ("STAGE", "badge-warn")}


class ReviewDialog(QDialog):
    """Shows one review. `save_wanted(choices, overwrite)` when a person decided; it stays open until it is told to close."""

    save_wanted = Signal(object, bool)  # dict[str, Choice], overwrite
    preview_wanted = Signal(object)  # dict[str, Choice]

    def __init__(self, review: Review, profile: Profile, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Review and save")
        self.setModal(True)
        self.resize(fit_screen(self, 1000, 440))
        self._profile = profile
        self._promise = ""
        self.table = ReviewTable((), {})
        self.review = review
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._build_head())
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidgetResizable(True)
        layout.addWidget(self.scroll_area, 1)
        self.commands_label = PlainLabel("", role="muted", selectable=True, wrap=True)
        self.commands_label.setFont(mono_font())
        self.commands_label.setContentsMargins(18, 8, 18, 8)
        self.commands_label.setAccessibleName("Commands that a save would send")
        self.commands_label.hide()
        layout.addWidget(self.commands_label)
        layout.addWidget(self._build_foot())
        self.show_review(review)
        # Without this the first button, Cancel, has the focus, and Return throws the review away.
        conflict = next(iter(self.table.groups.values()), None)
        (conflict.buttons()[0] if conflict is not None else self.save_button).setFocus()

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
        self.foot_label = PlainLabel("", role="muted", wrap=True)
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
        return self.table.choices

    def show_review(self, review: Review, message: str = "") -> None:
        """Replace the review with a newer one; choices already made stay."""
        made = self.choices
        self.review = review
        self.expiry_label.setText(f"·  {review.expiry}")
        self.scroll_area.setWidget(self._build_rows(review, message, made))
        self.overwrite_button.setVisible(bool(review.conflicts))
        self.set_busy(False)
        self._chosen()

    def _chosen(self) -> None:
        """Say what would be written, as the choices are now."""
        review, choices = self.review, self.choices
        undecided = {change.field: Choice.MINE for change in review.conflicts}
        number = len(review.written({**undecided, **choices}))
        key = escape_display(review.opened.raw.ref.key.decode("utf-8", "surrogateescape"), 60)
        title, button = f"Save {number} change{'' if number == 1 else 's'} to {key}?", "Save"
        if review.gone:
            title = f"{key} is gone"
        elif not number and review.now_decoded is not None:
            title, button = f"Keep {key} as it's stored now? None of your edits are written.", "Keep stored"
        elif review.changed_by_application:
            button = "Merge and save"
        self.title.setText(title)
        self.save_button.setText(button)
        self._enable()
        self._preview()

    def promise(self, words: str) -> None:
        """Say what becomes of the old record, where it is going to be written over."""
        self._promise = words
        self._enable()

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
        self.table = ReviewTable(review.changes, made)
        self.table.chosen.connect(self._chosen)
        column.addWidget(self.table)
        if len(review.changes) > MOST_ROWS:
            column.addWidget(PlainLabel(f"… and {len(review.changes) - MOST_ROWS:,} more fields", role="muted"))
        self._add_words(column, review)
        column.addStretch(1)
        return inside

    def _add_words(self, column: QVBoxLayout, review: Review) -> None:
        theirs = tuple(one for one in review.changes if one.theirs != one.base and one.mine == one.base)
        touched = tuple(one for one in review.changes if one.state is FieldState.THEIRS and one.is_discarded())
        if review.gone:
            _add_note(column, "gone", "badge-bad", "It was logged out or expired. A save never brings a session back.")
        elif review.now_decoded is None:
            _add_note(column, "unreadable now", "badge-bad", "The application wrote an unrecognised format.")
        elif review.conflicts:
            words = f"You and the application both changed {describe_fields(review.conflicts)}. Choose which to keep."
            _add_note(column, "conflict", "badge-bad", words)
        elif theirs:
            words = (
                f"The application changed {describe_fields(theirs)}. Your edits touch other fields, so both are kept."
            )
            _add_note(column, "changed since you opened it", "badge-warn", words)
        if touched:
            words = (
                f"Every request moves {describe_fields(touched)}: what the application wrote since is kept, not yours."
            )
            _add_note(column, "not kept", "badge-warn", words)
        for finding in review.findings:
            role = "badge-bad" if finding in review.refusals else "badge-warn"
            _add_note(column, finding.severity.value, role, f"{finding.text} {finding.remedy}".strip())

    def _enable(self) -> None:
        decided = len(self.choices) == len(self.review.conflicts)
        self.save_button.setEnabled(self.review.can_save and decided and not self._is_busy)
        self.overwrite_button.setEnabled(self.review.can_save and not self._is_busy)
        self.foot_label.setText(self._promise if self.review.can_save else "")


def _add_note(column: QVBoxLayout, badge: str, role: str, words: str) -> None:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(PlainLabel(badge, role=role), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(timed_label(words, wrap=True), 1)
    column.addLayout(row)
