"""Follows what another window of the same person changes in the stores and preferences, and shows it here."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from inspector.core.display import escape_display
from inspector.services.settings.profiles import BookContents, Profile
from inspector.ui.base.context import Context
from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.stores.store_list import StoreList

_CALM_MS = 150
_AT_REST = (StoreState.CLOSED, StoreState.FAILED)


class OtherWindows(QObject):
    """Watches the book's folder. `show(profile)` adds a store or changes it; `forget(id)` removes one that is not open;
    `show_again()` shows the list of stores again.

    A store that is open here goes on as it was opened; what became of it elsewhere is `noted`.
    """

    noted = Signal(str)

    def __init__(
        self,
        context: Context,
        stores: StoreList,
        show: Callable[[Profile], object],
        forget: Callable[[str], object],
        show_again: Callable[[], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._stores = stores
        self._show = show
        self._forget = forget
        self._show_again = show_again
        self._watcher = QFileSystemWatcher(self)
        self._calm = QTimer(self, interval=_CALM_MS, singleShot=True)
        self._calm.timeout.connect(self.look)
        self._watcher.directoryChanged.connect(lambda _folder: self._calm.start())
        QTimer.singleShot(0, self, self._watch)

    def _watch(self) -> None:
        folder = self._context.book.folder
        if folder.is_dir():
            self._watcher.addPath(str(folder))

    def look(self) -> None:
        """Read the book's files again, off the GUI thread, and follow them."""
        self._context.jobs.submit(
            self._context.compute, self._context.book.read_again, owner=self, done=self._follow, failed=lambda _: None
        )

    def _follow(self, found: BookContents | None) -> None:
        book = self._context.book
        before, settings = {profile.id: profile for profile in book.profiles}, book.settings
        if found is None or not book.take(found):
            return
        after = {profile.id: profile for profile in book.profiles}
        for profile_id in before.keys() - after.keys():
            self._removed(profile_id)
        for profile_id, profile in after.items():
            if before.get(profile_id) != profile:
                self._changed(profile)
        if book.settings.theme != settings.theme:
            self._context.theme.choose(book.settings.theme)
        if book.settings.secret_place is not settings.secret_place:
            self.noted.emit("Another window changed where secrets are kept; this one follows after a restart.")

    def _removed(self, profile_id: str) -> None:
        if profile_id not in self._stores:
            return
        store = self._stores.find_made(profile_id)
        if store is None or store.state in _AT_REST:
            self._forget(profile_id)
        else:
            self.noted.emit(f"{_name(store)} was removed in another window; it stays here until you close this window.")

    def _changed(self, profile: Profile) -> None:
        store = self._stores.find_made(profile.id)
        if store is None or store.state in _AT_REST:
            self._show(profile)
            return
        # What words and warnings go by holds at once: a store marked as production is asked about from now on.
        store.profile = replace(
            store.profile, name=profile.name, environment=profile.environment, cookie_name=profile.cookie_name,
            site_url=profile.site_url, gentle=profile.gentle,
        )  # fmt: skip
        if store.profile != profile:
            self.noted.emit(f"{_name(store)} was changed in another window: restart this one to apply all of it.")
        self._show_again()


def _name(store: OpenStore) -> str:
    return escape_display(store.profile.name, 60)
