"""Which fields of a session's tree are expanded, kept while the tree is rebuilt."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QTreeView

from inspector.ui.session.tabs.node_tree import NAME, NodeTreeModel


def open_fields(tree: QTreeView, model: NodeTreeModel) -> set[str]:
    """Return the paths of the fields that are expanded."""
    found: set[str] = set()
    waiting = [QModelIndex()]
    while waiting:
        parent = waiting.pop()
        for row in range(min(model.rowCount(parent), 2000)):
            index = model.index(row, NAME, parent)
            if tree.isExpanded(index):
                found.add(model.field_text(index))
                waiting.append(index)
    return found


def reopen_fields(tree: QTreeView, model: NodeTreeModel, opened: set[str], current: str) -> None:
    """Expand the fields that were, and go to the one that was current; `opened` empty: expand what fits on a screen."""
    if not opened:
        # The first look: what fits on a screen is open.
        for row in range(min(model.rowCount(), 60)):
            index = model.index(row, NAME)
            if model.rowCount(index) <= 20:
                tree.setExpanded(index, True)
    waiting = [QModelIndex()]
    while waiting:
        parent = waiting.pop()
        for row in range(min(model.rowCount(parent), 2000)):
            index = model.index(row, NAME, parent)
            field = model.field_text(index) if opened or current else ""
            if field and field == current:
                tree.setCurrentIndex(index)
            if field in opened:
                tree.setExpanded(index, True)
                waiting.append(index)
