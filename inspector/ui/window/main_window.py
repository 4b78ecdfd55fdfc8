"""The window: puts the pages together and hands what a person wants from one to the other; does no work itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QMainWindow, QSplitter, QStackedWidget

from inspector.services.settings.profiles import Profile, new_profile_id
from inspector.ui.base.actions import ActionBook
from inspector.ui.base.context import Context
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.icons import app_icon
from inspector.ui.base.plain import confirm, tell
from inspector.ui.base.small_screen import make_scrollable, size_window
from inspector.ui.bulk.bulk_acts import BulkActs
from inspector.ui.list.sessions_page import SessionsPage
from inspector.ui.session.session_panel import SessionPanel
from inspector.ui.session.session_saving import SessionSaving
from inspector.ui.session.unsaved_edits import UnsavedEdits
from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.stores.secret_dialogs import PasswordAsker
from inspector.ui.stores.store_list import StoreList
from inspector.ui.stores.stores_panel import StoresPanel
from inspector.ui.window.command_panel import CommandPanel
from inspector.ui.window.other_windows import OtherWindows
from inspector.ui.window.preferences import Preferences
from inspector.ui.window.status_line import StatusLine
from inspector.ui.window.tool_pages import ToolPages
from inspector.ui.window.window_actions import enable_actions, fill_actions, show_list_menu
from inspector.ui.window.window_state import WindowState

if TYPE_CHECKING:
    from inspector.ui.cookies.cookie_page import CookiePage
    from inspector.ui.demo.demo_page import DemoPage

SESSIONS, COOKIES, DEMO = range(3)
_NOTE_MS = 8000


class MainWindow(QMainWindow):
    """Shows the stores of the profile book and the pages. `demo_store_url`: where the demo keeps its files."""

    def __init__(self, context: Context, demo_store_url: str) -> None:
        super().__init__()
        self.setWindowTitle("Session Inspector")
        self.setWindowIcon(app_icon())
        size_window(self)
        self._context = context
        self.plugins = context.plugins
        self._state = WindowState(context.book.folder)
        self.stores = StoreList(self._make_store, context.book.profiles)
        self.current: OpenStore | None = None
        self._tools = ToolPages(context, self, demo_store_url)
        with context.theme.dressing_last():
            self._build()
        self._state.restore(self)
        self._show_stores()
        self._others = OtherWindows(
            context, self.stores, partial(self.add_profile, keep=False), self._forget_store, self._show_stores, self
        )
        self._others.noted.connect(self.note)
        self._enable()

    def _build(self) -> None:
        context = self._context
        self.actions_book = ActionBook(self, context.theme)
        self.panel = SessionPanel(context)
        self.saving = SessionSaving(context, self.panel, self)
        self.bulk = BulkActs(context, self)
        self.preferences = Preferences(context, self)
        self.preferences.noted.connect(self.note)
        self.unsaved = UnsavedEdits(context, self.panel, self)
        self.unsaved.noted.connect(self.note)
        self.unsaved.came_back.connect(self._show_session)
        self.preferences.secrets_moved.connect(self.unsaved.keep)
        self.preferences.secrets_moved.connect(self.take_up_history)
        self.preferences.history_changed.connect(self.take_up_history)
        self.commands = CommandPanel(context.commands, self)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.commands)
        fill_actions(self.actions_book, self)
        self.sessions_page = SessionsPage(context, self.actions_book, self.panel)
        self.stores_panel = StoresPanel(context.theme)
        self._assemble()
        self._wire()
        self.status = StatusLine(self.statusBar())
        self.status.reconnect_wanted.connect(self.reconnect)

    @property
    def cookie_page(self) -> CookiePage:
        """Built when first wanted."""
        return self._tools.cookies.page

    @property
    def demo_page(self) -> DemoPage:
        """Built when first wanted."""
        return self._tools.demo.page

    def _assemble(self) -> None:
        self.pages = QStackedWidget()
        for page in (self.sessions_page, self._tools.cookies, self._tools.demo):
            self.pages.addWidget(page)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.stores_panel)
        self.splitter.addWidget(self.bulk.runner.strip.under(self.pages))
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([218, 1062])
        self.setCentralWidget(make_scrollable(self.splitter))

    def _wire(self) -> None:
        stores = self.stores_panel
        stores.store_chosen.connect(self.choose_store)
        stores.tool_chosen.connect(self._show_tool)
        stores.add_wanted.connect(self.add_store)
        stores.edit_wanted.connect(self._edit_store)
        stores.remove_wanted.connect(self._remove_store)
        stores.close_wanted.connect(self._close_store)
        stores.reconnect_wanted.connect(lambda profile_id: self.stores[profile_id].reconnect())
        page = self.sessions_page
        page.session_chosen.connect(self._open_key)
        page.selection_changed.connect(lambda _number: self._enable())
        page.table.customContextMenuRequested.connect(partial(show_list_menu, self))
        self.panel.draft_changed.connect(self._enable)
        self.panel.edits_wanted.connect(self._show_session)
        self.panel.edits_shown.connect(self.show_sessions)
        self.panel.secrets_wanted.connect(self.edit_current_store)
        self.panel.noted.connect(self.note)
        self.saving.noted.connect(self.note)
        self.bulk.noted.connect(self.note)
        self.bulk.done.connect(page.table.clearSelection)
        self.bulk.done.connect(self.panel.reload)
        self.bulk.runner.changed.connect(self._enable)
        self.saving.session_made.connect(self.go_to_session)
        self.saving.record_removed.connect(self._session_removed)

    def note(self, words: str) -> None:
        """Say something in the status bar for a while."""
        self.statusBar().showMessage(words, _NOTE_MS)

    def take_up_history(self) -> None:
        """Put what earlier runs wrote into the history, and keep it as the preferences say."""
        self._context.jobs.submit(
            self._context.vault,
            self._context.history.take_up,
            owner=self,
            done=lambda _: self.panel.show_history(),
            failed=lambda _error: self.panel.show_history(),
        )

    def _make_store(self, profile: Profile) -> OpenStore:
        store = OpenStore(profile, self._context, self)
        store.state_changed.connect(lambda: self._store_changed(store))
        store.progress_changed.connect(self._show_status)
        store.looked.connect(self._show_status)
        store.health.answered.connect(lambda: self._show_status() if store is self.current else None)
        PasswordAsker(self._context, store, self)
        store.sessions_changed.connect(lambda keys: self.panel.follow(keys) if store is self.current else None)
        return store

    def _show_stores(self) -> None:
        self.stores_panel.show_stores(self.stores)
        self._tools.offer_stores()
        if self.current is not None:
            self.stores_panel.choose_store(self.current.profile.id)

    def put_profile(self, profile: Profile, *, keep: bool = True) -> None:
        """Add a store or change one, and show it. `keep`: also in the profile book."""
        self.add_profile(profile, keep=keep)
        self.choose_store(profile.id)

    def add_profile(self, profile: Profile, *, keep: bool = True) -> None:
        """Add a store or change one, and leave shown what is shown."""
        if keep:
            self._keep_profile(profile)
        old = self.stores.put(profile)
        if old is not None:
            self._drop(old)
        self._show_stores()

    def _keep_profile(self, profile: Profile) -> None:
        try:
            self._context.book.put(profile)
        except OSError as error:
            tell(self, "The store is not kept for the next start", f"Its file cannot be written ({error.strerror}).")

    def choose_store(self, profile_id: str, *, stays: bool = False) -> None:
        """Show a store's sessions, and open it if it is closed. `stays`: on the page that is shown."""
        if profile_id not in self.stores:
            return
        store = self.stores[profile_id]
        if not stays:
            self.pages.setCurrentIndex(SESSIONS)
        if self.pages.currentIndex() == SESSIONS:
            self.stores_panel.choose_store(profile_id)
        if store is not self.current:
            self.current = store
            self._context.book.remember_store(profile_id)
            self.panel.show_session(store, None)
            self._show_in_pages(store)
        if store.state in (StoreState.CLOSED, StoreState.FAILED):
            store.open()
            if self._context.book.settings.live_by_default:
                store.set_live(True)
        self._show_status()
        self._enable()

    def offer_store(self, profile_id: str) -> None:
        """Show a store that the program opens by itself; a store or a page that a person went to meanwhile stays."""
        if self.current is None:
            self.choose_store(profile_id, stays=True)

    def _show_in_pages(self, store: OpenStore | None) -> None:
        self.sessions_page.show_store(store)
        self._tools.show_store(store)

    def show_store_of(self, url: str) -> None:
        """Show the store at a URL; one that is in no profile is added for this run."""
        for profile in self.stores.profiles:
            if profile.url == url:
                self.choose_store(profile.id)
                return
        self.put_profile(
            Profile(id=new_profile_id(), name="Demo (Valkey)", url=url, secret_ids=("demo-secret",)), keep=False
        )

    def _store_changed(self, store: OpenStore) -> None:
        if store is self.current:
            self._show_status()
            self._enable()
            self.panel.try_again()

    def reconnect(self) -> None:
        if self.current is not None:
            self.current.reconnect()

    def _show_status(self) -> None:
        self.status.show_store(self.current)

    def add_store(self) -> None:
        self._show_connect(None)

    def edit_current_store(self) -> None:
        if self.current is not None:
            self._edit_store(self.current.profile.id)

    def _edit_store(self, profile_id: str) -> None:
        # As the book has it: another window may have changed it since it was opened here.
        self._show_connect(self._context.book.find(profile_id) or self.stores[profile_id].profile)

    def _show_connect(self, profile: Profile | None) -> None:
        from inspector.ui.stores.connect_dialog import ConnectDialog  # not before it is wanted: the start is quicker

        dialog = ConnectDialog(self._context, profile, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.profile_ready.connect(self.put_profile)
        dialog.open()

    def close_current_store(self) -> None:
        if self.current is not None:
            self._close_store(self.current.profile.id)

    def _close_store(self, profile_id: str) -> None:
        """Disconnect; the entry stays, with lanes of its own for the next time. Unsaved edits stay as well."""
        old = self.stores[profile_id]
        is_current = old is self.current
        self._drop(old)
        self.stores.put(old.profile)
        fresh = self.stores[profile_id]
        fresh.take_over(old)
        self._show_stores()
        if is_current:
            self.current = fresh
            self._show_in_pages(fresh)
            self.panel.show_session(fresh, None)
            self.stores_panel.choose_store(profile_id)
        self._show_status()
        self._enable()

    def remove_current_store(self) -> None:
        if self.current is not None:
            self._remove_store(self.current.profile.id)

    def _remove_store(self, profile_id: str) -> None:
        store = self.stores[profile_id]
        words = "Only the entry in this program goes; the store and its sessions are not touched."
        if number := self.panel.unsaved(profile_id):
            words += f"\nUnsaved edits of {number:,} session{'' if number == 1 else 's'} are discarded with it."
        if not confirm(self, f"Remove {store.profile.name} from the list?", words, "Remove"):
            return
        self._forget_store(profile_id)
        self.panel.drop_drafts(profile_id)
        try:
            self._context.book.remove(profile_id)
        except OSError as error:
            tell(self, "The store will be there at the next start", f"Its file cannot be written ({error.strerror}).")
        for secret_id in (store.profile.password_id, *store.profile.secret_ids):
            if secret_id:
                self._context.vault.put(partial(self._context.secrets.remove, secret_id))

    def _forget_store(self, profile_id: str) -> None:
        self._drop(self.stores.pop(profile_id))
        self._show_stores()
        self._show_status()
        self._enable()

    def _drop(self, store: OpenStore) -> None:
        if store is self.current:
            self.current = None
            self._show_in_pages(None)
            self.panel.show_session(None, None)
        self.bulk.runner.forget(store)
        store.close()
        store.deleteLater()

    def refresh(self) -> None:
        if self.current is not None:
            self.current.reload()
            self.panel.reload()

    def toggle_live(self) -> None:
        if self.current is not None:
            self.current.set_live(not self.current.is_live)
        self._show_status()
        self._enable()

    def _open_key(self, key: bytes) -> None:
        self.panel.show_session(self.current, key)
        self._enable()

    def go_to_session(self, key: bytes) -> None:
        """Show a session of the current store."""
        self.show_sessions()
        self.sessions_page.go_to(key)
        self._open_key(key)

    def _show_session(self, profile_id: str, key: bytes) -> None:
        if profile_id in self.stores:
            self.choose_store(profile_id)
            self.go_to_session(key)

    def _session_removed(self, key: bytes) -> None:
        if self.panel.key == key:
            self.panel.show_session(self.current, None)

    def create_session(self) -> None:
        if self.current is not None:
            self.saving.create(self.current)

    def restore_deleted(self) -> None:
        if self.current is not None:
            self.saving.restore_last(self.current)

    def focus_filter(self) -> None:
        self.show_sessions()
        self.sessions_page.focus_filter()

    def show_tab(self, number: int) -> None:
        self.show_sessions()
        self.panel.tabs.setCurrentIndex(number)

    def show_sessions(self) -> None:
        self.pages.setCurrentIndex(SESSIONS)
        if self.current is not None:
            self.stores_panel.choose_store(self.current.profile.id)

    def _show_tool(self, name: str) -> None:
        self.show_cookies() if name == "cookies" else self.show_demo()

    def show_cookies(self) -> None:
        self.pages.setCurrentIndex(COOKIES)
        self.stores_panel.choose_tool("cookies")
        self.cookie_page.edit.setFocus()

    def show_demo(self) -> None:
        self.pages.setCurrentIndex(DEMO)
        self.stores_panel.choose_tool("demo")

    def paste_cookie(self) -> None:
        """Inspect what is on the clipboard, if it is text."""
        self.show_cookies()
        text = QGuiApplication.clipboard().text()
        if text.strip():
            self.cookie_page.paste(text[:300_000])

    def toggle_demo(self) -> None:
        self.show_demo()
        self.demo_page.toggle()

    def show_commands(self) -> None:
        from inspector.ui.window.command_palette import CommandPalette

        CommandPalette(self.actions_book, self).open_over(self)

    def _enable(self) -> None:
        enable_actions(self)

    @qt_guard()
    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.unsaved.may_quit():
            event.ignore()
            return
        self._state.keep(self)
        self.unsaved.close()
        self._context.close()
        self._tools.close()
        for store in self.stores.made:
            store.close()
