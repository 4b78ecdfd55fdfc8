"""The users' page: who is signed in at the store that is shown, with how many sessions, since when."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from inspector.core.display import escape_display
from inspector.services.doctor.gather import Examination, Pace
from inspector.services.users.user_list import User, UserList, list_users
from inspector.ui.base.context import Context
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.jobs import Job
from inspector.ui.base.plain import PlainLabel, plain_tip
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.users.user_model import TITLES, UserModel
from store_adapters.clock import now_ms

_WIDTHS = (220, 90, 200, 130)


class UsersPage(QWidget):
    """Counts when it is shown for a store for the first time, and again by *Refresh*.

    `filter_wanted(text)`: show these sessions in the list. `logout_wanted(store, positions)`: end them.
    """

    filter_wanted = Signal(str)
    logout_wanted = Signal(object, object)  # OpenStore, list[int]
    noted = Signal(str)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._store: OpenStore | None = None
        self._job: Job | None = None
        self._sorted: list[User] = []
        self.users: UserList | None = None
        self._build()
        self._show_state()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 16, 22, 12)
        layout.setSpacing(10)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(PlainLabel("Users", role="title"))
        self.state_label = PlainLabel("", role="muted")
        head.addWidget(self.state_label, 1)
        self.show_button = _button("Show sessions", self.show_sessions, "Filter the list by this user")
        self.logout_button = _button("Log out…", self.log_out, "End all sessions of this user, after a preview")
        self.refresh_button = _button("Refresh", self.run, "Count again, by the list as it is now")
        for button in (self.show_button, self.logout_button, self.refresh_button):
            head.addWidget(button)
        layout.addLayout(head)
        self.filter_edit = QLineEdit()
        self.filter_edit.setPlaceholderText("Find a user: an ID, e-mail, name or role")
        self.filter_edit.setAccessibleName("Find a user")
        self.filter_edit.setClearButtonEnabled(True)
        self.filter_edit.textChanged.connect(lambda _text: self._show_rows())
        layout.addWidget(self.filter_edit)
        self.message = PlainLabel("", role="error", wrap=True)
        layout.addWidget(self.message)
        self.model = UserModel(TITLES, self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Users")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        self.table.horizontalHeader().setSectionResizeMode(len(_WIDTHS), QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().selectionChanged.connect(lambda _new, _old: self._show_state())
        self.table.activated.connect(lambda _index: self.show_sessions())
        layout.addWidget(self.table, 1)

    @property
    def is_running(self) -> bool:
        return self._job is not None and not self._job.is_finished

    @property
    def chosen(self) -> User | None:
        """The user whose row is selected."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.row(rows[0].row()) if rows else None

    def show_store(self, store: OpenStore | None) -> None:
        """Be about another store from now on."""
        if store is self._store:
            return
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if self._store is not None:
            self._store.state_changed.disconnect(self._store_changed)
            self._store.progress_changed.disconnect(self._store_changed)
        self._store, self.users = store, None
        if store is not None:
            store.state_changed.connect(self._store_changed)
            store.progress_changed.connect(self._store_changed)
        self._sorted = []
        self._show_rows()
        self._store_changed()

    @qt_guard()
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._store_changed()

    def _store_changed(self) -> None:
        store, is_first = self._store, self.users is None and not self.is_running
        if is_first and self.isVisible() and store is not None and store.progress.is_complete:
            self.run()
        self._show_state()

    def run(self) -> None:
        """Count the users of the list as it is now."""
        store = self._store
        if self.is_running or store is None or store.catalogue is None:
            return
        catalogue = store.catalogue
        asked = Examination(is_about_users=True, has_own_user=bool(store.profile.user_path.strip()))
        self.message.setText("")
        self._job = store.stream(
            lambda adapter, token: list_users(adapter, catalogue, token, asked, now_ms()),
            owner=self,
            item=self._progressed,
            done=lambda _: self._show_state(),
            failed=self._failed,
        )
        self._show_state()

    def _progressed(self, step: Pace | UserList) -> None:
        if isinstance(step, Pace):
            self._show_state(f"{step.done:,} of {step.total:,} sessions counted")
            return
        self._job, self.users = None, step
        self._sorted = sorted(step.users.values(), key=lambda user: (-len(user.rows), user.name))
        self._show_rows()

    def _failed(self, error: Exception) -> None:
        self._job = None
        trouble = describe_trouble(error)
        self.message.setText(f"{trouble.text} {trouble.remedy}".strip())
        self._show_state()

    def _show_rows(self) -> None:
        wanted = self.filter_edit.text().strip().lower()
        self.model.show_rows([user for user in self._sorted if not wanted or _holds(user, wanted)])
        self._show_state()

    def _show_state(self, words: str = "") -> None:
        store, users = self._store, self.users
        if store is None:
            words = "Open a store to see who is signed in."
        elif not words and users is not None:
            sessions = sum(len(user.rows) for user in users.users.values())
            words = f"{len(users.users):,} signed in, with {sessions:,} sessions"
        elif not words and store.state is not StoreState.OPEN:
            words = store.state_words
        name = escape_display(store.profile.name, 60) if store is not None else ""
        self.state_label.setText("  ·  ".join(part for part in (name, words) if part))
        is_open = store is not None and store.state is StoreState.OPEN
        self.refresh_button.setEnabled(is_open and not self.is_running)
        self.show_button.setEnabled(self.chosen is not None)
        self.logout_button.setEnabled(self.chosen is not None and store is not None and store.can_write)
        self.message.setVisible(bool(self.message.text()))

    def show_sessions(self) -> None:
        """Have the list show the sessions of the chosen user."""
        if (user := self.chosen) is not None:
            self.filter_wanted.emit(user.filter)

    def log_out(self) -> None:
        """Have the sessions of the chosen user ended, after a preview."""
        if (user := self.chosen) is not None and self._store is not None:
            self.logout_wanted.emit(self._store, user.rows)


def _holds(user: User, wanted: str) -> bool:
    texts = (*(value for _path, value in user.identities), *user.roles)
    return any(wanted in text.lower() for text in texts)


def _button(words: str, act: Callable[[], None], tip: str) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(plain_tip(tip))
    button.clicked.connect(lambda _checked=False: act())
    return button
