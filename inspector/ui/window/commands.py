"""What each action does: the IDs of the vocabulary, and what of the window they are bound to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from inspector import __version__
from inspector.services.settings.plugins import Plugin
from inspector.ui.base.actions import ActionBook, When
from inspector.ui.base.plain import show_message
from inspector.ui.bulk.bulk_actions import BulkActions
from inspector.ui.list.sessions_page import SessionsPage
from inspector.ui.session.session_panel import SessionPanel
from inspector.ui.session.session_saving import SessionSaving
from inspector.ui.session.session_tabs import TAB_TITLES
from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.window.command_panel import CommandPanel
from inspector.ui.window.preferences import Preferences

if TYPE_CHECKING:
    from inspector.ui.cookies.cookie_page import CookiePage
    from inspector.ui.demo.demo_page import DemoPage

_MOST_PASTED = 300_000  # characters


class Shell(Protocol):
    """What the commands ask of the window."""

    actions_book: ActionBook
    bulk: BulkActions
    commands: CommandPanel
    panel: SessionPanel
    plugins: tuple[Plugin, ...]
    preferences: Preferences
    saving: SessionSaving
    sessions_page: SessionsPage

    @property
    def current(self) -> OpenStore | None: ...
    @property
    def cookie_page(self) -> CookiePage: ...
    @property
    def demo_page(self) -> DemoPage: ...

    def add_store(self) -> None: ...
    def edit_current_store(self) -> None: ...
    def close_current_store(self) -> None: ...
    def remove_current_store(self) -> None: ...
    def refresh(self) -> None: ...
    def reconnect(self) -> None: ...
    def toggle_live(self) -> None: ...
    def show_sessions(self) -> None: ...
    def show_tab(self, number: int) -> None: ...
    def show_cookies(self) -> None: ...
    def show_tool(self, name: str) -> None: ...
    def show_demo(self) -> None: ...
    def close(self) -> bool: ...


def commands_of(window: Shell, parent: QWidget) -> dict[str, Callable[[], object]]:
    """Return what each action does, by its ID; `parent`: of the dialogs."""
    panel, saving, bulk = window.panel, window.saving, window.bulk
    data, cookie = panel.data_tab, panel.cookie_tab
    return {
        "connect": window.add_store,
        "edit_store": window.edit_current_store,
        "close_store": window.close_current_store,
        "remove_store": window.remove_current_store,
        "preferences": window.preferences.show,
        "quit": window.close,
        "undo": data.undo,
        "redo": data.redo,
        "discard": panel.discard,
        "add_field": data.add_field,
        "rename_field": data.rename,
        "edit_value": data.edit_value,
        "edit_type": data.edit_type,
        "remove_field": data.remove,
        "filter": partial(_focus_filter, window),
        "show_sessions": partial(_focus_sessions, window),
        "show_cookies": window.show_cookies,
        "command_log": window.commands.toggle,
        "show_doctor": partial(window.show_tool, "doctor"),
        "show_users": partial(window.show_tool, "users"),
        "show_demo": window.show_demo,
        **{f"tab_{title.lower()}": partial(_show_tab, window, number) for number, title in enumerate(TAB_TITLES)},
        "theme": window.preferences.toggle_theme,
        "refresh": window.refresh,
        "reconnect": window.reconnect,
        "live": window.toggle_live,
        "new_session": partial(_with_store, window, saving.create),
        "bulk_expiry": partial(_change_expiry, window),
        "restore_deleted": partial(_with_store, window, saving.restore_last),
        "undo_bulk": bulk.undo,
        "export": partial(_export, window),
        "import": partial(_with_store, window, bulk.transfer.import_file),
        "review": saving.review,
        "expiry": saving.ask_expiry,
        "duplicate": saving.duplicate,
        "delete": partial(_delete, window),
        "copy_id": panel.copy_id,
        "copy_value": cookie.copy_value,
        "copy_header": cookie.copy_header,
        "copy_set_cookie": cookie.copy_set_cookie,
        "copy_curl": cookie.copy_curl,
        "paste_cookie": partial(_paste_cookie, window),
        "open_har": partial(_open_har, window),
        "commands": partial(_show_commands, window, parent),
        "toggle_demo": partial(_toggle_demo, window),
        "visitors": lambda: window.demo_page.toggle_traffic(),
        "browse_demo": lambda: window.demo_page.open_browser(),
        "shortcuts": partial(_show_shortcuts, window, parent),
        "about": partial(_show_about, window, parent),
    }


def enable_actions(window: Shell) -> None:
    """Enable what can be done now, with the store, the selection and the session that are shown."""
    store, now = window.current, When.ALWAYS
    if store is not None:
        now |= When.STORE
        if store.state is StoreState.OPEN and store.can_write:
            now |= When.WRITABLE
        if window.bulk.can_undo(store):
            now |= When.BULK_CHANGE
    if window.sessions_page.selected_count:
        now |= When.SELECTION | When.CHOSEN
    if window.panel.opened is not None:
        now |= When.SESSION | When.CHOSEN
    if window.panel.can_review:
        now |= When.EDITS
    window.actions_book.enable(now)
    window.actions_book["live"].setChecked(store is not None and store.is_live)


def _with_store(window: Shell, act: Callable[[OpenStore], object]) -> None:
    if window.current is not None:
        act(window.current)


def _delete(window: Shell) -> None:
    """Delete the selected sessions, or the one that is open."""
    page, store = window.sessions_page, window.current
    if store is None or store.catalogue is None:
        return
    if page.selected_count > 1:
        window.bulk.delete(store, page.selected_positions())
        return
    key = next(store.catalogue.keys_at(page.selected_positions()), window.panel.key)
    if key is not None:
        window.saving.delete(store, key)


def _change_expiry(window: Shell) -> None:
    if window.current is not None and window.sessions_page.selected_count:
        window.bulk.change_expiry(window.current, window.sessions_page.selected_positions())


def _export(window: Shell) -> None:
    page = window.sessions_page
    if window.current is not None:
        window.bulk.transfer.export(window.current, page.selected_positions(), page.matching_positions())


def _focus_filter(window: Shell) -> None:
    window.show_sessions()
    window.sessions_page.focus_filter()


def _focus_sessions(window: Shell) -> None:
    window.show_sessions()
    window.sessions_page.table.setFocus()


def _show_tab(window: Shell, number: int) -> None:
    window.show_tab(number)
    window.panel.focus_tab()


def _paste_cookie(window: Shell) -> None:
    """Inspect what is on the clipboard, if it is text."""
    window.show_cookies()
    text = QGuiApplication.clipboard().text()
    if text.strip():
        window.cookie_page.paste(text[:_MOST_PASTED])


def _open_har(window: Shell) -> None:
    window.show_cookies()
    window.cookie_page.ask_har()


def _toggle_demo(window: Shell) -> None:
    window.show_demo()
    window.demo_page.toggle()


# Dialogs are imported when they are wanted: the start is quicker.
def _show_commands(window: Shell, parent: QWidget) -> None:
    from inspector.ui.window.command_palette import CommandPalette

    CommandPalette(window.actions_book, parent).open_over(parent)


def _show_shortcuts(window: Shell, parent: QWidget) -> None:
    from inspector.ui.window.shortcuts_dialog import ShortcutsDialog

    ShortcutsDialog(window.actions_book, parent).open()


def _show_about(window: Shell, parent: QWidget) -> None:
    words = "View, edit and verify the sessions of web applications. Icons: Lucide (ISC). Licence: MIT."
    plugins = "\n".join(plugin.words for plugin in window.plugins)
    words += f"\n\nThird-party packages loaded into this program:\n{plugins}" if plugins else ""
    show_message(parent, f"Session Inspector {__version__}", words, is_warning=False)
