"""The preferences as the window uses them: the dialog, the theme, and what is kept for the next start."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from inspector.services.settings.profiles import SecretPlace, sealed_path
from inspector.services.settings.sealed_file import SealedFile
from inspector.ui.base.context import Context
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.session.unsaved_edits import NOT_KEPT
from inspector.ui.stores.secret_dialogs import open_sealed_file

_NOT_KEPT_HERE = f"{NOT_KEPT} A sealed file, chosen above, has a place for it."


class Preferences(QObject):
    """Changes the profile book's settings; `noted` tells when they cannot be kept; `secrets_moved`: to the place that was chosen;
    `history_changed`: whether it is kept."""

    noted = Signal(str)
    secrets_moved = Signal()
    history_changed = Signal()

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window

    def show(self) -> None:
        """Show the dialog; the keyring is asked first, off the GUI thread, where secrets are kept."""
        secrets = self._context.secrets
        self._context.jobs.submit(
            self._context.vault,
            lambda: (secrets.trouble, secrets.is_persistent),
            owner=self,
            done=self._show,
            failed=lambda _error: self._show(("The system's keyring doesn't respond.", False)),
        )

    def _show(self, found: tuple[str, bool]) -> None:
        from inspector.ui.window.preferences_dialog import PreferencesDialog  # when wanted: the start is quicker

        trouble, is_persistent = found
        settings = self._context.book.settings
        edits = "They survive a crash of this program, sealed until you save them." if is_persistent else _NOT_KEPT_HERE
        words = trouble or "Secrets are kept there now."
        dialog = PreferencesDialog(settings, self._context.theme, words, edits, self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            before, kept, settings = settings.secret_place, settings.keep_history, dialog.settings
            self.change(
                theme=settings.theme,
                live_by_default=settings.live_by_default,
                default_max_age_ms=settings.default_max_age_ms,
                list_memory_mb=settings.list_memory_mb,
                list_drops=settings.list_drops,
                keep_history=settings.keep_history,
                plugins=settings.plugins,
            )
            if settings.keep_history is not kept:
                self.history_changed.emit()
            if settings.secret_place is not before:
                self._move_secrets(settings.secret_place)
        dialog.deleteLater()

    def _move_secrets(self, place: SecretPlace) -> None:
        """Keep secrets elsewhere from now on; a sealed file is asked for its passphrase first."""
        if place is SecretPlace.FILE:
            sealed = SealedFile(sealed_path(self._context.book.folder))
            open_sealed_file(
                self._context, self._window, sealed, lambda is_open: self.take_place(place, sealed) if is_open else None
            )
        else:
            self.take_place(place, None)

    def take_place(self, place: SecretPlace, sealed: SealedFile | None) -> None:
        secrets = self._context.secrets

        def move() -> str:
            secrets.move_to(use_keyring=place is SecretPlace.KEYRING, sealed=sealed)
            return secrets.trouble

        def done(trouble: str) -> None:
            self.change(secret_place=place)
            self.secrets_moved.emit()
            self.noted.emit(trouble or "Secrets are kept there from now on.")

        self._context.jobs.submit(
            self._context.vault,
            move,
            owner=self,
            done=done,
            failed=lambda error: self.noted.emit(describe_trouble(error).text),
        )

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
            self.noted.emit(f"The preferences can't be saved ({error.strerror}).")
