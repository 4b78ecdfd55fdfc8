"""Words in the middle of an empty area which say what to do next, and perhaps a text to look at."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from inspector.core.display import cut_lines
from inspector.ui.base.plain import PlainLabel
from inspector.ui.base.theme import mono_font


class EmptyState(QWidget):
    """A headline, a sentence, and perhaps a button or two, or a text that cannot be edited."""

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
        self.excerpt = QPlainTextEdit()
        self.excerpt.setReadOnly(True)
        self.excerpt.setFont(mono_font())
        self.excerpt.setAccessibleName("First bytes of the record")
        layout.addWidget(self.excerpt, 12)
        layout.addStretch(3)
        self.button.hide()
        self.other_button.hide()
        self.excerpt.hide()

    def show_words(
        self,
        headline: str,
        sentence: str = "",
        button: str = "",
        act: Callable[[], object] | None = None,
        *,
        other: str = "",
        other_act: Callable[[], object] | None = None,
        excerpt: str = "",
    ) -> None:
        """Show these words; a button only where there is something to do, the second for `other`. `excerpt`: text without
        hidden characters, of which long lines are cut."""
        self.headline.setText(headline)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self._act = act
        self.button.setText(button)
        self.button.setVisible(bool(button and act))
        self._other = other_act
        self.other_button.setText(other)
        self.other_button.setVisible(bool(other and other_act))
        self.excerpt.setPlainText(cut_lines(excerpt))
        self.excerpt.setVisible(bool(excerpt))

    def _pressed(self) -> None:
        if self._act is not None:
            self._act()

    def _other_pressed(self) -> None:
        if self._other is not None:
            self._other()
