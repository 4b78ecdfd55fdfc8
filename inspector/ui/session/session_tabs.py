"""The five tabs of a session, and which of them can be looked at; fills none."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget, QWidget

from inspector.ui.base.context import Context
from inspector.ui.session.tabs.cookie_tab import CookieTab
from inspector.ui.session.tabs.data_tab import DataTab
from inspector.ui.session.tabs.history_tab import HistoryTab
from inspector.ui.session.tabs.json_tab import JsonTab
from inspector.ui.session.tabs.raw_tab import RawTab

TAB_TITLES = ("Data", "JSON", "Cookie", "History", "Raw")
DATA, JSON, COOKIE, HISTORY, RAW = range(5)


class SessionTabs(QTabWidget):
    """Builds the tabs; whoever shows a session fills them."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._left_tab: int | None = None
        self.setDocumentMode(True)
        self.setAccessibleName("Views of the session")
        self.data_tab = DataTab(context.theme)
        self.json_tab = JsonTab(context)
        self.cookie_tab = CookieTab()
        self.history_tab = HistoryTab()
        self.raw_tab = RawTab()
        tabs = (self.data_tab, self.json_tab, self.cookie_tab, self.history_tab, self.raw_tab)
        for title, tab in zip(TAB_TITLES, tabs, strict=True):
            self.addTab(tab, title)

    def focus_tab(self) -> None:
        """Put the keyboard where the tab that is shown is worked in."""
        places = (self.data_tab.tree, self.json_tab.edit, None, self.history_tab.list, self.raw_tab.edit)
        (places[self.currentIndex()] or self.tabBar()).setFocus()

    def tell_readable(self, is_readable: bool) -> None:
        """Show the bytes of what no codec reads, and go back to where one was with the next readable session."""
        now = self.currentIndex()
        if not is_readable and now in (DATA, JSON):
            # Before the two are disabled: Qt would move on to the next tab on its own.
            self._left_tab = now
            self.setCurrentIndex(RAW)
        for tab in (DATA, JSON):
            self.setTabEnabled(tab, is_readable)
        if is_readable and self._left_tab is not None:
            self.setCurrentIndex(self._left_tab if now == RAW else now)
            self._left_tab = None
