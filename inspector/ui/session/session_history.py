"""What happened to the session that is shown: written from here, and changed by the application from read to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from inspector.core.finding import Finding
from inspector.services.sessions.journal import JournalEntry
from inspector.services.sessions.open_session import OpenedSession
from inspector.services.sessions.seen_changes import judge_return
from inspector.services.sessions.shown_changes import ShownChange
from inspector.ui.base.context import Context
from inspector.ui.session.entry_diffs import EntryDiffs
from inspector.ui.session.history_promise import keeping_words
from inspector.ui.session.seen_reads import SeenChange, SeenReads
from inspector.ui.session.tabs.history_tab import HistoryTab
from inspector.ui.stores.open_store import OpenStore


class SessionHistory(QObject):
    """Fills the History tab. `ready`: what entries changed is known now, show them again."""

    ready = Signal()

    def __init__(self, context: Context, tab: HistoryTab, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._tab = tab
        self.reads = SeenReads()
        self._diffs = EntryDiffs(context, self)
        self._diffs.ready.connect(self.ready)

    def note_read(
        self,
        store: OpenStore,
        before: OpenedSession | None,
        opened: OpenedSession,
        done: Callable[[OpenedSession], None],
    ) -> None:
        """Call `done` with what was read and what its change since `before` is a sign of: at once where nothing has to be compared."""
        if store.connection is None:
            done(opened)
            return
        ours, clock = self._entries(store, opened), store.connection.store.capabilities.clock
        opened = replace(opened, findings=(*opened.findings, *judge_return(ours)))
        reads = self.reads.take_up(before, opened, clock, ours) if before is not None else None
        if reads is None:
            done(opened)
            return

        def compared(found: tuple[SeenChange, tuple[Finding, ...]]) -> None:
            change, signs = found
            self.reads.keep((store.profile.id, opened.raw.ref.key), change)
            done(replace(opened, findings=(*opened.findings, *signs)))

        self._context.jobs.submit(
            self._context.compute, reads.compare, owner=self, done=compared, failed=lambda _error: done(opened)
        )

    def show(self, store: OpenStore, key: bytes, opened: OpenedSession | None, *, with_changes: bool) -> None:
        """Show the history of a session; `with_changes`: the tab is looked at, so what each entry changed is worked out."""
        entries = self._entries(store, opened) if opened is not None else ()
        changes: Mapping[int, Sequence[ShownChange]] = {}
        if opened is not None and with_changes:
            changes = self._diffs.look_up(store, opened.session_id, entries)
        seen = self.reads.changes((store.profile.id, key))
        self._tab.show_history(entries, seen, changes, can_write=store.can_write)
        self._tab.show_keeping(keeping_words(self._context.history))

    def _entries(self, store: OpenStore, opened: OpenedSession) -> tuple[JournalEntry, ...]:
        if store.connection is None:
            return ()
        return self._context.journal.entries(store.connection.store.label, opened.raw.ref)
