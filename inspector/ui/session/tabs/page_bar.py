"""Which page of a long text is shown, and the way to the others."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from inspector.ui.base.number_box import NumberBox
from inspector.ui.base.plain import PlainLabel


class PageBar(QWidget):
    """Hidden where there is one page. `page_chosen` carries the number, 0 for the first."""

    page_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 0)
        row.setSpacing(7)
        self.back = QPushButton("Previous")
        self.back.setAccessibleName("Previous page")
        self.box = NumberBox("Page", 1, 1)
        self.total = PlainLabel("", role="muted")
        self.forth = QPushButton("Next")
        self.forth.setAccessibleName("Next page")
        for widget in (self.back, self.box, self.total, self.forth):
            row.addWidget(widget)
        row.addStretch(1)
        self.back.clicked.connect(lambda _checked=False: self.box.setValue(self.box.value() - 1))
        self.forth.clicked.connect(lambda _checked=False: self.box.setValue(self.box.value() + 1))
        self.box.setKeyboardTracking(False)
        self.box.valueChanged.connect(self._choose)
        self.hide()

    @property
    def page(self) -> int:
        return self.box.value() - 1

    def show_pages(self, count: int) -> None:
        """Offer this many pages, the first of which is shown; emits nothing."""
        self.box.blockSignals(True)
        self.box.setRange(1, max(count, 1))
        self.box.setValue(1)
        self.box.blockSignals(False)
        self.total.setText(f"of {count:,}")
        self.setVisible(count > 1)
        self._enable()

    def _choose(self, number: int) -> None:
        self._enable()
        self.page_chosen.emit(number - 1)

    def _enable(self) -> None:
        self.back.setEnabled(self.box.value() > 1)
        self.forth.setEnabled(self.box.value() < self.box.maximum())
