"""The only way stored text gets onto labels, tooltips and message boxes: as plain text, cut and escaped.

Qt guesses rich text: a stored `<img src=…>` in a QLabel or a tooltip would be rendered, local files included.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QSizePolicy,
    QToolTip,
    QWidget,
)

from inspector.core.display import escape_display, escape_lines, localise_times
from inspector.ui.base.clipboard import copy_secret
from inspector.ui.base.guard import qt_guard

_BOX_CHARACTERS = 56
"""At least, on a line of a message: Qt makes boxes as narrow as their headline."""


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
            self.setIndent(0)  # a frame of the style sheet would bring one of its own
        self.setText(text)

    @qt_guard()
    def setText(self, text: str) -> None:
        """Show a text: hidden characters spelled out, at most 2,000 characters."""
        super().setText(escape_lines(text))

    def show_role(self, role: str) -> None:
        """Change the style role ("muted", "badge-ok", …) and restyle."""
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)


def timed_label(sentence: str, *, role: str = "", wrap: bool = False, selectable: bool = False) -> PlainLabel:
    """Return a label for a sentence of this program's, its times local; where there are some, UTC is in the tooltip."""
    words = localise_times(sentence)
    label = PlainLabel(words, role=role, wrap=wrap, selectable=selectable)
    if words != sentence:
        label.setToolTip(plain_tip(sentence))
    return label


def plain_tip(text: str, limit: int = 600) -> str:
    """Return tooltip text which Qt shows as plain text, whatever is in it; cut to `limit` characters."""
    return f"<qt>{html.escape(escape_display(text, limit))}</qt>" if text else ""


def show_tip(place: QPoint, text: str, owner: QWidget) -> None:
    """Show a tooltip at once, at a place of the screen."""
    QToolTip.showText(place, plain_tip(text), owner)


def add_row(form: QFormLayout, words: str, field: QWidget) -> None:
    """Add a field with its label; Qt's own `addRow` with a text would make a label that guesses."""
    label = PlainLabel(words)
    label.setBuddy(field)
    form.addRow(label, field)


def ask_text(parent: QWidget | None, title: str, words: str, text: str = "", *, concealed: bool = False) -> str | None:
    """Ask for one line of text; None when it was not given."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(escape_display(title))
    dialog.setLabelText(escape_display(words))
    for label in dialog.findChildren(QLabel):
        label.setTextFormat(Qt.TextFormat.PlainText)
    dialog.setTextEchoMode(QLineEdit.EchoMode.Password if concealed else QLineEdit.EchoMode.Normal)
    dialog.setTextValue(text)
    typed = dialog.textValue() if dialog.exec() == QDialog.DialogCode.Accepted else None
    dialog.deleteLater()
    return typed


def _box(parent: QWidget | None, icon: QMessageBox.Icon, title: str, text: str, detail: str) -> QMessageBox:
    box = QMessageBox(icon, "Session Inspector", "", QMessageBox.StandardButton.NoButton, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(escape_lines(title))
    box.setInformativeText(escape_lines("\n".join(part for part in (text, detail) if part)))
    for label in box.findChildren(QLabel, "qt_msgbox_informativelabel"):
        label.setMinimumWidth(_BOX_CHARACTERS * label.fontMetrics().averageCharWidth())
    return box


def tell(parent: QWidget | None, title: str, text: str = "", detail: str = "") -> None:
    """Show a message without blocking the caller."""
    show_message(parent, title, text, detail)


def show_message(
    parent: QWidget | None, title: str, text: str = "", detail: str = "", *, is_warning: bool = True
) -> QWidget:
    """Show a message as `tell` does; return its box, which is deleted when it is closed."""
    icon = QMessageBox.Icon.Warning if is_warning else QMessageBox.Icon.Information
    box = _box(parent, icon, title, text, detail)
    box.addButton(QMessageBox.StandardButton.Close)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box


def offer(parent: QWidget | None, title: str, text: str, action: str, wanted: Callable[[], None]) -> QMessageBox:
    """Tell without blocking the caller, and offer what can be done about it; `wanted()` follows where that is pressed."""
    box = _box(parent, QMessageBox.Icon.Warning, title, text, "")
    button = box.addButton(action, QMessageBox.ButtonRole.AcceptRole)
    box.setEscapeButton(box.addButton(QMessageBox.StandardButton.Close))
    box.setDefaultButton(button)
    box.finished.connect(lambda _code: wanted() if box.clickedButton() is button else None)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box


def confirm(parent: QWidget | None, title: str, text: str, action: str, commands: Sequence[str] = ()) -> bool:
    """Ask for a decision; True when the button named `action` was pressed. `commands`: what would be sent, to look at."""
    box = _box(parent, QMessageBox.Icon.Question, title, text, "")
    if commands:
        box.setDetailedText("It would send:\n" + "\n".join(commands))
    button = box.addButton(action, QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))  # Return does no harm
    box.exec()
    return box.clickedButton() is button


def ask_loss(parent: QWidget | None, title: str, text: str, loses: str, shows: str) -> str:
    """Ask before something is lost; return the action that was pressed, `loses` or `shows`, or "" for Cancel, which is
    the default."""
    box = _box(parent, QMessageBox.Icon.Warning, title, text, "")
    destroys = box.addButton(loses, QMessageBox.ButtonRole.DestructiveRole)
    destroys.setProperty("role", "danger")
    destroys.style().polish(destroys)
    looks = box.addButton(shows, QMessageBox.ButtonRole.ActionRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(cancel)
    box.setEscapeButton(cancel)
    box.exec()
    pressed = box.clickedButton()
    return loses if pressed is destroys else shows if pressed is looks else ""


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
