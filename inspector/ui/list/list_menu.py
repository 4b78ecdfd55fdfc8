"""The menu of the list: what can be done with the selected sessions."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from inspector.ui.base.actions import ActionBook
from inspector.ui.list.sessions_page import SessionsPage

_FOR_ONE = ("copy_id", "copy_value", "copy_curl", "", "expiry", "duplicate", "delete", "", "export")
_FOR_SEVERAL = ("bulk_expiry", "delete", "", "export")
"""What the list offers by the right button; "" is a line."""


def show_list_menu(page: SessionsPage, actions: ActionBook, at: QPoint) -> None:
    """Offer what can be done with the selected sessions; `at`: where, in the list."""
    if not page.selected_count:
        return
    menu = QMenu(page.table)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for name in _FOR_ONE if page.selected_count == 1 else _FOR_SEVERAL:
        if name:
            menu.addAction(actions[name])
        else:
            menu.addSeparator()
    menu.popup(page.table.viewport().mapToGlobal(at))
