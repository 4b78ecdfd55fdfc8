"""Where the window stood, its splitters and columns, from one run to the next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings


class WindowState:
    """Named bytes in an INI file of the program's folder. A file that cannot be read or written does no harm."""

    def __init__(self, folder: Path) -> None:
        self._settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)

    def restore(self, name: str) -> bytes:
        """Return what was kept under a name, b"" where nothing was."""
        value = self._settings.value(f"window/{name}")
        return bytes(value.data()) if isinstance(value, QByteArray) else b""

    def keep(self, blobs: Mapping[str, bytes]) -> None:
        for name, value in blobs.items():
            self._settings.setValue(f"window/{name}", QByteArray(value))
        self._settings.sync()
