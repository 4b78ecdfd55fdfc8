"""One judged cookie: the verdict, the chain link by link, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from inspector.cookies import CookieError, Status
from inspector.core.display import cut_lines, escape_display, escape_json
from inspector.core.secret import Secret
from inspector.services.cookies.cookie_chain import CookieReport, LinkState
from inspector.services.cookies.signed_cookie import curl_line
from inspector.services.cookies.verify_cookie import edit_cookie, resign_cookie
from inspector.ui.base.icons import icon_pixmap
from inspector.ui.base.plain import PlainLabel, copy_text, plain_tip, tell, timed_label
from inspector.ui.base.theme import Theme, mono_font
from store_adapters.clock import now_ms

_ICONS = {
    LinkState.OK: ("check", "ok"),
    LinkState.WARNING: ("triangle-alert", "warn"),
    LinkState.BROKEN: ("x", "bad"),
    LinkState.SKIPPED: ("circle", "muted"),
}
_BADGES = {
    Status.VALID: "badge-ok",
    Status.INVALID: "badge-bad",
    Status.UNVERIFIED: "badge-warn",
    Status.BY_DESIGN: "badge-ok",
    Status.UNSIGNED: "badge-warn",
    Status.UNKNOWN: "badge",
}

_MOST_PAYLOAD = 20_000


class CookieCard(QFrame):
    """`session_wanted(key)` opens the record; `changed(value)` brings a re-signed value back into the box."""

    session_wanted = Signal(bytes)
    changed = Signal(str)
    noted = Signal(str)

    def __init__(
        self,
        report: CookieReport,
        secrets: tuple[Secret, ...],
        site_url: str,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.report = report
        self._secrets = secrets
        self._site_url = report.cookie.url or site_url
        self._theme = theme
        self.setProperty("role", "card")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.setSpacing(9)
        layout.addLayout(self._build_head())
        if report.verdict.status is Status.UNKNOWN:
            layout.addWidget(timed_label(report.verdict.detail, role="muted", wrap=True))
            return
        if report.broken:
            self.broken_label = timed_label(report.broken, role="error", wrap=True, selectable=True)
            layout.addWidget(self.broken_label)
        layout.addLayout(self._build_chain())
        if report.verdict.payload is not None:
            self._add_payload(layout, report.verdict.payload)

    def _build_head(self) -> QHBoxLayout:
        cookie, verdict = self.report.cookie, self.report.verdict
        row = QHBoxLayout()
        row.setSpacing(8)
        name = PlainLabel(escape_display(cookie.name, 60) or "(value)")
        font = mono_font()
        font.setBold(True)
        name.setFont(font)
        row.addWidget(name)
        self.badge = PlainLabel(badge_words(self.report, len(self._secrets)), role=_BADGES[verdict.status])
        row.addWidget(self.badge)
        if (verdict.secret_index or 0) > 0:
            row.addWidget(PlainLabel("old secret", role="badge-warn"))
        if verdict.status is Status.UNKNOWN:
            row.addWidget(PlainLabel(escape_display(cookie.value, 60), role="muted"))
        row.addStretch(1)
        for words, act, is_there in (
            ("Open session", self._open, self.report.record is not None),
            ("Re-sign with secret 1", self.resign, self._can_sign()),
            ("Copy as header", self.copy_header, verdict.status is not Status.UNKNOWN),
            ("Copy as curl", self.copy_curl, verdict.session_id is not None and bool(self._secrets)),
        ):
            if is_there:
                row.addWidget(_button(words, act))
        return row

    def _build_chain(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(2, 1)
        for row, link in enumerate(self.report.chain):
            picture = PlainLabel("")
            name, colour = _ICONS[link.state]
            picture.setPixmap(icon_pixmap(name, self._theme.colour(colour)))
            picture.setAccessibleName(link.state.value)
            picture.setToolTip(plain_tip(link.state.value))
            grid.addWidget(picture, row, 0, Qt.AlignmentFlag.AlignTop)
            title = PlainLabel(link.name, role="muted")
            title.setMinimumWidth(110)
            grid.addWidget(title, row, 1, Qt.AlignmentFlag.AlignTop)
            role = {LinkState.BROKEN: "error", LinkState.SKIPPED: "muted"}.get(link.state, "")
            grid.addWidget(timed_label(link.text, role=role, wrap=True, selectable=True), row, 2)
        return grid

    def _add_payload(self, layout: QVBoxLayout, payload: str) -> None:
        layout.addWidget(PlainLabel("Session inside the cookie", role="heading"))
        # It may be a megabyte, unpacked from a few bytes.
        is_large = len(payload) > _MOST_PAYLOAD
        self.payload_edit = QPlainTextEdit(cut_lines(escape_json(payload[:_MOST_PAYLOAD])))
        self.payload_edit.setFont(mono_font())
        self.payload_edit.setFixedHeight(90)
        self.payload_edit.setTabChangesFocus(True)
        self.payload_edit.setAccessibleName("Session inside the cookie, as JSON")
        self.payload_edit.setReadOnly(is_large or not self._secrets)
        layout.addWidget(self.payload_edit)
        if is_large:
            words = f"Only the first {_MOST_PAYLOAD:,} of {len(payload):,} characters are shown."
            layout.addWidget(PlainLabel(words, role="muted"))
        elif self._secrets:
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(_button("Sign this data with secret 1", self.sign_payload))
            layout.addLayout(row)

    # --- acts ---------------------------------------------------------------------------------------------------

    def _can_sign(self) -> bool:
        verdict = self.report.verdict
        is_first = verdict.status is Status.VALID and verdict.secret_index == 0
        is_signed = verdict.status is not Status.BY_DESIGN
        return bool(self._secrets) and is_signed and not is_first and bool(verdict.session_id or verdict.payload)

    def _open(self) -> None:
        if self.report.record is not None:
            self.session_wanted.emit(self.report.record.key)

    def resign(self) -> None:
        """Sign the same session with the first secret."""
        self._try(lambda: self._bring(resign_cookie(self.report, self._secrets[0])))

    def sign_payload(self) -> None:
        """Sign the edited data with the first secret."""
        text = self.payload_edit.toPlainText()
        self._try(lambda: self._bring(edit_cookie(self.report, text, self._secrets[0], now_ms())))

    def copy_header(self) -> None:
        cookie = self.report.cookie
        copy_text(f"Cookie: {cookie.name or 'connect.sid'}={cookie.raw}", concealed=True)
        self.noted.emit("Copied the Cookie header.")

    def copy_curl(self) -> None:
        def copy() -> None:
            header = f"{self.report.cookie.name or 'connect.sid'}={resign_cookie(self.report, self._secrets[0])}"
            copy_text(curl_line(header, self._site_url), concealed=True)
            self.noted.emit("Copied the curl command, signed with secret 1.")

        self._try(copy)

    def _bring(self, value: str) -> None:
        self.changed.emit(f"Cookie: {self.report.cookie.name or 'connect.sid'}={value}")

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except CookieError as error:
            tell(self, "That can't be signed", str(error))


def badge_words(report: CookieReport, secret_count: int) -> str:
    """Return the verdict in a few words: "valid, secret 2 of 2"."""
    verdict = report.verdict
    if verdict.status is Status.VALID:
        return f"valid, secret {(verdict.secret_index or 0) + 1} of {secret_count}"
    if verdict.status is Status.UNVERIFIED:
        return "encrypted" if verdict.is_sealed else "not verified"
    if verdict.status is Status.UNKNOWN:
        return f"{verdict.looks_like}, not checked" if verdict.looks_like else "not a session cookie"
    return str(verdict.status.value)


def _button(words: str, act: Callable[[], None]) -> QPushButton:
    button = QPushButton(words)
    button.clicked.connect(lambda _checked=False: act())
    return button
