"""The Data tab: the session as a tree with types, edited in place; every edit goes to the draft."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from inspector.codecs import (
    CodecError,
    change_type,
    format_json,
    offered_value,
    parse_json,
    parse_typed,
    parse_value,
    scalar_json,
)
from inspector.core.display import escape_display, escape_json
from inspector.core.edits import Edit, EditError, InsertEntry, MoveEntry, RemoveEntry, SetValue
from inspector.core.field_path import FieldPathError, find_path, format_keys, keys_of, parse_field_path
from inspector.core.node import Kind, Node, Path, child, text_node
from inspector.frameworks import check_edit
from inspector.ui.base.empty_state import EmptyState
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.icons import icon
from inspector.ui.base.plain import copy_text, plain_tip, tell
from inspector.ui.base.theme import Theme
from inspector.ui.session.draft import Draft
from inspector.ui.session.tabs.field_tree import FieldTree
from inspector.ui.session.tabs.findings_strip import FindingsStrip
from inspector.ui.session.tabs.json_offer import JsonOffer
from inspector.ui.session.tabs.node_tree import NAME, TYPE, VALUE, NodeTreeModel
from inspector.ui.session.tabs.open_fields import open_fields, reopen_fields
from inspector.ui.session.tabs.value_editor import TextDialog, ValueDelegate
from store_adapters.contract import Capabilities

_LONGEST_EDIT = 20_000
_CONTAINERS = (Kind.OBJECT, Kind.ARRAY)
_WIDTHS = {NAME: (141, 0.25), VALUE: (180, 0.39)}
"""The least pixels of a column, and its share of a wide panel; the type takes what is left."""


class DataTab(QWidget):
    """Shows one draft, or a record that may only be looked at."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._draft: Draft | None = None
        self._kind = ""
        self.model = NodeTreeModel(theme, self)
        self.model.edit_wanted.connect(self._try)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.buttons: dict[str, QToolButton] = {}
        layout.addLayout(self._build_tools())
        self.tree = self._build_tree()
        layout.addWidget(self.tree, 1)
        self.nothing = EmptyState()
        self.nothing.show_words(
            "No fields to show", "The Raw tab shows the stored bytes and says what would open them."
        )
        layout.addWidget(self.nothing, 1)
        self.offer = JsonOffer(self)
        self.offer.taken.connect(lambda path, node: self._try(SetValue(path, node), "store as JSON"))
        layout.addWidget(self.offer)
        self.findings = FindingsStrip(self)
        self.findings.finding_chosen.connect(self.go_to)
        layout.addWidget(self.findings)
        theme.changed.connect(self._recolour)
        self._enable()

    def _build_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(6, 3, 6, 3)
        row.setSpacing(2)
        for name, icon_name, tip, act in (
            ("add", "plus", "Add a field (Ctrl+Ins)", self.add_field),
            ("rename", "pencil", "Rename (Shift+F2)", self.rename),
            ("remove", "trash-2", "Remove (Del)", self.remove),
            ("undo", "undo-2", "Undo (Ctrl+Z)", self.undo),
            ("redo", "redo-2", "Redo (Ctrl+Y)", self.redo),
        ):
            button = QToolButton()
            button.setProperty("role", "flat")
            button.setProperty("icon_name", icon_name)
            button.setIcon(icon(icon_name, self._theme.colour("text")))
            button.setIconSize(QSize(16, 16))
            button.setToolTip(plain_tip(tip))
            button.setAccessibleName(tip.partition(" (")[0])
            button.clicked.connect(lambda _checked=False, act=act: act())
            self.buttons[name] = button
            row.addWidget(button)
        row.addStretch(1)
        return row

    @qt_guard()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            for section, (least, share) in _WIDTHS.items():
                self.tree.header().resizeSection(section, max(least, round(event.size().width() * share)))

    def _build_tree(self) -> QTreeView:
        tree = FieldTree()
        tree.setModel(self.model)
        self.delegate = ValueDelegate(self.model, tree)
        self.delegate.typed.connect(self._typed)
        self.delegate.long_text_wanted.connect(self._edit_long)
        tree.setItemDelegate(self.delegate)
        tree.setUniformRowHeights(True)
        tree.setIndentation(14)
        tree.setAccessibleName("Session data")
        tree.setAllColumnsShowFocus(False)
        tree.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        header = tree.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for section, (least, _) in _WIDTHS.items():
            header.resizeSection(section, least)
        tree.selectionModel().currentChanged.connect(lambda _now, _old: self._enable())
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.customContextMenuRequested.connect(lambda at: self.menu().popup(tree.viewport().mapToGlobal(at)))
        for keys, act in (
            (QKeySequence.StandardKey.Delete, self.remove),
            (QKeySequence("Return"), self.edit_value),
            (QKeySequence("Enter"), self.edit_value),
            (QKeySequence("Shift+F2"), self.rename),
            (QKeySequence("Ctrl+Ins"), self.add_field),
            (QKeySequence("Alt+Up"), lambda: self.move_entry(-1)),
            (QKeySequence("Alt+Down"), lambda: self.move_entry(1)),
        ):
            shortcut = QShortcut(QKeySequence(keys), tree)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(act)
        return tree

    # --- what is shown ------------------------------------------------------------------------------------------

    def show_draft(self, draft: Draft | None, capabilities: Capabilities | None, *, is_editable: bool) -> None:
        """Show a draft; what was open and selected stays so where the new tree has it."""
        if self._draft is not None:
            self._draft.edited.disconnect(self._follow)
            self._draft.stack.indexChanged.disconnect(self._enable)
        opened, current = open_fields(self.tree, self.model), self._current_field()
        self._draft, self._kind = draft, capabilities.kind if capabilities is not None else ""
        self.delegate.has_types = draft is not None and draft.has_types
        self.offer.withdraw()
        self.tree.setVisible(draft is not None)
        self.nothing.setVisible(draft is None)
        if draft is None:
            self.model.show_tree(Node(Kind.OBJECT), Node(Kind.OBJECT), (), is_editable=False)
        else:
            draft.edited.connect(self._follow)
            draft.stack.indexChanged.connect(self._enable)
            findings = draft.opened.findings
            self.model.show_tree(draft.base, draft.root, findings, is_editable=is_editable)
        reopen_fields(self.tree, self.model, opened, current)
        self._show_findings()
        self._enable()

    def _follow(self, edit: Edit, root: Node) -> None:
        is_whole = isinstance(edit, SetValue) and not edit.path
        opened, current = (open_fields(self.tree, self.model), self._current_field()) if is_whole else (set(), "")
        self.model.show_edit(edit, root)
        self.offer.withdraw()
        if is_whole:
            reopen_fields(self.tree, self.model, opened, current)
        elif isinstance(edit, SetValue | InsertEntry):
            path = edit.path if isinstance(edit, SetValue) else (*edit.parent, edit.position)
            self.tree.setCurrentIndex(self.model.index_at(path, VALUE))
        self._show_findings()

    def _show_findings(self) -> None:
        draft = self._draft
        if draft is None:
            self.findings.show_findings(())
            return
        edits = check_edit(draft.base, draft.root, self._kind, draft.opened.origin.framework) if draft.is_dirty else ()
        known = {(finding.path, finding.text) for finding in edits}
        old = tuple(one for one in draft.opened.findings if (one.path, one.text) not in known)
        self.findings.show_findings((*edits, *old))

    def _current_field(self) -> str:
        index = self.tree.currentIndex()
        return self.model.field_text(index) if index.isValid() else ""

    def go_to(self, path: Path) -> None:
        """Select a path where it is in the tree."""
        try:
            child(self.model.root, path)
        except IndexError:
            return
        index = self.model.index_at(path)
        if index.isValid():
            self.tree.setCurrentIndex(index)
            self.tree.scrollTo(index)

    # --- edits --------------------------------------------------------------------------------------------------

    def _try(self, edit: Edit, words: str) -> None:
        if self._draft is None or not self.model.is_editable:
            return
        try:
            self._draft.apply(edit, words)
        except EditError as error:
            tell(self, "That edit isn't possible", str(error))

    def _typed(self, index: QModelIndex, text: str) -> None:
        path, node = self.model.path_of(index), self.model.node_at(index)
        if index.column() == NAME:
            self.model.setData(index, text)
            return
        try:
            new = change_type(node, text) if index.column() == TYPE else parse_typed(text, node)
        except CodecError as error:
            tell(self, "That value isn't valid", str(error))
            return
        self._change(index, path, new)
        if index.column() == VALUE:
            self._offer_json(path, new, node)

    def _change(self, index: QModelIndex, path: Path, new: Node) -> None:
        self._try(SetValue(path, new), f"change {escape_display(self.model.field_text(index), 60)}")

    def _offer_json(self, path: Path, new: Node, old: Node) -> None:
        """Offer to store text that was just typed as the value which it is the JSON of."""
        has_types = self._draft is not None and self._draft.has_types
        value = offered_value(str(new.scalar), old, has_types=has_types) if new.kind is Kind.STRING else None
        if value is not None:
            self.offer.offer(escape_display(format_keys(keys_of(self.model.root, path)), 60), path, value)

    def _edit_long(self, index: QModelIndex) -> None:
        path, node = self.model.path_of(index), self.model.node_at(index)
        text = self.model.edit_text(index)
        if len(text) > _LONGEST_EDIT:
            words = f"It has {len(text):,} characters. Change it in the application, or replace it with a new field."
            tell(self, "This text is too long to edit here", words)
            return
        is_odd = node.kind is Kind.STRING and any(not c.isprintable() and c not in "\n\t" for c in text)
        hint = (
            "As a JSON string, because it contains characters that a text box can't show."
            if is_odd
            else "As plain text."
        )
        dialog = TextDialog(
            self.model.field_text(index), hint, escape_json(scalar_json(node)) if is_odd else text, self
        )

        def accepted() -> None:
            typed = dialog.edit.toPlainText()
            try:
                new = parse_json(typed) if is_odd else parse_typed(typed, node)
            except CodecError as error:
                tell(self, "That value isn't valid", str(error))
                return
            if new != node:
                self._change(index, path, new)
                self._offer_json(path, new, node)

        dialog.accepted.connect(accepted)
        dialog.open()

    def add_field(self) -> None:
        """Add a field beside or inside the current one and open its name for typing."""
        index = self.tree.currentIndex().siblingAtColumn(NAME)
        root = self.model.root
        parent: Path = ()
        if index.isValid():
            path = self.model.path_of(index)
            into = self.model.is_page(index) or (child(root, path).kind in _CONTAINERS and self.tree.isExpanded(index))
            parent = path if into else path[:-1]
        container = child(root, parent)
        key = None if container.kind is Kind.ARRAY else _free_key(container)
        self._try(InsertEntry(parent, len(container.entries), key, text_node("")), "add a field")
        new = self.model.index_at((*parent, len(container.entries)), VALUE if key is None else NAME)
        if parent:
            self.tree.expand(self.model.index_at(parent))
        self.tree.setCurrentIndex(new)
        self.tree.edit(new)

    def rename(self) -> None:
        index = self.tree.currentIndex().siblingAtColumn(NAME)
        if index.isValid() and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.tree.edit(index)

    def edit_value(self) -> None:
        index = self.tree.currentIndex().siblingAtColumn(VALUE)
        if index.isValid() and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.tree.edit(index)

    def edit_type(self) -> None:
        index = self.tree.currentIndex().siblingAtColumn(TYPE)
        if index.isValid() and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.tree.edit(index)

    def remove(self) -> None:
        index = self.tree.currentIndex()
        if index.isValid() and not self.model.is_page(index):
            self._try(RemoveEntry(self.model.path_of(index)), f"remove {self.model.field_text(index)}")

    def move_entry(self, step: int) -> None:
        """Move the current entry up (-1) or down (1) among its siblings."""
        index = self.tree.currentIndex()
        if not index.isValid() or self.model.is_page(index):
            return
        path = self.model.path_of(index)
        position = path[-1] + step
        if 0 <= position < len(child(self.model.root, path[:-1]).entries):
            self._try(MoveEntry(path, position), f"move {self.model.field_text(index)}")

    def undo(self) -> None:
        if self._draft is not None:
            self._draft.stack.undo()

    def redo(self) -> None:
        if self._draft is not None:
            self._draft.stack.redo()

    def copy_path(self) -> None:
        copy_text(self._current_field())

    def copy_value(self) -> None:
        index = self.tree.currentIndex()
        if index.isValid():
            node = self.model.node_at(index)
            has_types = self._draft is not None and self._draft.has_types
            copy_text(str(node.scalar) if node.kind is Kind.STRING else format_json(node, has_types=has_types))

    def set_field(self, field: str, text: str) -> None:
        """Set the field at a path as people write it to JSON text; for scripts and the tour. `CodecError`."""
        path = find_path(self.model.root, parse_field_path(field))
        if path is None:
            raise FieldPathError(f"There is no field {field}.")
        has_types = self._draft is not None and self._draft.has_types
        new = parse_value(text, child(self.model.root, path), has_types=has_types)
        self._try(SetValue(path, new), f"change {format_keys(keys_of(self.model.root, path))}")

    def menu(self) -> QMenu:
        """Return the context menu of the current row."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        can_edit, has_row = self.model.is_editable, self._has_value()
        for text, keys, act, enabled in (
            ("Edit value", "F2", self.edit_value, can_edit and has_row),
            ("Rename", "", self.rename, can_edit and has_row),
            ("Change type…", "", self.edit_type, can_edit and has_row),
            ("Add field", "Ctrl+Ins", self.add_field, can_edit),
            ("Remove", "Del", self.remove, can_edit and has_row),
            ("Move up", "Alt+Up", lambda: self.move_entry(-1), can_edit and has_row),
            ("Move down", "Alt+Down", lambda: self.move_entry(1), can_edit and has_row),
            ("Copy path", "", self.copy_path, has_row),
            ("Copy value", "", self.copy_value, has_row),
        ):
            action = menu.addAction(f"{text}\t{keys}" if keys else text)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _checked=False, act=act: act())
        return menu

    def _enable(self) -> None:
        can_edit, has_row = self.model.is_editable, self._has_value()
        stack = self._draft.stack if self._draft is not None else None
        for name, enabled in (
            ("add", can_edit),
            ("rename", can_edit and has_row),
            ("remove", can_edit and has_row),
            ("undo", can_edit and stack is not None and stack.canUndo()),
            ("redo", can_edit and stack is not None and stack.canRedo()),
        ):
            self.buttons[name].setEnabled(bool(enabled))

    def _has_value(self) -> bool:
        """True when the current row stands for a value, and not for a page of them."""
        index = self.tree.currentIndex()
        return index.isValid() and not self.model.is_page(index)

    def _recolour(self) -> None:
        for button in self.buttons.values():
            button.setIcon(icon(button.property("icon_name"), self._theme.colour("text")))


def _free_key(container: Node) -> str:
    taken = {entry.key for entry in container.entries}
    number = 1
    while (key := "newField" if number == 1 else f"newField{number}") in taken:
        number += 1
    return key
