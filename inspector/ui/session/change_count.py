"""How many fields a draft changes: known at once for most, counted off the GUI thread in a large record."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from inspector.core.merge import diff
from inspector.core.node import Node
from inspector.ui.base.context import Context
from inspector.ui.base.jobs import Job
from inspector.ui.session.draft import Draft

_AT_ONCE = 4_000  # values, of both trees together, that are compared while the window waits
_PAUSE_MS = 250  # the window shows the edit first: a thread that counts would hold it up at each call into Python

_Trees = tuple[Node, Node]


class ChangeCount(QObject):
    """`counted`: the number that was not known yet is known now."""

    counted = Signal()

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._trees: _Trees | None = None  # what `_number` is about
        self._number: int | None = 0
        self._job: Job | None = None

    def look_up(self, draft: Draft | None) -> int | None:
        """Return the number of fields that the draft changes; None while it is counted."""
        trees = (draft.base, draft.root) if draft is not None and draft.is_dirty else None
        if not _are_same(trees, self._trees):
            self._begin(trees)
        return self._number

    def _begin(self, trees: _Trees | None) -> None:
        if self._job is not None:
            self._job.cancel()  # an edit that follows fast skips the count of the one before
            self._job = None
        self._trees = trees
        if trees is None:
            self._number = 0
        elif _is_small(*trees):
            self._number = len(diff(*trees))
        else:
            self._number = None
            QTimer.singleShot(_PAUSE_MS, self, partial(self._count, trees))

    def _count(self, trees: _Trees) -> None:
        if trees is self._trees:
            self._job = self._context.jobs.submit(
                self._context.counting,
                lambda: len(diff(*trees)),
                owner=self,
                done=self._tell,
                failed=lambda _error: None,  # that there are changes is said all the same
            )

    def _tell(self, number: int) -> None:
        self._number = number
        self.counted.emit()


def _are_same(one: _Trees | None, other: _Trees | None) -> bool:
    # The very same trees: comparing what they hold is what takes long.
    return one is other or (one is not None and other is not None and one[0] is other[0] and one[1] is other[1])


def _is_small(*trees: Node) -> bool:
    waiting, seen = list(trees), 0
    while waiting and seen <= _AT_ONCE:
        entries = waiting.pop().entries
        seen += len(entries)
        if seen <= _AT_ONCE:
            waiting += [entry.value for entry in entries]
    return seen <= _AT_ONCE
