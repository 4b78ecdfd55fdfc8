"""The address of a store as a form, in step with its URL."""

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
from store_adapters.address import with_scheme
from store_adapters.errors import BadStoreAddress
from store_adapters.kinds import Browse, FormField, Part, StoreKind
from store_adapters.known_kinds import kind_of_scheme, known_kinds
from store_adapters.options import StoreAddress
from store_adapters.registry import format_address, parse_address

_OTHER = "other"


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
        self._kinds = {kind.schemes[0].name: kind for kind in known_kinds() if kind.fields}
        self.kind_choice = ChoiceBox()
        self.kind_choice.setAccessibleName("Kind of store")
        for scheme, kind in self._kinds.items():
            self.kind_choice.addItem(kind.label, scheme)
        self.kind_choice.addItem("Another address", _OTHER)
        self.kind_choice.currentIndexChanged.connect(lambda _row: self._kind_chosen())
        add_row(self._form, "Kind", self.kind_choice)
        self.lines: dict[str, QLineEdit] = {}
        self._rows: dict[str, QWidget] = {}
        self.tls_box = QCheckBox("Encrypted (TLS)")
        self.tls_box.clicked.connect(lambda _on: self._edited())
        for kind in self._kinds.values():
            for field in kind.fields:
                if field.name not in self.lines:
                    self._add_line(field)
            if kind.tls_scheme and not self._form.indexOf(self.tls_box) >= 0:
                add_row(self._form, "", self.tls_box)
        self._show_rows()

    def _add_line(self, field: FormField) -> None:
        line = self.lines[field.name] = QLineEdit()
        line.setAccessibleName(field.label)
        line.textEdited.connect(lambda _text: self._edited())
        self._rows[field.name] = line if field.browse is Browse.NOTHING else self._with_browse(line, field)
        add_row(self._form, field.label, self._rows[field.name])

    def _with_browse(self, line: QLineEdit, field: FormField) -> QWidget:
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        button = QPushButton("Choose…")
        button.setAccessibleName(f"Choose the {field.name}")
        button.clicked.connect(lambda: self._browse(field))
        row.addWidget(button)
        return inside

    def _browse(self, field: FormField) -> None:
        line = self.lines[field.name]
        if field.browse is Browse.FOLDER:
            chosen = QFileDialog.getExistingDirectory(self, field.browse_title, line.text())
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, field.browse_title, line.text())
        if chosen:
            line.setText(chosen)
            self._edited()

    @property
    def kind(self) -> StoreKind | None:
        """The kind that is chosen, None for another address."""
        return self._kinds.get(str(self.kind_choice.currentData()))

    def show_url(self, url: str) -> None:
        """Fill the form from a URL; one it has no fields for is shown as "Another address"."""
        try:
            address = parse_address(url)
        except BadStoreAddress:
            return
        self._is_filling = True
        self._address = address
        kind = kind_of_scheme(address.scheme)
        is_shown = bool(kind.fields) and address.scheme in (kind.schemes[0].name, kind.tls_scheme)
        self.kind_choice.setCurrentIndex(self.kind_choice.findData(kind.schemes[0].name if is_shown else _OTHER))
        for line in self.lines.values():
            line.clear()
        for field in kind.fields if is_shown else ():
            self.lines[field.name].setText(_text_of(field, address))
        self.tls_box.setChecked(address.scheme == kind.tls_scheme)
        self._show_rows()
        self._is_filling = False

    def _kind_chosen(self) -> None:
        self._show_rows()
        kind = self.kind
        if self._is_filling:
            return
        for line in self.lines.values():
            line.clear()
        if kind is not None:
            self._address = StoreAddress(kind.schemes[0].name)
            for field in kind.fields:
                self.lines[field.name].setText(field.start)
        self._edited()

    def _show_rows(self) -> None:
        kind = self.kind
        fields = {field.name: field for field in kind.fields} if kind is not None else {}
        for name, row in self._rows.items():
            if name in fields:
                self.lines[name].setPlaceholderText(fields[name].example)
            self._form.setRowVisible(row, name in fields)
        if self._form.indexOf(self.tls_box) >= 0:
            self._form.setRowVisible(self.tls_box, kind is not None and bool(kind.tls_scheme))

    def _edited(self) -> None:
        kind = self.kind
        if not self._is_filling and kind is not None:
            self.address_changed.emit(format_address(self._read(kind)))

    def _read(self, kind: StoreKind) -> StoreAddress:
        is_encrypted = bool(kind.tls_scheme) and self.tls_box.isChecked()
        made = with_scheme(self._address, kind.tls_scheme if is_encrypted else kind.schemes[0].name)
        for field in kind.fields:
            made = _with_text(made, field, self.lines[field.name].text().strip())
        return made


def _text_of(field: FormField, address: StoreAddress) -> str:
    match field.part:
        case Part.HOSTS:
            return ",".join(address.hosts)
        case Part.USER:
            return address.user
        case Part.PATH:
            return address.path
        case Part.OPTION:
            return address.options.get(field.name, "")


def _with_text(address: StoreAddress, field: FormField, text: str) -> StoreAddress:
    match field.part:
        case Part.HOSTS:
            return replace(address, hosts=tuple(host.strip() for host in text.split(",") if host.strip()))
        case Part.USER:
            return replace(address, user=text)
        case Part.PATH:
            return replace(address, path=text)
        case Part.OPTION:
            options = dict(address.options)
            options[field.name] = text
            if not text and not field.keeps_empty:
                del options[field.name]
            return replace(address, options=options)
