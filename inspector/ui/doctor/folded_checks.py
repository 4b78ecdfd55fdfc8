"""What the doctor found in order, and what it could not check, to unfold."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from inspector.services.doctor.examine import Diagnosis
from inspector.ui.base.plain import PlainLabel


class FoldedChecks(QFrame):
    """A card with the number of checks that passed, and of those that were not made with the reasons."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__()
        self.setProperty("role", "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(7)
        head = QHBoxLayout()
        head.setSpacing(9)
        head.addWidget(PlainLabel("Passed", role="badge-ok"))
        head.addWidget(PlainLabel(_number(len(diagnosis.passed)), role="heading"))
        if diagnosis.not_checked:
            head.addWidget(PlainLabel("Not checked", role="badge-warn"))
            head.addWidget(PlainLabel(_number(len(diagnosis.not_checked)), role="heading"))
        head.addStretch(1)
        self.unfold_button = QPushButton("Show checks")
        self.unfold_button.setCheckable(True)
        head.addWidget(self.unfold_button)
        column.addLayout(head)
        reasons = [f"{name}: {why}" for name, why in diagnosis.not_checked.items()]
        self.details = PlainLabel(
            "\n".join([*reasons, ", ".join(diagnosis.passed)]), role="muted", wrap=True, selectable=True
        )
        self.details.hide()
        column.addWidget(self.details)
        self.unfold_button.toggled.connect(self.details.setVisible)


def _number(count: int) -> str:
    return f"{count:,} {'check' if count == 1 else 'checks'}"
