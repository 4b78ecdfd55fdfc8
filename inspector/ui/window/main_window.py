"""The window: puts the pages together and hands what a person wants from one to the other; does no work itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QStackedWidget

from inspector.services.settings.profiles import Profile, new_profile_id
from inspector.ui.base.actions import ActionBook
from inspector.ui.base.context import Context
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.icons import app_icon
from inspector.ui.base.small_screen import make_scrollable, size_window
from inspector.ui.bulk.bulk_actions import BulkActions
from inspector.ui.list.list_menu import show_list_menu
from inspector.ui.list.sessions_page import SessionsPage
from inspector.ui.session.session_panel import SessionPanel
from inspector.ui.session.session_saving import SessionSaving
from inspector.ui.session.unsaved_edits import UnsavedEdits
from inspector.ui.stores.open_store import OpenStore
from inspector.ui.stores.store_list import StoreList
from inspector.ui.stores.stores_panel import StoresPanel
from inspector.ui.window.command_panel import CommandPanel
from inspector.ui.window.commands import commands_of, enable_actions
from inspector.ui.window.other_windows import OtherWindows
from inspector.ui.window.preferences import Preferences
from inspector.ui.window.status_line import StatusLine
from inspector.ui.window.store_desk import StoreDesk
from inspector.ui.window.store_entries import StoreEntries
from inspector.ui.window.tool_pages import ToolPages
from inspector.ui.window.window_actions import ACTIONS
from inspector.ui.window.window_state import WindowState
from store_adapters.errors import BadStoreAddress

if TYPE_CHECKING:
    from inspector.ui.cookies.cookie_page import CookiePage
    from inspector.ui.demo.demo_page import DemoPage
    from inspector.ui.doctor.doctor_page import DoctorPage
    from inspector.ui.users.users_page import UsersPage

SESSIONS, COOKIES, DOCTOR, USERS, DEMO = range(5)
PAGES = {"cookies": COOKIES, "doctor": DOCTOR, "users": USERS, "demo": DEMO}
_NOTE_MS = 8000


class MainWindow(QMainWindow):
    """Shows the stores of the profile book and the pages. `demo_store_url`: where the demo keeps its files."""

    def __init__(self, context: Context, demo_store_url: str) -> None:
        super().__init__()
        self.setWindowTitle("Session Inspector")
        self.setWindowIcon(app_icon())
        size_window(self)
        self.context = context
        self.plugins = context.plugins
        self._state = WindowState(context.book.folder)
        self._desk = StoreDesk(context, self)
        self._entries = StoreEntries(context, self)
        self._tools = ToolPages(context, demo_store_url, self)
        with context.theme.dressing_last():
            self._build()
        self._restore_state()
        self._show_stores()
        self._others = OtherWindows(
            context, self.stores, partial(self.add_profile, keep=False), self.forget_store, self._show_stores, self
        )
        self._others.noted.connect(self.note)
        self._enable()

    def _build(self) -> None:
        context = self.context
        self.actions_book = ActionBook(self, context.theme)
        self.panel = SessionPanel(context)
        self.saving = SessionSaving(context, self.panel, self)
        self.bulk = BulkActions(context, self)
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
        self.actions_book.fill(ACTIONS, commands_of(self, self))
        self.sessions_page = SessionsPage(context, self.actions_book, self.panel)
        self.stores_panel = StoresPanel(context.theme)
        self._assemble()
        self._wire()
        self.status = StatusLine(self.statusBar())
        self.status.reconnect_wanted.connect(self.reconnect)

    @property
    def stores(self) -> StoreList:
        return self._desk.stores

    @property
    def current(self) -> OpenStore | None:
        """The store whose sessions are shown."""
        return self._desk.current

    @property
    def cookie_page(self) -> CookiePage:
        """Built when first wanted."""
        return self._tools.cookies.page

    @property
    def doctor_page(self) -> DoctorPage:
        """Built when first wanted."""
        return self._tools.doctor.page

    @property
    def users_page(self) -> UsersPage:
        """Built when first wanted."""
        return self._tools.users.page

    @property
    def demo_page(self) -> DemoPage:
        """Built when first wanted."""
        return self._tools.demo.page

    def _assemble(self) -> None:
        self.pages = QStackedWidget()
        for page in (self.sessions_page, self._tools.cookies, self._tools.doctor, self._tools.users, self._tools.demo):
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
        self._wire_stores()
        self._wire_session()
        self._wire_tools()

    def _wire_stores(self) -> None:
        desk, stores = self._desk, self.stores_panel
        desk.listed.connect(self._show_stores)
        desk.current_changed.connect(self._show_current)
        desk.state_changed.connect(self._store_changed)
        desk.progressed.connect(self._show_status)
        desk.sessions_changed.connect(self.panel.follow)
        desk.dropped.connect(self.bulk.runner.forget)
        self._entries.ready.connect(self.put_profile)
        stores.store_chosen.connect(self.choose_store)
        stores.tool_chosen.connect(self.show_tool)
        stores.add_wanted.connect(self.add_store)
        stores.edit_wanted.connect(self._edit_store)
        stores.remove_wanted.connect(self._remove_store)
        stores.close_wanted.connect(self._close_store)
        stores.reconnect_wanted.connect(lambda profile_id: self.stores[profile_id].reconnect())

    def _wire_session(self) -> None:
        page = self.sessions_page
        page.session_chosen.connect(self._open_key)
        page.selection_changed.connect(lambda _number: self._enable())
        page.table.customContextMenuRequested.connect(partial(show_list_menu, page, self.actions_book))
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

    def _wire_tools(self) -> None:
        tools = self._tools
        tools.session_wanted.connect(self.go_to_session)
        tools.stored_session_wanted.connect(self._show_stored_session)
        tools.filter_wanted.connect(self._show_filtered)
        tools.logout_wanted.connect(self.bulk.delete)
        tools.own_session_wanted.connect(self._show_own_session)
        tools.store_wanted.connect(self.show_store_of)
        tools.signature_known.connect(self.panel.head.show_signature)
        tools.tool_noted.connect(self.stores_panel.note_tool)
        tools.noted.connect(self.note)

    def note(self, words: str) -> None:
        """Say something in the status bar for a while."""
        self.statusBar().showMessage(words, _NOTE_MS)

    def take_up_history(self) -> None:
        """Put what earlier runs wrote into the history, and keep it as the preferences say."""
        self.context.jobs.submit(
            self.context.vault,
            self.context.history.take_up,
            owner=self,
            done=lambda _: self.panel.show_history(),
            failed=lambda _error: self.panel.show_history(),
        )

    def _show_stores(self) -> None:
        self.stores_panel.show_stores(self.stores)
        self._tools.offer_stores(self.stores.profiles)
        if self.current is not None:
            self.stores_panel.choose_store(self.current.profile.id)

    def put_profile(self, profile: Profile, *, keep: bool = True) -> None:
        """Add a store or change one, and show it. `keep`: also in the profile book."""
        self.add_profile(profile, keep=keep)
        self.choose_store(profile.id)

    def add_profile(self, profile: Profile, *, keep: bool = True) -> None:
        """Add a store or change one; the view stays as it is."""
        if keep:
            self._entries.keep(profile)
        self._desk.put(profile)

    def choose_store(self, profile_id: str, *, stays: bool = False) -> None:
        """Show a store's sessions, and open it if it is closed. `stays`: on the page that is shown."""
        if profile_id not in self.stores:
            return
        if not stays:
            self.pages.setCurrentIndex(SESSIONS)
        if self.pages.currentIndex() == SESSIONS:
            self.stores_panel.choose_store(profile_id)
        self._desk.choose(profile_id)
        self._show_status()
        self._enable()

    def offer_store(self, profile_id: str) -> None:
        """Show a store that the program opens on its own; a store or a page that a person went to meanwhile stays."""
        if self.current is None:
            self.choose_store(profile_id, stays=True)

    def _show_current(self) -> None:
        self.panel.show_session(self.current, None)
        self.sessions_page.show_store(self.current)
        self._tools.show_store(self.current)

    def show_store_of(self, url: str) -> None:
        """Show the store at a URL; one that is in no profile is added for this run."""
        for profile in self.stores.profiles:
            if profile.url == url:
                self.choose_store(profile.id)
                return
        self.put_profile(
            Profile(id=new_profile_id(), name="Demo (Valkey)", url=url, secret_ids=("demo-secret",)), keep=False
        )

    def _store_changed(self) -> None:
        self._show_status()
        self._enable()
        self.panel.try_again()

    def reconnect(self) -> None:
        self._desk.reconnect()

    def _show_status(self) -> None:
        self.status.show_store(self.current)

    def add_store(self) -> None:
        self._entries.ask(None)

    def edit_current_store(self) -> None:
        if self.current is not None:
            self._edit_store(self.current.profile.id)

    def _edit_store(self, profile_id: str) -> None:
        self._entries.ask(self.stores[profile_id].profile)

    def close_current_store(self) -> None:
        if self.current is not None:
            self._close_store(self.current.profile.id)

    def _close_store(self, profile_id: str) -> None:
        self._desk.disconnect_store(profile_id)
        if self.current is not None and self.current.profile.id == profile_id:
            self.stores_panel.choose_store(profile_id)
        self._show_status()
        self._enable()

    def remove_current_store(self) -> None:
        if self.current is not None:
            self._remove_store(self.current.profile.id)

    def _remove_store(self, profile_id: str) -> None:
        profile = self.stores[profile_id].profile
        if self._entries.may_remove(profile, self.panel.unsaved(profile_id)):
            self.forget_store(profile_id)
            self.panel.drop_drafts(profile_id)
            self._entries.remove(profile)

    def forget_store(self, profile_id: str) -> None:
        self._desk.forget(profile_id)
        self._show_status()
        self._enable()

    def refresh(self) -> None:
        if self.current is not None:
            self.current.reload()
            self.panel.reload()

    def toggle_live(self) -> None:
        self._desk.toggle_live()
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

    def _show_filtered(self, text: str) -> None:
        self.show_sessions()
        self.sessions_page.filter_edit.setText(text)

    def _show_stored_session(self, store_url: str, session_id: str) -> None:
        self.show_store_of(store_url)
        self._show_own_session(session_id)

    def _show_own_session(self, session_id: str) -> None:
        if self.current is not None and self.current.connection is not None:
            try:
                self.go_to_session(self.current.connection.store.ref_for(session_id).key)
            except BadStoreAddress as error:
                self.note(error.message)

    def _session_removed(self, key: bytes) -> None:
        if self.panel.key == key:
            self.panel.show_session(self.current, None)

    def show_tab(self, number: int) -> None:
        self.show_sessions()
        self.panel.tabs.setCurrentIndex(number)

    def show_sessions(self) -> None:
        self.pages.setCurrentIndex(SESSIONS)
        if self.current is not None:
            self.stores_panel.choose_store(self.current.profile.id)

    def show_tool(self, name: str) -> None:
        """Show the page of a tool, and put the keyboard where it is wanted first."""
        self.pages.setCurrentIndex(PAGES[name])
        self.stores_panel.choose_tool(name)
        self._tools.focus(name)

    def show_cookies(self) -> None:
        self.show_tool("cookies")

    def show_demo(self) -> None:
        self.show_tool("demo")

    def _enable(self) -> None:
        enable_actions(self)

    def _restore_state(self) -> None:
        blob = self._state.restore
        self.restoreGeometry(blob("geometry"))
        self.splitter.restoreState(blob("stores"))
        self.sessions_page.restore_state(blob("columns"), blob("panel"), blob("sorted"))

    def keep_state(self) -> None:
        """Keep where the window stands, for the next start."""
        page = self.sessions_page.save_state()
        self._state.keep(
            {
                "geometry": bytes(self.saveGeometry().data()),
                "stores": bytes(self.splitter.saveState().data()),
                "columns": page["columns"],
                "panel": page["splitter"],
                "sorted": page["sorted"],
            }
        )

    @qt_guard()
    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.unsaved.may_quit():
            event.ignore()
            return
        self.keep_state()
        self.unsaved.close()
        self.context.close()
        self._tools.close()
        self._desk.close()
