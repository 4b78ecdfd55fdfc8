"""Reviewing, saving, restoring, and the other writes to one session, from the window to the services.

Every write runs on the store's edit lane; this says what became of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from inspector.core.display import escape_display, format_local
from inspector.core.merge import Choice
from inspector.services.sessions.journal import JournalEntry
from inspector.services.sessions.manage_sessions import (
    change_expiry,
    create_session,
    delete_session,
    duplicate_session,
    new_session_id,
    new_session_root,
)
from inspector.services.sessions.open_session import OpenedSession, open_session, ref_of_key
from inspector.services.sessions.preview import preview_delete, preview_save
from inspector.services.sessions.restoration import Restoration, plan_restoration, restore, restore_deleted
from inspector.services.sessions.save_session import (
    Persistence,
    PersistenceReport,
    Review,
    SaveOutcome,
    SaveState,
    review_changes,
    save_session,
)
from inspector.ui.base.context import Context
from inspector.ui.base.plain import ask_text, offer, tell
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.session.history_promise import deletion_words, save_words
from inspector.ui.session.save_verifier import SaveVerifier
from inspector.ui.session.session_panel import SessionPanel
from inspector.ui.session.staging import stage_again
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
        self.verifier = SaveVerifier(self._is_shown, self)
        self.verifier.told.connect(self._show_stuck)
        self.verifier.noted.connect(self.noted)
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

    def _show_review(self, store: OpenStore, review: Review, plan: Restoration | None = None) -> None:
        from inspector.ui.session.review_dialog import ReviewDialog  # dialogs when wanted: the start is quicker

        dialog = ReviewDialog(review, store.profile, self._window)
        dialog.busy_sign.watch(store.health)
        dialog.promise(save_words(self._context.history, 2 * len(review.opened.raw.payload)))
        dialog.save_wanted.connect(lambda choices, overwrite: self._save(store, dialog, choices, overwrite, plan))
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

    def _save(
        self,
        store: OpenStore,
        dialog: ReviewDialog,
        choices: dict[str, Choice],
        overwrite: bool,
        plan: Restoration | None,
    ) -> None:
        review, journal = dialog.review, self._context.journal
        dialog.set_busy(True)

        def save(adapter: SessionStore) -> SaveOutcome:
            if plan is not None:
                return restore(adapter, plan, journal, store.reading, choices, overwrite=overwrite)
            return save_session(adapter, review.opened, review.root, journal, choices, overwrite=overwrite)

        def failed(error: Exception) -> None:
            dialog.set_busy(False)
            self._tell_not_saved(error)

        store.run(
            save,
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
                    self.verifier.start(store, outcome.record.raw.ref.key, outcome)
            return
        if outcome.review is not None and outcome.state is not SaveState.UNKNOWN:
            dialog.show_review(outcome.review, outcome.message)
            return
        dialog.reject()
        is_unknown = outcome.state is SaveState.UNKNOWN
        title = "It may or may not have been saved" if is_unknown else "Not saved"
        tell(self._window, title, outcome.message, "Your edits are still here.")
        self._panel.reload()

    def _is_shown(self, store: OpenStore, key: bytes) -> bool:
        return (store, key) == (self._panel.store, self._panel.key)

    def _show_stuck(self, store: OpenStore, key: bytes, report: PersistenceReport, number: int) -> None:
        if number == 0 or report.state is not Persistence.PERSISTED:  # that it is still there is told once
            self.noted.emit(report.message)
        if report.state is Persistence.PERSISTED:
            return
        if report.record is not None:
            store.put_record(report.record.raw)
        else:
            store.drop_records([key])
        if report.state is Persistence.OVERWRITTEN:
            self._stage_again(store, key, report)
        elif self._is_shown(store, key):
            self._panel.reload()

    def _stage_again(self, store: OpenStore, key: bytes, report: PersistenceReport) -> None:
        """Put what was overwritten back among the unsaved edits, over what is stored now, and offer to review them."""
        is_staged = stage_again(self._panel, store, key, report)
        if self._is_shown(store, key):
            self._panel.reload()
        name = escape_display(key.decode("utf-8", "surrogateescape"), 60)
        title = "Your edit was overwritten" if self._is_shown(store, key) else f"Your edit to {name} was overwritten"
        if is_staged:
            words = f"{report.message} What was overwritten is back among your unsaved edits."
            offer(self._window, title, words, "Save again…", lambda: self._review_again(store, key))
        else:
            tell(self._window, title, report.message)

    def _review_again(self, store: OpenStore, key: bytes) -> None:
        if not self._is_shown(store, key):
            self._panel.edits_wanted.emit(store.profile.id, key)
        self.review()

    # --- other writes to one session ------------------------------------------------------------------------------

    def restore(self, entry: JournalEntry) -> None:
        """Review what was there before a journal entry, as an edit of what is there now."""
        store, draft = self._panel.store, self._panel.draft
        if store is None:
            return
        if draft is not None and draft.is_dirty:
            tell(self._window, "You have unsaved edits", "Save or discard them before restoring an older state.")
            return
        reading = store.reading
        store.run(
            lambda adapter: plan_restoration(adapter, entry, reading),
            owner=self,
            done=lambda plan: self._show_plan(store, plan),
            failed=self._tell,
        )

    def _show_plan(self, store: OpenStore, plan: Restoration) -> None:
        if plan.review is not None:
            self._show_review(store, plan.review, plan)
            return
        journal, reading = self._context.journal, store.reading
        words = "It was deleted from here. It will be recreated as it was."
        if plan.moves_expiry:
            now, old = (_end_words(one) for one in (plan.now_expires_at_ms, plan.expires_at_ms))
            words = f"The expiry goes back to {old}. It's {now} at the moment. The data doesn't change."
        if not confirm_act(self._window, store.profile, "Restore the previous state?", words, "Restore"):
            return

        def carry_out(adapter: SessionStore) -> OpenedSession:
            record = restore(adapter, plan, journal, reading).record
            return record or open_session(adapter, plan.entry.ref, reading)

        self._write(store, carry_out, "Restored.", make=plan.is_absent)

    def restore_last(self, store: OpenStore) -> None:
        """Restore the last record that was deleted from a store."""
        label = store.connection.store.label if store.connection is not None else ""
        journal, reading = self._context.journal, store.reading
        entry = journal.last_deleted(label)
        if entry is None:
            self.noted.emit("History has no deleted session from this store.")
            return
        self._write(
            store,
            lambda adapter: restore_deleted(adapter, entry, journal, reading),
            "Restored the deleted session.",
            make=True,
        )

    def ask_expiry(self) -> None:
        """Ask when the session shall end, and set it."""
        store, opened = self._panel.store, self._panel.opened
        if store is None or opened is None or store.connection is None:
            return
        if self._panel.draft is not None and self._panel.draft.has_edits:
            tell(self._window, "You have unsaved edits", "Save or discard them before changing the expiry.")
            return
        can_never = store.connection.store.capabilities.can_persist
        from inspector.ui.session.expiry_dialog import ExpiryDialog

        dialog = ExpiryDialog(
            "When should this session expire?", opened.expiry, can_never=can_never, parent=self._window
        )
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        ending, lasting = dialog.ending, dialog.lasting
        self._write(
            store,
            lambda adapter: change_expiry(adapter, opened, ending, self._context.journal, lasting=lasting),
            "Expiry changed.",
        )

    def create(self, store: OpenStore) -> None:
        """Ask for a session ID and make a new session."""
        suggested = new_session_id()
        session_id = ask_text(self._window, "New session", "Session ID", suggested)
        if session_id is None:
            return
        max_age_ms = self._context.book.settings.default_max_age_ms
        now = round(time.time() * 1000)
        root = new_session_root(max_age_ms, now, store.reading)
        self._write(
            store,
            lambda adapter: create_session(
                adapter, session_id.strip(), root, now + max_age_ms, self._context.journal, now, store.reading
            ),
            "Session created.",
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
            "Copy created.",
            make=True,
        )

    def _write(
        self, store: OpenStore, work: Callable[[SessionStore], OpenedSession], words: str, *, make: bool = False
    ) -> None:
        def done(opened: OpenedSession) -> None:
            self.noted.emit(f"{words} {opened.over.text if opened.over else ''}".strip())
            self._written(store, opened)
            if make:
                self.session_made.emit(opened.raw.ref.key)
            elif self._is_shown(store, opened.raw.ref.key):
                self._panel.show_opened(opened)
                self._panel.show_history()

        store.run(work, owner=self, done=done, failed=self._tell, words="Writing")

    def _written(self, store: OpenStore, opened: OpenedSession) -> None:
        self.verifier.cancel(store, opened.raw.ref.key)
        store.put_record(opened.raw)
        self.record_written.emit(opened.raw.ref.key)

    def delete(self, store: OpenStore, key: bytes) -> None:
        """Ask, and delete the session at this key: as it was opened, or as it is now where another one is open."""
        opened, journal, reading = self._panel.opened, self._context.journal, store.reading
        name = escape_display(key.decode("utf-8", "surrogateescape"), 80)
        size = len(opened.raw.payload) if opened is not None and opened.raw.ref.key == key else 0
        words = f"{name}\nAnyone using it is logged out. {deletion_words(self._context.history, size)}"
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
        self.verifier.cancel(store, key)
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


def _end_words(expires_at_ms: int | None) -> str:
    return "no expiry" if expires_at_ms is None else format_local(expires_at_ms)
