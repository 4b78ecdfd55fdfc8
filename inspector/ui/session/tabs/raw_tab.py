"""The Raw tab: the stored bytes as text or hex, never changed; and what was tried when no codec reads them."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from inspector.core.display import cut_lines
from inspector.services.sessions.open_session import OpenedSession
from inspector.services.sessions.text_pages import byte_page
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, copy_text
from inspector.ui.base.theme import mono_font
from inspector.ui.session.tabs.page_bar import PageBar

_PAGE_BYTES = 256 * 1024
_LINE = 16
_HEX = 1
_INSIDE = 2  # the button of the opened text


class RawTab(QWidget):
    """Shows a page of 256 KB at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._payload = self._inside = b""
        self._line_bytes = _LINE
        self._shown = ""
        self.edit = QPlainTextEdit()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.attempts = PlainLabel("", role="warn", wrap=True, selectable=True)
        self.attempts.setContentsMargins(12, 8, 12, 8)
        layout.addWidget(self.attempts)
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 8)
        head.setSpacing(7)
        self._choice = QButtonGroup(self)
        for number, word in enumerate(("Text", "Hex", "Inside")):
            button = QPushButton(word)
            button.setCheckable(True)
            button.setProperty("role", "chip")
            button.setAccessibleName(f"Show as {word.lower()}")
            self._choice.addButton(button, number)
            head.addWidget(button)
        self._choice.button(0).setChecked(True)
        self._choice.idClicked.connect(lambda _number: self._show_first())
        self.size_label = PlainLabel("", role="muted")
        head.addWidget(self.size_label, 1)
        self.page_bar = PageBar()
        self.page_bar.page_chosen.connect(lambda _number: self._fill())
        self.copy_button = QPushButton("Copy all")
        self.copy_button.setAccessibleName("Copy what is shown")
        self.copy_button.clicked.connect(lambda: copy_text(self._shown))
        head.addWidget(self.copy_button)
        layout.addLayout(head)
        self.edit.setReadOnly(True)
        self.edit.setFont(mono_font())
        self.edit.setAccessibleName("Stored bytes")
        layout.addWidget(self.edit, 1)
        layout.addWidget(self.page_bar)

    def show_record(self, opened: OpenedSession | None) -> None:
        """Show a record's stored bytes, and what is inside them where a serializer or an encryption is around it."""
        self._payload = opened.raw.payload if opened is not None else b""
        decoded = opened.decoded if opened is not None else None
        self._inside = decoded.source if decoded is not None and decoded.layers else b""
        self._choice.button(_INSIDE).setVisible(bool(self._inside))
        if not self._inside and self._choice.checkedId() == _INSIDE:
            self._choice.button(0).setChecked(True)
        tried = opened.attempts if opened is not None else ()
        words = "\n".join(f"{one.label}: {one.reason}{_at(one.offset)}" for one in tried)
        what = "No known format reads this record, so it is read-only. Tried:"
        if opened is not None and opened.is_beyond:
            what = "This record is more than the Data tab can hold, so it's shown as read-only text."
        if opened is not None and opened.is_sealed:
            what = (
                "This record is encrypted. Add its secret to the store (File, Change the store…) to read and edit it."
            )
        self.attempts.setText(f"{what}\n{words}" if tried else "")
        self.attempts.setVisible(bool(tried))
        if tried:
            self._choice.button(0 if _is_text(self._payload) else 1).setChecked(True)
        self._show_first()

    @property
    def _data(self) -> bytes:
        return self._inside if self._choice.checkedId() == _INSIDE else self._payload

    def _show_first(self) -> None:
        count = max(1, -(-len(self._data) // _PAGE_BYTES))
        self.page_bar.show_pages(count)
        self.copy_button.setText("Copy all" if count == 1 else "Copy page")
        self._fill()

    def _fill(self) -> None:
        data, page = self._data, self.page_bar.page
        is_hex = self._choice.checkedId() == _HEX
        first = page * _PAGE_BYTES
        shown = data[first : first + _PAGE_BYTES] if is_hex else byte_page(data, page, _PAGE_BYTES)
        part = f" · from {first:,}" if len(data) > _PAGE_BYTES else ""
        self.size_label.setText(f"{len(data):,} bytes{part}")
        self.edit.setLineWrapMode(
            QPlainTextEdit.LineWrapMode.NoWrap if is_hex else QPlainTextEdit.LineWrapMode.WidgetWidth
        )
        self._line_bytes = self._bytes_a_line()
        self._shown = hex_lines(shown, self._line_bytes, first) if is_hex else text_of_bytes(shown)
        self.edit.setPlainText(cut_lines(self._shown))

    def _bytes_a_line(self) -> int:
        """Return how many bytes a line of the dump has room for: the readable text at its end shall be in sight."""
        room = self.edit.viewport().width() - 2 * round(self.edit.document().documentMargin())
        return _LINE if room >= self.edit.fontMetrics().horizontalAdvance("0") * (12 + 4 * _LINE) else _LINE // 2

    @qt_guard()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._choice.checkedId() == _HEX and self._bytes_a_line() != self._line_bytes:
            self._fill()


def hex_lines(data: bytes, width: int = _LINE, first: int = 0) -> str:
    """Return a hex dump: offset (that of the data is `first`), `width` bytes a line, and what is printable ASCII."""
    lines = []
    for start in range(0, len(data), width):
        part = data[start : start + width]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{first + start:08x}  {part.hex(' '):<{3 * width - 1}}  {text}")
    return "\n".join(lines)


def text_of_bytes(data: bytes) -> str:
    """Return the bytes as UTF-8 text; undecodable and control bytes as `\\xNN`, hidden characters as ‹U+NNNN›, line ends kept."""
    text = data.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "\n" else _spelled(c) for c in text)


def _spelled(char: str) -> str:
    return f"\\x{ord(char):02x}" if char < "\x80" else f"‹U+{ord(char):04X}›"


def _is_text(data: bytes) -> bool:
    try:
        text = data[:4096].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > 4000
    return all(c.isprintable() or c in "\r\n\t" for c in text)


def _at(offset: int | None) -> str:
    return f" (at byte {offset:,})" if offset is not None else ""
