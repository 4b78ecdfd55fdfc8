"""The line under the tree that offers JSON typed as text to be stored as the value it is the JSON of."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from inspector.core.node import Node, Path
from inspector.ui.base.plain import PlainLabel


class JsonOffer(QFrame):
    """Hidden while nothing is offered. `taken(path, node)`: replace the text with the value."""

    taken = Signal(object, object)  # Path, Node

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self._offered: tuple[Path, Node] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        self.label = PlainLabel("", wrap=True)
        row.addWidget(self.label, 1)
        self.value_button = QPushButton()
        self.value_button.clicked.connect(self._take)
        row.addWidget(self.value_button)
        self.text_button = QPushButton("Keep as text")
        self.text_button.setAccessibleName("Keep the field as text")
        self.text_button.clicked.connect(self.withdraw)
        row.addWidget(self.text_button)
        self.hide()

    def offer(self, field: str, path: Path, node: Node) -> None:
        """Say that the text that was just put at `path` is the JSON of `node`."""
        self._offered = (path, node)
        self.label.setText(f"What you typed in {field} is JSON. It is stored as text.")
        name = node.tag or node.kind.value
        self.value_button.setText(f"Store as {name}")
        self.value_button.setAccessibleName(f"Store the field as {name}")
        self.show()

    def withdraw(self) -> None:
        """Offer nothing: the text stays."""
        self._offered = None
        self.hide()

    def _take(self) -> None:
        offered = self._offered
        self.withdraw()
        if offered is not None:
            self.taken.emit(*offered)
