"""Words in the middle of an empty area which say what to do next; knows not why it is empty."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from inspector.ui.plain import PlainLabel


class EmptyState(QWidget):
    """A headline, a sentence and perhaps one button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._act: Callable[[], object] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(40, 24, 40, 24)
        layout.setSpacing(8)
        layout.addStretch(2)
        self.headline = PlainLabel("", role="heading", wrap=True)
        self.sentence = PlainLabel("", role="muted", wrap=True)
        self.button = QPushButton()
        self.button.clicked.connect(self._pressed)
        for widget in (self.headline, self.sentence):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(widget)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)
        self.button.hide()

    def show_words(
        self, headline: str, sentence: str = "", button: str = "", act: Callable[[], object] | None = None
    ) -> None:
        """Show these words; the button only where there is something to do."""
        self.headline.setText(headline)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self._act = act
        self.button.setText(button)
        self.button.setVisible(bool(button and act))

    def _pressed(self) -> None:
        if self._act is not None:
            self._act()
