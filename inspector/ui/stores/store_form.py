"""The address of a store as a form, in step with its URL; opens nothing."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from inspector.ui.base.choice_box import ChoiceBox
from inspector.ui.base.plain import add_row
from store_adapters.address import without_tls
from store_adapters.errors import BadStoreAddress
from store_adapters.options import StoreAddress
from store_adapters.registry import format_address, parse_address

_KINDS = (
    ("redis", "Redis or Valkey"),
    ("mongodb", "MongoDB"),
    ("file", "Folder (session-file-store)"),
    ("sqlite", "SQLite file"),
    ("other", "Another address"),
)
_ROWS = {
    "redis": ("host", "user", "database", "prefix", "tls"),
    "mongodb": ("host", "user", "database", "collection"),
    "file": ("folder", "extension", "ttl"),
    "sqlite": ("file", "table"),
    "other": (),
}
_OPTIONS = ("prefix", "collection", "extension", "ttl", "table")
_WORDS = {
    "host": ("Host", "localhost:6379"),
    "user": ("User", ""),
    "database": ("Database", "0"),
    "prefix": ("Key prefix", "sess:"),
    "collection": ("Collection", "sessions"),
    "folder": ("Folder", "/srv/app/sessions"),
    "extension": ("Extension", ".json"),
    "ttl": ("Lifetime without maxAge (s)", "3600"),
    "file": ("File", "/srv/app/sessions.db"),
    "table": ("Table", "sessions"),
}


class StoreForm(QWidget):
    """`address_changed(url)` follows a person's typing; `show_url` fills the form from a URL."""

    address_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_filling = False
        self._address = StoreAddress("redis")
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(18)
        self._form.setVerticalSpacing(8)
        self.kind_choice = ChoiceBox()
        self.kind_choice.setAccessibleName("Kind of store")
        for value, words in _KINDS:
            self.kind_choice.addItem(words, value)
        self.kind_choice.currentIndexChanged.connect(lambda _row: self._kind_chosen())
        add_row(self._form, "Kind", self.kind_choice)
        self.lines: dict[str, QLineEdit] = {}
        self._fields: dict[str, QWidget] = {}
        for name, (words, example) in _WORDS.items():
            line = QLineEdit()
            line.setPlaceholderText(example)
            line.setAccessibleName(words)
            line.textEdited.connect(lambda _text: self._edited())
            self.lines[name] = line
            self._fields[name] = self._with_browse(line, name) if name in ("folder", "file") else line
            add_row(self._form, words, self._fields[name])
        self.tls_box = QCheckBox("Encrypted (TLS)")
        self.tls_box.clicked.connect(lambda _on: self._edited())
        self._fields["tls"] = self.tls_box
        add_row(self._form, "", self.tls_box)
        self._show_rows()

    def _with_browse(self, line: QLineEdit, name: str) -> QWidget:
        field = QWidget()
        row = QHBoxLayout(field)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        button = QPushButton("Choose…")
        button.setAccessibleName(f"Choose the {name}")
        button.clicked.connect(lambda: self._browse(name))
        row.addWidget(button)
        return field

    def _browse(self, name: str) -> None:
        before = self.lines[name].text()
        if name == "folder":
            chosen = QFileDialog.getExistingDirectory(self, "Folder of session files", before)
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, "SQLite file of sessions", before)
        if chosen:
            self.lines[name].setText(chosen)
            self._edited()

    @property
    def kind(self) -> str:
        return str(self.kind_choice.currentData())

    def show_url(self, url: str) -> None:
        """Fill the form from a URL; one it has no fields for is shown as "Another address"."""
        try:
            address = parse_address(url)
        except BadStoreAddress:
            return
        self._is_filling = True
        self._address = address
        scheme = "redis" if address.scheme == "rediss" else address.scheme
        kind = scheme if scheme in _ROWS else "other"
        self.kind_choice.setCurrentIndex(self.kind_choice.findData(kind))
        options = address.options
        for name, text in (
            ("host", ",".join(address.hosts)),
            ("user", address.user),
            ("database", address.path if kind not in ("file", "sqlite") else ""),
            ("folder", address.path if kind == "file" else ""),
            ("file", address.path if kind == "sqlite" else ""),
            *((name, options.get(name, "")) for name in _OPTIONS),
        ):
            self.lines[name].setText(text)
        self.tls_box.setChecked(address.scheme == "rediss")
        self._show_rows()
        self._is_filling = False

    def _kind_chosen(self) -> None:
        self._show_rows()
        if self._is_filling:
            return
        self._address = StoreAddress("redis")
        for line in self.lines.values():
            line.clear()
        if self.kind == "redis":
            self.lines["host"].setText("localhost:6379")
            self.lines["database"].setText("0")
            self.lines["prefix"].setText("sess:")
        elif self.kind == "mongodb":
            self.lines["host"].setText("localhost:27017")
            self.lines["database"].setText("test")
            self.lines["collection"].setText("sessions")
        self._edited()

    def _show_rows(self) -> None:
        wanted = _ROWS[self.kind]
        for name, field in self._fields.items():
            self._form.setRowVisible(field, name in wanted)

    def _edited(self) -> None:
        if not self._is_filling and self.kind != "other":
            self.address_changed.emit(format_address(self._read()))

    def _read(self) -> StoreAddress:
        texts = {name: line.text().strip() for name, line in self.lines.items()}
        wanted = _ROWS[self.kind]
        options = dict(self._address.options)
        for name in _OPTIONS:
            options.pop(name, None)
            # An empty prefix is meant: it lists every key.
            if name in wanted and (texts[name] or name == "prefix"):
                options[name] = texts[name]
        if self.kind == "file":
            return StoreAddress("file", path=texts["folder"], options=options)
        if self.kind == "sqlite":
            return StoreAddress("sqlite", path=texts["file"], options=options)
        scheme = "rediss" if self.kind == "redis" and self.tls_box.isChecked() else self.kind
        hosts = tuple(host.strip() for host in texts["host"].split(",") if host.strip())
        made = replace(
            self._address, scheme=scheme, hosts=hosts, user=texts["user"], path=texts["database"], options=options
        )
        return without_tls(made) if scheme == "redis" else made
