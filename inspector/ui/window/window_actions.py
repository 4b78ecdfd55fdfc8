"""Fills the menus: every action of the window, its words, shortcut, what it calls and when it can be done; does none of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from inspector import __version__
from inspector.ui.base.actions import ActionBook
from inspector.ui.base.plain import show_message
from inspector.ui.session.session_tabs import TAB_TITLES
from inspector.ui.stores.open_store import StoreState

if TYPE_CHECKING:
    from inspector.ui.window.main_window import MainWindow

_KEY = QKeySequence.StandardKey

_NEEDS_STORE = (
    "refresh",
    "reconnect",
    "live",
    "new_session",
    "restore_deleted",
    "edit_store",
    "remove_store",
    "close_store",
    "export",
    "import",
    "undo_bulk",
)
_NEEDS_SELECTION = ("delete", "bulk_expiry")
_NEEDS_SESSION = ("expiry", "duplicate", "copy_id", "copy_value", "copy_header", "copy_set_cookie", "copy_curl")
_NEEDS_EDITS = ("review", "discard")
_FOR_ONE = ("copy_id", "copy_value", "copy_curl", "", "expiry", "duplicate", "delete", "", "export")
_FOR_SEVERAL = ("bulk_expiry", "delete", "", "export")
"""What the list offers by the right button; "" is a line."""
WRITES = (
    "new_session",
    "restore_deleted",
    "delete",
    "bulk_expiry",
    "expiry",
    "duplicate",
    "review",
    "import",
    "undo_bulk",
)


def enable_actions(window: MainWindow) -> None:
    """Enable what can be done now, with the store, the selection and the session that are shown."""
    actions, store = window.actions_book, window.current
    is_open = store is not None and store.state is StoreState.OPEN
    can_write = store is not None and store.can_write
    has_session = window.panel.opened is not None
    actions.enable(store is not None, *_NEEDS_STORE)
    actions.enable(window.sessions_page.selected_count > 0, *_NEEDS_SELECTION)
    actions.enable(has_session, *_NEEDS_SESSION)
    actions.enable(window.panel.can_review, *_NEEDS_EDITS)
    if has_session:
        actions.enable(True, "delete")
    if not is_open or not can_write:
        actions.enable(False, *WRITES)
    if store is None or not window.bulk.can_undo(store):
        actions.enable(False, "undo_bulk")
    actions["live"].setChecked(store is not None and store.is_live)


def show_list_menu(window: MainWindow, at: QPoint) -> None:
    """Offer what can be done with the selected sessions; `at`: where, in the list."""
    page = window.sessions_page
    if not page.selected_count:
        return
    menu = QMenu(page.table)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for name in _FOR_ONE if page.selected_count == 1 else _FOR_SEVERAL:
        if name:
            menu.addAction(window.actions_book[name])
        else:
            menu.addSeparator()
    menu.popup(page.table.viewport().mapToGlobal(at))


def fill_actions(actions: ActionBook, window: MainWindow) -> None:
    """Make the actions that the pages' buttons stand for too."""
    add = actions.add
    add(
        "connect", "Connect…", window.add_store, menu="File", shortcut="Ctrl+N", icon_name="plus", tip="Connect a store"
    )
    add("edit_store", "Change the store…", window.edit_current_store, menu="File")
    add("close_store", "Disconnect", window.close_current_store, menu="File")
    add("remove_store", "Remove the store from the list…", window.remove_current_store, menu="File")
    actions.separate("File")
    add("preferences", "Preferences…", window.preferences.show, menu="File", shortcut="Ctrl+,", icon_name="settings")
    actions.separate("File")
    add("quit", "Quit", window.close, menu="File", shortcut="Ctrl+Q", icon_name="log-out")

    add(
        "refresh",
        "Refresh",
        window.refresh,
        menu="Store",
        shortcut="F5",
        icon_name="refresh-cw",
        tip="Read the list again",
    )
    add(
        "reconnect", "Reconnect", window.reconnect, menu="Store", shortcut="Ctrl+F5", icon_name="rotate-ccw",
        tip="Connect to the store anew",
    )  # fmt: skip
    add(
        "live", "Live", window.toggle_live, menu="Store", shortcut="Ctrl+Shift+L", icon_name="radio", checkable=True,
        tip="Follow changes as they happen",
    )  # fmt: skip
    actions.separate("Store")
    add(
        "new_session",
        "New session…",
        window.create_session,
        menu="Store",
        shortcut="Ctrl+Shift+N",
        icon_name="file-plus",
    )
    add(
        "bulk_expiry",
        "Change expiry of the selected…",
        partial(_change_expiry, window),
        menu="Store",
        icon_name="clock",
    )
    add("restore_deleted", "Restore last deleted session", window.restore_deleted, menu="Store", icon_name="rotate-ccw")
    add("undo_bulk", "Undo the last bulk change", window.bulk.undo, menu="Store", icon_name="undo-2")
    actions.separate("Store")
    add("export", "Export sessions…", partial(_export, window), menu="Store", icon_name="save")
    add("import", "Import sessions…", partial(_import, window), menu="Store", icon_name="folder")

    panel, saving = window.panel, window.saving
    data, cookie = panel.data_tab, panel.cookie_tab
    add("undo", "Undo", data.undo, menu="Edit", shortcut=_KEY.Undo, icon_name="undo-2")
    add("redo", "Redo", data.redo, menu="Edit", shortcut="Ctrl+Y", icon_name="redo-2")
    add("discard", "Discard all edits", panel.discard, menu="Edit")
    actions.separate("Edit")
    add("add_field", "Add field", data.add_field, menu="Edit", icon_name="plus")
    add("rename_field", "Rename field", data.rename, menu="Edit", icon_name="pencil")
    add("edit_value", "Edit value", data.edit_value, menu="Edit")
    add("edit_type", "Change type…", data.edit_type, menu="Edit")
    add("remove_field", "Remove field", data.remove, menu="Edit", icon_name="trash-2")
    actions.separate("Edit")
    add("filter", "Filter sessions", window.focus_filter, menu="Edit", shortcut=_KEY.Find, icon_name="funnel")

    add("review", "Review and save…", saving.review, menu="Session", shortcut=_KEY.Save, icon_name="save")
    actions.separate("Session")
    add("expiry", "Change expiry…", saving.ask_expiry, menu="Session", shortcut="Ctrl+E", icon_name="clock")
    add("duplicate", "Duplicate", saving.duplicate, menu="Session", shortcut="Ctrl+D", icon_name="copy")
    add("delete", "Delete…", partial(_delete, window), menu="Session", shortcut="Ctrl+Del", icon_name="trash-2")
    actions.separate("Session")
    add("copy_id", "Copy session ID", panel.copy_id, menu="Session", shortcut="Ctrl+Shift+C", icon_name="copy")
    add("copy_value", "Copy signed cookie value", cookie.copy_value, menu="Session")
    add("copy_header", "Copy as Cookie header", cookie.copy_header, menu="Session")
    add("copy_set_cookie", "Copy as Set-Cookie line", cookie.copy_set_cookie, menu="Session")
    add("copy_curl", "Copy as curl", cookie.copy_curl, menu="Session", shortcut="Ctrl+Shift+U", icon_name="terminal")

    add(
        "show_sessions", "Sessions", partial(_focus_sessions, window), menu="View", shortcut="Ctrl+1", icon_name="users"
    )
    add("show_cookies", "Cookie inspector", window.show_cookies, menu="View", shortcut="Ctrl+2", icon_name="cookie")
    add(
        "command_log", "Command log", window.commands.toggle, menu="View", shortcut="Ctrl+Shift+K", icon_name="terminal",
        tip="What was sent to the stores, without values",
    )  # fmt: skip
    add("show_demo", "Demo server", window.show_demo, menu="View", shortcut="Ctrl+3", icon_name="server")
    actions.separate("View")
    for number, title in enumerate(TAB_TITLES):
        add(
            f"tab_{title.lower()}", f"{title} tab", partial(_show_tab, window, number), menu="View",
            shortcut=f"Alt+{number + 1}",
        )  # fmt: skip
    actions.separate("View")
    add(
        "theme",
        "Light or dark",
        window.preferences.toggle_theme,
        menu="View",
        shortcut="Ctrl+Shift+T",
        icon_name="moon",
    )

    add(
        "paste_cookie", "Paste cookie…", window.paste_cookie, menu="Tools", shortcut="Ctrl+L",
        icon_name="clipboard-paste", tip="Inspect the cookie on the clipboard",
    )  # fmt: skip
    add("open_har", "Open HAR file…", partial(_open_har, window), menu="Tools", icon_name="folder")
    add("commands", "Commands", window.show_commands, menu="Tools", shortcut="Ctrl+K", icon_name="search")
    actions.separate("Tools")
    add(
        "toggle_demo",
        "Start or stop the demo server",
        window.toggle_demo,
        menu="Tools",
        shortcut="Ctrl+Shift+D",
        icon_name="play",
    )
    add("visitors", "Generate visitors", partial(_toggle_visitors, window), menu="Tools", icon_name="users")
    add(
        "browse_demo",
        "Open the demo in a browser",
        partial(_browse_demo, window),
        menu="Tools",
        icon_name="external-link",
    )

    add("shortcuts", "Keyboard shortcuts", partial(_show_shortcuts, actions, window), menu="Help", shortcut="F1")
    add("about", "About Session Inspector", partial(_show_about, window), menu="Help", icon_name="info")


