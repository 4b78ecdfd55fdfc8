"""Asking for what is secret: a store's password for this run, the passphrase of the sealed file, a new passphrase."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from inspector.core.display import escape_display
from inspector.core.secret import Secret
from inspector.services.settings.sealed_file import SHORTEST_PASSPHRASE, SealedFile
from inspector.ui.base.context import Context
from inspector.ui.base.plain import PlainLabel
from inspector.ui.base.theme import Theme
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.stores.secret_line import LARGEST_SECRET_BYTES, TOO_LARGE, SecretLine

SEALED_FILE = "File › Preferences can keep secrets in a file sealed with a passphrase."


class SecretDialog(QDialog):
    """Asks for one secret, or for a new one twice (`is_new`). Close it with `accept` once what was typed is good."""

    def __init__(
        self,
        title: str,
        words: str,
        action: str,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        is_new: bool = False,
        refuse: str = "Cancel",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Session Inspector")
        self.setMinimumWidth(440)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(PlainLabel(title, role="title", wrap=True))
        layout.addWidget(PlainLabel(words, wrap=True))
        self.line = SecretLine("Passphrase" if is_new else "Secret", theme)
        layout.addWidget(self.line)
        self.again = SecretLine("Repeat passphrase", theme)
        self.again.setPlaceholderText("repeat it")
        self.again.setVisible(is_new)
        layout.addWidget(self.again)
        self.message = PlainLabel("", role="error", wrap=True)
        layout.addWidget(self.message)
        layout.addStretch(1)
        buttons = QDialogButtonBox()
        self.button = buttons.addButton(action, QDialogButtonBox.ButtonRole.AcceptRole)
        self.button.setProperty("role", "primary")
        self.cancel_button = buttons.addButton(refuse, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        self.buttons = buttons
        layout.addWidget(buttons)
        # From line to line: who types a passphrase blindly would press the eye with its space.
        order = (self.line.line, self.again.line, self.button, self.cancel_button, self.line.eye, self.again.eye)
        for one, following in pairwise(order):
            QWidget.setTabOrder(one, following)
        self._is_new = is_new
        for line in (self.line, self.again):
            line.text_changed.connect(lambda _text: self._judge())
        self._judge()

    def _judge(self) -> None:
        text, words = self.line.text(), ""
        if len(text.encode("utf-8", "surrogatepass")) > LARGEST_SECRET_BYTES:
            words = TOO_LARGE
        elif self._is_new and text and len(text) < SHORTEST_PASSPHRASE:
            words = f"At least {SHORTEST_PASSPHRASE} characters. It can't be recovered."
        elif self._is_new and self.again.text() and text != self.again.text():
            words = "The passphrases don't match."
        self.tell(words)
        self.button.setEnabled(bool(text) and not words and (not self._is_new or text == self.again.text()))

    def tell(self, words: str) -> None:
        self.message.setText(words)
        self.message.setVisible(bool(words))


def ask_secret(
    parent: QWidget, theme: Theme, title: str, words: str, action: str, given: Callable[[str], None]
) -> None:
    """Ask without blocking; `given(text)` follows when the person went on."""
    dialog = SecretDialog(title, words, action, theme, parent)

    def accept() -> None:
        text = dialog.line.text()
        dialog.accept()
        given(text)

    dialog.buttons.accepted.connect(accept)
    dialog.finished.connect(lambda _code: dialog.deleteLater())
    dialog.open()


def open_sealed_file(
    context: Context, parent: QWidget, sealed: SealedFile, done: Callable[[bool], None]
) -> SecretDialog:
    """Ask for the passphrase of the sealed file, a new one where there is no file yet; `done(is_open)` follows.

    A wrong passphrase and a damaged file are told, and the file is left as it is.
    """
    is_new = not sealed.exists
    title = "Choose a passphrase for your secrets" if is_new else "Enter the passphrase for your secrets"
    words = (
        "Your stores' secrets are saved in a file that only this passphrase opens. Nobody can recover it for you."
        if is_new
        else "Your stores' secrets are in a sealed file. Without the passphrase you're asked for each one, for this run."
    )
    dialog = SecretDialog(
        title, words, "Seal" if is_new else "Unlock", context.theme, parent, is_new=is_new, refuse="Not now"
    )

    def failed(error: Exception) -> None:
        dialog.button.setEnabled(True)
        dialog.tell(describe_trouble(error).text)

    def accept() -> None:
        text = dialog.line.text()
        dialog.button.setEnabled(False)
        context.jobs.submit(
            context.vault,
            lambda: sealed.create(text) if is_new else sealed.unlock(text),
            owner=dialog,
            done=lambda _: dialog.accept(),
            failed=failed,
        )

    def finished(code: int) -> None:
        dialog.deleteLater()
        done(code == QDialog.DialogCode.Accepted)

    dialog.buttons.accepted.connect(accept)
    dialog.finished.connect(finished)
    dialog.open()
    return dialog


class PasswordAsker(QObject):
    """Asks for the password of a store whose password is not known in this run, and opens it then; keeps nothing."""

    def __init__(self, context: Context, store: OpenStore, window: QWidget) -> None:
        super().__init__(store)
        self._context = context
        self._window = window
        store.state_changed.connect(lambda: self._look(store))

    def _look(self, store: OpenStore) -> None:
        if store.state is not StoreState.FAILED or store.trouble is None or not store.trouble.wants_password:
            return
        name = escape_display(store.profile.name, 60)
        words = f"{store.trouble.remedy} What you type is used for this run and isn't stored.".strip()
        ask_secret(
            self._window, self._context.theme, f"Password for {name}", words, "Connect",
            lambda text: self._use(store, text),
        )  # fmt: skip

    def _use(self, store: OpenStore, text: str) -> None:
        secrets, password_id = self._context.secrets, store.profile.password_id
        self._context.jobs.submit(
            self._context.vault,
            lambda: secrets.put_for_this_run(Secret.from_text(text, "password"), password_id),
            owner=store,
            done=lambda _: store.open(),
            failed=lambda _error: None,
        )
