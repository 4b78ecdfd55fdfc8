"""One session beside the list: header, five tabs, and the bar with the unsaved changes; saves nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from inspector.codecs import CodecError
from inspector.core.edits import Edit, EditError
from inspector.core.finding import Finding
from inspector.core.node import Node
from inspector.services.sessions.open_session import OpenedSession, open_session, ref_of_key
from inspector.ui.base.banner import Banner
from inspector.ui.base.context import Context
from inspector.ui.base.empty_state import EmptyState
from inspector.ui.base.plain import copy_text, tell
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.session.change_count import ChangeCount
from inspector.ui.session.changes_bar import ChangesBar
from inspector.ui.session.draft import Draft
from inspector.ui.session.kept_drafts import KeptDrafts
from inspector.ui.session.session_head import SessionHead
from inspector.ui.session.session_history import SessionHistory
from inspector.ui.session.session_tabs import HISTORY, JSON, SessionTabs
from inspector.ui.session.tabs.raw_tab import text_of_bytes
from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.stores.tell_framework import tell_framework
from store_adapters.contract import SessionStore
from store_adapters.errors import RecordMissing, RecordTooLarge, StoreUnreachable


class SessionPanel(QWidget):
    """Shows the session of a key in a store. Unsaved edits are kept until their session is shown again."""

    review_wanted = Signal()
    expiry_wanted = Signal()
    secrets_wanted = Signal()
    restore_wanted = Signal(object)  # JournalEntry
    edits_wanted = Signal(str, bytes)  # profile id, key: show that session, which has unsaved edits
    edits_shown = Signal()  # the session in the panel has them: show the panel
    draft_changed = Signal()
    noted = Signal(str)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.store: OpenStore | None = None
        self.key: bytes | None = None
        self.opened: OpenedSession | None = None
        self.draft: Draft | None = None
        self._kept = KeptDrafts()
        self._count = ChangeCount(context, self)
        self._count.counted.connect(self._show_bar)
        self._has_failed = False
        self.setMinimumWidth(400)
        self._build()
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        self.show_session(None, None)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._stack = QStackedWidget()
        layout.addWidget(self._stack)
        self.empty = EmptyState()
        self._stack.addWidget(self.empty)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.head = SessionHead()
        self.head.framework_chosen.connect(self._tell_framework)
        column.addWidget(self.head)
        self.banner = Banner()
        column.addWidget(self.banner)
        column.addWidget(self._build_tabs(), 1)
        column.addWidget(self._build_bar())
        self._stack.addWidget(inside)

    def focus_tab(self) -> None:
        """Put the keyboard where the tab that is shown is worked in."""
        self.tabs.focus_tab()

    def _build_tabs(self) -> SessionTabs:
        self.tabs = SessionTabs(self._context)
        self.data_tab, self.json_tab = self.tabs.data_tab, self.tabs.json_tab
        self.cookie_tab, self.raw_tab = self.tabs.cookie_tab, self.tabs.raw_tab
        self.history_tab = self.tabs.history_tab
        self._history = SessionHistory(self._context, self.history_tab, self)
        self._history.ready.connect(self.show_history)
        self.tabs.currentChanged.connect(self._tab_chosen)
        self.json_tab.settled_changed.connect(lambda _settled: self._show_bar())
        self.cookie_tab.expiry_wanted.connect(self.expiry_wanted)
        self.cookie_tab.secrets_wanted.connect(self.secrets_wanted)
        self.cookie_tab.copied.connect(self.noted)
        self.history_tab.restore_wanted.connect(self.restore_wanted)
        return self.tabs

    def _build_bar(self) -> ChangesBar:
        self.bar = ChangesBar()
        self.bar.discard_wanted.connect(self.discard)
        self.bar.review_wanted.connect(self.review_wanted)
        self.bar.others_wanted.connect(self._go_to_other)
        self.bar.left.connect(self.focus_tab)
        return self.bar

    def _go_to_other(self) -> None:
        # The one that was left longest ago: what is left now comes last, so that all come in turn.
        place = self._kept.first()
        if place is not None:
            self.edits_wanted.emit(*place)

    def show_session(self, store: OpenStore | None, key: bytes | None) -> None:
        """Read and show the session at `key`; None shows what to do instead."""
        self._keep_draft()
        if self.store is not None:
            self.store.followed_key = None
        self.store, self.key = store, key
        if store is not None:
            store.followed_key = key
        self.opened, self.draft = None, None
        self._history.reads.begin()
        if store is None or key is None:
            self._show_empty("No session selected", "Select one in the list to see its data.")
            return
        kept = self._kept.take((store.profile.id, key))
        if kept is not None:
            self._show_draft(kept)
        self.reload()

    def _keep_draft(self) -> None:
        draft, self.draft = self.draft, None
        if draft is None:
            return
        draft.edited.disconnect(self._edited)
        draft.reopened.disconnect(self._reopened)
        if self.store is None or self.key is None or not self._kept.put((self.store.profile.id, self.key), draft):
            self._drop_draft(draft)

    def _drop_draft(self, draft: Draft) -> None:
        self.data_tab.show_draft(None, None, is_editable=False)
        self.json_tab.show_draft(None, is_editable=False)
        draft.deleteLater()

    def reload(self) -> None:
        """Read the session again; staged edits stay."""
        store, key = self.store, self.key
        if store is None or key is None or store.state is not StoreState.OPEN or store.connection is None:
            return
        reading = store.reading

        def read(adapter: SessionStore) -> OpenedSession:
            return open_session(adapter, ref_of_key(adapter, key), reading)

        def done(opened: OpenedSession) -> None:
            if (store, key) == (self.store, self.key):
                self.show_opened(opened)

        def failed(error: Exception) -> None:
            if (store, key) == (self.store, self.key):
                self._show_failure(error)

        store.run(read, owner=self, done=done, failed=failed, words="Opening the session", can_stop=True)

    def _tell_framework(self, name: str) -> None:
        """The person says what wrote this store's records: read the session by its rules."""
        if self.store is None:
            return
        trouble = tell_framework(self.store, name, self._context.book)
        if trouble:
            tell(self, "This is not kept for the next start", trouble)
        self.reload()

    def try_again(self) -> None:
        """The store answers again: read what could not be read."""
        if self.store is not None and self._has_failed and not self.store.is_silent:
            self._has_failed = False
            self.reload()

    def show_opened(self, opened: OpenedSession) -> None:
        """Show a session that was just read or written; staged edits stay."""
        store, key, before = self.store, self.key, self.opened
        if store is None:
            return
        if self._has_edits and not self._history.reads.was_gone:
            self._tell_changed(opened)
            return

        def judged(found: OpenedSession) -> None:
            if (store, key) == (self.store, self.key) and self.opened is before:  # else something newer is shown
                self._show_judged(found, found.findings[len(opened.findings) :])

        self._history.note_read(store, before, opened, judged)

    def _show_judged(self, opened: OpenedSession, signs: Sequence[Finding]) -> None:
        if self._has_edits:
            self._tell_changed(opened)
            if signs:
                self.banner.show_words(" ".join(f"{one.text} {one.remedy}" for one in signs))
            self.show_history()
            return
        old = self.draft
        if old is not None and old.follow(opened):
            self.opened = opened
            self._fill()
            return
        if opened.decoded is None:
            self.opened, self.draft = opened, None
            self._fill()
        else:
            self._show_draft(Draft(opened, self))
        if old is not None:
            old.deleteLater()

    def _tell_changed(self, opened: OpenedSession) -> None:
        is_same = self.draft is not None and opened.raw.payload == self.draft.opened.raw.payload
        self.banner.show_words("" if is_same else "The application has changed this session. Review merges both.")

    def show_saved(self, store: OpenStore, opened: OpenedSession) -> None:
        """Show the session as it was written: the staged edits are in it. Another session may be shown by now."""
        if (store, opened.raw.ref.key) != (self.store, self.key):
            kept = self._kept.take((store.profile.id, opened.raw.ref.key))
            if kept is not None:
                if self.opened is None:  # the tabs still show it, until the other session is read
                    self.data_tab.show_draft(None, None, is_editable=False)
                    self.json_tab.show_draft(None, is_editable=False)
                kept.deleteLater()
            self._show_bar()
            return
        if self.draft is not None:
            old, self.draft = self.draft, None
            self._show_draft(Draft(opened, self))
            old.deleteLater()
        else:
            self.show_opened(opened)

    def _show_draft(self, draft: Draft) -> None:
        self.draft, self.opened = draft, draft.opened
        draft.edited.connect(self._edited)
        draft.reopened.connect(self._reopened)
        self._fill()

    def _edited(self, _edit: Edit, _root: Node) -> None:
        self._show_bar()
        self.draft_changed.emit()

    def _reopened(self) -> None:
        if self.draft is not None:
            self.opened = self.draft.opened
            self._fill()
            if self._has_edits:
                self.reload()  # and say so if the application has changed the record since

    def follow(self, keys: frozenset[bytes]) -> None:
        """The store says these changed: read the session again when it is among them."""
        if self.key in keys:
            self.reload()

    def _fill(self) -> None:
        opened, store = self.opened, self.store
        if opened is None or store is None or store.connection is None:
            return
        can_edit = store.can_write and opened.is_editable
        self.head.show_session(opened)
        self.data_tab.show_draft(self.draft, store.connection.store.capabilities, is_editable=can_edit)
        self.json_tab.show_draft(self.draft, is_editable=can_edit)
        self.cookie_tab.show_session(opened, store.connection.profile, store.connection.secrets)
        self.raw_tab.show_record(opened)
        self.show_history()
        self.tabs.tell_readable(opened.decoded is not None)
        self._tab_chosen(self.tabs.currentIndex())
        self._stack.setCurrentIndex(1)
        self.banner.show_words(store.write_refusal)
        self._show_bar()
        self.draft_changed.emit()

    def show_history(self) -> None:
        """Show the journal's entries and the changes seen of this session."""
        if self.store is None or self.key is None:
            return
        is_looked_at = self.tabs.currentIndex() == HISTORY
        self._history.show(self.store, self.key, self.opened, with_changes=is_looked_at)

    def _show_bar(self) -> None:
        draft, store = self.draft, self.store
        number = self._count.look_up(draft)
        self.bar.setVisible(bool(store and store.can_write and draft is not None))
        can_discard = number != 0 or not self.json_tab.is_settled
        self.bar.show_changes(number, len(self._kept), can_discard=can_discard, can_review=self.can_review)

    @property
    def can_review(self) -> bool:
        """True when there are edits and the JSON text is read and right."""
        return self.draft is not None and self.draft.is_dirty and self.json_tab.is_settled

    def drafts(self) -> list[tuple[str, Draft]]:
        """Return the profile's id and the draft of every session with staged edits."""
        found = [(profile_id, draft) for (profile_id, _key), draft in self._kept.edited()]
        if self.draft is not None and self.draft.is_dirty and self.store is not None:
            found.append((self.store.profile.id, self.draft))
        return found

    def draft_of(self, store: OpenStore, key: bytes) -> Draft | None:
        """Return the staged edits of a session, shown or not."""
        is_shown = (store, key) == (self.store, self.key)
        return self.draft if is_shown else self._kept.get((store.profile.id, key))

    def put_draft(self, store: OpenStore, key: bytes, draft: Draft) -> None:
        """Take edits up that were made elsewhere: before this run, or before an application wrote over them."""
        self._kept.put((store.profile.id, key), draft)
        if (store, key) == (self.store, self.key):
            if self.draft is not None:
                self._drop_draft(self.draft)
            self.draft = None
            self.show_session(store, key)
        self._show_bar()
        self.draft_changed.emit()

    def unsaved(self, profile_id: str = "") -> int:
        """Return how many sessions have staged edits, the one shown included; of one store where it is named."""
        kept = sum(place[0] == profile_id or not profile_id for place, _draft in self._kept.edited())
        is_shown = self._has_edits and self.store is not None and profile_id in ("", self.store.profile.id)
        return kept + is_shown

    @property
    def _has_edits(self) -> bool:
        return self.draft is not None and self.draft.has_edits

    def show_unsaved(self) -> None:
        """Show a session that has unsaved edits: this one, else the one that was left longest ago."""
        if self._has_edits and self.store is not None and self.key is not None:
            self.edits_shown.emit()
        else:
            self._go_to_other()

    def drop_drafts(self, profile_id: str) -> None:
        """Forget the staged edits of a store that goes."""
        self._kept.drop(profile_id)
        self._show_bar()
        self.draft_changed.emit()

    def discard(self) -> None:
        """Take the staged edits of the session back; an undo brings them again."""
        if self.draft is not None:
            self.draft.discard()
            self.json_tab.show_draft(self.draft, is_editable=True)
            self._show_bar()
            self.reload()

    def edit_field(self, field: str, text: str) -> None:
        """Stage a value for a field as people write it, such as `user.role`, from JSON text."""
        try:
            self.data_tab.set_field(field, text)
        except (CodecError, EditError, ValueError) as error:
            self.noted.emit(str(error))

    def copy_id(self) -> None:
        if self.opened is not None:
            copy_text(self.opened.session_id)
            self.noted.emit("Copied the session ID.")

    def _show_empty(self, headline: str, sentence: str, *, excerpt: str = "") -> None:
        self.data_tab.show_draft(None, None, is_editable=False)
        self.json_tab.show_draft(None, is_editable=False)
        self.cookie_tab.show_session(None, None, ())
        self.raw_tab.show_record(None)
        self.empty.show_words(headline, sentence, excerpt=excerpt)
        self._stack.setCurrentIndex(0)
        self.draft_changed.emit()

    def _show_failure(self, error: Exception) -> None:
        trouble = describe_trouble(error)
        self._has_failed = isinstance(error, StoreUnreachable)
        if isinstance(error, RecordMissing) and self.opened is not None:
            self._history.reads.note_gone()
            self.banner.show_words("This session is gone: deleted, logged out or expired. You see what was last read.")
            return
        if self._has_edits:
            self.banner.show_words(f"{trouble.text} {trouble.remedy}")
            return
        self.opened = self.draft = None
        if isinstance(error, RecordTooLarge) and error.head:
            words = f"{trouble.remedy} These are its first {len(error.head):,} bytes. It can't be edited here."
            self._show_empty(trouble.text, words, excerpt=text_of_bytes(error.head))
            return
        self._show_empty(trouble.text, trouble.remedy)

    def _tab_chosen(self, number: int) -> None:
        if number == JSON:
            self.json_tab.refresh()
        elif number == HISTORY:
            self.show_history()

    def _tick(self) -> None:
        if self.isVisible():
            self.head.tick()
