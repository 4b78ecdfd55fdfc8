"""Before a bulk act: how many sessions, some of them, what will happen and whether it can be undone; acts not itself."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from inspector.core.display import escape_display, format_size
from inspector.core.expiry import format_countdown
from inspector.services.bulk.selection import BulkPreview, SampleRow
from inspector.services.bulk.undo import UNDO_BYTES
from inspector.services.settings.profiles import Environment, Profile
from inspector.ui.base.plain import PlainLabel
from inspector.ui.base.small_screen import fit_screen
from inspector.ui.base.theme import mono_font

_BADGES = {Environment.PRODUCTION: ("PROD", "badge-bad"), Environment.STAGING: ("STAGE", "badge-warn")}
_TITLES = ("Session", "User", "Expires")


class BulkPreviewDialog(QDialog):
    """Accepted when the person wants it. `words`: what will happen; `action`: the word on the button.

    `is_undoable_only`: it was accepted for those sessions only whose change can be undone.
    """

    def __init__(
        self,
        found: BulkPreview,
        profile: Profile,
        title: str,
        words: str,
        action: str,
        now_ms: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.is_undoable_only = False
        self.setWindowTitle(action)
        self.setModal(True)
        self.resize(fit_screen(self, 680, 500))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._build_head(found, profile, title))
        inside = QHBoxLayout()
        inside.setContentsMargins(14, 0, 14, 0)
        inside.addWidget(self._build_sample(found, now_ms))
        layout.addLayout(inside, 1)
        layout.addLayout(self._build_words(found, words))
        layout.addWidget(self._build_foot(found, action))

    def _build_head(self, found: BulkPreview, profile: Profile, title: str) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setContentsMargins(18, 14, 18, 10)
        head.setSpacing(5)
        head.addWidget(PlainLabel(title, role="title", wrap=True))
        row = QHBoxLayout()
        row.setSpacing(7)
        row.addWidget(PlainLabel(escape_display(profile.name, 60), role="muted"))
        if profile.environment in _BADGES:
            row.addWidget(PlainLabel(_BADGES[profile.environment][0], role=_BADGES[profile.environment][1]))
        self.counts_label = PlainLabel(describe_preview(found), role="muted")
        row.addWidget(self.counts_label, 1)
        head.addLayout(row)
        return head

    def _build_sample(self, found: BulkPreview, now_ms: int) -> QTableWidget:
        table = QTableWidget(len(found.sample), len(_TITLES))
        table.setHorizontalHeaderLabels(list(_TITLES))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setAccessibleName("Some of the sessions")
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 9)
        header = table.horizontalHeader()
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(1, 190)
        header.resizeSection(2, 110)
        for number, row in enumerate(found.sample):
            for column, text in enumerate(_cells(row, now_ms)):
                item = QTableWidgetItem(text)
                if column == 0:
                    item.setFont(mono_font())
                table.setItem(number, column, item)
        self.sample = table
        return table

    def _build_words(self, found: BulkPreview, words: str) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setContentsMargins(18, 8, 18, 10)
        column.setSpacing(6)
        if found.count > len(found.sample):
            column.addWidget(PlainLabel(f"… and {found.count - len(found.sample):,} more", role="caption"))
        column.addWidget(PlainLabel(words, wrap=True))
        role = "muted" if found.undoable == found.count else "warn"
        self.undo_label = PlainLabel(describe_undo(found), role=role, wrap=True)
        column.addWidget(self.undo_label)
        return column

    def _build_foot(self, found: BulkPreview, action: str) -> QFrame:
        foot = QFrame()
        foot.setProperty("role", "bar")
        row = QHBoxLayout(foot)
        row.setContentsMargins(18, 10, 18, 10)
        row.setSpacing(8)
        row.addStretch(1)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setDefault(True)
        self.cancel_button.clicked.connect(self.reject)
        row.addWidget(self.cancel_button)
        self.act_button = QPushButton(action)
        self.undoable_button = QPushButton(f"{action.split()[0]} only {found.undoable:,}")
        self.undoable_button.setVisible(0 < found.undoable < found.count)
        if found.undoable < found.count:
            self.act_button.setText(f"{action.split()[0]} all {found.count:,}")
        self.undoable_button.clicked.connect(self._accept_undoable)
        self.act_button.clicked.connect(self.accept)
        for button in (self.undoable_button, self.act_button):
            button.setProperty("role", "danger")
            row.addWidget(button)
        return foot

    def _accept_undoable(self) -> None:
        self.is_undoable_only = True
        self.accept()


def describe_undo(found: BulkPreview) -> str:
    """Return how much of it can be undone, in words."""
    until = "until the next bulk change, or until the store is disconnected"
    if found.undoable == found.count:
        return f"It can be undone {until}."
    size, kept = format_size(found.size_bytes), format_size(UNDO_BYTES)
    if not found.undoable:
        return f"It can't be undone: {size} of sessions don't fit in the {kept} of memory kept for undo. Export them first."
    return (
        f"Only {found.undoable:,} of them can be undone, {until}: {found.count:,} sessions don't fit in the {kept} of memory "
        f"kept for undo. For the other {found.count - found.undoable:,}, export them first or leave them out."
    )


def describe_preview(found: BulkPreview) -> str:
    """Return the counts in words."""
    parts = [f"{found.signed_in:,} signed in" if found.signed_in else "nobody signed in"]
    parts += [f"{found.expired:,} expired"] if found.expired else []
    return "  ·  ".join(["", *parts, format_size(found.size_bytes)]).strip()


def _cells(row: SampleRow, now_ms: int) -> tuple[str, str, str]:
    ends = "unknown" if row.is_expiry_hidden else format_countdown(row.expires_at_ms, now_ms)
    return escape_display(row.session_id, 120), escape_display(row.user, 80), ends
