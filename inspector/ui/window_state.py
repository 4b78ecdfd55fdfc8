"""Where the window stood, its splitters and columns, from one run to the next; knows no page."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings


class WindowState:
    """Named bytes in an INI file of the program's folder. A file that cannot be read or written is no trouble."""

    def __init__(self, folder: Path) -> None:
        self._settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)

    def get(self, name: str) -> QByteArray:
        value = self._settings.value(f"window/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def put(self, name: str, value: QByteArray | bytes) -> None:
        self._settings.setValue(f"window/{name}", QByteArray(value))

    def save(self) -> None:
        self._settings.sync()
