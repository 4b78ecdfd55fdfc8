"""The staged edits of one session: the edited tree beside what was read, with undo and redo; writes nothing."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from inspector.core.edits import Edit, apply_edit
from inspector.core.merge import FieldChange, diff
from inspector.core.node import Node
from inspector.services.sessions.open_session import OpenedSession
from inspector.ui.base.guard import qt_guard


class Draft(QObject):
    """Edits over `opened`. `edited(edit, root)` follows each single edit, undone and redone ones too."""

    edited = Signal(object, object)  # Edit, Node
    dirty_changed = Signal(bool)

    def __init__(self, opened: OpenedSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        if opened.decoded is None:
            raise ValueError("a record that no codec reads has no draft")
        self.opened = opened
        self.base: Node = opened.decoded.root
        self.root: Node = self.base
        self.stack = QUndoStack(self)
        self._was_dirty = False

    @property
    def is_dirty(self) -> bool:
        """True when the tree differs from what was read, however it came to that."""
        return self.root != self.base

    def changes(self) -> tuple[FieldChange, ...]:
        """Return the edits by field."""
        return diff(self.base, self.root) if self.is_dirty else ()

    def apply(self, edit: Edit, words: str) -> None:
        """Do an edit and put it on the undo stack under `words`. `EditError`: nothing was done."""
        root, inverse = apply_edit(self.root, edit)
        self.stack.push(_Step(self, edit, inverse, root, words))

    def discard(self) -> None:
        """Take every edit back; cannot be undone."""
        while self.stack.canUndo():
            self.stack.undo()
        self.stack.clear()

    def show(self, edit: Edit, root: Node) -> None:
        """Put an edited tree in force; for the undo stack's steps."""
        self.root = root
        self.edited.emit(edit, root)
        if self.is_dirty != self._was_dirty:
            self._was_dirty = self.is_dirty
            self.dirty_changed.emit(self._was_dirty)


class _Step(QUndoCommand):
    def __init__(self, draft: Draft, edit: Edit, inverse: Edit, root: Node, words: str) -> None:
        super().__init__(words)
        self._draft = draft
        self._edit = edit
        self._inverse = inverse
        self._after = root
        self._before = draft.root

    @qt_guard()
    def redo(self) -> None:
        self._draft.show(self._edit, self._after)

    @qt_guard()
    def undo(self) -> None:
        self._draft.show(self._inverse, self._before)
