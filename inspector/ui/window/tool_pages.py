"""The cookie inspector and the demo server's page, built when first wanted so that the window is there sooner."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.ui.base.context import Context
from inspector.ui.base.guard import qt_guard
from inspector.ui.stores.open_store import OpenStore
from store_adapters.errors import BadStoreAddress

if TYPE_CHECKING:
    from inspector.ui.cookies.cookie_page import CookiePage
    from inspector.ui.demo.demo_page import DemoPage
    from inspector.ui.window.main_window import MainWindow

_Page = TypeVar("_Page", bound=QWidget)


class LatePage(QWidget, Generic[_Page]):
    """The place of a page. `page` builds it, as does being shown; `built` is the page once it was wanted."""

    def __init__(self, make: Callable[[], _Page]) -> None:
        super().__init__()
        self._make = make
        self.built: _Page | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    @property
    def page(self) -> _Page:
        if self.built is None:
            self.built = self._make()
            self._column.addWidget(self.built)
            self.built.show()  # a layout shows what is put into it a moment later only
        return self.built

    @qt_guard()
    def showEvent(self, event: QShowEvent) -> None:
        _ = self.page


class ToolPages:
    """Wires the two pages to the window when they are built, and tells them what they have to know after that."""

    def __init__(self, context: Context, window: MainWindow, demo_store_url: str) -> None:
        self._context = context
        self._window = window
        self._demo_store_url = demo_store_url
        self.cookies: LatePage[CookiePage] = LatePage(self._make_cookie_page)
        self.demo: LatePage[DemoPage] = LatePage(self._make_demo_page)

    def show_store(self, store: OpenStore | None) -> None:
        """Check cookies against this store from now on."""
        if self.cookies.built is not None:
            self.cookies.built.show_store(store)

    def offer_stores(self) -> None:
        """Offer the window's stores to the demo server."""
        if self.demo.built is not None:
            self.demo.built.offer_stores(self._window.stores.profiles)

    def close(self) -> None:
        if self.demo.built is not None:
            self.demo.built.close_lane()

    # The pages' modules bring cookie schemes, archives, the demo server and HTTP: not before they are wanted.
    def _make_cookie_page(self) -> CookiePage:
        from inspector.ui.cookies.cookie_page import CookiePage

        window = self._window
        page = CookiePage(self._context)
        page.session_wanted.connect(window.go_to_session)
        page.signature_known.connect(window.panel.head.show_signature)
        page.noted.connect(window.note)
        page.show_store(window.current)
        return page

    def _make_demo_page(self) -> DemoPage:
        from inspector.ui.demo.demo_page import DemoPage

        window = self._window
        page = DemoPage(self._context, self._demo_store_url)
        page.started.connect(self._demo_started)
        page.stopped.connect(lambda: window.stores_panel.note_tool("demo", ""))
        page.session_wanted.connect(self._go_to_demo_session)
        page.store_wanted.connect(window.show_store_of)
        page.noted.connect(window.note)
        page.offer_stores(window.stores.profiles)
        return page

    def _demo_started(self, url: str, _store_url: str) -> None:
        self._window.stores_panel.note_tool("demo", f":{url.rstrip('/').rpartition(':')[2]}")
        self._window.note(f"The demo server answers at {url}")

    def _go_to_demo_session(self, session_id: str) -> None:
        window, server = self._window, self._window.demo_page.server
        if server is None:
            return
        window.show_store_of(server.store_url)
        if window.current is not None and window.current.connection is not None:
            try:
                window.go_to_session(window.current.connection.store.ref_for(session_id).key)
            except BadStoreAddress as error:
                window.note(error.message)
