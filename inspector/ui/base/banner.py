"""A line over the tabs of a session with what has to be known of it now."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from inspector.core.display import localise_times
from inspector.ui.base.plain import PlainLabel


class Banner(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 14, 6)
        self.label = PlainLabel("", role="warn", wrap=True)
        row.addWidget(self.label, 1)
        self.hide()

    def show_words(self, words: str) -> None:
        """Say this; "" hides the line."""
        self.label.setText(localise_times(words))
        self.setVisible(bool(words))
