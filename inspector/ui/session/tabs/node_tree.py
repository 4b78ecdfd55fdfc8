"""A session's tree for a tree view: name, value, type; edits go out as values and come back through `show_edit`.

Indexes carry numbers, not Python objects: an index may outlive what it points to. What holds thousands of entries shows them
in pages: a view lays out every row that is open.
"""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from inspector.codecs import edit_text, scalar_json
from inspector.core.display import escape_display, localise_times
from inspector.core.edits import Edit, InsertEntry, MoveEntry, RemoveEntry, RenameKey, SetValue, touched_paths
from inspector.core.field_path import find_path, format_keys, keys_of
from inspector.core.finding import Finding
from inspector.core.node import Entry, Kind, Node, Path, child
from inspector.core.type_words import describe_size, describe_type
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import plain_tip
from inspector.ui.base.theme import Theme, mono_font
from inspector.ui.session.tabs.node_item import PAGE, Item

NAME, VALUE, TYPE = range(3)
_TITLES = ("Name", "Value", "Type")
_TEXT_LIMIT = 300
_Index = QModelIndex | QPersistentModelIndex
_TONES = {Kind.STRING: "string", Kind.NUMBER: "number", Kind.BOOL: "number", Kind.OTHER: "number"}


class NodeTreeModel(QAbstractItemModel):
    """Shows a tree and marks what differs from `base`. `edit_wanted(edit, words)`: a person edited a cell."""

    edit_wanted = Signal(object, str)

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._font = mono_font()
        self.root = self.base = Node(Kind.OBJECT)
        self.is_editable = False
        self._touched: frozenset[Path] = frozenset()
        self._findings: dict[Path, Finding] = {}
        self._items: dict[int, Item] = {}
        self._next = 0
        self._top = self._make(None, 0, Entry(None, self.root))
        self.now_ms = round(time.time() * 1000)
        theme.changed.connect(self._recolour)

    # --- contents -----------------------------------------------------------------------------------------------

    def show_tree(self, base: Node, root: Node, findings: tuple[Finding, ...], *, is_editable: bool) -> None:
        """Show `root`, marked against `base`."""
        self.beginResetModel()
        self.base, self.is_editable = base, is_editable
        self.now_ms = round(time.time() * 1000)
        self._findings = {finding.path: finding for finding in reversed(findings)}
        self._put_root(root)
        self.endResetModel()

    def _put_root(self, root: Node) -> None:
        self.root = root
        self._items.clear()
        self._top = self._make(None, 0, Entry(None, root))
        self._touched = touched_paths(self.base, root)

    def show_edit(self, edit: Edit, root: Node) -> None:
        """Follow one edit that led to `root`."""
        match edit:
            case InsertEntry(parent, _) | RemoveEntry((*parent, _)) | MoveEntry((*parent, _), _) if self._is_paged(
                tuple(parent), root
            ):
                self._show_pages_anew(tuple(parent), root)
            case SetValue(path, node) if path:
                self._show_value(path, node, root)
            case InsertEntry(parent, position):
                self._show_inserted(parent, position, root)
            case RemoveEntry(path):
                self._show_removed(path, root)
            case RenameKey():
                self._follow(root)
            case MoveEntry(path, position):
                self._show_moved(path, position, root)
            case _:
                self.beginResetModel()
                self._put_root(root)
                self.endResetModel()
                return
        self._touched = touched_paths(self.base, root)
        self._repaint()

    def _show_value(self, path: Path, node: Node, root: Node) -> None:
        item = self._item_at(path)
        index = self._index_of(item, NAME)
        if item.children:
            self.beginRemoveRows(index, 0, len(item.children) - 1)
            self._forget(item.children)
            item.children = []
            item.entry = Entry(item.entry.key, Node(Kind.NULL), item.entry.key_span)
            self.endRemoveRows()
        if node.entries:
            number = Item(item.parent, item.row, Entry(None, node), 0).count_children()
            self.beginInsertRows(index, 0, number - 1)
            item.children = [None] * number
            self._follow(root)
            self.endInsertRows()
        else:
            self._follow(root)

    def _is_paged(self, parent: Path, root: Node) -> bool:
        now = len(child(root, parent).entries)
        return self._item_at(parent).has_pages or now > PAGE

    def _show_pages_anew(self, parent: Path, root: Node) -> None:
        """Every page from an entry on holds others than before: they are laid out again, and only they."""
        self._show_value(parent, child(root, parent), root)

    def _show_inserted(self, parent: Path, position: int, root: Node) -> None:
        item = self._item_at(parent)
        self.beginInsertRows(self._index_of(item, NAME), position, position)
        item.children.insert(position, None)
        self._renumber(item)
        self._follow(root)
        self.endInsertRows()

    def _show_removed(self, path: Path, root: Node) -> None:
        item = self._item_at(path[:-1])
        self.beginRemoveRows(self._index_of(item, NAME), path[-1], path[-1])
        self._forget([item.children.pop(path[-1])])
        self._renumber(item)
        self._follow(root)
        self.endRemoveRows()

    def _show_moved(self, path: Path, position: int, root: Node) -> None:
        item, row = self._item_at(path[:-1]), path[-1]
        index = self._index_of(item, NAME)
        if row == position:
            return
        self.beginMoveRows(index, row, row, index, position + 1 if position > row else position)
        item.children.insert(position, item.children.pop(row))
        self._renumber(item)
        self._follow(root)
        self.endMoveRows()

    # --- items --------------------------------------------------------------------------------------------------

    def _make(self, parent: Item | None, row: int, entry: Entry) -> Item:
        self._next += 1
        item = self._items[self._next] = Item(parent, row, entry, self._next)
        return item

    def _child(self, item: Item, row: int) -> Item:
        found = item.children[row]
        if found is None:
            if item.has_pages:
                self._next += 1
                found = self._items[self._next] = Item(item, row, item.entry, self._next, is_page=True)
            else:
                first = item.row * PAGE if item.is_page else 0
                found = self._make(item, row, item.entry.value.entries[first + row])
            item.children[row] = found
        return found

    def _forget(self, items: list[Item | None]) -> None:
        waiting = [item for item in items if item is not None]
        while waiting:
            item = waiting.pop()
            self._items.pop(item.number, None)
            waiting.extend(below for below in item.children if below is not None)

    def _renumber(self, item: Item) -> None:
        for row, below in enumerate(item.children):
            if below is not None:
                below.row = row

    def _follow(self, root: Node) -> None:
        """Give every item the entry it has in the new tree; where a subtree is the same one, nothing is walked."""
        self.root = root
        self._top.entry = Entry(None, root)
        waiting = [self._top]
        while waiting:
            item = waiting.pop()
            entries = item.entry.value.entries
            if item.has_pages:
                entries = (item.entry,) * len(item.children)
            elif item.is_page:
                entries = entries[item.row * PAGE : (item.row + 1) * PAGE]
            for below, entry in zip(item.children, entries, strict=True):
                if below is not None and below.entry is not entry:
                    below.entry = entry
                    waiting.append(below)

    def _item_at(self, path: Path) -> Item:
        item = self._top
        for place in path:
            if item.has_pages:
                item = self._child(item, place // PAGE)
            item = self._child(item, place % PAGE if item.is_page else place)
        return item

    def _item(self, index: _Index) -> Item:
        return self._items.get(index.internalId(), self._top) if index.isValid() else self._top

    def _index_of(self, item: Item, column: int) -> QModelIndex:
        return QModelIndex() if item.parent is None else self.createIndex(item.row, column, item.number)

    def path_of(self, index: _Index) -> Path:
        """Return the path of an index; () for an invalid one."""
        return self._item(index).path

    def index_at(self, path: Path, column: int = NAME) -> QModelIndex:
        """Return the index of a path that is in the tree."""
        return self._index_of(self._item_at(path), column)

    def is_page(self, index: _Index) -> bool:
        """True for a row that stands for a page of entries, and for no value of its own."""
        return self._item(index).is_page

    def node_at(self, index: _Index) -> Node:
        return self._item(index).entry.value

    def field_text(self, index: _Index) -> str:
        """Return the path as people write it, such as `user.role`; of a page, with its number behind it."""
        item = self._item(index)
        if item.is_page:
            return f"{format_keys(keys_of(self.root, item.path))} {item.row}"
        return format_keys(keys_of(self.root, self.path_of(index)))

    # --- the model ----------------------------------------------------------------------------------------------

    @qt_guard(QModelIndex())
    def index(self, row: int, column: int, parent: _Index = QModelIndex()) -> QModelIndex:
        if parent.isValid() and parent.column() != NAME:
            return QModelIndex()
        item = self._item(parent)
        if not 0 <= row < len(item.children) or not 0 <= column < len(_TITLES):
            return QModelIndex()
        return self.createIndex(row, column, self._child(item, row).number)

    @qt_guard(QModelIndex())
    def parent(self, index: _Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]
        above = self._item(index).parent if index.isValid() else None
        return QModelIndex() if above is None else self._index_of(above, NAME)

    @qt_guard(0)
    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() and parent.column() != NAME else len(self._item(parent).children)

    @qt_guard(0)
    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return len(_TITLES)

    @qt_guard()
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole and 0 <= section < 3:
            return _TITLES[section]
        return None

    @qt_guard(Qt.ItemFlag.NoItemFlags)
    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if self.is_editable and self._can_edit(self._item(index), index.column()):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def _can_edit(self, item: Item, column: int) -> bool:
        if item.is_page:
            return False
        if column == NAME:
            return item.entry.key is not None
        node = item.entry.value
        if column == VALUE:
            return node.kind not in (Kind.OBJECT, Kind.ARRAY, Kind.NULL)
        return True

    @qt_guard()
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        item, column = self._item(index), index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(item, column)
            case Qt.ItemDataRole.EditRole:
                return self.edit_text(index)
            case Qt.ItemDataRole.FontRole:
                return self._font
            case Qt.ItemDataRole.ForegroundRole:
                return self._theme.colour(self._tone(item, column))
            case Qt.ItemDataRole.BackgroundRole:
                is_marked = item.path in self._touched and not item.is_page
                return self._theme.colour("warn_soft") if is_marked else None
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._tip(item))
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{_TITLES[column]}: {self._text(item, column)}"
        return None

    def edit_text(self, index: _Index) -> str:
        """Return what an editor starts with: the key, the name of a type, the text of a string, or JSON."""
        item = self._item(index)
        if index.column() == NAME:
            return item.entry.key or ""
        node = item.entry.value
        if index.column() == TYPE:
            return node.tag or node.kind.value
        return edit_text(node)

    def _text(self, item: Item, column: int) -> str:
        if item.is_page:
            return item.page_text if column == NAME else ""
        node, key = item.entry.value, item.entry.key
        if column == NAME:
            return str(item.place) if key is None else escape_display(key, _TEXT_LIMIT) or '""'
        if column == VALUE:
            value = _value_text(node)
            before = self._before(item)
            return f"{_value_text(before)} → {value}" if before is not None else value
        words = localise_times(describe_type(node, key, self.now_ms))
        if item.path in self._touched:
            words += " · edited" if self._before(item) is not None else " · added"
        elif item.path in self._findings:
            words += " ⚠"
        return words

    def _before(self, item: Item) -> Node | None:
        """Return the value a touched field had in the base, None when it was not there or has not changed."""
        path = item.path
        if path not in self._touched:
            return None
        found = find_path(self.base, keys_of(self.root, path))
        before = child(self.base, found) if found is not None else None
        return before if before != item.entry.value else None

    def _tone(self, item: Item, column: int) -> str:
        if column == NAME:
            return "key"
        return _TONES.get(item.entry.value.kind, "muted") if column == VALUE else "muted"

    def _tip(self, item: Item) -> str:
        finding = self._findings.get(item.path)
        if item.is_page:
            return ""
        if finding is not None:
            return f"{finding.text} {finding.remedy}"
        node = item.entry.value
        if node.kind is Kind.STRING and len(str(node.scalar)) > 40:
            return str(node.scalar)
        words = describe_type(node, item.entry.key, self.now_ms)
        local = localise_times(words)
        return f"{local} · {words.rpartition(', ')[2]}" if local != words else ""  # a time, in UTC as well

    @qt_guard(False)
    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or index.column() != NAME or not isinstance(value, str):
            return False
        item = self._item(index)
        if item.entry.key is None or value == item.entry.key:
            return False
        self.edit_wanted.emit(RenameKey(item.path, value), f"rename {escape_display(item.entry.key, 40)}")
        return True

    def _repaint(self) -> None:
        # Marks and array numbers may have changed anywhere. Told of more than one cell, a view repaints all that it shows.
        if self._top.children:
            self.dataChanged.emit(self.index(0, NAME), self.index(len(self._top.children) - 1, TYPE))

    def _recolour(self) -> None:
        self._repaint()


def _value_text(node: Node) -> str:
    if node.kind in (Kind.OBJECT, Kind.ARRAY):
        return describe_size(node)
    if node.kind is Kind.STRING:
        return escape_display(str(node.scalar), _TEXT_LIMIT) or '""'
    return escape_display(str(node.scalar) if node.kind is Kind.OTHER else scalar_json(node), _TEXT_LIMIT)
