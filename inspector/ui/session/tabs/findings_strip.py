"""Findings below the tree: what is odd in this session and what to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from inspector.core.finding import Finding, Severity
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, timed_label

_WORDS = {
    Severity.REFUSED: ("Refused", "badge-bad"),
    Severity.WARNING: ("Warning", "badge-warn"),
    Severity.NOTE: ("Note", "badge"),
}
_MOST = 20
_MOST_HEIGHT = 150


class FindingsStrip(QFrame):
    """A list that takes no more than a third of the height and is not there when there is nothing to say."""

    finding_chosen = Signal(object)  # Path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(self._scroll)
        self._shown: tuple[Finding, ...] | None = None
        self.show_findings(())

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self._shown or ()

    def show_findings(self, findings: tuple[Finding, ...]) -> None:
        if findings == self._shown:
            return
        self._shown = findings
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        for finding in sorted(findings, key=lambda one: list(_WORDS).index(one.severity))[:_MOST]:
            column.addLayout(self._row(finding))
        if len(findings) > _MOST:
            column.addWidget(PlainLabel(f"… and {len(findings) - _MOST} more", role="muted"))
        column.addStretch(1)
        self._scroll.setWidget(inside)
        self.setVisible(bool(findings))
        self._fit()

    def _fit(self) -> None:
        """Be as high as the words need at this width."""
        inside = self._scroll.widget()
        layout = inside.layout() if inside is not None else None
        if inside is None or layout is None or not layout.hasHeightForWidth():
            return
        height = layout.heightForWidth(self.width())
        if height > _MOST_HEIGHT:
            height = layout.heightForWidth(self.width() - self._scroll.verticalScrollBar().sizeHint().width())
        inside.setMinimumHeight(height)
        self.setFixedHeight(min(_MOST_HEIGHT, height) + 1)  # and the line above

    @qt_guard()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _row(self, finding: Finding) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        word, role = _WORDS[finding.severity]
        badge = PlainLabel(word, role=role)
        row.addWidget(badge, 0, Qt.AlignmentFlag.AlignTop)
        words = timed_label(f"{finding.text} {finding.remedy}".strip(), wrap=True, selectable=True)
        # On one line with the badge, however high the row is.
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        words.setContentsMargins(0, 2, 0, 0)
        row.addWidget(words, 1)
        if finding.path:
            button = QPushButton("Show")
            button.setProperty("role", "link")
            button.setAccessibleName(f"Show the field: {finding.text}")
            button.clicked.connect(lambda _checked=False, path=finding.path: self.finding_chosen.emit(path))
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return row
