"""Secrets on the clipboard: marked so that managers of clipboards do not keep them, and taken away after a while."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QTimer
from PySide6.QtGui import QClipboard, QGuiApplication

CLEAR_AFTER_MS = 30_000
# What the clipboard managers of KDE, Windows and macOS look for. Their values: "secret"; any; a DWORD of 0; any.
_MARKS = {
    "x-kde-passwordManagerHint": b"secret",
    'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"': b"1",
    'application/x-qt-windows-mime;value="CanIncludeInClipboardHistory"': b"\0\0\0\0",
    'application/x-qt-windows-mime;value="CanUploadToCloudClipboard"': b"\0\0\0\0",
    "org.nspasteboard.ConcealedType": b"1",
}


def copy_secret(text: str) -> None:
    """Put a secret on the clipboard; after 30 s it is gone, unless something else has been copied meanwhile."""
    clipboard = QGuiApplication.clipboard()
    data = QMimeData()
    data.setText(text)
    for name, value in _MARKS.items():
        data.setData(name, value)
    clipboard.setMimeData(data)
    QTimer.singleShot(CLEAR_AFTER_MS, clipboard, lambda: _clear_if_unchanged(clipboard, text))


def clear_secret() -> None:
    """Clear a secret of ours from the clipboard, when the program ends."""
    clipboard = QGuiApplication.clipboard()
    if clipboard.ownsClipboard() and clipboard.mimeData().hasFormat("x-kde-passwordManagerHint"):
        clipboard.clear()


def _clear_if_unchanged(clipboard: QClipboard, text: str) -> None:
    if clipboard.text() == text:
        clipboard.clear()
