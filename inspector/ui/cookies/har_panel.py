"""An opened HTTP archive in the cookie inspector: what became of the session, and a table of the requests; judges nothing."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QPushButton, QTableView, QVBoxLayout, QWidget

from inspector.services.cookies.har_report import TROUBLE, HarReport, HarRow, exchange_text
from inspector.ui.base.plain import PlainLabel
from inspector.ui.base.theme import Theme
from inspector.ui.cookies.har_table import HarTableModel

_WIDTHS = (40, 165, 150, 65, 100, 130, 140, 60)


class HarPanel(QWidget):
    """`exchange_chosen(text)` carries the header lines of the request that was chosen; `session_wanted` follows a double
    click on it."""

    exchange_chosen = Signal(str)
    session_wanted = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        head = QHBoxLayout()
        self.summary = PlainLabel("", wrap=True)
        head.addWidget(self.summary, 1)
        close = QPushButton("Close the archive")
        close.clicked.connect(lambda _checked=False: self.close_archive())
        head.addWidget(close)
        layout.addLayout(head)
        self.model = HarTableModel(theme, self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Requests of the archive")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 10)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for section, width in enumerate(_WIDTHS):
            header.resizeSection(section, width)
        self.table.selectionModel().currentRowChanged.connect(lambda now, _old: self._choose(now.row()))
        self.table.activated.connect(lambda _index: self.session_wanted.emit())
        layout.addWidget(self.table, 1)
        self.detail = PlainLabel("", role="muted", wrap=True)
        layout.addWidget(self.detail)
        self.hide()

    def show_report(self, report: HarReport) -> None:
        """Show a report; the first request in trouble that carries a cookie is chosen."""
        self.summary.setText(report.summary)
        self.model.show_rows(report.rows)
        self.show()
        if report.rows:
            # One that carries a cookie, so that there is something to judge below.
            troubled = (number for number, row in enumerate(report.rows) if row.event in TROUBLE and _has_cookie(row))
            self.table.selectRow(next(troubled, 0))

    def close_archive(self) -> None:
        self.hide()
        self.model.show_rows(())
        self.closed.emit()

    def _choose(self, number: int) -> None:
        row = self.model.row(number)
        if row is not None:
            # The column is cut off where the text is long; the headline says the first trouble in full.
            self.detail.setText("" if self.summary.text().endswith(row.text) else row.text)
            self.exchange_chosen.emit(exchange_text(row.exchange))


def _has_cookie(row: HarRow) -> bool:
    return bool(row.sent or row.received)
