"""The pages of the tools (cookie inspector, doctor, users, demo server), built when first wanted so that the window is there sooner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.services.settings.profiles import Profile
from inspector.ui.base.context import Context
from inspector.ui.base.guard import qt_guard
from inspector.ui.stores.open_store import OpenStore

if TYPE_CHECKING:
    from inspector.ui.cookies.cookie_page import CookiePage
    from inspector.ui.demo.demo_page import DemoPage
    from inspector.ui.doctor.doctor_page import DoctorPage
    from inspector.ui.users.users_page import UsersPage

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


class ToolPages(QObject):
    """Builds the pages when they are wanted, and tells them what they have to know from then on."""

    session_wanted = Signal(bytes)  # key, in the store that is shown
    stored_session_wanted = Signal(str, str)  # store URL, session ID
    filter_wanted = Signal(str)  # of the list of the store that is shown
    logout_wanted = Signal(object, object)  # OpenStore, positions in its list
    own_session_wanted = Signal(str)  # session ID, in the store that is shown
    store_wanted = Signal(str)  # store URL
    signature_known = Signal(str, str)  # session ID, words for its badge
    tool_noted = Signal(str, str)  # the page's name, what stands beside it
    noted = Signal(str)

    def __init__(self, context: Context, demo_store_url: str, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._demo_store_url = demo_store_url
        self._store: OpenStore | None = None
        self._profiles: Sequence[Profile] = ()
        self.cookies: LatePage[CookiePage] = LatePage(self._make_cookie_page)
        self.doctor: LatePage[DoctorPage] = LatePage(self._make_doctor_page)
        self.users: LatePage[UsersPage] = LatePage(self._make_users_page)
        self.demo: LatePage[DemoPage] = LatePage(self._make_demo_page)

    def show_store(self, store: OpenStore | None) -> None:
        """Check cookies against this store from now on, and examine it."""
        self._store = store
        if self.cookies.built is not None:
            self.cookies.built.show_store(store)
        if self.doctor.built is not None:
            self.doctor.built.show_store(store)
        if self.users.built is not None:
            self.users.built.show_store(store)

    def offer_stores(self, profiles: Sequence[Profile]) -> None:
        """Offer stores to the demo server."""
        self._profiles = profiles
        if self.demo.built is not None:
            self.demo.built.offer_stores(profiles)

    def focus(self, name: str) -> None:
        """Put the keyboard where a tool's page wants it first."""
        match name:
            case "cookies":
                self.cookies.page.edit.setFocus()
            case "doctor":
                self.doctor.page.run_button.setFocus()
            case "users":
                self.users.page.filter_edit.setFocus()

    def close(self) -> None:
        if self.demo.built is not None:
            self.demo.built.close_lane()

    # The pages' modules bring cookie schemes, archives, the demo server and HTTP: not before they are wanted.
    def _make_cookie_page(self) -> CookiePage:
        from inspector.ui.cookies.cookie_page import CookiePage

        page = CookiePage(self._context)
        page.session_wanted.connect(self.session_wanted)
        page.signature_known.connect(self.signature_known)
        page.noted.connect(self.noted)
        page.show_store(self._store)
        return page

    def _make_doctor_page(self) -> DoctorPage:
        from inspector.ui.doctor.doctor_page import DoctorPage

        page = DoctorPage(self._context)
        page.filter_wanted.connect(self.filter_wanted)
        page.session_wanted.connect(self.own_session_wanted)
        page.noted.connect(self.noted)
        page.show_store(self._store)
        return page

    def _make_users_page(self) -> UsersPage:
        from inspector.ui.users.users_page import UsersPage

        page = UsersPage(self._context)
        page.filter_wanted.connect(self.filter_wanted)
        page.logout_wanted.connect(self.logout_wanted)
        page.noted.connect(self.noted)
        page.show_store(self._store)
        return page

    def _make_demo_page(self) -> DemoPage:
        from inspector.ui.demo.demo_page import DemoPage

        page = DemoPage(self._context, self._demo_store_url)
        page.started.connect(self._demo_started)
        page.stopped.connect(lambda: self.tool_noted.emit("demo", ""))
        page.session_wanted.connect(self._demo_session_wanted)
        page.store_wanted.connect(self.store_wanted)
        page.noted.connect(self.noted)
        page.offer_stores(self._profiles)
        return page

    def _demo_started(self, url: str, _store_url: str) -> None:
        self.tool_noted.emit("demo", f":{url.rstrip('/').rpartition(':')[2]}")
        self.noted.emit(f"The demo server answers at {url}")

    def _demo_session_wanted(self, session_id: str) -> None:
        if (server := self.demo.page.server) is not None:
            self.stored_session_wanted.emit(server.store_url, session_id)
