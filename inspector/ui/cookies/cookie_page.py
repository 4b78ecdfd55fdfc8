"""The cookie inspector: paste anything, see for each cookie the chain from its format to its session's attributes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from inspector.cookies import Status, is_archive
from inspector.core.display import escape_display
from inspector.core.secret import Secret
from inspector.services.cookies.cookie_chain import CookieReport
from inspector.services.cookies.har_report import HarReport
from inspector.services.cookies.pasted_file import follow_text, open_pasted_file
from inspector.services.cookies.verify_cookie import inspect_cookies
from inspector.services.settings.profiles import Environment
from inspector.ui.base.context import Context
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.jobs import Job
from inspector.ui.base.plain import PlainLabel
from inspector.ui.base.small_screen import Flowing
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.cookies.cookie_card import CookieCard, badge_words
from inspector.ui.cookies.har_panel import HarPanel
from inspector.ui.cookies.paste_box import PasteBox, local_files
from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.stores.secret_dialogs import ask_secret

_TYPING_MS = 250


class CookiePage(QWidget):
    """Checks against the secrets and records of the store that is shown, and against secrets added here for this run."""

    session_wanted = Signal(bytes)
    signature_known = Signal(str, str)  # session ID, words for its badge
    noted = Signal(str)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.store: OpenStore | None = None
        self._added: list[Secret] = []
        self._job: Job | None = None
        self.cards: list[CookieCard] = []
        self._build()
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self.inspect)
        self._show_secrets()
        self.inspect()

    def _build(self) -> None:
        self.setAcceptDrops(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 16, 22, 12)
        layout.setSpacing(10)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(PlainLabel("Cookie inspector", role="title"))
        words = "Paste cookies, headers, a copied request, an export or a log; or drop a file"
        head.addWidget(PlainLabel(words, role="muted"), 1)
        open_har = QPushButton("Open HAR file…")
        open_har.setToolTip("Follow a session through the requests that a browser recorded")
        open_har.clicked.connect(lambda _checked=False: self.ask_har())
        head.addWidget(open_har)
        layout.addLayout(head)
        self.edit = PasteBox()
        self.edit.files_given.connect(self.open_files)
        self.edit.archive_pasted.connect(self.follow_archive)
        self.edit.textChanged.connect(lambda: self._typing.start())
        layout.addWidget(self.edit)
        self._secret_row = QHBoxLayout()
        self._secret_row.setSpacing(7)
        layout.addLayout(self._secret_row)
        self.message = PlainLabel("", role="muted", wrap=True)
        layout.addWidget(self.message)
        self.har = HarPanel(self._context.theme)
        self.har.exchange_chosen.connect(self.paste)
        self.har.session_wanted.connect(self._open_first)
        layout.addWidget(self.har, 1)
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidgetResizable(True)
        layout.addWidget(self.scroll_area, 1)

    # --- what is checked against --------------------------------------------------------------------------------

    def show_store(self, store: OpenStore | None) -> None:
        """Check against another store's secrets and records from now on."""
        if self.store is not None:
            self.store.state_changed.disconnect(self._store_changed)
        self.store = store
        if store is not None:
            store.state_changed.connect(self._store_changed)
        self._store_changed()

    def _store_changed(self) -> None:
        self._show_secrets()
        if self.edit.toPlainText().strip():
            self.inspect()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The store's secrets in order, then those added here."""
        connection = self.store.connection if self.store is not None else None
        return (*(connection.secrets if connection is not None else ()), *self._added)

    def add_secret(self, text: str) -> None:
        """Check against one more secret, kept in memory for this run."""
        if text:
            self._added.append(Secret.from_text(text, "typed here"))
            self._show_secrets()
            self.inspect()

    def _ask_secret(self) -> None:
        words = "The application's secret. It's used for this run and isn't stored."
        ask_secret(self, self._context.theme, "Add a secret", words, "Add", self.add_secret)

    def _forget_secret(self, number: int) -> None:
        known = len(self.secrets) - len(self._added)
        if number >= known:
            del self._added[number - known]
            self._show_secrets()
            self.inspect()

    def _show_secrets(self) -> None:
        while (item := self._secret_row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._secret_row.addWidget(PlainLabel("Secrets", role="muted"))
        known = len(self.secrets) - len(self._added)
        for number, secret in enumerate(self.secrets):
            name = escape_display(secret.name, 30) or "secret"
            chip = QPushButton(f"{number + 1} · {name} ••••••")
            chip.setProperty("role", "chip")
            chip.setAccessibleName(f"Secret {number + 1}, {name}")
            if number >= known:
                chip.setToolTip("Click to forget this secret")
                chip.clicked.connect(lambda _checked=False, number=number: self._forget_secret(number))
            else:
                chip.setToolTip("From the store's settings")
            self._secret_row.addWidget(chip)
        add = QPushButton("+ Add secret")
        add.setProperty("role", "chip")
        add.setAccessibleName("Add a secret")
        add.clicked.connect(lambda _checked=False: self._ask_secret())
        self._secret_row.addWidget(add)
        self._secret_row.addStretch(1)
        verify = QPushButton("Verify")
        verify.setProperty("role", "primary")
        verify.clicked.connect(lambda _checked=False: self.inspect())
        self._secret_row.addWidget(verify)

    # --- archives -----------------------------------------------------------------------------------------------

    def ask_har(self) -> None:
        """Ask for a HAR file and follow the sessions in it."""
        path, _ = QFileDialog.getOpenFileName(
            self, "HAR file of a browser", "", "HTTP archives (*.har *.json);;All files (*)"
        )
        if path:
            self.open_har(path)

    def open_har(self, path: str) -> None:
        """Read an archive and show what became of its sessions; any other file as if its text were pasted."""
        secrets = self.secrets
        self._follow(lambda: open_pasted_file(Path(path), secrets), "Reading the file…")

    def open_files(self, paths: list[str]) -> None:
        """Read the file that was dropped."""
        if len(paths) == 1:
            self.open_har(paths[0])
        else:
            self._show_message(f"{len(paths)} files were dropped. Drop one at a time.", "error")

    def follow_archive(self, text: str) -> None:
        """Show what became of the sessions of an archive that was pasted."""
        secrets = self.secrets
        self._follow(lambda: follow_text(text, secrets), "Reading the archive…")

    def _follow(self, read: Callable[[], HarReport | str], words: str) -> None:
        self._show_message(words, "muted")
        self._context.jobs.submit(
            self._context.compute, read, owner=self, done=self._show_read, failed=self._show_trouble
        )

    def _show_read(self, found: HarReport | str) -> None:
        self._show_message("", "muted")
        if isinstance(found, HarReport):
            self.har.show_report(found)
        else:
            self.har.close_archive()
            self.paste(found)

    @qt_guard()
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()) or event.mimeData().hasText():
            event.acceptProposedAction()

    @qt_guard()
    def dropEvent(self, event: QDropEvent) -> None:
        self.edit.selectAll()
        self.edit.insertFromMimeData(event.mimeData())
        event.acceptProposedAction()

    def _open_first(self) -> None:
        key = next((card.report.record.key for card in self.cards if card.report.record is not None), None)
        if key is not None:
            self.session_wanted.emit(key)
        else:
            self.noted.emit("This session isn't in the open store.")

    # --- inspecting ---------------------------------------------------------------------------------------------

    def paste(self, text: str) -> None:
        """Put a text in and inspect it."""
        self.edit.setPlainText(text)
        self._typing.stop()
        self.inspect()

    def inspect(self) -> None:
        """Judge what is in the box."""
        self._typing.stop()
        text = self.edit.toPlainText()
        if self._job is not None:
            self._job.cancel()
        if not text.strip():
            self._show_message("The chain from the cookie to its session appears here.", "muted")
            self._show_reports(())
            return
        if is_archive(text):
            self.follow_archive(text)
            return
        store, secrets = self.store, self.secrets
        now_ms = round(time.time() * 1000)
        if store is not None and store.state is StoreState.OPEN:
            name, is_production = store.profile.name, store.profile.environment is Environment.PRODUCTION
            reading = store.reading
            self._job = store.run(
                lambda adapter: inspect_cookies(
                    text,
                    secrets,
                    adapter,
                    now_ms=now_ms,
                    store_name=name,
                    is_production=is_production,
                    reading=reading,
                ),
                owner=self,
                done=self._show_found,
                failed=self._show_trouble,
            )
        else:
            self._job = self._context.jobs.submit(
                self._context.compute,
                lambda: inspect_cookies(text, secrets, None, now_ms=now_ms),
                owner=self,
                done=self._show_found,
                failed=self._show_trouble,
            )

    def _show_found(self, reports: tuple[CookieReport, ...]) -> None:
        words = "" if self.store is not None else "No store is open, so the chain ends at the signature."
        self._show_message(words, "muted")
        self._show_reports(reports)

    def _show_trouble(self, error: Exception) -> None:
        trouble = describe_trouble(error)
        self._show_message(f"{trouble.text} {trouble.remedy}".strip(), "error")
        self._show_reports(())

    def _show_message(self, words: str, role: str) -> None:
        self.message.show_role(role)
        self.message.setText(words)
        self.message.setVisible(bool(words))

    def _show_reports(self, reports: tuple[CookieReport, ...]) -> None:
        inside = Flowing()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.cards = []
        site = self.store.profile.site_url if self.store is not None else "http://localhost:3000/"
        # Session cookies first: the others are only there to be told apart.
        for report in sorted(reports, key=lambda one: one.verdict.status is Status.UNKNOWN):
            card = CookieCard(report, self.secrets, site, self._context.theme)
            card.session_wanted.connect(self.session_wanted)
            card.changed.connect(self.paste)
            card.noted.connect(self.noted)
            column.addWidget(card)
            self.cards.append(card)
            if report.verdict.session_id and report.verdict.status is Status.VALID:
                words = badge_words(report, len(self.secrets)).replace("valid", "signed", 1)
                self.signature_known.emit(report.verdict.session_id, words)
        column.addStretch(1)
        self.scroll_area.setWidget(inside)
