"""Asking before a destructive or bulk act, and for the store's name where the store is production."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from inspector.services.settings.profiles import Environment, Profile
from inspector.ui.base.plain import PlainLabel, confirm
from inspector.ui.base.theme import mono_font


def confirm_act(
    parent: QWidget, profile: Profile, title: str, text: str, action: str, commands: Sequence[str] = ()
) -> bool:
    """Return True when the person agreed; a production store wants its name typed. `commands`: what would be sent."""
    if profile.environment is not Environment.PRODUCTION:
        return confirm(parent, title, text, action, commands)
    return NameDialog(parent, profile.name, title, text, action, commands).exec() == QDialog.DialogCode.Accepted


def is_name(typed: str, name: str) -> bool:
    """Return whether a store's name was typed; signs that no keyboard has ("shop · redis") may be left out."""
    return _letters(typed) == _letters(name) if _letters(name) else typed.strip() == name


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


class NameDialog(QDialog):
    def __init__(self, parent: QWidget, name: str, title: str, text: str, action: str, commands: Sequence[str]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Production store")
        self.setMinimumWidth(420)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(PlainLabel(title, role="title", wrap=True))
        if commands:
            sent = PlainLabel("\n".join(commands), role="caption", selectable=True, wrap=True)
            sent.setFont(mono_font())
            layout.addWidget(sent)
        layout.addWidget(
            PlainLabel(f"{text}\nThis is a production store. Type its name, {name}, to continue.", wrap=True)
        )
        self.line = QLineEdit()
        self.line.setAccessibleName("Store name")
        layout.addWidget(self.line)
        layout.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.button = buttons.addButton(action, QDialogButtonBox.ButtonRole.AcceptRole)
        self.button.setProperty("role", "danger")
        self.button.setEnabled(False)
        self.line.textChanged.connect(lambda typed: self.button.setEnabled(is_name(typed, name)))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.button.setDefault(True)  # heard once it is in the dialog
        self.line.setFocus()
