"""The stores and tools at the left: which store is shown, how it is, and how many sessions it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from inspector.core.display import escape_display
from inspector.services.settings.profiles import Environment
from inspector.ui.base.fitting_label import FittingLabel
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, plain_tip
from inspector.ui.base.theme import Theme
from inspector.ui.stores.open_store import OpenStore, StoreState

TOOLS = (("cookies", "Cookie inspector"), ("doctor", "Doctor"), ("users", "Users"), ("demo", "Demo server"))
_ROW_HEIGHT = 28
"""Of every entry, with a badge or without; more where the font is larger."""
_GAP, _MORE_ROWS = 2, 3
_MOST_HEIGHT = 360
_BADGES = {Environment.PRODUCTION: ("PROD", "badge-bad"), Environment.STAGING: ("STAGE", "badge-warn")}


def short_number(number: int) -> str:
    """Return 24, 8,112 or 1.0M."""
    if number >= 1_000_000:
        return f"{number / 1_000_000:.1f}M"
    return f"{number // 1000}k" if number >= 100_000 else f"{number:,}"


class _Dot(QWidget):
    """A filled dot for a store that answers, a ring for a closed one, a triangle for one that does not answer or failed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.state = StoreState.CLOSED
        self.is_silent = False
        self.setFixedSize(10, 10)

    @qt_guard()
    def paintEvent(self, event: QPaintEvent) -> None:
        names = {StoreState.OPEN: "ok", StoreState.FAILED: "bad", StoreState.CONNECTING: "warn"}
        is_bad = self.is_silent or self.state is StoreState.FAILED
        colour = self._theme.colour("bad" if is_bad else names.get(self.state, "muted"))
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(colour)
            painter.setBrush(Qt.BrushStyle.NoBrush if self.state is StoreState.CLOSED else colour)
            if is_bad:
                painter.drawPolygon([QPoint(0, 9), QPoint(9, 9), QPoint(4, 0)])
            else:
                painter.drawEllipse(1, 1, 7, 7)


