"""Everything a person can ask of the window: words, menu, shortcut, and when it can be done."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence

from inspector.ui.base.actions import Action, Line, When
from inspector.ui.session.session_tabs import TAB_TITLES

_KEY = QKeySequence.StandardKey
_STORE, _SESSION = When.STORE, When.SESSION
_WRITE, _CHANGE = When.STORE | When.WRITABLE, When.SESSION | When.WRITABLE

# fmt: off
ACTIONS: tuple[Action | Line, ...] = (
    Action("connect", "Connect…", "File", "Ctrl+N", icon="plus", tip="Connect a store"),
    Action("edit_store", "Change the store…", "File", when=_STORE),
    Action("close_store", "Disconnect", "File", when=_STORE),
    Action("remove_store", "Remove the store from the list…", "File", when=_STORE),
    Line("File"),
    Action("preferences", "Preferences…", "File", "Ctrl+,", icon="settings"),
    Line("File"),
    Action("quit", "Quit", "File", "Ctrl+Q", icon="log-out"),

    Action("undo", "Undo", "Edit", _KEY.Undo, icon="undo-2"),
    Action("redo", "Redo", "Edit", "Ctrl+Y", icon="redo-2"),
    Action("discard", "Discard all edits", "Edit", when=When.EDITS),
    Line("Edit"),
    Action("add_field", "Add field", "Edit", icon="plus"),
    Action("rename_field", "Rename field", "Edit", icon="pencil"),
    Action("edit_value", "Edit value", "Edit"),
    Action("edit_type", "Change type…", "Edit"),
    Action("remove_field", "Remove field", "Edit", icon="trash-2"),
    Line("Edit"),
    Action("filter", "Filter sessions", "Edit", _KEY.Find, icon="funnel"),

    Action("show_sessions", "Sessions", "View", "Ctrl+1", icon="users"),
    Action("show_cookies", "Cookie inspector", "View", "Ctrl+2", icon="cookie"),
    Action("command_log", "Command log", "View", "Ctrl+Shift+K", icon="terminal",
           tip="Commands sent to the stores, without values"),
    Action("show_demo", "Demo server", "View", "Ctrl+3", icon="server"),
    Action("show_doctor", "Doctor", "View", "Ctrl+4", icon="stethoscope", tip="Say what is wrong with the store"),
    Action("show_users", "Users", "View", "Ctrl+5", icon="user", tip="Who is signed in, with how many sessions"),
    Line("View"),
    *(Action(f"tab_{title.lower()}", f"{title} tab", "View", f"Alt+{number}")
      for number, title in enumerate(TAB_TITLES, 1)),
    Line("View"),
    Action("theme", "Light or dark", "View", "Ctrl+Shift+T", icon="moon"),

    Action("refresh", "Refresh", "Store", "F5", _STORE, icon="refresh-cw", tip="Read the list again"),
    Action("reconnect", "Reconnect", "Store", "Ctrl+F5", _STORE, icon="rotate-ccw", tip="Reconnect to the store"),
    Action("live", "Live", "Store", "Ctrl+Shift+L", _STORE, icon="radio", tip="Follow changes as they happen",
           is_checkable=True),
    Line("Store"),
    Action("new_session", "New session…", "Store", "Ctrl+Shift+N", _WRITE, icon="file-plus"),
    Action("bulk_expiry", "Change expiry of the selected…", "Store", when=When.SELECTION | When.WRITABLE, icon="clock"),
    Action("restore_deleted", "Restore last deleted session", "Store", when=_WRITE, icon="rotate-ccw"),
    Action("undo_bulk", "Undo the last bulk change", "Store", when=_WRITE | When.BULK_CHANGE, icon="undo-2"),
    Line("Store"),
    Action("export", "Export sessions…", "Store", when=_STORE, icon="save"),
    Action("import", "Import sessions…", "Store", when=_WRITE, icon="folder"),

    Action("review", "Review and save…", "Session", _KEY.Save, When.EDITS | When.WRITABLE, icon="save"),
    Line("Session"),
    Action("expiry", "Change expiry…", "Session", "Ctrl+E", _CHANGE, icon="clock"),
    Action("duplicate", "Duplicate", "Session", "Ctrl+D", _CHANGE, icon="copy"),
    Action("delete", "Delete…", "Session", "Ctrl+Del", When.CHOSEN | When.WRITABLE, icon="trash-2"),
    Line("Session"),
    Action("copy_id", "Copy session ID", "Session", "Ctrl+Shift+C", _SESSION, icon="copy"),
    Action("copy_value", "Copy signed cookie value", "Session", when=_SESSION),
    Action("copy_header", "Copy as Cookie header", "Session", when=_SESSION),
    Action("copy_set_cookie", "Copy as Set-Cookie line", "Session", when=_SESSION),
    Action("copy_curl", "Copy as curl", "Session", "Ctrl+Shift+U", _SESSION, icon="terminal"),

    Action("paste_cookie", "Paste cookie…", "Tools", "Ctrl+L", icon="clipboard-paste",
           tip="Inspect the cookie on the clipboard"),
    Action("open_har", "Open HAR file…", "Tools", icon="folder"),
    Action("commands", "Commands", "Tools", "Ctrl+K", icon="search"),
    Line("Tools"),
    Action("toggle_demo", "Start or stop the demo server", "Tools", "Ctrl+Shift+D", icon="play"),
    Action("visitors", "Generate visitors", "Tools", icon="users"),
    Action("browse_demo", "Open the demo in a browser", "Tools", icon="external-link"),

    Action("shortcuts", "Keyboard shortcuts", "Help", "F1"),
    Action("about", "About Session Inspector", "Help", icon="info"),
)
# fmt: on
