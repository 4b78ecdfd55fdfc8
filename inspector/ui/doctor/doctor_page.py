"""The doctor's page: examines the store that is shown, and says what is wrong with it, the worst first."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from inspector.core.display import escape_display
from inspector.services.doctor.examine import Diagnosis, examine
from inspector.services.doctor.gather import Examination, Pace
from inspector.services.doctor.report import diagnosis_markdown
from inspector.services.settings.profiles import Environment
from inspector.ui.base.context import Context
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.jobs import Job
from inspector.ui.base.plain import PlainLabel, copy_text
from inspector.ui.base.small_screen import Flowing
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.doctor.finding_card import FindingCard
from inspector.ui.doctor.folded_checks import FoldedChecks
from inspector.ui.stores.open_store import OpenStore, StoreState
from store_adapters.clock import now_ms

_NO_STORE = "Open a store to have it examined."


class DoctorPage(QWidget):
    """Runs when it is first shown for a store, and when a person wants it again; what was found stays until then.

    `filter_wanted(text)`: show these sessions in the list; `session_wanted(id)`: open one.
    """

    filter_wanted = Signal(str)
    session_wanted = Signal(str)
    noted = Signal(str)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._store: OpenStore | None = None
        self._job: Job | None = None
        self.diagnosis: Diagnosis | None = None
        self.cards: list[FindingCard] = []
        self._build()
        self._show_state()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 16, 22, 12)
        layout.setSpacing(10)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(PlainLabel("Doctor", role="title"))
        self.state_label = PlainLabel("", role="muted")
        head.addWidget(self.state_label, 1)
        self.copy_button = QPushButton("Copy report")
        self.copy_button.setToolTip("As Markdown, for a ticket; session IDs are cut short")
        self.copy_button.clicked.connect(lambda _checked=False: self.copy_report())
        head.addWidget(self.copy_button)
        self.stop_button = QPushButton("Stop")
        self.stop_button.clicked.connect(lambda _checked=False: self.stop())
        head.addWidget(self.stop_button)
        self.run_button = QPushButton("Run again")
        self.run_button.setProperty("role", "primary")
        self.run_button.clicked.connect(lambda _checked=False: self.run())
        head.addWidget(self.run_button)
        layout.addLayout(head)
        self.message = PlainLabel("", role="muted", wrap=True)
        layout.addWidget(self.message)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        layout.addWidget(self._scroll, 1)

    @property
    def is_running(self) -> bool:
        return self._job is not None and not self._job.is_finished

    def show_store(self, store: OpenStore | None) -> None:
        """Be about another store from now on."""
        if store is self._store:
            return
        self.stop()
        if self._store is not None:
            self._store.state_changed.disconnect(self._store_changed)
            self._store.progress_changed.disconnect(self._store_changed)
        self._store, self.diagnosis = store, None
        if store is not None:
            store.state_changed.connect(self._store_changed)
            store.progress_changed.connect(self._store_changed)
        self._show_cards()
        self._store_changed()

    @qt_guard()
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._store_changed()

    def _store_changed(self) -> None:
        store = self._store
        is_first = self.diagnosis is None and not self.is_running and not self.message.text()
        if is_first and self.isVisible() and store is not None and store.progress.is_complete:
            self.run()
        self._show_state()

    def run(self) -> None:
        """Examine the store that is shown; its list as it is now."""
        store = self._store
        if self.is_running or store is None or store.connection is None or store.catalogue is None:
            return
        catalogue, profile = store.catalogue, store.profile
        asked = Examination(
            is_production=profile.environment is Environment.PRODUCTION, has_own_user=bool(profile.user_path.strip())
        )
        self.message.setText("")
        self._job = store.stream(
            lambda adapter, token: examine(adapter, catalogue, token, asked, now_ms()),
            owner=self,
            item=self._progressed,
            done=lambda _: self._show_state(),
            failed=self._failed,
        )
        self._show_state("examining …")

    def stop(self) -> None:
        """Stop what runs; what was found before stays."""
        if self._job is not None and self.is_running:
            self._job.cancel()
            self.message.setText("Stopped: the store was not examined to the end.")
        self._job = None
        self._show_state()

    def _progressed(self, step: Pace | Diagnosis) -> None:
        if isinstance(step, Pace):
            self._show_state(f"{step.done:,} of {step.total:,} sessions examined")
            return
        self._job = None
        self.diagnosis = step
        self._show_cards()
        self._show_state()

    def _failed(self, error: Exception) -> None:
        self._job = None
        trouble = describe_trouble(error)
        self.message.setText(f"{trouble.text} {trouble.remedy}".strip())
        self._show_state()

    def _show_state(self, words: str = "") -> None:
        store, found, is_running = self._store, self.diagnosis, self.is_running
        is_open = store is not None and store.state is StoreState.OPEN
        name = escape_display(store.profile.name, 60) if store is not None else ""
        if not words and found is not None:
            words = f"{found.examined:,} sessions examined in {found.seconds:.1f} s"
        if store is None:
            words = _NO_STORE
        elif not is_open and found is None:
            words = store.state_words
        self.state_label.setText("  ·  ".join(part for part in (name, words) if part))
        self.run_button.setVisible(not is_running)
        self.run_button.setEnabled(is_open)
        self.run_button.setText("Run again" if found is not None else "Run")
        self.stop_button.setVisible(is_running)
        self.copy_button.setEnabled(found is not None)
        self.message.setVisible(bool(self.message.text()))

    def _show_cards(self) -> None:
        inside = Flowing()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(10)
        self.cards = []
        if self.diagnosis is not None:
            for finding in self.diagnosis.findings:
                card = FindingCard(finding, self.diagnosis.samples.get(finding.id, ()), self._context.theme)
                card.filter_wanted.connect(self.filter_wanted)
                card.session_wanted.connect(self.session_wanted)
                card.noted.connect(self.noted)
                self.cards.append(card)
                column.addWidget(card)
            column.addWidget(FoldedChecks(self.diagnosis))
        column.addStretch(1)
        self._scroll.setWidget(inside)

    def copy_report(self) -> None:
        if self.diagnosis is not None:
            copy_text(diagnosis_markdown(self.diagnosis))
            self.noted.emit("The report was copied; session IDs in it are cut short.")
