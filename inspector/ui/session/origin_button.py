"""*What is this?* beside a session whose origin is unknown: the person says which framework wrote the records of its store."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from inspector.frameworks import FRAMEWORKS, UNKNOWN
from inspector.services.sessions.open_session import OpenedSession


class OriginButton(QPushButton):
    """Shown for an unknown origin alone; `framework_chosen(name)` is for the whole store."""

    framework_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText("What is this?")
        self.setToolTip("Nothing in this record tells what wrote it. Say which framework writes this store's records.")
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.setMenu(self._menu)
        self.hide()

    def show_session(self, opened: OpenedSession) -> None:
        self.setVisible(opened.origin.framework is UNKNOWN)

    def _fill(self) -> None:
        self._menu.clear()
        for framework in FRAMEWORKS:
            action = self._menu.addAction(framework.title.replace("&", "&&"))
            action.triggered.connect(lambda _on=False, name=framework.name: self.framework_chosen.emit(name))
