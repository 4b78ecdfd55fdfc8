"""Lines for secrets: masked, shown only while the eye beside them is held; keep nothing themselves."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from inspector.ui.base.icons import icon
from inspector.ui.base.theme import Theme

LARGEST_SECRET_BYTES = 64 * 1024
TOO_LARGE = "A secret is larger than 64 KB. What you pasted probably isn't a secret."
# Qt cuts silently at 32,767 characters otherwise, which makes another secret of a long one.
_MOST_CHARACTERS = 4 * 1024 * 1024


class SecretLine(QWidget):
    """One line with its eye. `text` is what was typed, every character of it."""

    text_changed = Signal(str)

    def __init__(self, name: str, theme: Theme | None = None, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QLineEdit(text)
        self.line.setMaxLength(_MOST_CHARACTERS)
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setAccessibleName(name)
        self.line.textChanged.connect(self.text_changed)
        self.eye = QToolButton()
        self.eye.setAccessibleName(f"Show {name} while held")
        self.eye.setToolTip("Hold to show")
        self.eye.setAutoRaise(True)
        self.eye.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._theme = theme
        if theme is not None:
            theme.changed.connect(self._recolour)
            self._recolour()
        else:
            self.eye.setText("Show")
        self.eye.pressed.connect(lambda: self.line.setEchoMode(QLineEdit.EchoMode.Normal))
        self.eye.released.connect(lambda: self.line.setEchoMode(QLineEdit.EchoMode.Password))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.line, 1)
        row.addWidget(self.eye)
        self.setFocusProxy(self.line)

    def _recolour(self) -> None:
        if self._theme is not None:
            self.eye.setIcon(icon("eye", self._theme.colour("text")))

    def text(self) -> str:
        return self.line.text()

    def setText(self, text: str) -> None:
        self.line.setText(text)

    def setPlaceholderText(self, text: str) -> None:
        self.line.setPlaceholderText(text)


class SecretLines(QWidget):
    """Several secrets, one a line; a fresh line comes when the last is typed in."""

    def __init__(self, name: str, theme: Theme | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._theme = theme
        self._placeholder = ""
        self.lines: list[SecretLine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._add()

    def setPlaceholderText(self, text: str) -> None:
        self._placeholder = text
        self.lines[0].setPlaceholderText(text)

    def texts(self) -> tuple[str, ...]:
        """Return the secrets in order, without the empty lines."""
        return tuple(text for line in self.lines if (text := line.text()))

    def put(self, texts: str) -> None:
        """Fill the lines from text with one secret a line."""
        for number, text in enumerate(texts.split("\n")):
            if number == len(self.lines):
                self._add()
            self.lines[number].setText(text)

    def _add(self) -> None:
        line = SecretLine(f"{self._name} {len(self.lines) + 1}", self._theme)
        line.text_changed.connect(lambda text: self._typed(line, text))
        self.lines.append(line)
        self._column.addWidget(line)

    def _typed(self, line: SecretLine, text: str) -> None:
        if text and line is self.lines[-1]:
            self._add()
