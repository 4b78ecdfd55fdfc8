"""Reviewing, saving, restoring, and the other writes to one session, from the window to the services.

Every write runs on the store's edit lane; this says what became of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from inspector.core.display import escape_display
from inspector.core.merge import Choice
from inspector.services.sessions.journal import JournalEntry
from inspector.services.sessions.manage_sessions import (
    change_expiry,
    create_session,
    delete_session,
    duplicate_session,
    new_session_id,
    new_session_root,
    restore,
)
from inspector.services.sessions.open_session import OpenedSession, open_session, ref_of_key
from inspector.services.sessions.preview import preview_delete, preview_save
from inspector.services.sessions.save_session import (
    Review,
    SaveOutcome,
    SaveState,
    StickReport,
    StickState,
    review_changes,
    save_session,
)
from inspector.ui.base.context import Context
from inspector.ui.base.plain import ask_text, tell
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.session.session_panel import SessionPanel
from inspector.ui.session.stick_check import StickCheck
from inspector.ui.stores.confirm_store import confirm_act
from inspector.ui.stores.open_store import OpenStore
from store_adapters.contract import SessionStore

if TYPE_CHECKING:
    from inspector.ui.session.review_dialog import ReviewDialog


class SessionSaving(QObject):
    """Acts on the panel's session. `noted(words)` goes to the status bar."""

    noted = Signal(str)
    record_written = Signal(bytes)
    record_removed = Signal(bytes)
    session_made = Signal(bytes)

    def __init__(self, context: Context, panel: SessionPanel, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._panel = panel
        self._window = window
        self.dialog: ReviewDialog | None = None
        self._stick_check = StickCheck(self._is_shown, self)
        self._stick_check.told.connect(self._show_stuck)
        self._stick_check.noted.connect(self.noted)
        panel.review_wanted.connect(self.review)
        panel.expiry_wanted.connect(self.ask_expiry)
        panel.restore_wanted.connect(self.restore)

    # --- edits --------------------------------------------------------------------------------------------------

    def review(self) -> None:
        """Show what a save would do."""
        store, draft = self._panel.store, self._panel.draft
        if store is None or draft is None or not self._panel.can_review:
            return
        opened, root = draft.opened, draft.root
        store.run(
            lambda adapter: review_changes(adapter, opened, root),
            owner=self,
            done=lambda review: self._show_review(store, review),
            failed=self._tell_not_saved,
            words="Reading what is stored now",
            can_stop=True,
        )

    def _show_review(self, store: OpenStore, review: Review) -> None:
        from inspector.ui.session.review_dialog import ReviewDialog  # dialogs when wanted: the start is quicker

        dialog = ReviewDialog(review, store.profile, self._window)
        dialog.busy_sign.watch(store.health)
        dialog.save_wanted.connect(lambda choices, overwrite: self._save(store, dialog, choices, overwrite))
        dialog.preview_wanted.connect(lambda choices: self._preview(store, dialog, choices))
        dialog.finished.connect(lambda _code: self._forget(dialog))
        self.dialog = dialog
        dialog.open()

    def _preview(self, store: OpenStore, dialog: ReviewDialog, choices: dict[str, Choice]) -> None:
        review = dialog.review
        store.run(
            lambda adapter: preview_save(adapter, review, choices),
            owner=dialog,
            done=dialog.show_commands,
            failed=self._tell,
        )

    def _forget(self, dialog: ReviewDialog) -> None:
        self.dialog = None
        dialog.deleteLater()

    def _save(self, store: OpenStore, dialog: ReviewDialog, choices: dict[str, Choice], overwrite: bool) -> None:
        review, journal = dialog.review, self._context.journal
        dialog.set_busy(True)

        def failed(error: Exception) -> None:
            dialog.set_busy(False)
            self._tell_not_saved(error)

        store.run(
            lambda adapter: save_session(adapter, review.opened, review.root, journal, choices, overwrite=overwrite),
            owner=dialog,
            done=lambda outcome: self._saved(store, dialog, outcome),
            failed=failed,
            words="Saving",
        )

    def _saved(self, store: OpenStore, dialog: ReviewDialog, outcome: SaveOutcome) -> None:
        if outcome.state in (SaveState.SAVED, SaveState.UNCHANGED):
            dialog.accept()
            self.noted.emit(outcome.message)
            if outcome.record is not None:
                self._panel.show_saved(store, outcome.record)
                self._written(store, outcome.record)
                if outcome.changes:
                    self._stick_check.start(store, outcome.record, outcome.changes)
            return
        if outcome.review is not None and outcome.state is not SaveState.UNKNOWN:
            dialog.show_review(outcome.review, outcome.message)
            return
        dialog.reject()
        is_unknown = outcome.state is SaveState.UNKNOWN
        title = "It is not known whether it was saved" if is_unknown else "Not saved"
        tell(self._window, title, outcome.message, "Your edits are still here.")
        self._panel.reload()

    def _is_shown(self, store: OpenStore, key: bytes) -> bool:
        return (store, key) == (self._panel.store, self._panel.key)

    def _show_stuck(self, report: StickReport, number: int) -> None:
        if number == 0 or report.state is not StickState.STUCK:  # that it is still there is told once
            self.noted.emit(report.message)
        if report.state is StickState.OVERWRITTEN:
            tell(self._window, "The edit did not stick", report.message)
        if report.state is not StickState.STUCK:
            self._panel.reload()

    # --- other writes to one session ------------------------------------------------------------------------------

    def restore(self, entry: JournalEntry) -> None:
        """Bring back what was there before a journal entry."""
        store = self._panel.store
        if store is None:
            return
        words = "The record becomes what it was before, if nothing has changed it since."
        if not confirm_act(self._window, store.profile, "Restore the old record?", words, "Restore"):
            return
        self._write(store, lambda adapter: restore(adapter, entry, self._context.journal, store.reading), "Restored.")

    def restore_last(self, store: OpenStore) -> None:
        """Bring back the last record that was deleted from a store."""
        label = store.connection.store.label if store.connection is not None else ""
        entries = self._context.journal.entries(label)
        entry = next((one for one in entries if one.action == "deleted"), None)
        if entry is None:
            self.noted.emit("Nothing was deleted from this store in this run.")
            return
        self._write(
            store,
            lambda adapter: restore(adapter, entry, self._context.journal, store.reading),
            "Brought back.",
            make=True,
        )

    def ask_expiry(self) -> None:
        """Ask when the session shall end, and set it."""
        store, opened = self._panel.store, self._panel.opened
        if store is None or opened is None or store.connection is None:
            return
        if self._panel.draft is not None and self._panel.draft.is_dirty:
            tell(self._window, "There are unsaved edits", "Save or discard them before the expiry is changed.")
            return
        can_never = store.connection.store.capabilities.can_persist
        from inspector.ui.session.expiry_dialog import ExpiryDialog

        dialog = ExpiryDialog("When shall this session end?", opened.expiry, can_never=can_never, parent=self._window)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        ending, lasting = dialog.ending, dialog.lasting
        self._write(
            store,
            lambda adapter: change_expiry(adapter, opened, ending, self._context.journal, lasting=lasting),
            "The expiry is changed.",
        )

    def create(self, store: OpenStore) -> None:
        """Ask for a session ID and make a new session."""
        suggested = new_session_id()
        session_id = ask_text(self._window, "New session", "Session ID", suggested)
        if session_id is None:
            return
        max_age_ms = self._context.book.settings.default_max_age_ms
        now = round(time.time() * 1000)
        root = new_session_root(max_age_ms, now)
        self._write(
            store,
            lambda adapter: create_session(
                adapter, session_id.strip(), root, now + max_age_ms, self._context.journal, now, store.reading
            ),
            "A new session is in the store.",
            make=True,
        )

    def duplicate(self) -> None:
        """Make a copy of the session under a new ID."""
        store, opened = self._panel.store, self._panel.opened
        if store is None or opened is None:
            return
        self._write(
            store,
            lambda adapter: duplicate_session(adapter, opened, new_session_id(), self._context.journal),
            "A copy is in the store.",
            make=True,
        )

    def _write(
        self, store: OpenStore, work: Callable[[SessionStore], OpenedSession], words: str, *, make: bool = False
    ) -> None:
        def done(opened: OpenedSession) -> None:
            self.noted.emit(words)
            self._written(store, opened)
            if make:
                self.session_made.emit(opened.raw.ref.key)
            elif self._is_shown(store, opened.raw.ref.key):
                self._panel.show_opened(opened)
                self._panel.show_history()

        store.run(work, owner=self, done=done, failed=self._tell, words="Writing")

    def _written(self, store: OpenStore, opened: OpenedSession) -> None:
        self._stick_check.cancel(store, opened.raw.ref.key)
        store.put_record(opened.raw)
        self.record_written.emit(opened.raw.ref.key)

    def delete(self, store: OpenStore, key: bytes) -> None:
        """Ask, and delete the session at this key: as it was opened, or as it is now where another one is open."""
        opened, journal, reading = self._panel.opened, self._context.journal, store.reading
        name = escape_display(key.decode("utf-8", "surrogateescape"), 80)
        words = f"{name}\nWhoever uses it is logged out. It can be brought back from here until the program ends."
        if store.connection is None:
            return
        adapter = store.connection.store
        commands = preview_delete(adapter, ref_of_key(adapter, key))
        if not confirm_act(self._window, store.profile, "Delete this session?", words, "Delete", commands):
            return

        def work(adapter: SessionStore) -> None:
            is_open = opened is not None and opened.raw.ref.key == key
            delete_session(
                adapter,
                opened if opened and is_open else open_session(adapter, ref_of_key(adapter, key), reading),
                journal,
            )

        def done(_: None) -> None:
            self._removed(store, key)
            self.noted.emit("Deleted.")

        store.run(work, owner=self, done=done, failed=self._tell, words="Deleting")

    def _removed(self, store: OpenStore, key: bytes) -> None:
        self._stick_check.cancel(store, key)
        store.drop_records([key])
        self.record_removed.emit(key)

    def _tell_not_saved(self, error: Exception) -> None:
        trouble = describe_trouble(error)
        tell(self._window, trouble.text, trouble.remedy, "Not saved: your edits are still here.")
        self._panel.reload()

    def _tell(self, error: Exception) -> None:
        trouble = describe_trouble(error)
        tell(self._window, trouble.text, trouble.remedy)
        self._panel.reload()
