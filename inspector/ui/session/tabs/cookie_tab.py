"""The Cookie tab: the record's cookie, every clock that speaks of the session's end, and the signed cookie to copy."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from inspector.codecs import format_json, scalar_json
from inspector.core.display import escape_display
from inspector.core.node import Kind, Node, member
from inspector.core.secret import Secret
from inspector.services.sessions.open_session import OpenedSession
from inspector.services.settings.profiles import Profile
from inspector.ui.base.choice_box import ChoiceBox
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, copy_text, tell, timed_label
from inspector.ui.base.theme import mono_font

_VALUE, _HEADER = "the cookie's value", "the Cookie header"
_SET_COOKIE, _CURL = "the Set-Cookie line", "the curl command"


class CookieTab(QWidget):
    """Shows one opened session; `expiry_wanted` and `secrets_wanted` ask for the dialogs that change them."""

    expiry_wanted = Signal()
    secrets_wanted = Signal()
    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._opened: OpenedSession | None = None
        self._profile: Profile | None = None
        self._secrets: tuple[Secret, ...] = ()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidgetResizable(True)
        outer.addWidget(self.scroll_area)
        self.secret_choice = ChoiceBox()
        self._is_filled = False

    def show_session(self, opened: OpenedSession | None, profile: Profile | None, secrets: tuple[Secret, ...]) -> None:
        """Show a session of a store, with the secrets that may sign its cookie."""
        self._opened, self._profile, self._secrets = opened, profile, secrets
        self._is_filled = False
        if self.isVisible():
            self._fill()
        else:
            self.secret_choice = ChoiceBox()  # the one of another session chooses nothing here

    @qt_guard()
    def showEvent(self, event: QShowEvent) -> None:
        """Build what the tab shows: most sessions are looked at without it."""
        if not self._is_filled:
            self._fill()
        super().showEvent(event)

    def _fill(self) -> None:
        self._is_filled = True
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        if self._opened is not None:
            self._add_signed(column)
            self._add_expiry(column, self._opened)
            self._add_attributes(column, self._opened)
        column.addStretch(1)
        self.scroll_area.setWidget(inside)

    # --- the signed cookie --------------------------------------------------------------------------------------

    def _add_signed(self, column: QVBoxLayout) -> None:
        column.addWidget(PlainLabel("Signed cookie", role="heading"))
        if not self._secrets:
            row = QHBoxLayout()
            words = "Add the application's secret to this store to sign and verify its cookies."
            row.addWidget(PlainLabel(words, role="muted", wrap=True), 1)
            button = QPushButton("Add a secret…")
            button.clicked.connect(self.secrets_wanted)
            row.addWidget(button)
            column.addLayout(row)
            return
        grid = QGridLayout()
        grid.setSpacing(7)
        grid.setColumnStretch(3, 1)
        self.secret_choice = ChoiceBox()
        self.secret_choice.setAccessibleName("Secret to sign with")
        for number, secret in enumerate(self._secrets, 1):
            self.secret_choice.addItem(escape_display(secret.name, 40) or f"secret {number}")
        grid.addWidget(self.secret_choice, 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        for place, (words, act) in enumerate(
            (
                ("Copy value", self.copy_value),
                ("Copy header", self.copy_header),
                ("Copy Set-Cookie", self.copy_set_cookie),
                ("Copy as curl", self.copy_curl),
            )
        ):
            button = QPushButton(words)
            button.clicked.connect(lambda _checked=False, act=act: act())
            grid.addWidget(button, place // 2, 1 + place % 2)
        column.addLayout(grid)
        column.addWidget(PlainLabel("Anyone who has it can use this session.", role="muted"))

    def _secret(self) -> Secret | None:
        number = max(0, self.secret_choice.currentIndex())
        return self._secrets[number] if number < len(self._secrets) else None

    def _copy(self, what: str) -> None:
        # Here, as the cookie schemes are many modules and the start of the window needs none of them.
        from inspector.cookies import CookieError

        secret = self._secret()
        if self._opened is None or self._profile is None or secret is None:
            tell(self, "No secret to sign with", "Add the application's secret to this store first.")
            return
        try:
            copy_text(_signed_text(what, self._opened, self._profile, secret), concealed=True)
        except CookieError as error:
            tell(self, "This session has no signed cookie", str(error))
            return
        self.copied.emit(f"Copied {what}.")

    def copy_value(self) -> None:
        self._copy(_VALUE)

    def copy_header(self) -> None:
        self._copy(_HEADER)

    def copy_set_cookie(self) -> None:
        self._copy(_SET_COOKIE)

    def copy_curl(self) -> None:
        self._copy(_CURL)

    # --- expiry and attributes ----------------------------------------------------------------------------------

    def _add_expiry(self, column: QVBoxLayout, opened: OpenedSession) -> None:
        head = QHBoxLayout()
        head.addWidget(PlainLabel("Expiry", role="heading"))
        head.addWidget(PlainLabel(opened.expiry.summary, role="muted"), 1)
        button = QPushButton("Change expiry…")
        button.clicked.connect(self.expiry_wanted)
        head.addWidget(button)
        column.addLayout(head)
        card, grid = _card()
        for row, source in enumerate(opened.expiry.sources):
            grid.addWidget(PlainLabel(source.name), 2 * row, 0, Qt.AlignmentFlag.AlignTop)
            words, gap, more = source.value.partition(" (")
            # The duration stays in one piece where the line breaks.
            value = timed_label(words + gap + more.replace(" ", "\u00a0"), selectable=True, wrap=True)
            value.setFont(mono_font())
            grid.addWidget(value, 2 * row, 1, Qt.AlignmentFlag.AlignTop)
            # Below the name: beside the value it would make the panel too wide for a small window.
            note = QHBoxLayout()
            note.setSpacing(8)
            if source.counts:
                note.addWidget(PlainLabel("counts", role="badge-ok"), 0, Qt.AlignmentFlag.AlignTop)
            note.addWidget(timed_label(source.note, role="caption", wrap=True), 1)
            grid.addLayout(note, 2 * row + 1, 0, 1, 2)
        column.addWidget(card)

    def _add_attributes(self, column: QVBoxLayout, opened: OpenedSession) -> None:
        cookie = member(opened.decoded.root, "cookie") if opened.decoded else None
        if cookie is None or cookie.kind is not Kind.OBJECT:
            return
        column.addWidget(PlainLabel("Cookie attributes in the record", role="heading"))
        card, grid = _card()
        for row, entry in enumerate(cookie.entries[:40]):
            grid.addWidget(PlainLabel(escape_display(entry.key or "", 60)), row, 0)
            value = timed_label(_value_words(entry.value), selectable=True, wrap=True)
            value.setFont(mono_font())
            grid.addWidget(value, row, 1)
        column.addWidget(card)


def _signed_text(what: str, opened: OpenedSession, profile: Profile, secret: Secret) -> str:
    from inspector.services.cookies.signed_cookie import (
        cookie_header,
        curl_command,
        set_cookie_line,
        signed_cookie_value,
    )

    name, session_id = profile.cookie_name, opened.session_id
    if what == _HEADER:
        return cookie_header(name, session_id, secret)
    if what == _SET_COOKIE:
        return set_cookie_line(name, session_id, secret, _cookie_json(opened), opened.raw.read_at_ms)
    if what == _CURL:
        return curl_command(name, session_id, secret, profile.site_url)
    return signed_cookie_value(session_id, secret)


def _card() -> tuple[QFrame, QGridLayout]:
    card = QFrame()
    card.setProperty("role", "card")
    grid = QGridLayout(card)
    grid.setContentsMargins(12, 8, 12, 8)
    grid.setHorizontalSpacing(18)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    return card, grid


def _value_words(node: Node) -> str:
    if node.entries:
        return escape_display(format_json(node), 120)
    return escape_display(str(node.scalar) if node.kind in (Kind.STRING, Kind.OTHER) else scalar_json(node), 120)


def _cookie_json(opened: OpenedSession) -> str:
    cookie = member(opened.decoded.root, "cookie") if opened.decoded else None
    return format_json(cookie) if cookie is not None else "{}"
