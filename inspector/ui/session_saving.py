"""Reviewing, saving, restoring, and the other writes to one session or a selection, from the window to the services.

Every write runs on the store's edit lane; this says what became of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QDialog, QInputDialog, QWidget

from inspector.core.merge import Choice
from inspector.services.journal import JournalEntry
from inspector.services.manage_sessions import (
    BulkReport,
    change_expiry,
    change_expiry_many,
    create_session,
    delete_many,
    delete_session,
    duplicate_session,
    new_session_id,
    new_session_root,
    restore,
)
from inspector.services.open_session import OpenedSession, Reading, ref_of_key
from inspector.services.preview import for_many, preview_delete, preview_expiry, preview_save
from inspector.services.save_session import (
    Review,
    SaveOutcome,
    SaveState,
    StickReport,
    StickState,
    check_stuck,
    review_changes,
    save_session,
)
from inspector.ui.confirm_store import confirm_act
from inspector.ui.context import Context
from inspector.ui.expiry_dialog import ExpiryDialog
from inspector.ui.open_store import OpenStore
from inspector.ui.plain import tell
from inspector.ui.review_dialog import ReviewDialog
from inspector.ui.session_panel import SessionPanel
from inspector.ui.trouble import describe_trouble
from store_adapters.contract import CancelToken, SessionStore

_STICK_MS = 700


class SessionSaving(QObject):
    """Acts on the panel's session and on the list's selection. `noted(words)` goes to the status bar."""

    noted = Signal(str)
    record_written = Signal(bytes)
    record_removed = Signal(bytes)
    session_made = Signal(bytes)
    bulk_done = Signal()

    def __init__(self, context: Context, panel: SessionPanel, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._panel = panel
        self._window = window
        self.dialog: ReviewDialog | None = None
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
            failed=self._tell,
        )

    def _show_review(self, store: OpenStore, review: Review) -> None:
        dialog = ReviewDialog(review, store.profile, self._window)
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
            self._tell(error)

        store.run(
            lambda adapter: save_session(adapter, review.opened, review.root, journal, choices, overwrite=overwrite),
            owner=dialog,
            done=lambda outcome: self._saved(store, dialog, outcome),
            failed=failed,
        )

    def _saved(self, store: OpenStore, dialog: ReviewDialog, outcome: SaveOutcome) -> None:
        if outcome.state in (SaveState.SAVED, SaveState.UNCHANGED):
            dialog.accept()
            self.noted.emit(outcome.message)
            if outcome.record is not None:
                self._panel.show_saved(outcome.record)
                self._written(store, outcome.record)
                self._check_later(store, outcome)
            return
        if outcome.review is not None and outcome.state is not SaveState.UNKNOWN:
            dialog.show_review(outcome.review, outcome.message)
            return
        dialog.reject()
        tell(self._window, "Not saved", outcome.message, "Your edits are still here.")
        self._panel.reload()

    def _check_later(self, store: OpenStore, outcome: SaveOutcome) -> None:
        record, changes = outcome.record, outcome.changes
        if record is None or not changes:
            return

        def check() -> None:
            if store.connection is not None:
                store.run(
                    lambda adapter: check_stuck(adapter, record, changes),
                    owner=self,
                    done=self._show_stuck,
                    failed=lambda error: self.noted.emit(describe_trouble(error).text),
                )

        QTimer.singleShot(_STICK_MS, self, check)

    def _show_stuck(self, report: StickReport) -> None:
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
        dialog = ExpiryDialog("When shall this session end?", opened.expiry, can_never=can_never, parent=self._window)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        ends, lasting = dialog.expires_at_ms, dialog.lasting
        self._write(
            store,
            lambda adapter: change_expiry(adapter, opened, ends, self._context.journal, lasting=lasting),
            "The expiry is changed.",
        )

    def create(self, store: OpenStore) -> None:
        """Ask for a session ID and make a new session."""
        suggested = new_session_id()
        session_id, accepted = QInputDialog.getText(self._window, "New session", "Session ID", text=suggested)
        if not accepted:
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
            else:
                self._panel.show_opened(opened)
                self._panel.show_history()

        store.run(work, owner=self, done=done, failed=self._tell)

    def _written(self, store: OpenStore, opened: OpenedSession) -> None:
        store.put_record(opened.raw)
        self.record_written.emit(opened.raw.ref.key)

    # --- one or many ----------------------------------------------------------------------------------------------

    def delete(self, store: OpenStore, keys: list[bytes]) -> None:
        """Ask, and delete the sessions at these keys."""
        opened = self._panel.opened
        number = len(keys)
        title = "Delete this session?" if number == 1 else f"Delete {number:,} sessions?"
        words = "Whoever uses it is logged out. It can be brought back from here until the program ends."
        if not keys or store.connection is None:
            return
        adapter = store.connection.store
        commands = for_many(preview_delete(adapter, ref_of_key(adapter, keys[0])), number)
        if not confirm_act(self._window, store.profile, title, words, "Delete", commands):
            return
        if number == 1 and opened is not None and opened.raw.ref.key == keys[0]:
            journal = self._context.journal

            def done(_: None) -> None:
                self._removed(store, keys)
                self.noted.emit("Deleted.")

            store.run(
                lambda adapter: delete_session(adapter, opened, journal), owner=self, done=done, failed=self._tell
            )
            return
        self._run_bulk(store, keys, "Deleted", _delete_work(self._context, keys))

    def ask_expiry_many(self, store: OpenStore, keys: list[bytes]) -> None:
        """Ask for an expiry and set it for all of these."""
        if store.connection is None:
            return
        can_never = store.connection.store.capabilities.can_persist
        dialog = ExpiryDialog(
            f"When shall these {len(keys):,} sessions end?", None, can_never=can_never, parent=self._window
        )
        dialog.lasting_box.setEnabled(False)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        ends = dialog.expires_at_ms
        words = "Each session's own lifetime is set with it."
        adapter = store.connection.store
        commands = for_many(preview_expiry(adapter, ref_of_key(adapter, keys[0]), ends), len(keys))
        title = f"Change {len(keys):,} sessions?"
        if not confirm_act(self._window, store.profile, title, words, "Change", commands):
            return
        self._run_bulk(store, keys, "Changed", _expiry_work(self._context, store.reading, keys, ends))

    def _run_bulk(
        self,
        store: OpenStore,
        keys: list[bytes],
        word: str,
        work: Callable[[SessionStore, CancelToken], Iterator[tuple[int, BulkReport | None]]],
    ) -> None:
        reports: list[BulkReport] = []

        def item(value: tuple[int, BulkReport | None]) -> None:
            number, report = value
            if report is None:
                self.noted.emit(f"{word} {number:,} of {len(keys):,} …")
            else:
                reports.append(report)

        def done(_: None) -> None:
            for report in reports:
                self._show_bulk(word, report)
            self.bulk_done.emit()
            store.reload()
            self._panel.reload()

        store.stream(work, owner=self, item=item, done=done, failed=self._tell)

    def _show_bulk(self, word: str, report: BulkReport) -> None:
        words = f"{word} {report.done:,}"
        words += f", {report.gone:,} were gone already" if report.gone else ""
        words += f", {report.changed:,} kept changing and were left" if report.changed else ""
        self.noted.emit(words + ".")
        if report.failed:
            tell(self._window, f"{len(report.failed)} could not be done", "\n".join(report.failed[:5]))

    def _removed(self, store: OpenStore, keys: list[bytes]) -> None:
        store.drop_records(keys)
        for key in keys:
            self.record_removed.emit(key)

    def _tell(self, error: Exception) -> None:
        trouble = describe_trouble(error)
        tell(self._window, trouble.text, trouble.remedy)
        self._panel.reload()


_Work = Callable[[SessionStore, CancelToken], Iterator[tuple[int, BulkReport | None]]]
_PART = 50


def _delete_work(context: Context, keys: list[bytes]) -> _Work:
    return _in_parts(
        keys,
        lambda adapter, part, token: delete_many(
            adapter, [ref_of_key(adapter, key) for key in part], context.journal, token, _ignore
        ),
    )


def _expiry_work(context: Context, reading: Reading, keys: list[bytes], ends: int | None) -> _Work:
    return _in_parts(
        keys,
        lambda adapter, part, token: change_expiry_many(
            adapter, [ref_of_key(adapter, key) for key in part], ends, context.journal, token, _ignore, reading
        ),
    )


def _in_parts(keys: list[bytes], act: Callable[[SessionStore, list[bytes], CancelToken], BulkReport]) -> _Work:
    """Return work that acts on a few keys at a time, telling how far it is, and the whole report at the end."""

    def work(adapter: SessionStore, token: CancelToken) -> Iterator[tuple[int, BulkReport | None]]:
        done = gone = changed = 0
        failed: tuple[str, ...] = ()
        for start in range(0, len(keys), _PART):
            report = act(adapter, keys[start : start + _PART], token)
            done, gone, changed = done + report.done, gone + report.gone, changed + report.changed
            failed += report.failed
            yield min(start + _PART, len(keys)), None
            if report.cancelled or any(words.startswith("Stopped:") for words in report.failed):
                break
        yield len(keys), BulkReport(done, gone, changed, failed)

    return work


def _ignore(_done: int, _all: int) -> None:
    """Progress is told part by part."""
