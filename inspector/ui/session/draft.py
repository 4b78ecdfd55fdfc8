"""The staged edits of one session: the edited tree beside what was read, with undo and redo."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from inspector.codecs import has_bson_types
from inspector.core.edits import Edit, SetValue, apply_edit
from inspector.core.merge import FieldChange, diff
from inspector.core.node import Node
from inspector.services.sessions.open_session import OpenedSession
from inspector.ui.base.guard import qt_guard

_MERGED_ID = 1


class Draft(QObject):
    """Edits over `opened`. `edited(edit, root)` follows each single edit, undone and redone ones too. `reopened`: an undo
    or redo put the edits on another read of the record.

    `unread_text`: what a person typed as JSON that is not in `root`, since it is wrong or not read yet; None for nothing. An
    edit or a discard drops it, and its undo brings it back.
    """

    edited = Signal(object, object)  # Edit, Node
    reopened = Signal()
    dirty_changed = Signal(bool)

    def __init__(self, opened: OpenedSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        if opened.decoded is None:
            raise ValueError("a record that no codec reads has no draft")
        self.opened = opened
        self.base: Node = opened.decoded.root
        self.root: Node = self.base
        self.has_types = has_bson_types(opened.decoded)
        self.unread_text: str | None = None
        self.stack = QUndoStack(self)
        self._was_dirty = False
        self._compared: tuple[Node, Node, bool] | None = None  # the two trees, and whether they differ
        self._discards: set[int] = set()  # the stack's index after each of them

    @property
    def is_dirty(self) -> bool:
        """True when the tree differs from what was read, however it came to that."""
        known = self._compared
        # Asked several times at each edit, and two trees of the same large text take long to compare.
        if known is None or known[0] is not self.base or known[1] is not self.root:
            known = self._compared = (self.base, self.root, self.root != self.base)
        return known[2]

    @property
    def has_edits(self) -> bool:
        """True when something would be lost with this draft: an edit, or text that is in no edit yet."""
        return self.is_dirty or self.unread_text is not None

    def changes(self) -> tuple[FieldChange, ...]:
        """Return the edits by field."""
        return diff(self.base, self.root) if self.is_dirty else ()

    def apply(self, edit: Edit, words: str) -> None:
        """Do an edit and put it on the undo stack under `words`. `EditError`: nothing was done."""
        root, inverse = apply_edit(self.root, edit)
        self._forget_redone()
        self.stack.push(_Step(self, edit, inverse, root, words))

    def discard(self) -> None:
        """Take every edit back; one undo brings them again."""
        if self.has_edits:
            self._forget_redone()
            self.stack.push(_Discard(self))
            self._discards.add(self.stack.index())

    @property
    def is_discarded(self) -> bool:
        """True when the next undo brings discarded edits back."""
        return self.stack.index() in self._discards

    def follow(self, opened: OpenedSession) -> bool:
        """Stand on a newer read of the record and keep what can be undone; False where there is nothing to keep."""
        if self.has_edits or opened.decoded is None or not self.stack.count():
            return False
        if opened.raw.payload == self.opened.raw.payload:
            self.opened = opened
            return True
        if not self.is_discarded:
            return False
        self.stack.push(_Reopen(self, opened, opened.decoded.root))
        return True

    def reopen(self, opened: OpenedSession, base: Node, root: Node, unread_text: str | None) -> None:
        """Put edits in force that may stand on another read; for the undo stack's steps."""
        is_other = base is not self.base
        self.unread_text = unread_text
        self.opened, self.base, self.root = opened, base, root
        if is_other:
            self.reopened.emit()
        self.show(SetValue((), root), root)

    def _forget_redone(self) -> None:
        self._discards = {index for index in self._discards if index <= self.stack.index()}

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
        self._unread_text = draft.unread_text

    @qt_guard()
    def redo(self) -> None:
        self._draft.unread_text = None
        self._draft.show(self._edit, self._after)

    @qt_guard()
    def undo(self) -> None:
        self._draft.unread_text = self._unread_text
        self._draft.show(self._inverse, self._before)


class _Discard(QUndoCommand):
    """All edits at once. A newer read that follows becomes part of it, so that one undo brings the edits back."""

    def __init__(self, draft: Draft) -> None:
        super().__init__("discard")
        self._draft = draft
        self._before = (draft.opened, draft.base, draft.root, draft.unread_text)
        self._after: tuple[OpenedSession, Node, Node, None] = (draft.opened, draft.base, draft.base, None)

    @qt_guard()
    def redo(self) -> None:
        self._draft.reopen(*self._after)

    @qt_guard()
    def undo(self) -> None:
        self._draft.reopen(*self._before)

    @qt_guard(-1)
    def id(self) -> int:
        return _MERGED_ID

    @qt_guard(False)
    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Reopen):
            return False
        self._after = other.after
        return True


class _Reopen(QUndoCommand):
    def __init__(self, draft: Draft, opened: OpenedSession, root: Node) -> None:
        super().__init__("read again")
        self._draft = draft
        self.after = (opened, root, root, None)

    @qt_guard()
    def redo(self) -> None:
        self._draft.reopen(*self.after)

    @qt_guard(-1)
    def id(self) -> int:
        return _MERGED_ID
