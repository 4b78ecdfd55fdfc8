"""When a session, or a selection of them, shall end; changes nothing itself."""

from __future__ import annotations

import time

from PySide6.QtCore import QDateTime
from PySide6.QtWidgets import (
    QCheckBox,
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from inspector.core.expiry import ExpiryReport
from inspector.ui.plain import PlainLabel
from inspector.ui.small_screen import fit_screen, make_scrollable

_PRESETS = (
    ("15 minutes", 900_000),
    ("1 hour", 3_600_000),
    ("24 hours", 86_400_000),
    ("7 days", 604_800_000),
    ("30 days", 2_592_000_000),
    ("1 year", 31_536_000_000),
)


class ExpiryDialog(QDialog):
    """`expires_at_ms` (None: never) and `lasting` hold the choice once it is accepted."""

    def __init__(
        self, title: str, report: ExpiryReport | None, *, can_never: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change expiry")
        self.setMinimumWidth(460)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(PlainLabel(title, role="title", wrap=True))
        if report is not None:
            counts = next((one for one in report.sources if one.counts), None)
            words = f"It {report.summary}." + (f" What counts is the {counts.name}: {counts.note}" if counts else "")
            layout.addWidget(PlainLabel(words, role="muted", wrap=True))
        layout.addLayout(self._build_presets())
        self.edit = QDateTimeEdit(QDateTime.currentDateTime().addSecs(86_400))
        self.edit.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
        self.edit.setCalendarPopup(True)
        self.edit.setMinimumDateTime(QDateTime.currentDateTime())
        self.edit.setAccessibleName("The session ends at (local time)")
        layout.addWidget(self.edit)
        self.never_box = QCheckBox("Never expires")
        self.never_box.setVisible(can_never)
        self.never_box.toggled.connect(self.edit.setDisabled)
        layout.addWidget(self.never_box)
        self.lasting_box = QCheckBox("Also set cookie.originalMaxAge, so that it holds after the next request")
        self.lasting_box.setChecked(True)
        layout.addWidget(self.lasting_box)
        layout.addWidget(
            PlainLabel(
                "Without it the application's next request works the expiry out from the old lifetime again.",
                role="caption",
                wrap=True,
            )
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.apply_button = buttons.addButton("Change expiry", QDialogButtonBox.ButtonRole.AcceptRole)
        self.apply_button.setProperty("role", "primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        whole = QVBoxLayout(self)
        whole.addWidget(make_scrollable(inside), 1)
        whole.addWidget(buttons)
        self.resize(fit_screen(self, 480, 400))
        self.apply_button.setDefault(True)  # heard once it is in the dialog
        self.edit.setFocus()

    def _build_presets(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(7)
        for number, (words, life_ms) in enumerate(_PRESETS):
            button = QPushButton(f"In {words}")
            button.clicked.connect(lambda _checked=False, life_ms=life_ms: self.choose_life(life_ms))
            grid.addWidget(button, number // 3, number % 3)
        return grid

    def choose_life(self, life_ms: int) -> None:
        """Let it end this many milliseconds from now."""
        self.never_box.setChecked(False)
        self.edit.setDateTime(QDateTime.fromMSecsSinceEpoch(round(time.time() * 1000) + life_ms))

    @property
    def expires_at_ms(self) -> int | None:
        return None if self.never_box.isChecked() else self.edit.dateTime().toMSecsSinceEpoch()

    @property
    def lasting(self) -> bool:
        return self.lasting_box.isChecked()
