"""Deleting and expiring the selected sessions, and taking that back, from the window to the services; works on no GUI thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from inspector.core.display import format_local
from inspector.core.expiry import RelativeExpiry, end_from, format_duration
from inspector.services.bulk.bulk_changes import delete_sessions, expire_sessions
from inspector.services.bulk.report import BulkReport, BulkStep
from inspector.services.bulk.selection import BulkPreview, Selection, preview
from inspector.services.bulk.undo import UNDO_BYTES, UndoBundle, undo_bulk
from inspector.services.sessions.open_session import ref_of_key
from inspector.services.sessions.preview import for_many, preview_delete, preview_expiry
from inspector.services.settings.profiles import Environment
from inspector.ui.base.context import Context
from inspector.ui.base.plain import tell
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.bulk.bulk_runner import BulkRunner
from inspector.ui.stores.confirm_store import confirm_act
from inspector.ui.stores.open_store import OpenStore
from store_adapters.contract import CancelToken, RecordRef, SessionStore

if TYPE_CHECKING:
    from inspector.ui.bulk.bulk_preview import BulkPreviewDialog
    from inspector.ui.bulk.transfer_acts import TransferActs

_Steps = Callable[[SessionStore, Selection, CancelToken, UndoBundle | None], Iterator[BulkStep]]


class BulkActions(QObject):
    """`done` after each act: the selection has been dealt with. `noted(words)` goes to the status bar."""

    done = Signal()
    noted = Signal(str)

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self.runner = BulkRunner(window)
        self.undo_bytes = UNDO_BYTES
        self._window = window
        self._last: tuple[OpenStore, UndoBundle] | None = None
        self.dialog: BulkPreviewDialog | None = None
        self.runner.strip.undo_wanted.connect(self.undo)

    @cached_property
    def transfer(self) -> TransferActs:
        """Export and import; made when first wanted."""
        from inspector.ui.bulk.transfer_acts import TransferActs  # as the dialogs below: the start is quicker without

        return TransferActs(self.runner, self._context.unfinished, self._window)

    def can_undo(self, store: OpenStore) -> bool:
        """True when the last bulk act was on this store and something of it can be taken back."""
        return self._last is not None and self._last[0] is store and len(self._last[1]) > 0

    def delete(self, store: OpenStore, positions: Sequence[int]) -> None:
        """Show what would be deleted, and delete it when the person agrees."""
        if store.catalogue is None:
            return
        selection, journal = Selection(store.catalogue, positions), self._context.journal
        words = "Each is deleted in its current state, and anyone using it is logged out."

        def steps(
            adapter: SessionStore, chosen: Selection, stop: CancelToken, undo: UndoBundle | None
        ) -> Iterator[BulkStep]:
            return delete_sessions(adapter, chosen, journal, stop, undo)

        words += _sent_words(store, selection, preview_delete)
        self._ask(store, selection, ("Delete", "Deleted"), words, steps)

    def change_expiry(self, store: OpenStore, positions: Sequence[int]) -> None:
        """Ask when the sessions shall end, show which they are, and set it when the person agrees."""
        if store.catalogue is None or store.connection is None:
            return
        selection, journal, reading = Selection(store.catalogue, positions), self._context.journal, store.reading
        can_never = store.connection.store.capabilities.can_persist
        from inspector.ui.session.expiry_dialog import ExpiryDialog

        title = f"When should these {len(selection):,} sessions expire?"
        dialog = ExpiryDialog(title, None, can_never=can_never, parent=self._window)
        dialog.lasting_box.setEnabled(False)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        ending = dialog.ending
        ends = end_from(ending, round(time.time() * 1000))
        when = "never" if ends is None else f"on {format_local(ends)}"
        if isinstance(ending, RelativeExpiry):
            when = f"{format_duration(ending.life_ms)} after each is written"
        words = f"They will expire {when}. Each session's own lifetime is set to match; nothing else in them changes."

        def steps(
            adapter: SessionStore, chosen: Selection, stop: CancelToken, undo: UndoBundle | None
        ) -> Iterator[BulkStep]:
            return expire_sessions(adapter, chosen, ending, journal, stop, undo, reading)

        words += _sent_words(store, selection, lambda adapter, ref: preview_expiry(adapter, ref, ends))
        self._ask(store, selection, ("Change the expiry", "Changed the expiry of"), words, steps)

    def undo(self) -> None:
        """Take the last bulk act back."""
        if self._last is None or not len(self._last[1]) or self._last[0].connection is None:
            self.noted.emit("There's no bulk change in an open store to undo.")
            return
        store, bundle = self._last
        journal = self._context.journal
        # What was taken back is shown when the list is read again.
        self._run(
            store,
            len(bundle),
            "Undid changes to",
            lambda adapter, stop: undo_bulk(adapter, bundle, journal, stop),
            bundle,
        )

    def _ask(self, store: OpenStore, selection: Selection, words: tuple[str, str], what: str, steps: _Steps) -> None:
        from inspector.ui.bulk.bulk_preview import BulkPreviewDialog

        now_ms = round(time.time() * 1000)

        def show(found: BulkPreview) -> None:
            title = _title(words[0], found.count)
            dialog = BulkPreviewDialog(found, store.profile, title, what, words[0], now_ms, self._window)

            def accept() -> None:
                chosen = selection
                if dialog.is_undoable_only:
                    chosen = Selection(selection.catalogue, found.undoable_positions)
                self._begin(store, chosen, found, words, steps)

            dialog.accepted.connect(accept)
            dialog.finished.connect(lambda _code: self._forget(dialog))
            self.dialog = dialog
            dialog.open()

        self._context.jobs.submit(
            self._context.compute,
            lambda: preview(selection, now_ms, self.undo_bytes),
            owner=self,
            done=show,
            failed=lambda error: tell(self._window, describe_trouble(error).text, describe_trouble(error).remedy),
        )

    def _forget(self, dialog: BulkPreviewDialog) -> None:
        self.dialog = None
        dialog.deleteLater()

    def _begin(
        self,
        store: OpenStore,
        selection: Selection,
        found: BulkPreview,
        words: tuple[str, str],
        steps: _Steps,
    ) -> None:
        if store.connection is None or self.runner.is_running:
            self.noted.emit("Nothing was started: the store is closed, or another bulk change is running.")
            return
        if store.profile.environment is Environment.PRODUCTION and not confirm_act(
            self._window, store.profile, _title(words[0], len(selection)), _signed_in_words(found, selection), words[0]
        ):
            return
        undo = UndoBundle(store.connection.store.label, self.undo_bytes)
        self._last = store, undo
        self._run(store, len(selection), words[1], lambda adapter, stop: steps(adapter, selection, stop, undo), undo)

    def _run(
        self,
        store: OpenStore,
        total: int,
        word: str,
        steps: Callable[[SessionStore, CancelToken], Iterator[BulkStep]],
        undo: UndoBundle,
    ) -> None:
        catalogue = store.catalogue

        def work(adapter: SessionStore, stop: CancelToken) -> Iterator[BulkStep]:
            for step in steps(adapter, stop):
                for key in step.missing:
                    if catalogue is not None:
                        catalogue.remove(key)
                yield step

        def show(step: BulkStep) -> tuple[str, int, int]:
            return f"{word} {step.report.done:,} of {total:,} …{_left_out_words(undo)}", step.report.handled, total

        def done(step: BulkStep) -> None:
            report = step.report
            words = describe_bulk(word, report, total) + _left_out_words(undo)
            self.runner.strip.show_result(words, can_undo=self.can_undo(store))
            if report.failed:
                lines = [f"{number:,} × {trouble}" for trouble, number in report.troubles[:5]]
                tell(self._window, f"{report.failed:,} failed", "\n".join(lines))
            # First the selection goes: rows that are selected in number stay where they are.
            self.done.emit()
            store.rows_changed.emit()
            if report.done and word != "Deleted":
                store.reload()

        self.runner.run(store, work, show=show, done=done)


def _title(action: str, count: int) -> str:
    return f"{action} {'' if action == 'Delete' else 'of '}{count:,} sessions?"


def _signed_in_words(found: BulkPreview, selection: Selection) -> str:
    which = "them" if found.count == len(selection) else f"the {found.count:,} selected"
    return f"{found.signed_in:,} of {which} are signed in."


def _left_out_words(undo: UndoBundle) -> str:
    return f" {undo.left_out:,} of them can't be undone." if undo.left_out else ""


def describe_bulk(word: str, report: BulkReport, total: int) -> str:
    """Return what came of a bulk act in a sentence or two."""
    words = f"{word} {report.done:,} of {total:,} sessions"
    words += f", {report.gone:,} were already gone" if report.gone else ""
    words += f", {report.changed:,} had changed and were left alone" if report.changed else ""
    words += f", {report.failed:,} failed" if report.failed else ""
    if report.stopped:
        rest = total - report.handled
        return f"{words}. {report.stopped} {rest:,} weren't touched."
    return f"{words}."


def _sent_words(
    store: OpenStore, selection: Selection, show: Callable[[SessionStore, RecordRef], tuple[str, ...]]
) -> str:
    """Return what would be sent for the first of the selection, and for how many more; sends nothing."""
    keys = list(selection.catalogue.keys_at(selection.positions[:1]))
    if store.connection is None or not keys or not store.can_write:
        return ""
    adapter = store.connection.store
    return "\nIt sends: " + "\n".join(for_many(show(adapter, ref_of_key(adapter, keys[0])), len(selection)))
