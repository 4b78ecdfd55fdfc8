"""The line above the sessions table: how many, the chips, Stop."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QHBoxLayout, QPushButton, QWidget

from inspector.services.catalogue.overview import Overview
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, plain_tip

_ROOM_FOR_WORDS = 150
"""In pixels, for the heading, the number and the margins."""
_CHIPS = (
    ("Active", "-is:expired"),
    ("Expiring < 1 h", "expires<1h -is:expired"),
    ("Expired", "is:expired"),
    ("No expiry", "expires:never"),
)


class SessionsHead(QWidget):
    """`chips_changed`: another filter is wanted; `stop_wanted`: no more reading."""

    chips_changed = Signal()
    stop_wanted = Signal()
    reconnect_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._rows.setContentsMargins(12, 8, 12, 8)
        self._rows.setSpacing(7)
        head, chips = QHBoxLayout(), QHBoxLayout()
        for row, stretch in ((head, 1), (chips, 0)):
            row.setSpacing(7)
            self._rows.addLayout(row, stretch)
        head.addWidget(PlainLabel("Sessions", role="heading"))
        self.count_label = PlainLabel("", role="muted")
        self.count_label.setMinimumWidth(40)
        head.addWidget(self.count_label, 1)
        self.chips = QButtonGroup(self)
        self.chips.setExclusive(False)
        for number, (text, _term) in enumerate(_CHIPS):
            chip = QPushButton(text)
            chip.setCheckable(True)
            chip.setProperty("role", "chip")
            self.chips.addButton(chip, number)
            chips.addWidget(chip)
        chips.addStretch(1)
        self.chips.idToggled.connect(self._toggle)
        self.stop_button = QPushButton("Stop")
        self.stop_button.setAccessibleName("Stop reading")
        self.stop_button.clicked.connect(self.stop_wanted)
        head.addWidget(self.stop_button)
        self.reconnect_button = QPushButton("Reconnect")
        self.reconnect_button.clicked.connect(self.reconnect_wanted)
        self.reconnect_button.hide()
        head.addWidget(self.reconnect_button)

    @qt_guard()
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the chips below where they would be cut."""
        super().resizeEvent(event)
        needed = sum(chip.sizeHint().width() + 7 for chip in self.chips.buttons()) + _ROOM_FOR_WORDS
        direction = QBoxLayout.Direction
        self._rows.setDirection(direction.LeftToRight if event.size().width() >= needed else direction.TopToBottom)

    @property
    def terms(self) -> list[str]:
        """The filter terms of the chips that are pressed."""
        return [term for number, (_text, term) in enumerate(_CHIPS) if self.chips.button(number).isChecked()]

    def release(self) -> None:
        """Let all chips go."""
        for chip in self.chips.buttons():
            chip.setChecked(False)

    def show_counts(self, overview: Overview) -> None:
        counts = (overview.active, overview.expiring, overview.expired, overview.no_expiry)
        for number, count in enumerate(counts):
            self.chips.button(number).setToolTip(plain_tip(f"{count:,} sessions"))

    def _toggle(self, number: int, checked: bool) -> None:
        if checked:
            for other in range(len(_CHIPS)):
                if other != number:
                    self.chips.button(other).setChecked(False)
        self.chips_changed.emit()
