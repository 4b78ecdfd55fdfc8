"""Words in the middle of an empty area which say what to do next; knows not why it is empty."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from inspector.ui.plain import PlainLabel


class EmptyState(QWidget):
    """A headline, a sentence and perhaps a button or two."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._act: Callable[[], object] | None = None
        self._other: Callable[[], object] | None = None
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
        self.other_button = QPushButton()
        self.other_button.clicked.connect(self._other_pressed)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.button)
        buttons.addWidget(self.other_button)
        buttons.addStretch(1)
        layout.addSpacing(4)
        layout.addLayout(buttons)
        layout.addStretch(3)
        self.button.hide()
        self.other_button.hide()

    def show_words(
        self,
        headline: str,
        sentence: str = "",
        button: str = "",
        act: Callable[[], object] | None = None,
        *,
        other: str = "",
        other_act: Callable[[], object] | None = None,
    ) -> None:
        """Show these words; a button only where there is something to do, the second for `other`."""
        self.headline.setText(headline)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self._act = act
        self.button.setText(button)
        self.button.setVisible(bool(button and act))
        self._other = other_act
        self.other_button.setText(other)
        self.other_button.setVisible(bool(other and other_act))

    def _pressed(self) -> None:
        if self._act is not None:
            self._act()

    def _other_pressed(self) -> None:
        if self._other is not None:
            self._other()
