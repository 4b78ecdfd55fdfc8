"""The entries of the store list: asked for, kept in the profile book, removed from it with their secrets."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from inspector.services.settings.profiles import Profile
from inspector.ui.base.context import Context
from inspector.ui.base.plain import confirm, tell


class StoreEntries(QObject):
    """What a person says of a store, and what is left of it for the next start. Opens and closes none."""

    ready = Signal(object)  # the Profile that the connect dialog gave

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window

    def ask(self, shown: Profile | None) -> None:
        """Ask for a store, or change the one that is `shown`."""
        from inspector.ui.stores.connect_dialog import ConnectDialog  # not before it is wanted: the start is quicker

        # As the book has it: another window may have changed it since it was opened here.
        profile = None if shown is None else self._context.book.find(shown.id) or shown
        dialog = ConnectDialog(self._context, profile, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.profile_ready.connect(self.ready)
        dialog.open()

    def keep(self, profile: Profile) -> None:
        """Keep it for the next start."""
        try:
            self._context.book.put(profile)
        except OSError as error:
            words = f"Its file can't be written ({error.strerror})."
            tell(self._window, "The store won't be kept after a restart", words)

    def may_remove(self, profile: Profile, unsaved: int) -> bool:
        """Ask whether to remove it; `unsaved`: of how many sessions edits go with it."""
        words = "Only the entry in this program is removed; the store and its sessions aren't touched."
        if unsaved:
            words += f"\nUnsaved edits of {unsaved:,} session{'' if unsaved == 1 else 's'} are discarded with it."
        return confirm(self._window, f"Remove {profile.name} from the list?", words, "Remove")

    def remove(self, profile: Profile) -> None:
        """Remove it from the book, and its secrets from where they are kept."""
        try:
            self._context.book.remove(profile.id)
        except OSError as error:
            words = f"Its file can't be written ({error.strerror})."
            tell(self._window, "The store will be back after a restart", words)
        for secret_id in (profile.password_id, *profile.secret_ids):
            if secret_id:
                self._context.vault.put(partial(self._context.secrets.remove, secret_id))