class _Row(QPushButton):
    """One entry; a button, so that Tab, Space and Enter work."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setProperty("role", "entry")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(9, 4, 9, 4)
        self.row.setSpacing(7)
        self.name_label = FittingLabel(name)
        self.name_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(name)

    @qt_guard(QSize(120, 30))
    def sizeHint(self) -> QSize:
        return QSize(120, max(_ROW_HEIGHT, self.fontMetrics().height() + 12))


class _StoreRow(_Row):
    def __init__(self, store: OpenStore, theme: Theme) -> None:
        super().__init__(escape_display(store.profile.name, 60))
        self._store = store
        self._dot = _Dot(theme)
        self.row.addWidget(self._dot)
        self.row.addWidget(self.name_label, 1)
        if store.profile.environment in _BADGES:
            words, role = _BADGES[store.profile.environment]
            self.row.addWidget(PlainLabel(words, role=role))
        self.count_label = PlainLabel("", role="caption")
        self.row.addWidget(self.count_label)
        store.state_changed.connect(self.refresh)
        store.progress_changed.connect(self.refresh)
        store.rows_changed.connect(self.refresh)
        store.sessions_changed.connect(self._sessions_changed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.refresh()

    def _sessions_changed(self, _keys: frozenset[bytes]) -> None:
        # No lambda: Qt forgets a method with its row, which every change of the list recreates.
        self.refresh()

    def refresh(self) -> None:
        store = self._store
        self._dot.state, self._dot.is_silent = store.state, store.is_silent
        self._dot.update()
        catalogue = store.catalogue
        is_open = store.state is StoreState.OPEN and catalogue is not None
        number = short_number(len(catalogue)) if is_open and catalogue is not None else "—"
        self.count_label.setText("no answer" if store.is_silent else number)
        trouble = store.health.silence or store.trouble
        self.setToolTip(
            plain_tip(f"{store.profile.name}: {store.state_words}. {trouble.text if trouble else ''}".strip())
        )
        self.setAccessibleDescription(f"{store.state_words}, {number} sessions")


class _RowList(QScrollArea):
    """A row for each store, of which only those in sight are made: a thousand stores cost no more than a dozen."""

    def __init__(self, make_row: Callable[[str], _StoreRow]) -> None:
        super().__init__()
        self.rows: dict[str, _StoreRow] = {}
        self._make_row = make_row
        self._identities: tuple[str, ...] = ()
        self._pitch = _ROW_HEIGHT + _GAP
        self._inside = QWidget()
        self.setWidgetResizable(True)
        self.setWidget(self._inside)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.verticalScrollBar().valueChanged.connect(self._place_rows)
        for widget in (self._inside, self.viewport()):
            widget.setAutoFillBackground(False)

    def show_rows(self, identities: tuple[str, ...]) -> None:
        """Show a new row for each of these, as high as they are up to a limit, so that what is below stands right below."""
        for identity in tuple(self.rows):
            self._drop_row(identity)
        self._identities = identities
        if identities:
            self.rows[identities[0]] = self._make_row(identities[0])
            self._pitch = self.rows[identities[0]].sizeHint().height() + _GAP
        self._inside.setMinimumHeight(len(identities) * self._pitch)
        self.setFixedHeight(min(len(identities) * self._pitch, _MOST_HEIGHT))
        self._place_rows()

    def bring_in_sight(self, identity: str) -> None:
        """Scroll to the row, if it is not in sight."""
        if identity in self._identities:
            top = self._identities.index(identity) * self._pitch
            bar, shown = self.verticalScrollBar(), self.height()
            if not bar.value() <= top <= bar.value() + shown - self._pitch:
                bar.setRange(0, max(0, self._inside.minimumHeight() - shown))  # Qt sets it with the next layout
                bar.setValue(top - shown // 2)

    @qt_guard()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_rows()

    def _place_rows(self) -> None:
        top = self.verticalScrollBar().value()
        first = max(0, top // self._pitch - _MORE_ROWS)
        last = (top + self.height()) // self._pitch + _MORE_ROWS
        wanted = dict(enumerate(self._identities[first:last], first))
        kept = set(wanted.values())
        for identity in [one for one, row in self.rows.items() if one not in kept and not row.hasFocus()]:
            self._drop_row(identity)
        before: _StoreRow | None = None
        for number, identity in wanted.items():
            row = self.rows.get(identity) or self.rows.setdefault(identity, self._make_row(identity))
            row.setParent(self._inside)
            row.setGeometry(0, number * self._pitch, self.viewport().width(), self._pitch - _GAP)
            row.show()
            if before is not None:
                QWidget.setTabOrder(before, row)
            before = row

    def _drop_row(self, identity: str) -> None:
        row = self.rows.pop(identity)
        row.hide()
        row.deleteLater()


class StoresPanel(QFrame):
    """Emits what a person chose; `choose_store` and `choose_tool` mark an entry without emitting."""

    store_chosen = Signal(str)  # profile id
    tool_chosen = Signal(str)
    add_wanted = Signal()
    edit_wanted = Signal(str)
    remove_wanted = Signal(str)
    close_wanted = Signal(str)
    reconnect_wanted = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._stores: Mapping[str, OpenStore] = {}
        self._marked = ""
        self._tools: dict[str, _Row] = {}
        self.setProperty("role", "side")
        self.setMinimumWidth(170)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(8, 12, 8, 10)
        outer.setSpacing(2)
        outer.addWidget(_caption("STORES"))
        self.list = _RowList(self._make_row)
        self.rows = self.list.rows
        outer.addWidget(self.list)
        outer.addWidget(_caption("TOOLS"))
        self._tool_notes: dict[str, PlainLabel] = {}
        for name, words in TOOLS:
            row = _Row(words)
            row.row.addWidget(row.name_label, 1)
            self._tool_notes[name] = PlainLabel("", role="caption")
            row.row.addWidget(self._tool_notes[name])
            row.clicked.connect(lambda _checked=False, name=name: self._pick_tool(name))
            self._tools[name] = row
            outer.addWidget(row)
        outer.addStretch(1)
        self.add_button = QPushButton("Add a store…")
        self.add_button.clicked.connect(self.add_wanted)
        outer.addWidget(self.add_button)

    def show_stores(self, stores: Mapping[str, OpenStore]) -> None:
        """Show these stores, in this order."""
        self._stores = stores
        self.list.show_rows(tuple(stores))

    def _make_row(self, identity: str) -> _StoreRow:
        row = _StoreRow(self._stores[identity], self._theme)
        row.clicked.connect(lambda: self._pick_store(identity))
        row.customContextMenuRequested.connect(lambda at: self._show_menu(identity, at))
        row.setChecked(identity == self._marked)
        return row

    def choose_store(self, profile_id: str) -> None:
        """Mark a store as the one that is shown."""
        self._marked = profile_id
        self.list.bring_in_sight(profile_id)
        self._mark(self.rows.get(profile_id))

    def choose_tool(self, name: str) -> None:
        """Mark a tool as the one that is shown."""
        self._marked = ""
        self._mark(self._tools.get(name))

    def note_tool(self, name: str, words: str) -> None:
        """Put a few characters beside a tool, such as the demo's port."""
        self._tool_notes[name].setText(words)

    def _mark(self, chosen: _Row | None) -> None:
        for row in (*self.rows.values(), *self._tools.values()):
            row.setChecked(row is chosen)

    def _pick_store(self, profile_id: str) -> None:
        self.choose_store(profile_id)
        self.store_chosen.emit(profile_id)

    def _pick_tool(self, name: str) -> None:
        self.choose_tool(name)
        self.tool_chosen.emit(name)

    def _show_menu(self, profile_id: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, signal in (
            ("Change…", self.edit_wanted),
            ("Reconnect", self.reconnect_wanted),
            ("Disconnect", self.close_wanted),
            ("Remove from the list…", self.remove_wanted),
        ):
            menu.addAction(words).triggered.connect(lambda _checked=False, signal=signal: signal.emit(profile_id))
        menu.popup(self.rows[profile_id].mapToGlobal(at))


def _caption(words: str) -> PlainLabel:
    label = PlainLabel(words, role="caption")
    label.setContentsMargins(9, 6, 9, 4)
    return label
