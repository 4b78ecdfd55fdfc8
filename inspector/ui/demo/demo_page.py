"""The demo server's page: options of express-session as a form, start and stop, visitors, and the request log."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from inspector.demo.request_log import RequestEntry
from inspector.demo.server import DemoServer, DemoSettings, PortTaken
from inspector.demo.traffic import TrafficReport, generate_visitors
from inspector.services.connection import url_with_password
from inspector.services.settings.profiles import Profile, guard_from_demo
from inspector.ui.base.context import Context
from inspector.ui.base.jobs import Job, Lane
from inspector.ui.base.number_box import NumberBox
from inspector.ui.base.plain import PlainLabel, copy_text, tell
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.demo.demo_form import DemoForm
from inspector.ui.demo.request_table import RequestTableModel
from store_adapters.application.opening import can_serve
from store_adapters.contract import CancelToken

_LOG_MS = 150


class DemoPage(QWidget):
    """Owns the one demo server of the window."""

    started = Signal(str, str)  # the server's URL, the store's URL
    stopped = Signal()
    session_wanted = Signal(str)  # session ID
    store_wanted = Signal(str)  # store URL
    noted = Signal(str)

    def __init__(self, context: Context, store_url: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.server: DemoServer | None = None
        self._lane = Lane("demo")
        self._profiles: tuple[Profile, ...] = ()
        self.traffic_job: Job | None = None
        # Filled by the server's threads, emptied by the window's clock: a burst of requests is one update.
        self._arrived: queue.SimpleQueue[RequestEntry] = queue.SimpleQueue()
        self.model = RequestTableModel(self)
        self._build(store_url)
        self._clock = QTimer(self, interval=_LOG_MS)
        self._clock.timeout.connect(self._take_entries)
        self._clock.start()
        self._show_state()

    def _build(self, store_url: str) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 14, 22, 12)
        layout.setSpacing(10)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(PlainLabel("Demo server", role="title"))
        self.badge = PlainLabel("", role="badge", selectable=True)
        head.addWidget(self.badge)
        head.addStretch(1)
        self.copy_button = QPushButton("Copy address")
        self.copy_button.clicked.connect(self._copy_address)
        self.browse_button = QPushButton("Open in browser")
        self.browse_button.clicked.connect(self.open_browser)
        self.store_button = QPushButton("Show its sessions")
        self.store_button.clicked.connect(self._show_store)
        self.run_button = QPushButton("Start")
        self.run_button.setProperty("role", "primary")
        self.run_button.clicked.connect(self.toggle)
        for button in (self.copy_button, self.browse_button, self.store_button, self.run_button):
            head.addWidget(button)
        layout.addLayout(head)
        splitter = QSplitter()
        splitter.setHandleWidth(16)
        splitter.setProperty("role", "gap")
        splitter.setChildrenCollapsible(False)
        self.form = DemoForm(store_url, self._context.theme)
        splitter.addWidget(self._build_left())
        splitter.addWidget(self._build_log())
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([390, 700])
        layout.addWidget(splitter, 1)

    def _build_left(self) -> QWidget:
        left = QWidget()
        left.setMinimumWidth(340)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.form, 1)
        row = QHBoxLayout()
        row.setSpacing(7)
        row.addWidget(PlainLabel("Visitors", role="muted"))
        self.count_edit = NumberBox("Number of visitors", 1, 100_000)
        self.count_edit.setValue(100)
        row.addWidget(self.count_edit)
        self.traffic_button = QPushButton("Generate visitors")
        self.traffic_button.clicked.connect(self.toggle_traffic)
        row.addWidget(self.traffic_button)
        row.addStretch(1)
        column.addLayout(row)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setAccessibleName("Visitors so far")
        keeps_place = self.progress.sizePolicy()
        keeps_place.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(keeps_place)
        self.progress.hide()
        column.addWidget(self.progress)
        return left

    def _build_log(self) -> QWidget:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.addWidget(PlainLabel("REQUESTS", role="caption"), 1)
        clear = QPushButton("Clear")
        clear.setProperty("role", "link")
        clear.clicked.connect(partial(self.model.show_rows, ()))
        row.addWidget(clear)
        column.addLayout(row)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Requests")
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 10)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for section, width in enumerate((150, 145, 60, 95, 200)):
            header.resizeSection(section, width)
        self.table.activated.connect(self._row_chosen)
        column.addWidget(self.table, 1)
        words = (
            "Open the address in a browser, or generate visitors. Double-click a request to open its session. "
            "Cookies ignore ports: other applications on localhost get this cookie too, and one of the same name is lost."
        )
        column.addWidget(PlainLabel(words, role="caption", wrap=True))
        return right

    def offer_stores(self, profiles: Sequence[Profile]) -> None:
        """Offer these stores beside the demo's own, where it can write; never one that is marked as production or read-only."""
        self._profiles = tuple(profiles)
        self.form.offer_stores(
            [(one.name, one.url) for one in profiles if can_serve(one.url) and not one.is_kept_from_demo]
        )

    # --- running ------------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        return self.server is not None and self.server.is_running

    def toggle(self) -> None:
        """Start the server, or stop it."""
        if self.is_running:
            self.stop_server()
        else:
            self.start_server(self.form.settings())

    def start_server(self, settings: DemoSettings) -> None:
        """Start a server with these settings; `started` follows, or a message why not."""
        self.run_button.setEnabled(False)
        server = DemoServer(settings, self._arrived.put)
        profiles, secrets = self._profiles, self._context.secrets

        def start() -> str:
            # Servers are asked who they are: not on this thread.
            refusal = guard_from_demo(profiles, settings.store_url, lambda one: url_with_password(one, secrets))
            if not refusal:
                server.start()
            return refusal

        def done(refusal: str) -> None:
            if refusal:
                self._show_state()
                tell(self, "The demo server didn't start", refusal)
                return
            self.server = server
            self._show_state()
            self.started.emit(server.url, server.store_url)

        self._context.jobs.submit(self._lane, start, owner=self, done=done, failed=self._start_failed)

    def _start_failed(self, error: Exception) -> None:
        self._show_state()
        if isinstance(error, PortTaken):
            tell(self, "The demo server didn't start", str(error))
            return
        trouble = describe_trouble(error)
        tell(self, "The demo server didn't start", trouble.text, trouble.remedy)

    def stop_server(self) -> None:
        """Stop the server; returns when the port is free again."""
        if self.traffic_job is not None:
            self.traffic_job.cancel()
        server, self.server = self.server, None
        if server is not None:
            server.stop()
            self.stopped.emit()
        self._show_state()

    def close_lane(self) -> None:
        """Stop the server and end the page's thread, when the window closes."""
        self.stop_server()
        self._lane.close()

    def _show_state(self) -> None:
        is_running = self.is_running
        self.badge.show_role("badge-ok" if is_running else "badge")
        self.badge.setText(f"running · {self.server.url}" if is_running and self.server else "stopped")
        self.run_button.setEnabled(True)
        self.run_button.setText("Stop" if is_running else "Start")
        for button in (self.copy_button, self.browse_button, self.store_button, self.traffic_button):
            button.setEnabled(is_running)
        self.form.set_locked(is_running)
        self._show_traffic(0, 0)

    def open_browser(self) -> None:
        if self.server is not None and not QDesktopServices.openUrl(QUrl(self.server.url)):
            self.noted.emit(f"No browser was found. Open {self.server.url} yourself: use Copy address.")

    def _copy_address(self) -> None:
        if self.server is not None:
            copy_text(self.server.url)
            self.noted.emit("Copied the address.")

    def _show_store(self) -> None:
        if self.server is not None:
            self.store_wanted.emit(self.server.store_url)

    # --- visitors and log -----------------------------------------------------------------------------------------

    def toggle_traffic(self) -> None:
        """Send visitors, or stop sending."""
        if self.traffic_job is not None and not self.traffic_job.is_finished:
            self.traffic_job.cancel()
            self.traffic_job = None
            self._show_traffic(0, 0)
            return
        if self.server is None:
            return
        url, count = self.server.url, self.count_edit.value()
        self._show_traffic(0, count)
        self.traffic_job = self._context.jobs.stream(
            self._lane,
            lambda token: _visit(url, count, token),
            owner=self,
            item=lambda report: self._traffic_told(report, count),
            done=lambda _: self._show_traffic(0, 0),
            failed=self._traffic_failed,
        )

    def _traffic_told(self, report: TrafficReport, count: int) -> None:
        self._show_traffic(report.visitors, count)
        if report.visitors == count:
            failed = f", {report.failed:,} failed" if report.failed else ""
            self.noted.emit(f"{report.visitors:,} visitors made {report.requests:,} requests{failed}.")

    def _traffic_failed(self, error: Exception) -> None:
        self._show_traffic(0, 0)
        if self.is_running:
            tell(self, "The visitors couldn't reach the demo server", describe_trouble(error).text)

    def _show_traffic(self, done: int, count: int) -> None:
        self.progress.setRange(0, max(1, count))
        self.progress.setValue(done)
        self.progress.setVisible(done < count)
        self.traffic_button.setText("Stop visitors" if count else "Generate visitors")

    def _take_entries(self) -> None:
        entries = []
        while True:
            try:
                entries.append(self._arrived.get_nowait())
            except queue.Empty:
                break
        if entries:
            bar = self.table.verticalScrollBar()
            is_at_end = bar.value() >= bar.maximum() - 2
            self.model.add(entries)
            if is_at_end:
                self.table.scrollToBottom()

    def _row_chosen(self, index: QModelIndex) -> None:
        entry = self.model.row(index.row())
        if entry is not None and entry.session_id:
            self.session_wanted.emit(entry.session_id)


def _visit(url: str, count: int, token: CancelToken) -> Iterator[TrafficReport]:
    """Send the visitors in parts, telling after each how many came."""
    requests = failed = 0
    part = max(1, min(20, count // 20))
    for start in range(0, count, part):
        report = generate_visitors(url, min(part, count - start), token)
        requests, failed = requests + report.requests, failed + report.failed
        yield TrafficReport(start + report.visitors, requests, failed, report.cancelled)
        if token.is_cancelled:
            return
