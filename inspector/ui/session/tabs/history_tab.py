"""The History tab: what this program wrote to a session, what the application changed meanwhile, and restoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from inspector.core.display import escape_display, format_local, format_time
from inspector.services.sessions.journal import JournalEntry
from inspector.services.sessions.shown_changes import ShownChange
from inspector.ui.base.plain import PlainLabel, plain_tip
from inspector.ui.session.seen_reads import SeenChange

_SHOWN = 160
"""Characters of a row; the rest is in its tip."""
_MOST_TIP = 4000
_FIELDS_SHOWN = 6
_VALUE_SHOWN = 60
_WORDS = {
    "edited": "You edited",
    "created": "You created it",
    "deleted": "You deleted it",
    "expiry changed": "You changed the expiry",
    "restored": "You restored",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the history: `words` to show, `whole` for the tip, the fields, and the entry that can be restored."""

    at_ms: int
    words: str
    whole: str
    changes: tuple[ShownChange, ...]
    entry: JournalEntry | None


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
        self.empty = PlainLabel("Nothing has been written from here.", role="muted", wrap=True)
        self.empty.setContentsMargins(40, 8, 40, 8)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self.empty)
        self.restore_button = QPushButton("Restore previous state…")
        self.restore_button.clicked.connect(self._restore)
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 0, 14, 0)
        foot.setSpacing(12)
        self.keeping_label = PlainLabel("", role="caption", wrap=True)
        foot.addWidget(self.keeping_label, 1)
        foot.addWidget(self.restore_button, 0, Qt.AlignmentFlag.AlignRight)
        layout.addLayout(foot)

    def show_keeping(self, words: str) -> None:
        """Say what a restart does to the history."""
        self.keeping_label.setText(words)

    def show_history(
        self,
        entries: Sequence[JournalEntry],
        seen: Sequence[SeenChange],
        changes: Mapping[int, Sequence[ShownChange]],
        *,
        can_write: bool,
    ) -> None:
        """Show the journal's entries of one record, by their numbers what they changed, and the changes that were seen."""
        self._can_write = can_write
        chosen = self._entry()
        rows = [_Row(one.at_ms, *_words(one), tuple(changes.get(one.number, ())), one) for one in entries]
        rows += [_Row(one.at_ms, *_seen_words(one), one.changes, None) for one in seen]
        # What is chosen stays, and so does the keyboard's place at the button.
        self.list.blockSignals(True)
        self.list.clear()
        for row in sorted(rows, key=lambda row: -row.at_ms):
            item = QListWidgetItem(_row_text(row))
            item.setToolTip(plain_tip(_row_tip(row), _MOST_TIP))
            item.setData(Qt.ItemDataRole.UserRole, row.entry)
            self.list.addItem(item)
            if chosen is not None and row.entry is not None and row.entry.number == chosen.number:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
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


def _row_text(row: _Row) -> str:
    lines = [f"{format_local(row.at_ms)}   {escape_display(row.words, _SHOWN)}"]
    lines += [_change_text(one, _VALUE_SHOWN) for one in row.changes[:_FIELDS_SHOWN]]
    if len(row.changes) > _FIELDS_SHOWN:
        lines.append(f"      … and {len(row.changes) - _FIELDS_SHOWN} more")
    return "\n".join(lines)


def _row_tip(row: _Row) -> str:
    fields = (_change_text(one, 300).strip() for one in row.changes)
    return " · ".join((format_time(row.at_ms), row.whole, *fields))


def _change_text(change: ShownChange, limit: int) -> str:
    before, after = (escape_display(text, limit) for text in (change.before, change.after))
    return f"      {escape_display(change.field, 80)}:  {before}  →  {after}"


def _words(entry: JournalEntry) -> tuple[str, str]:
    words = _WORDS.get(entry.action, entry.action)
    whole = f"{words} {entry.what}" if entry.what else words
    return whole, whole


def _seen_words(seen: SeenChange) -> tuple[str, str]:
    """Return what to show and the whole of it; long fields leave room for what they are a sign of."""
    words = (f"The application changed {what}" for what in (escape_display(seen.what, _SHOWN // 2), seen.what))
    short, whole = (". ".join(filter(None, (one, seen.warning))) for one in words)
    return short, whole
