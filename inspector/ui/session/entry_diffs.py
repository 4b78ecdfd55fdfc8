"""What each entry of the history changed, worked out off the GUI thread and remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QObject, Signal

from inspector.services.sessions.journal import JournalEntry
from inspector.services.sessions.shown_changes import ShownChange, show_entry
from inspector.ui.base.context import Context
from inspector.ui.stores.open_store import OpenStore

_MOST = 2000
_Shown = tuple[ShownChange, ...]


class EntryDiffs(QObject):
    """`ready`: entries that were asked for are known now."""

    ready = Signal()

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._known: dict[int, _Shown] = {}
        self._asked: set[int] = set()

    def look_up(self, store: OpenStore, session_id: str, entries: Sequence[JournalEntry]) -> Mapping[int, _Shown]:
        """Return what is known, by the entries' numbers, and have the rest worked out."""
        missing = [one for one in entries if one.number not in self._known and one.number not in self._asked]
        if missing and store.connection is not None:
            form, reading = store.connection.store.capabilities.form, store.reading
            numbers = {one.number for one in missing}
            self._asked |= numbers
            self._context.jobs.submit(
                self._context.compute,
                lambda: {one.number: show_entry(one, form, session_id, reading) for one in missing},
                owner=self,
                done=self._remember,
                failed=lambda _error: self._remember(dict.fromkeys(numbers, ())),
            )
        return self._known

    def _remember(self, found: dict[int, _Shown]) -> None:
        if len(self._known) + len(found) > _MOST:
            self._known.clear()
        self._known |= found
        self._asked -= found.keys()
        self.ready.emit()
