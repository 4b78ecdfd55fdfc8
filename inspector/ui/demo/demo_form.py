"""The options of express-session as a form, with a word where they do not fit together."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QFrame, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from inspector.core.expiry import format_duration
from inspector.core.secret import Secret
from inspector.demo.demo_secret import DEMO_SECRET
from inspector.demo.express_session import SessionOptions
from inspector.demo.faults import LESSONS
from inspector.demo.server import EMBEDDED_VALKEY, DemoSettings
from inspector.demo.session_cookie import CookieOptions
from inspector.ui.base.choice_box import ChoiceBox
from inspector.ui.base.plain import PlainLabel
from inspector.ui.base.theme import Theme
from inspector.ui.stores.secret_line import SecretLine

_BOXES = (
    ("resave", False),
    ("saveUninitialized", False),
    ("rolling", False),
    ("cookie.httpOnly", True),
    ("proxy", False),
)


class DemoForm(QScrollArea):
    """`settings()` reads the form."""

    def __init__(self, store_url: str, theme: Theme | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self._own_stores = [("Demo (files)", store_url), ("Embedded Valkey", EMBEDDED_VALKEY)]
        card = QFrame()
        card.setProperty("role", "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(14, 12, 14, 12)
        column.addWidget(PlainLabel("Session options", role="heading"))
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(7)
        column.addLayout(self._form)
        column.addStretch(1)
        self.store_choice = ChoiceBox()
        self.boxes = {name: QCheckBox() for name, _on in _BOXES}
        self.secure_choice = _choice(("false", "true", "auto"))
        self.same_site_choice = _choice(("lax", "strict", "none", "not set"))
        self.unset_choice = _choice(("keep", "destroy"))
        # The demo's own secret is public; any other shows while it is held only.
        self.secret_line = SecretLine("secret", theme, DEMO_SECRET)
        self.name_line = QLineEdit("connect.sid")
        self.age_line = QLineEdit("86400000")
        self.path_line = QLineEdit("/")
        self.domain_line = QLineEdit()
        self.port_line = QLineEdit()
        self.fault_choice = ChoiceBox()
        for fault, lesson in LESSONS.items():
            self.fault_choice.addItem(lesson.title, fault)
        self.lesson = PlainLabel("", role="caption", wrap=True)
        self.age_words = PlainLabel("", role="caption")
        self.hint = PlainLabel("", role="warn", wrap=True)
        self._add_rows()
        column.addWidget(self.lesson)
        column.addWidget(self.hint)
        self.setWidget(card)
        self.offer_stores(())
        self._judge()

    def _add_rows(self) -> None:
        self.secret_line.setPlaceholderText("comma-separated, the first one signs")
        self.port_line.setPlaceholderText("3000 or the next free one")
        self.domain_line.setPlaceholderText("not set")
        self.age_line.setPlaceholderText("empty: until the browser closes")
        for words, field in (
            ("store", self.store_choice),
            ("secret", self.secret_line),
            ("name", self.name_line),
            ("resave", self.boxes["resave"]),
            ("saveUninitialized", self.boxes["saveUninitialized"]),
            ("rolling", self.boxes["rolling"]),
            ("unset", self.unset_choice),
            ("cookie.maxAge", self.age_line),
            ("", self.age_words),
            ("cookie.secure", self.secure_choice),
            ("cookie.sameSite", self.same_site_choice),
            ("cookie.httpOnly", self.boxes["cookie.httpOnly"]),
            ("cookie.path", self.path_line),
            ("cookie.domain", self.domain_line),
            ("proxy", self.boxes["proxy"]),
            ("port", self.port_line),
            ("show a failure", self.fault_choice),
        ):
            self._form.addRow(PlainLabel(words, role="muted"), field)
            if words:
                field.setAccessibleName(words)
            if isinstance(field, SecretLine):
                field.text_changed.connect(lambda _text: self._judge())
            elif isinstance(field, QLineEdit):
                field.textChanged.connect(lambda _text: self._judge())
            elif isinstance(field, QComboBox):
                field.currentIndexChanged.connect(lambda _row: self._judge())
            elif isinstance(field, QCheckBox):
                field.toggled.connect(lambda _on: self._judge())
        for name, is_on in _BOXES:
            self.boxes[name].setChecked(is_on)

    def offer_stores(self, stores: Sequence[tuple[str, str]]) -> None:
        """Offer these (name, URL) beside the demo's own."""
        chosen = self.store_choice.currentData()
        self.store_choice.blockSignals(True)
        self.store_choice.clear()
        own = {url for _name, url in self._own_stores}
        for name, url in (*self._own_stores, *(one for one in stores if one[1] not in own)):
            self.store_choice.addItem(name, url)
        self.store_choice.setCurrentIndex(max(0, self.store_choice.findData(chosen)))
        self.store_choice.blockSignals(False)

    def set_locked(self, locked: bool) -> None:
        """Lock the form while the server runs: its options are those it was started with."""
        for row in range(self._form.rowCount()):
            item = self._form.itemAt(row, QFormLayout.ItemRole.FieldRole)
            if item is not None and (widget := item.widget()) is not None:
                widget.setEnabled(not locked)

    def settings(self) -> DemoSettings:
        """Return what the form says; unreadable numbers fall back to their default, which the hint tells."""
        texts = [part.strip() for part in self.secret_line.text().split(",")]
        secrets = [text for text in texts if text] or [DEMO_SECRET]
        secure, same_site = self.secure_choice.currentText(), self.same_site_choice.currentText()
        cookie = CookieOptions(
            max_age_ms=self._max_age_ms(),
            secure="auto" if secure == "auto" else secure == "true" or None,
            same_site=None if same_site == "not set" else same_site,
            http_only=self.boxes["cookie.httpOnly"].isChecked(),
            path=self.path_line.text().strip() or "/",
            domain=self.domain_line.text().strip() or None,
        )
        options = SessionOptions(
            tuple(Secret.from_text(text, f"demo {number}") for number, text in enumerate(secrets, 1)),
            name=self.name_line.text().strip() or "connect.sid",
            resave=self.boxes["resave"].isChecked(),
            save_uninitialized=self.boxes["saveUninitialized"].isChecked(),
            rolling=self.boxes["rolling"].isChecked(),
            unset="destroy" if self.unset_choice.currentText() == "destroy" else "keep",
            cookie=cookie,
            proxy=self.boxes["proxy"].isChecked() or None,
        )
        port = self.port_line.text().strip()
        number = int(port) if port.isascii() and port.isdigit() and int(port) < 65_536 else None
        return DemoSettings(str(self.store_choice.currentData()), number, options, self.fault_choice.currentData())

    def _max_age_ms(self) -> int | None:
        text = self.age_line.text().strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else None

    def _judge(self) -> None:
        max_age_ms = self._max_age_ms()
        self.age_words.setText("until the browser closes" if max_age_ms is None else format_duration(max_age_ms))
        hints = []
        if self.secure_choice.currentText() == "true":
            hints.append("cookie.secure: true over http://: the cookie is never set, so no session persists.")
        if self.same_site_choice.currentText() == "none" and self.secure_choice.currentText() == "false":
            hints.append("sameSite: none without secure: browsers refuse the cookie.")
        if self.boxes["saveUninitialized"].isChecked():
            hints.append("saveUninitialized: every visitor without a cookie leaves a record; the store grows.")
        if self.boxes["resave"].isChecked():
            hints.append("resave: every request writes the whole record, even over edits made in the meantime.")
        if max_age_ms is None:
            hints.append("No maxAge: the cookie ends with the browser; the store keeps its default lifetime.")
        if max_age_ms == 0:
            hints.append("maxAge 0: the session is over before it begins.")
        if not self.boxes["cookie.httpOnly"].isChecked():
            hints.append("httpOnly off: scripts on the page can read the cookie.")
        if self.path_line.text().strip() not in ("", "/"):
            hints.append("cookie.path: pages outside it have no session.")
        port = self.port_line.text().strip()
        if port and not (port.isascii() and port.isdigit() and int(port) < 65_536):
            hints.append("Port must be between 0 and 65535: 3000 or the next free one is used.")
        lesson = LESSONS[self.fault_choice.currentData()]
        self.lesson.setText(f"{lesson.watch} Remedy: {lesson.remedy}" if lesson.watch else "")
        self.lesson.setVisible(bool(lesson.watch))
        self.hint.setText("\n".join(hints))
        self.hint.setVisible(bool(hints))


def _choice(words: tuple[str, ...]) -> QComboBox:
    choice = ChoiceBox()
    choice.addItems(words)
    return choice
