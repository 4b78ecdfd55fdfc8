"""Where the window stood, its splitters and columns, from one run to the next; decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings

if TYPE_CHECKING:
    from inspector.ui.window.main_window import MainWindow


class WindowState:
    """Named bytes in an INI file of the program's folder. A file that cannot be read or written is no trouble."""

    def __init__(self, folder: Path) -> None:
        self._settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)

    def restore(self, window: MainWindow) -> None:
        """Put the window where it stood."""
        window.restoreGeometry(self.get("geometry"))
        window.splitter.restoreState(self.get("stores"))
        columns, panel, is_sorted = (bytes(self.get(name).data()) for name in ("columns", "panel", "sorted"))
        window.sessions_page.restore_state(columns, panel, is_sorted)

    def keep(self, window: MainWindow) -> None:
        """Keep where it stands."""
        self.put("geometry", window.saveGeometry())
        self.put("stores", window.splitter.saveState())
        page = window.sessions_page.save_state()
        self.put("columns", page["columns"])
        self.put("panel", page["splitter"])
        self.put("sorted", page["sorted"])
        self.save()

    def get(self, name: str) -> QByteArray:
        value = self._settings.value(f"window/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def put(self, name: str, value: QByteArray | bytes) -> None:
        self._settings.setValue(f"window/{name}", QByteArray(value))

    def save(self) -> None:
        self._settings.sync()
