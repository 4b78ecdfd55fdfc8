"""Editors inside the tree: a line for short values, a choice for types, a small dialog for long or odd text."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QPlainTextEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from inspector.codecs import BSON_TYPES, JSON_TYPES
from inspector.core.node import Kind
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel
from inspector.ui.base.theme import mono_font
from inspector.ui.session.tabs.node_tree import NAME, TYPE, VALUE, NodeTreeModel

_LINE_LIMIT = 400
_Index = QModelIndex | QPersistentModelIndex


def needs_dialog(text: str) -> bool:
    """True for text which a one-line editor would change or hide: line ends, hidden characters, length."""
    return len(text) > _LINE_LIMIT or any(not character.isprintable() for character in text)


class ValueDelegate(QStyledItemDelegate):
    """Sends what was typed as `typed(index, text)`; the model is not written here."""

    typed = Signal(QModelIndex, str)
    long_text_wanted = Signal(QModelIndex)

    def __init__(self, model: NodeTreeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.has_types = False

    @qt_guard(QSize(60, 24))
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), option.fontMetrics.height() + 8)

    @qt_guard()
    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        if index.column() == TYPE:
            return self._type_choice(parent, [*JSON_TYPES, *(BSON_TYPES if self.has_types else ())])
        if index.column() == VALUE and self._model.node_at(index).kind is Kind.BOOL:
            return self._type_choice(parent, ["true", "false"])
        if needs_dialog(self._model.edit_text(index)):
            self.long_text_wanted.emit(index)
            return None  # type: ignore[return-value]  # Qt's "no editor here"
        editor = QLineEdit(parent)
        editor.setFont(mono_font())
        editor.setAccessibleName("Name" if index.column() == NAME else "Value")
        return editor

    def _type_choice(self, parent: QWidget, words: list[str]) -> QComboBox:
        choice = QComboBox(parent)
        choice.addItems(words)
        choice.setAccessibleName("Type" if len(words) > 2 else "Value")
        choice.activated.connect(lambda _row: self._finish(choice))
        return choice

    def _finish(self, choice: QComboBox) -> None:
        self.commitData.emit(choice)
        self.closeEditor.emit(choice, QStyledItemDelegate.EndEditHint.NoHint)

    @qt_guard()
    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        text = self._model.edit_text(index)
        if isinstance(editor, QComboBox):
            editor.setCurrentText(text)
            editor.showPopup()
        elif isinstance(editor, QLineEdit):
            editor.setText(text)

    @qt_guard()
    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        text = editor.currentText() if isinstance(editor, QComboBox) else editor.text()  # type: ignore[attr-defined]
        if text != self._model.edit_text(index):
            self.typed.emit(index, text)


class TextDialog(QDialog):
    """A few lines of text to edit."""

    def __init__(self, title: str, hint: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(560, 360)
        layout = QVBoxLayout(self)
        layout.addWidget(PlainLabel(hint, role="muted", wrap=True))
        self.edit = QPlainTextEdit(text)
        self.edit.setFont(mono_font())
        self.edit.setAccessibleName(title)
        self.edit.setTabChangesFocus(True)
        layout.addWidget(self.edit, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
