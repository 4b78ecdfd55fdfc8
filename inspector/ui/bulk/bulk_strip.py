"""The strip at the bottom which shows a bulk act: how far it is, Stop, and afterwards what came of it and Undo; acts not."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from inspector.ui.base.plain import PlainLabel


class BulkStrip(QFrame):
    """Hidden until something runs."""

    stop_wanted = Signal()
    undo_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(3)
        self.bar.setAccessibleName("Progress of the bulk change")
        keeps_place = self.bar.sizePolicy()
        keeps_place.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(keeps_place)
        column.addWidget(self.bar)
        row = QHBoxLayout()
        row.setContentsMargins(14, 6, 14, 8)
        row.setSpacing(8)
        self.label = PlainLabel("", selectable=True)
        row.addWidget(self.label, 1)
        self.stop_button = QPushButton("Stop")
        self.stop_button.setAccessibleName("Stop the bulk change")
        self.stop_button.clicked.connect(self._stop)
        self.undo_button = QPushButton("Undo")
        self.undo_button.setAccessibleName("Undo the bulk change")
        self.undo_button.clicked.connect(self.undo_wanted)
        self.close_button = QPushButton("Close")
        self.close_button.setAccessibleName("Close the result of the bulk change")
        self.close_button.clicked.connect(self.hide)
        for button in (self.stop_button, self.undo_button, self.close_button):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        column.addLayout(row)
        self.hide()

    def under(self, page: QWidget) -> QWidget:
        """Return a widget which shows the page with the strip below it."""
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(page, 1)
        column.addWidget(self)
        return whole

    def show_progress(self, words: str, done: int, total: int) -> None:
        """Show how far it is; `total` 0: unknown."""
        self.label.setText(words)
        self.bar.setRange(0, total)
        self.bar.setValue(min(done, total))
        self._show_buttons(is_running=True, can_undo=False)

    def show_result(self, words: str, *, can_undo: bool) -> None:
        """Show what came of it until it is closed or the next act begins."""
        self.label.setText(words)
        self._show_buttons(is_running=False, can_undo=can_undo)

    def _show_buttons(self, *, is_running: bool, can_undo: bool) -> None:
        self.bar.setVisible(is_running)
        self.stop_button.setVisible(is_running)
        self.undo_button.setVisible(can_undo)
        self.close_button.setVisible(not is_running)
        self.show()

    def begin(self) -> None:
        """Take presses on Stop again."""
        self.stop_button.setEnabled(True)

    def _stop(self) -> None:
        self.stop_button.setEnabled(False)
        self.stop_wanted.emit()
