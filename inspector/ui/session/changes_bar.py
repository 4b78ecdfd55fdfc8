"""The bar below a session: its unsaved changes, those of other sessions, and what can be done with them; does none of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from inspector.ui.base.plain import PlainLabel, plain_tip


class ChangesBar(QFrame):
    """`others_wanted`: go to the next session that has unsaved edits. `left`: the button that was pressed has no more to do,
    and the keyboard needs another place."""

    discard_wanted = Signal()
    review_wanted = Signal()
    others_wanted = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 9, 14, 9)
        row.setSpacing(8)
        self.changes_label = PlainLabel("", role="badge-warn")
        row.addWidget(self.changes_label)
        self.others_button = QPushButton()
        self.others_button.clicked.connect(self.others_wanted)
        row.addWidget(self.others_button)
        row.addStretch(1)
        self.discard_button = QPushButton("Discard")
        self.discard_button.clicked.connect(self.discard_wanted)
        row.addWidget(self.discard_button)
        self.review_button = QPushButton("Review and save…")
        self.review_button.setProperty("role", "primary")
        self.review_button.clicked.connect(self.review_wanted)
        row.addWidget(self.review_button)

    def show_changes(self, number: int | None, others: int, *, can_discard: bool, can_review: bool) -> None:
        """Tell how many changes this session has (None: some, not counted yet), and how many other sessions have some."""
        has_changes = number != 0
        self.changes_label.setVisible(has_changes)
        counted = f"{number:,} unsaved change{'' if number == 1 else 's'}" if number is not None else "Unsaved changes"
        self.changes_label.setText(counted)
        words = f"{others} other{'' if others == 1 else 's'} with unsaved edits"
        # Beside the number of changes there is little room.
        self.others_button.setText(f"+{others}" if has_changes else words)
        self.others_button.setToolTip(plain_tip(f"{words}: go to the next"))
        self.others_button.setAccessibleName(words)
        self.others_button.setVisible(bool(others))
        chosen = self.window().focusWidget()
        self.discard_button.setEnabled(can_discard)
        self.review_button.setEnabled(can_review)
        if chosen in (self.discard_button, self.review_button) and not chosen.isEnabled():
            self.left.emit()

    def tell_safety(self, words: str) -> None:
        """Say beside the number of changes what would become of them in a crash; "" when they are safe."""
        self.changes_label.setToolTip(
            plain_tip(words or "Sealed in a file until you save them: a crash loses nothing.")
        )
