"""The preferences as the window uses them: the dialog, the theme, and what is kept for the next start."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from inspector.ui.context import Context
from inspector.ui.preferences_dialog import PreferencesDialog


class Preferences(QObject):
    """Changes the profile book's settings; `noted` tells when they cannot be kept."""

    noted = Signal(str)

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window

    def show(self) -> None:
        """Show the dialog; the keyring is asked first, off the GUI thread, where secrets are kept."""
        secrets = self._context.secrets
        self._context.jobs.submit(
            self._context.vault,
            lambda: secrets.trouble or "They are kept in the system's keyring.",
            owner=self,
            done=self._show,
            failed=lambda _error: self._show("The system's keyring does not answer."),
        )

    def _show(self, secrets_words: str) -> None:
        dialog = PreferencesDialog(self._context.book.settings, self._context.theme, secrets_words, self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            settings = dialog.settings
            self.change(
                theme=settings.theme,
                live_by_default=settings.live_by_default,
                default_max_age_ms=settings.default_max_age_ms,
            )
        dialog.deleteLater()

    def toggle_theme(self) -> None:
        """Go from light to dark, or back."""
        theme = "light" if self._context.theme.is_dark else "dark"
        self._context.theme.choose(theme)
        self.change(theme=theme)

    def change(self, **changes: object) -> None:
        """Keep changed settings, by their names."""
        try:
            self._context.book.change_settings(replace(self._context.book.settings, **changes))
        except OSError as error:
            self.noted.emit(f"The preferences cannot be kept ({error.strerror}).")
