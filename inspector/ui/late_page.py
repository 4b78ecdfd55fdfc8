"""The place of a page that is built when it is first wanted, so that the window is there sooner; knows no page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.ui.guard import qt_guard

_Page = TypeVar("_Page", bound=QWidget)


class LatePage(QWidget, Generic[_Page]):
    """`page` builds it with `make`, as does being shown; `built` is the page where it has been wanted already."""

    def __init__(self, make: Callable[[], _Page], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self.built: _Page | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    @property
    def page(self) -> _Page:
        if self.built is None:
            self.built = self._make()
            self._layout.addWidget(self.built)
        return self.built

    @qt_guard()
    def showEvent(self, event: QShowEvent) -> None:
        _ = self.page