def _delete(window: MainWindow) -> None:
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


def _change_expiry(window: MainWindow) -> None:
    if window.current is not None and window.sessions_page.selected_count:
        window.bulk.change_expiry(window.current, window.sessions_page.selected_positions())


def _export(window: MainWindow) -> None:
    page = window.sessions_page
    if window.current is not None:
        window.bulk.transfer.export(window.current, page.selected_positions(), page.matching_positions())


def _import(window: MainWindow) -> None:
    if window.current is not None:
        window.bulk.transfer.import_file(window.current)


def _open_har(window: MainWindow) -> None:
    window.show_cookies()
    window.cookie_page.ask_har()


def _toggle_visitors(window: MainWindow) -> None:
    window.demo_page.toggle_traffic()


def _browse_demo(window: MainWindow) -> None:
    window.demo_page.open_browser()


def _focus_sessions(window: MainWindow) -> None:
    window.show_sessions()
    window.sessions_page.table.setFocus()


def _show_tab(window: MainWindow, number: int) -> None:
    window.show_tab(number)
    window.panel.focus_tab()


def _show_shortcuts(actions: ActionBook, window: MainWindow) -> None:
    from inspector.ui.window.shortcuts_dialog import ShortcutsDialog  # not before it is wanted: the start is quicker

    ShortcutsDialog(actions, window).open()


def _show_about(window: MainWindow) -> None:
    words = "See, edit and verify the sessions of web applications. Icons: Lucide (ISC). Licence: MIT."
    show_message(window, f"Session Inspector {__version__}", words, is_warning=False)
