"""When a session, or a selection of them, shall end; changes nothing itself."""

from __future__ import annotations

import time

from PySide6.QtCore import QDateTime
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from inspector.core.display import zone_of
from inspector.core.expiry import LATEST_MS, ExpiryReport, ExpiryTarget, RelativeExpiry, describe_end
from inspector.ui.base.plain import PlainLabel
from inspector.ui.base.small_screen import Flowing, fit_screen, make_scrollable

_PRESETS = (
    ("15 minutes", 900_000),
    ("1 hour", 3_600_000),
    ("24 hours", 86_400_000),
    ("7 days", 604_800_000),
    ("30 days", 2_592_000_000),
    ("1 year", 31_536_000_000),
)


_FIRST_LIFE_MS = 86_400_000


class ExpiryDialog(QDialog):
    """`ending` and `lasting` hold the choice once it is accepted."""

    def __init__(
        self, title: str, report: ExpiryReport | None, *, can_never: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change expiry")
        self.setMinimumWidth(460)
        inside = Flowing()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(PlainLabel(title, role="title", wrap=True))
        if report is not None:
            counts = next((one for one in report.sources if one.counts), None)
            words = f"{_summary(report)}." + (f" The {counts.name} decides: {counts.note}" if counts else "")
            layout.addWidget(PlainLabel(words, role="muted", wrap=True))
        layout.addLayout(self._build_presets())
        self.edit = QDateTimeEdit()
        self.edit.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
        self.edit.setCalendarPopup(True)
        self.edit.setDateTimeRange(QDateTime.currentDateTime(), QDateTime.fromMSecsSinceEpoch(LATEST_MS))
        self.edit.setAccessibleName("Session expires at (local time)")
        self.edit.dateTimeChanged.connect(lambda _moment: self._choose_moment())
        self.zone_label = PlainLabel("", role="muted")
        line = QHBoxLayout()
        line.addWidget(self.edit, 1)
        line.addWidget(self.zone_label)
        layout.addLayout(line)
        self.never_box = QCheckBox("Never expires")
        self.never_box.setVisible(can_never)
        self.never_box.toggled.connect(self._choose_never)
        layout.addWidget(self.never_box)
        self.choose_life(_FIRST_LIFE_MS)
        self.lasting_box = QCheckBox("Also set cookie.originalMaxAge, to keep it after the next request")
        self.lasting_box.setChecked(True)
        layout.addWidget(self.lasting_box)
        layout.addWidget(
            PlainLabel(
                "Otherwise the application's next request recalculates the expiry from the old lifetime.",
                role="caption",
                wrap=True,
            )
        )
        layout.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.apply_button = buttons.addButton("Change expiry", QDialogButtonBox.ButtonRole.AcceptRole)
        self.apply_button.setProperty("role", "primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        whole = QVBoxLayout(self)
        whole.addWidget(make_scrollable(inside), 1)
        whole.addWidget(buttons)
        self.resize(fit_screen(self, 480, 350))
        self.apply_button.setDefault(True)  # heard once it is in the dialog
        self.edit.setFocus()

    def _build_presets(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(7)
        self.presets = QButtonGroup(self)
        for number, (words, life_ms) in enumerate(_PRESETS):
            button = QPushButton(f"In {words}")
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, life_ms=life_ms: self._press_preset(life_ms))
            self.presets.addButton(button, number)
            grid.addWidget(button, number // 3, number % 3)
        return grid

    def choose_life(self, life_ms: int) -> None:
        """Let it end this many milliseconds after it is written."""
        self.never_box.setChecked(False)
        self._shown = QDateTime.fromSecsSinceEpoch(round(time.time() + life_ms / 1000))
        self.edit.setDateTime(self._shown)
        self._show_choice(life_ms)

    def _press_preset(self, life_ms: int) -> None:
        self.choose_life(life_ms)
        self.apply_button.setFocus()  # Return does it now, and does not press the same again

    def _choose_moment(self) -> None:
        # Qt tells of a change at each Return too, which reads the line, of whole seconds, anew.
        if self.edit.dateTime() != self._shown:
            self._show_choice(None)

    def _choose_never(self, never: bool) -> None:
        self.edit.setDisabled(never)
        self._show_choice(None)

    def _show_choice(self, life_ms: int | None) -> None:
        self._life_ms = life_ms
        self.zone_label.setText(zone_of(self.edit.dateTime().toMSecsSinceEpoch()))
        self.presets.setExclusive(False)  # else none could be released
        for (_words, preset_ms), button in zip(_PRESETS, self.presets.buttons(), strict=True):
            button.setChecked(preset_ms == life_ms)
        self.presets.setExclusive(True)

    @property
    def ending(self) -> ExpiryTarget:
        """At a moment that was typed, so long after it is written, or never."""
        if self.never_box.isChecked():
            return None
        return RelativeExpiry(self._life_ms) if self._life_ms is not None else self.edit.dateTime().toMSecsSinceEpoch()

    @property
    def lasting(self) -> bool:
        return self.lasting_box.isChecked()


def _summary(report: ExpiryReport) -> str:
    # The report is as old as the session was opened.
    ends = report.expires_at_ms
    words = report.summary if ends is None else describe_end(ends, round(time.time() * 1000))
    return words[0].upper() + words[1:]
