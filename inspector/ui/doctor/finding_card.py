"""One finding of the doctor's: what is wrong, what follows, the fix to copy, and the sessions to look at."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from inspector.core.display import escape_display, format_size
from inspector.core.store_finding import Chart, Fix, StoreFinding, Weight
from inspector.services.catalogue.overview import Bucket
from inspector.ui.base.plain import PlainLabel, copy_text
from inspector.ui.base.plots import BarPlot
from inspector.ui.base.theme import Theme, mono_font

BADGES = {
    Weight.HIGH: ("High", "badge-bad"),
    Weight.MEDIUM: ("Medium", "badge-warn"),
    Weight.LOW: ("Low", "badge"),
    Weight.INFO: ("Note", "badge"),
}
_SHOWN_ID = 12


class FindingCard(QFrame):
    """`filter_wanted(text)` shows its sessions in the list; `session_wanted(id)` opens one."""

    filter_wanted = Signal(str)
    session_wanted = Signal(str)
    noted = Signal(str)

    def __init__(
        self, finding: StoreFinding, samples: tuple[str, ...], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.finding = finding
        self.setProperty("role", "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(7)
        column.addLayout(self._build_head())
        column.addWidget(PlainLabel(finding.text, role="muted", wrap=True, selectable=True))
        for fix in finding.fixes:
            column.addLayout(self._build_fix(fix))
        if finding.chart is not None and len(finding.chart.bars) > 1:
            column.addWidget(_plot(finding.chart, theme))
        if samples:
            column.addLayout(self._build_samples(samples))
        if finding.links:
            words = "Others had it: " + "  ".join(finding.links)
            column.addWidget(PlainLabel(words, role="caption", wrap=True, selectable=True))

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(9)
        words, role = BADGES[self.finding.weight]
        row.addWidget(PlainLabel(words, role=role), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(PlainLabel(self.finding.title, role="heading", wrap=True, selectable=True), 1)
        self.show_button = QPushButton("Show sessions")
        self.show_button.setToolTip("Filter the list by this finding")
        self.show_button.clicked.connect(lambda _checked=False: self.filter_wanted.emit(self.finding.filter))
        self.show_button.setVisible(bool(self.finding.filter))
        row.addWidget(self.show_button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _build_fix(self, fix: Fix) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(9)
        row.addWidget(PlainLabel(fix.library, role="caption"))
        line = PlainLabel(fix.line, selectable=True, wrap=True)
        line.setFont(mono_font())
        row.addWidget(line, 1)
        button = QPushButton("Copy fix")
        button.setProperty("role", "link")
        button.setAccessibleName(f"Copy the fix for {fix.library}")
        button.clicked.connect(lambda _checked=False: self._copy(fix))
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _copy(self, fix: Fix) -> None:
        copy_text(fix.line)
        self.noted.emit("The fix was copied.")

    def _build_samples(self, samples: tuple[str, ...]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(7)
        row.addWidget(PlainLabel("Such as", role="caption"))
        for session_id in samples:
            cut = session_id if len(session_id) <= _SHOWN_ID else f"{session_id[:_SHOWN_ID]}…"
            button = QPushButton(escape_display(cut, 40))
            button.setProperty("role", "link")
            button.setAccessibleName(f"Open session {escape_display(session_id, 60)}")
            button.clicked.connect(lambda _checked=False, wanted=session_id: self.session_wanted.emit(wanted))
            row.addWidget(button)
        row.addStretch(1)
        return row


def _plot(chart: Chart, theme: Theme) -> BarPlot:
    def describe(bucket: Bucket) -> str:
        low = format_size(bucket.low) if chart.unit == "bytes" else f"{bucket.low:,} {chart.unit}"
        return f"from {low}: {bucket.number:,}"

    plot = BarPlot(theme, f"by {chart.unit}", describe)
    plot.show_buckets(tuple(Bucket(int(low), int(high), number) for low, high, number in chart.bars))
    return plot
