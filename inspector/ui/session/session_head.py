"""The head of the session panel: ID, who is signed in, when it ends, how large it is and what wrote it."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from inspector.core.display import escape_display, format_local, format_size
from inspector.core.expiry import format_countdown
from inspector.frameworks import UNKNOWN, Certainty
from inspector.services.sessions.open_session import OpenedSession
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, plain_tip
from inspector.ui.base.theme import mono_font
from inspector.ui.session.origin_button import OriginButton

_NO_BREAK = "\N{NO-BREAK SPACE}"


class SessionHead(QWidget):
    """Two lines over the tabs; `tick` brings the countdown up to date. `framework_chosen(name)`: what the person says wrote it."""

    framework_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._opened: OpenedSession | None = None
        self._signatures: dict[str, str] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 8)
        layout.setSpacing(4)
        first = QHBoxLayout()
        first.setSpacing(8)
        self.id_label = PlainLabel("", selectable=True)
        font = mono_font()
        font.setBold(True)
        self.id_label.setFont(font)
        first.addWidget(self.id_label)
        self.signature_badge = PlainLabel("", role="badge-ok")
        first.addWidget(self.signature_badge)
        first.addStretch(1)
        self.origin_button = OriginButton()
        self.origin_button.framework_chosen.connect(self.framework_chosen)
        first.addWidget(self.origin_button)
        layout.addLayout(first)
        self.facts_label = PlainLabel("", role="muted", wrap=True)
        layout.addWidget(self.facts_label)

    def show_session(self, opened: OpenedSession) -> None:
        """Show a session that was read or written."""
        self._opened = opened
        self.id_label.setText(escape_display(opened.session_id, 48))
        self.id_label.setToolTip(plain_tip(opened.session_id))
        tips = [f"{one.name}: {one.value}{' (counts)' if one.counts else ''}" for one in opened.expiry.sources]
        origin = opened.origin
        tips += [opened.summary.format, f"Written by {origin.name}, {origin.certainty.value}: {origin.why}"]
        self.facts_label.setToolTip(plain_tip(" · ".join(tips)))
        self.origin_button.show_session(opened)
        self.tick()
        self._show_badge()

    def show_signature(self, session_id: str, words: str) -> None:
        """Remember what the cookie inspector found of a session's cookie, and show it."""
        self._signatures[session_id] = words
        self._show_badge()

    def tick(self) -> None:
        """Show how long the session still lives."""
        opened = self._opened
        if opened is None:
            return
        summary = opened.summary
        user = " · ".join(escape_display(word, 40) for word in (summary.user, summary.role) if word)
        nobody = "nobody signed in" if summary.is_known else "user unknown"
        facts = [user or nobody, _ends(opened), format_size(len(opened.raw.payload)), _writer(opened)]
        who, ends, size, writer = (escape_display(fact, 120) for fact in facts)
        short = (who, ends, size.replace(" ", _NO_BREAK))
        line = "    ".join((*short, writer))
        # Qt would break the line within "express-session".
        is_wide = self.facts_label.fontMetrics().horizontalAdvance(line) <= self.facts_label.width()
        self.facts_label.setText(line if is_wide else f"{'    '.join(short)}\n{writer}")

    @qt_guard()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.tick()

    def _show_badge(self) -> None:
        words = self._signatures.get(self._opened.session_id, "") if self._opened is not None else ""
        self.signature_badge.setText(words)
        self.signature_badge.setVisible(bool(words))


def _writer(opened: OpenedSession) -> str:
    """Return what wrote the record as far as it is known, else what its form is."""
    origin = opened.origin
    if opened.is_beyond:
        return "shown as text, read-only"
    if opened.decoded is None or origin.name == UNKNOWN.name:
        return opened.summary.format
    return f"{origin.name}?" if origin.certainty is Certainty.POSSIBLE else origin.name


def _ends(opened: OpenedSession) -> str:
    now_ms, ends = round(time.time() * 1000), opened.expiry.expires_at_ms
    if ends is None and opened.raw.hidden_by:
        return opened.expiry.summary
    if ends is None:
        return "expiry not readable" if opened.is_sealed else format_countdown(None, now_ms)
    words = format_countdown(ends, now_ms)
    clock = format_local(ends)
    return f"expires {clock} ({words})" if ends > now_ms else f"{words} ago, {clock}"
