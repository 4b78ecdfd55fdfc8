"""The cookie page's box: takes text, and files and archives that are dropped on it or pasted, which it hands on."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from inspector.cookies import is_archive
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.theme import mono_font


def local_files(data: QMimeData) -> list[str]:
    """Return the paths of what a file manager gives."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]


class PasteBox(QPlainTextEdit):
    """`archive_pasted` carries the text of a HAR, which never gets into the box: it may be large."""

    files_given = Signal(list)
    archive_pasted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(mono_font())
        self.setAccessibleName("Cookie text")
        self.setPlaceholderText("Cookie: connect.sid=s%3A…")
        self.setFixedHeight(84)
        self.setTabChangesFocus(True)

    @qt_guard(False)
    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return bool(local_files(source)) or super().canInsertFromMimeData(source)

    @qt_guard()
    def insertFromMimeData(self, source: QMimeData) -> None:
        if files := local_files(source):
            self.files_given.emit(files)
        elif source.hasText() and is_archive(source.text()):
            self.archive_pasted.emit(source.text())
        else:
            super().insertFromMimeData(source)
