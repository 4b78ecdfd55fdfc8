"""Keeps the unsaved edits safe from a crash while they are made, and offers those of an earlier run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QDialog, QWidget

from inspector.codecs import CodecError
from inspector.core.display import escape_display, format_local
from inspector.core.edits import SetValue
from inspector.core.node import Node
from inspector.services.sessions.decoder import encode_record
from inspector.services.sessions.open_session import OpenedSession
from inspector.services.sessions.restoration import open_edit
from inspector.services.settings.recovery import Recovery, UnsavedEdit
from inspector.ui.base.context import Context
from inspector.ui.base.plain import ask_loss, ask_three
from inspector.ui.session.draft import Draft
from inspector.ui.session.session_panel import SessionPanel
from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.stores.secret_dialogs import SEALED_FILE

_CALM_MS = 800
_STATES_AT_END = (StoreState.OPEN, StoreState.FAILED)
NOT_KEPT = "They wouldn't survive a crash of this program: there's no keyring for the sealing key."
_WARNING = "Unsaved edits wouldn't survive a crash. File › Preferences can keep the key in a sealed file."
_NAMED = 5
DISCARD_AND_QUIT, SHOW_THEM = "Discard and quit", "Show them"


class UnsavedEdits(QObject):
    """Follows the panel's drafts. `noted(words)` goes to the status bar; `came_back(profile id, key)`: show that session."""

    noted = Signal(str)
    came_back = Signal(str, bytes)

    def __init__(self, context: Context, panel: SessionPanel, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._panel = panel
        self._window = window
        self.recovery = Recovery(context.book.folder, context.secrets)
        self._waiting: list[UnsavedEdit] = []  # taken up, but their stores are not open yet
        self._had_edits = False
        self._is_warned = False
        self._wants_to_show = False  # the first session whose edits were taken up
        self._calm = QTimer(self, interval=_CALM_MS, singleShot=True)
        self._calm.timeout.connect(self.keep)
        panel.draft_changed.connect(self._changed)

    def _changed(self) -> None:
        if self._panel.unsaved() or self._had_edits:
            self._calm.start()

    def may_quit(self) -> bool:
        """Ask before the edits are lost, and show them where that is wanted; True when the window may close."""
        number = self._panel.unsaved()
        if not number:
            return True
        what = "to one session" if number == 1 else f"to {number:,} sessions"
        words = "They aren't in the store yet and can't be recovered after you quit."
        answer = ask_loss(self._window, f"Discard unsaved changes {what}?", words, DISCARD_AND_QUIT, SHOW_THEM)
        if answer == SHOW_THEM:
            self._panel.show_unsaved()
        return answer == DISCARD_AND_QUIT

    def keep(self) -> None:
        """Seal the edits as they are now; what is encoded and written is done on the vault lane."""
        history = self._context.history
        drafts = [(profile_id, draft.opened, draft.root) for profile_id, draft in self._panel.drafts()]
        waiting, recovery = tuple(self._waiting), self.recovery
        self._had_edits = bool(drafts or waiting)

        def seal() -> bool:
            edits = [edit for draft in drafts if (edit := _as_edit(*draft)) is not None]
            history.look()  # the review that follows says how long the old record can be restored
            return recovery.keep([*waiting, *edits])

        self._context.jobs.submit(
            self._context.vault, seal, owner=self, done=self._kept, failed=lambda _: self._kept(False)
        )

    def _kept(self, is_safe: bool) -> None:
        self._panel.bar.tell_safety("" if is_safe else f"{NOT_KEPT} {SEALED_FILE}")
        if not is_safe and not self._is_warned:
            self._is_warned = True
            self.noted.emit(_WARNING)

    def offer(self, stores: Callable[[], Mapping[str, OpenStore]]) -> None:
        """Look for edits that an earlier run has left behind, and ask what becomes of them."""
        self._context.jobs.submit(
            self._context.vault,
            self.recovery.find_left,
            owner=self,
            done=lambda edits: self._ask(edits, stores()) if edits else None,
            failed=lambda _error: None,
        )

    def _ask(self, edits: tuple[UnsavedEdit, ...], stores: Mapping[str, OpenStore]) -> None:
        number = len(edits)
        names = sorted({stores[one.profile_id].profile.name for one in edits if one.profile_id in stores})
        what = "one session" if number == 1 else f"{number:,} sessions"
        at = format_local(max(one.edited_at_ms for one in edits))
        words = f"The program ended before they were saved; the last was made on {at}. None of them are in the store"
        words += f" ({', '.join(names)})." if names else "; their store is no longer in the list."
        words += f"\n{_name_sessions(edits)}"

        def decided(choice: str) -> None:
            if choice == "Restore":
                self._take_up([one for one in edits if one.profile_id in stores], stores)
            elif choice == "Delete":
                self._forget_left()

        self.box: QDialog = ask_three(
            self._window,
            f"Restore unsaved edits to {what}?",
            words,
            ("Restore", "Delete", "Later"),
            decided,
        )

    def _take_up(self, edits: list[UnsavedEdit], stores: Mapping[str, OpenStore]) -> None:
        self._waiting += edits
        self._wants_to_show = True
        self.keep()
        self._forget_left()
        for profile_id in {one.profile_id for one in edits}:
            store = stores[profile_id]
            store.open()
            self._when_open(store)

    def _forget_left(self) -> None:
        # After `keep` on the same lane: the old files go once the new one is there.
        self._context.jobs.submit(
            self._context.vault, self.recovery.forget_left, owner=self, failed=lambda _error: None
        )

    def _when_open(self, store: OpenStore) -> None:
        if store.state is not StoreState.OPEN:
            store.state_changed.connect(lambda: self._bring(store))
        else:
            self._bring(store)

    def _bring(self, store: OpenStore) -> None:
        mine = [one for one in self._waiting if one.profile_id == store.profile.id]
        if store.state is not StoreState.OPEN:
            return
        for edit in mine:
            self._waiting.remove(edit)
            reading = store.reading
            store.run(
                lambda adapter, edit=edit, reading=reading: open_edit(adapter, edit.raw, edit.after, reading),  # type: ignore[misc]
                owner=self,
                done=lambda found, edit=edit: self._show(store, edit, found),  # type: ignore[misc]
                failed=lambda _error: self.noted.emit("An unsaved edit from an earlier run can no longer be read."),
            )

    def _show(self, store: OpenStore, edit: UnsavedEdit, found: tuple[OpenedSession, Node]) -> None:
        opened, root = found
        draft = Draft(opened, self._panel)
        draft.apply(SetValue((), root), "edits from the previous run")
        self._panel.put_draft(store, edit.key, draft)
        if self._wants_to_show:
            self._wants_to_show = False
            self.came_back.emit(store.profile.id, edit.key)
        self.noted.emit("The edits are restored and still unsaved. Review shows them beside what is stored now.")
        self.keep()

    def close(self) -> None:
        """The person has left the edits, or there are none: nothing is offered at the next start but what waits."""
        if not self._waiting:
            self.recovery.close()


def _name_sessions(edits: tuple[UnsavedEdit, ...]) -> str:
    names = [escape_display(one.key.decode("utf-8", "surrogateescape"), 60) for one in edits[:_NAMED]]
    return ", ".join(names) + (f" and {len(edits) - _NAMED:,} more" if len(edits) > _NAMED else "")


def _as_edit(profile_id: str, opened: OpenedSession, root: Node) -> UnsavedEdit | None:
    raw = opened.raw
    if opened.decoded is None:
        return None
    try:
        after = encode_record(opened.decoded, root)
    except CodecError:
        return None
    return UnsavedEdit(
        profile_id=profile_id,
        container=raw.ref.container,
        key=raw.ref.key,
        before=raw.payload,
        after=after,
        expires_at_ms=raw.expires_at_ms,
        read_at_ms=raw.read_at_ms,
        edited_at_ms=round(time.time() * 1000),
    )
