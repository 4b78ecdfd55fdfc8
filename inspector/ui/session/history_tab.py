"""The History tab: what this program wrote to a session, what the application changed meanwhile, and restoring."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from inspector.core.display import escape_display
from inspector.services.sessions.journal import JournalEntry
from inspector.ui.base.plain import PlainLabel, plain_tip
from inspector.ui.session.seen_reads import SeenChange

_SHOWN = 160
"""Characters of a row; the rest is in its tip."""
_MOST_TIP = 4000
_WORDS = {
    "edited": "You edited",
    "created": "You created it",
    "deleted": "You deleted it",
    "expiry changed": "You changed the expiry",
    "restored": "You took back:",
}


class HistoryTab(QWidget):
    """Newest first. `restore_wanted(entry)`: bring back what was there before an entry."""

    restore_wanted = Signal(object)  # JournalEntry

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._can_write = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        self.list = QListWidget()
        self.list.setAccessibleName("History of this session")
        self.list.setWordWrap(True)
        self.list.setSpacing(2)
        self.list.currentItemChanged.connect(lambda _now, _old: self._enable())
        layout.addWidget(self.list, 1)
        self.empty = PlainLabel(
            "Nothing was written from here in this run. What the program writes is kept in memory until it ends, "
            "so that it can be brought back.",
            role="muted",
            wrap=True,
        )
        self.empty.setContentsMargins(40, 8, 40, 8)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self.empty)
        self.restore_button = QPushButton("Restore what was before…")
        self.restore_button.clicked.connect(self._restore)
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 0, 14, 0)
        foot.addWidget(self.restore_button, 0, Qt.AlignmentFlag.AlignRight)
        layout.addLayout(foot)

    def show_history(self, entries: Sequence[JournalEntry], seen: Sequence[SeenChange], *, can_write: bool) -> None:
        """Show the journal's entries of one record and the changes that were seen."""
        self._can_write = can_write
        self.list.clear()
        rows: list[tuple[int, str, str, JournalEntry | None]] = [(one.at_ms, *_words(one), one) for one in entries]
        rows += [(one.at_ms, *_seen_words(one), None) for one in seen]
        for at_ms, words, whole, entry in sorted(rows, key=lambda row: -row[0]):
            clock = time.strftime("%H:%M:%S", time.localtime(at_ms / 1000))
            item = QListWidgetItem(f"{clock}   {escape_display(words, _SHOWN)}")
            item.setToolTip(plain_tip(whole, _MOST_TIP))
            item.setData(Qt.ItemDataRole.UserRole, entry)
            self.list.addItem(item)
        self.list.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self._enable()

    def _entry(self) -> JournalEntry | None:
        item = self.list.currentItem()
        found = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        return found if isinstance(found, JournalEntry) else None

    def _enable(self) -> None:
        entry = self._entry()
        can_restore = self._can_write and entry is not None and entry.before is not None
        if not can_restore and self.restore_button.hasFocus():
            self.list.setFocus()  # else it jumps to whatever comes next in the window
        self.restore_button.setEnabled(can_restore)

    def _restore(self) -> None:
        entry = self._entry()
        if entry is not None:
            self.restore_wanted.emit(entry)


def _words(entry: JournalEntry) -> tuple[str, str]:
    words = _WORDS.get(entry.action, entry.action)
    whole = f"{words} {entry.what}" if entry.what else words
    return whole, whole


def _seen_words(seen: SeenChange) -> tuple[str, str]:
    """Return what to show and the whole of it; long fields leave room for what they are a sign of."""
    words = (f"The application changed {what}" for what in (escape_display(seen.what, _SHOWN // 2), seen.what))
    short, whole = (". ".join(filter(None, (one, seen.warning))) for one in words)
    return short, whole
