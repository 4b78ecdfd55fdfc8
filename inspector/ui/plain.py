"""The only way stored text gets onto labels, tooltips and message boxes: as plain text, cut and escaped.

Qt guesses rich text: a stored `<img src=…>` in a QLabel or a tooltip would be rendered, local files included.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QMessageBox, QSizePolicy, QWidget

from inspector.core.display import escape_display
from inspector.ui.clipboard import copy_secret


class PlainLabel(QLabel):
    """A label that shows its text as it is. `selectable` lets people copy from it."""

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        role: str = "",
        selectable: bool = False,
        wrap: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setWordWrap(wrap)
        if wrap:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        if role.startswith("badge"):
            self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        self.setText(text)

    def show_role(self, role: str) -> None:
        """Change the style role ("muted", "badge-ok", …) and restyle."""
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)


def plain_tip(text: str) -> str:
    """Return tooltip text which Qt shows as plain text, whatever is in it."""
    return f"<qt>{html.escape(escape_display(text, 600))}</qt>" if text else ""


def _box(parent: QWidget | None, icon: QMessageBox.Icon, title: str, text: str, detail: str) -> QMessageBox:
    box = QMessageBox(icon, "Session Inspector", "", QMessageBox.StandardButton.NoButton, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(title)
    box.setInformativeText("\n".join(part for part in (text, detail) if part))
    return box


def tell(parent: QWidget | None, title: str, text: str = "", detail: str = "") -> None:
    """Show a message without blocking the caller."""
    box = _box(parent, QMessageBox.Icon.Warning, title, text, detail)
    box.addButton(QMessageBox.StandardButton.Close)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()


def confirm(parent: QWidget | None, title: str, text: str, action: str, commands: Sequence[str] = ()) -> bool:
    """Ask for a decision; True when the button named `action` was pressed. `commands`: what would be sent, to look at."""
    box = _box(parent, QMessageBox.Icon.Question, title, text, "")
    if commands:
        box.setDetailedText("It would send:\n" + "\n".join(commands))
    button = box.addButton(action, QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    return box.clickedButton() is button


def ask_three(
    parent: QWidget | None, title: str, text: str, actions: tuple[str, str, str], decided: Callable[[str], None]
) -> QMessageBox:
    """Ask without blocking for one of three actions, the last being the harmless one; `decided(action)` follows."""
    box = _box(parent, QMessageBox.Icon.Question, title, text, "")
    buttons = [box.addButton(action, QMessageBox.ButtonRole.ActionRole) for action in actions]
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(buttons[2])
    box.finished.connect(lambda _code: decided(_pressed(box, actions)))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box


def _pressed(box: QMessageBox, actions: tuple[str, str, str]) -> str:
    button = box.clickedButton()
    return next((one for one in actions if button is not None and button.text().replace("&", "") == one), actions[2])


def copy_text(text: str, *, concealed: bool = False) -> None:
    """Put text on the clipboard; `concealed`: as a secret, which clipboard managers shall not keep and which goes soon."""
    if concealed:
        copy_secret(text)
    else:
        QGuiApplication.clipboard().setText(text)
