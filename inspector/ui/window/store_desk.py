"""The stores of the window: opened, closed, put in and taken out, and which of them is shown."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from inspector.services.settings.profiles import Profile
from inspector.ui.base.context import Context
from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.stores.secret_dialogs import PasswordAsker
from inspector.ui.stores.store_list import StoreList


class StoreDesk(QObject):
    """Knows no page: it says what changed, and the window shows it."""

    listed = Signal()  # a store came or went
    current_changed = Signal()  # another store is shown, or none
    state_changed = Signal()  # the store that is shown opened, was closed, or failed
    progressed = Signal()  # some store read on, was looked at or answered
    sessions_changed = Signal(object)  # keys, in the store that is shown
    dropped = Signal(object)  # an OpenStore that is about to be closed for good

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self.current: OpenStore | None = None
        self.stores = StoreList(self._make, context.book.profiles)

    def _make(self, profile: Profile) -> OpenStore:
        store = OpenStore(profile, self._context, self._window)
        store.state_changed.connect(lambda: self.state_changed.emit() if store is self.current else None)
        store.progress_changed.connect(self.progressed)
        store.looked.connect(self.progressed)
        store.health.answered.connect(lambda: self.progressed.emit() if store is self.current else None)
        PasswordAsker(self._context, store, self._window)
        store.sessions_changed.connect(lambda keys: self.sessions_changed.emit(keys) if store is self.current else None)
        return store

    def put(self, profile: Profile) -> None:
        """Add a store or change one."""
        old = self.stores.put(profile)
        if old is not None:
            self._drop(old)
        self.listed.emit()

    def choose(self, profile_id: str) -> None:
        """Make a store the one that is shown, and open it if it is closed."""
        store = self.stores[profile_id]
        if store is not self.current:
            self.current = store
            self._context.book.remember_store(profile_id)
            self.current_changed.emit()
        if store.state in (StoreState.CLOSED, StoreState.FAILED):
            store.open()
            if self._context.book.settings.live_by_default:
                store.set_live(True)

    def disconnect_store(self, profile_id: str) -> None:
        """Disconnect; the entry stays, with lanes of its own for the next time. Unsaved edits stay as well."""
        old = self.stores[profile_id]
        is_current = old is self.current
        self._drop(old)
        self.stores.put(old.profile)
        fresh = self.stores[profile_id]
        fresh.take_over(old)
        self.listed.emit()
        if is_current:
            self.current = fresh
            self.current_changed.emit()

    def forget(self, profile_id: str) -> None:
        """Take a store out of the list."""
        self._drop(self.stores.pop(profile_id))
        self.listed.emit()

    def reconnect(self) -> None:
        if self.current is not None:
            self.current.reconnect()

    def toggle_live(self) -> None:
        if self.current is not None:
            self.current.set_live(not self.current.is_live)

    def close(self) -> None:
        for store in self.stores.made:
            store.close()

    def _drop(self, store: OpenStore) -> None:
        if store is self.current:
            self.current = None
            self.current_changed.emit()
        self.dropped.emit(store)
        store.close()
        store.deleteLater()
