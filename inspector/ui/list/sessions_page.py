"""The sessions of one store: filter, chips, table, plots, and the session panel beside them."""

from __future__ import annotations

import time
from array import array

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from inspector.services.catalogue.overview import Overview
from inspector.services.catalogue.session_row import Column
from inspector.services.filtering.parser import FilterError, SessionFilter, parse_filter
from inspector.ui.base.actions import ActionBook, make_button
from inspector.ui.base.context import Context
from inspector.ui.base.empty_state import EmptyState
from inspector.ui.base.plain import PlainLabel, tell
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.list.empty_list import show_why_empty
from inspector.ui.list.row_finder import FoundRows, RowFinder
from inspector.ui.list.session_list import choose_columns, make_session_table
from inspector.ui.list.session_plots import SessionPlots
from inspector.ui.list.session_table import COLUMNS, SessionTableModel
from inspector.ui.list.sessions_head import SessionsHead
from inspector.ui.session.session_panel import SessionPanel
from inspector.ui.stores.open_store import OpenStore

_TYPING_MS = 180
_KEPT_SELECTED = 500
_FEW = 20_000
_AWAIT_S = 5.0
"""A chosen row that has not come by then is filtered out: looking for it in a million rows, again and again, takes time."""


class SessionsPage(QWidget):
    """Shows whichever store it is given. `session_chosen` carries the key of the row a person went to."""

    session_chosen = Signal(object)  # bytes
    selection_changed = Signal(int)  # number of selected rows

    def __init__(
        self, context: Context, actions: ActionBook, panel: SessionPanel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._store: OpenStore | None = None
        self.sort = (Column.CHANGED, True)
        self._arrow: Column | None = Column.CHANGED
        self._is_sort_chosen = False
        self._needs_values = False
        self._chosen: bytes | None = None
        self._awaited: bytes | None = None  # chosen, and not among the rows yet
        self._awaited_until = 0.0
        self.model = SessionTableModel(self)
        self._actions = actions
        self._build(actions, panel)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._select)
        self._finder = RowFinder(context, self._chosen_positions, self)
        self._finder.found.connect(self._show_found)
        self._finder.counted.connect(self._show_counted)
        self._finder.failed.connect(self._tell)
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        self._show_state()

    def _build(self, actions: ActionBook, panel: SessionPanel) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._build_toolbar(actions))
        self.filter_error = PlainLabel("", role="error", wrap=True)
        self.filter_error.setContentsMargins(14, 4, 14, 4)
        self.filter_error.hide()
        layout.addWidget(self.filter_error)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self._build_list(actions))
        self.splitter.addWidget(panel)
        self.table.activated.connect(lambda _index: panel.focus_tab())
        self.splitter.setStretchFactor(0, 58)
        self.splitter.setStretchFactor(1, 42)
        self.splitter.setSizes([640, 480])
        layout.addWidget(self.splitter, 1)

    def _build_toolbar(self, actions: ActionBook) -> QWidget:
        bar = QFrame()
        bar.setProperty("role", "top")
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 7, 12, 7)
        row.setSpacing(8)
        for name in ("connect", "refresh", "live"):
            row.addWidget(make_button(actions[name]))
        self.filter_edit = QLineEdit()
        self.filter_edit.setPlaceholderText("Filter: text, user.role:admin, cart.length>2, expires<1h, size>10kb …")
        self.filter_edit.setAccessibleName("Filter sessions")
        self.filter_edit.setClearButtonEnabled(True)
        self.filter_edit.textChanged.connect(lambda _text: self._typing.start())
        self.filter_edit.returnPressed.connect(self._select)
        down = QShortcut(QKeySequence(Qt.Key.Key_Down), self.filter_edit, context=Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(lambda: self.table.setFocus())
        row.addWidget(self.filter_edit, 1)
        for name in ("paste_cookie", "commands"):
            row.addWidget(make_button(actions[name]))
        return bar

    def _build_list(self, actions: ActionBook) -> QWidget:
        side = QWidget()
        side.setMinimumWidth(380)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.head = SessionsHead()
        self.head.chips_changed.connect(self._select)
        self.head.stop_wanted.connect(self._stop)
        self.head.reconnect_wanted.connect(actions["reconnect"].trigger)
        column.addWidget(self.head)
        self.progress_bar = QProgressBar()
        self.progress_bar.setTextVisible(False)
        self.progress_bar.setFixedHeight(3)
        keeps_place = self.progress_bar.sizePolicy()
        keeps_place.setRetainSizeWhenHidden(True)
        self.progress_bar.setSizePolicy(keeps_place)
        self.progress_bar.setAccessibleName("Reading progress")
        column.addWidget(self.progress_bar)
        self.stack = QStackedWidget()
        self.empty = EmptyState(self)
        self.table = make_session_table(self.model, self._context.theme)
        header = self.table.horizontalHeader()
        header.sortIndicatorChanged.connect(self._sort_by)
        header.customContextMenuRequested.connect(lambda _at: choose_columns(self.table))
        selection = self.table.selectionModel()
        selection.currentRowChanged.connect(self._went_to)
        selection.selectionChanged.connect(self._selection_moved)
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.empty)
        column.addWidget(self.stack, 1)
        self.plots = SessionPlots(self._context.theme)
        self.plots.filter_chosen.connect(self.filter_edit.setText)
        column.addWidget(self.plots)
        return side

    def show_store(self, store: OpenStore | None) -> None:
        """Show another store's sessions."""
        if self._store is not None:
            self._store.state_changed.disconnect(self._show_state)
            self._store.progress_changed.disconnect(self._show_progress)
            self._store.rows_changed.disconnect(self._show_counts)
            self._store.sessions_changed.disconnect(self._repaint)
        self._store = store
        self._chosen = self._awaited = None
        self._finder.show_store(store)
        self.model.show_rows(None, ())
        if store is not None:
            store.state_changed.connect(self._show_state)
            store.progress_changed.connect(self._show_progress)
            store.rows_changed.connect(self._show_counts)
            store.sessions_changed.connect(self._repaint)
        self._show_state()
        self._select()

    @property
    def store(self) -> OpenStore | None:
        return self._store

    @property
    def selected_count(self) -> int:
        return sum(last - first + 1 for first, last in self.table.selected_rows())

    def selected_positions(self) -> array[int]:
        """Return the selected rows' positions in the catalogue, in the table's order; `Catalogue.keys_at` has their keys."""
        return self.model.positions_of(self.table.selected_rows())

    def matching_positions(self) -> array[int]:
        """Return the positions of all rows that match the filter, shown or not."""
        return self.model.positions_of([(0, self.model.match_count - 1)])

    def go_to(self, key: bytes) -> None:
        """Select the row of a key: at once, or once it is among the matches. Until then none is selected, so that no act
        meets another session than the one that is shown."""
        self._chosen = self._awaited = key
        self._awaited_until = time.monotonic() + _AWAIT_S
        self._select_rows([])
        self.table.selectionModel().setCurrentIndex(QModelIndex(), QItemSelectionModel.SelectionFlag.NoUpdate)
        self._select_awaited()

    def _select_awaited(self) -> None:
        if self._awaited is None:
            return
        row = self.model.row_of(self._awaited)
        if row >= 0 or time.monotonic() > self._awaited_until:
            self._awaited = None
        if row >= 0:
            self._select_rows([row])
            self.table.scrollTo(self.model.index(row, 0))

    def focus_filter(self) -> None:
        self.filter_edit.setFocus()
        self.filter_edit.selectAll()

    def save_state(self) -> dict[str, bytes]:
        """Return the header's and splitter's state, and whether a person chose the sorting, to be kept by the window."""
        return {
            "sorted": b"1" if self._is_sort_chosen else b"",
            "columns": bytes(self.table.horizontalHeader().saveState().data()),
            "splitter": bytes(self.splitter.saveState().data()),
        }

    def restore_state(self, columns: bytes, splitter: bytes, is_sorted: bytes) -> None:
        if columns:
            self.table.horizontalHeader().restoreState(columns)
        self._is_sort_chosen = bool(columns and is_sorted)
        self._sort_by_itself()
        if splitter:
            self.splitter.restoreState(splitter)

    def _show_state(self) -> None:
        store = self._store
        show_why_empty(
            self.empty, store, self._actions, is_filtered=bool(self.effective_text()), show_all=self._clear_filter
        )
        has_rows = self.model.match_count > 0
        # Without a list there is nothing to plot, and the bars of the store before would be untrue.
        self.plots.setVisible(store is not None and bool(store.catalogue))
        self.stack.setCurrentWidget(self.table if has_rows else self.empty)
        self._show_progress()

    def _show_progress(self) -> None:
        progress = self._store.progress if self._store else None
        is_reading = progress is not None and progress.is_reading
        self.head.stop_button.setVisible(is_reading)
        self.head.reconnect_button.setVisible(self._store is not None and self._store.is_silent)
        self.progress_bar.setVisible(is_reading)
        if progress is not None and is_reading:
            self.progress_bar.setRange(0, max(progress.total or 0, progress.read, 1) if progress.total else 0)
            self.progress_bar.setValue(progress.read)
            self._finder.rows_came()
        self._sort_by_itself()
        self._show_counts()

    def _show_counts(self) -> None:
        store = self._store
        if store is None or store.catalogue is None:
            self.head.count_label.setText("")
            return
        progress, here = store.progress, len(store.catalogue)
        parts = [f"{here:,}"]
        if progress.is_reading:
            total = f" of about {progress.total:,}" if progress.total else ""
            parts = [f"{progress.read:,}{total} read"]
        elif store.trouble is not None:
            parts = [f"{here:,} read, list incomplete"]
        if store.is_silent:
            parts.append(store.state_words)
        if self.effective_text():
            parts.append(f"{self.model.match_count:,} match")
            if self._needs_values and (unkept := store.catalogue.columns.payloads.unkept_count):
                parts.append(f"values of {unkept:,} not kept, not searched")
        if self.selected_count > 1:
            parts.append(f"{self.selected_count:,} selected")
        self.head.count_label.setText(" · ".join(parts))

    def _chosen_positions(self) -> frozenset[int] | None:
        # A large selection is about to be acted on: its rows stay where they are.
        return frozenset(self.selected_positions()) if self.selected_count <= _KEPT_SELECTED else None

    def _repaint(self, _keys: frozenset[bytes]) -> None:
        self._sort_by_itself()
        self.table.viewport().update()

    def effective_text(self) -> str:
        """Return the filter line and the chips as one filter."""
        terms, typed = self.head.terms, self.filter_edit.text().strip()
        return " ".join([f"({typed})" if typed and terms else typed, *terms]).strip()

    def _parse(self) -> tuple[bool, SessionFilter | None]:
        try:
            parse_filter(self.filter_edit.text())
            parsed = parse_filter(self.effective_text())
        except FilterError as error:
            self.filter_error.setText(f"At character {error.position + 1}: {error}")
            self._show_filter_state("error")
            return False, None
        self._show_filter_state("")
        return True, parsed

    def _show_filter_state(self, state: str) -> None:
        self.filter_error.setVisible(bool(state))
        if self.filter_edit.property("state") != state:
            self.filter_edit.setProperty("state", state)
            self.filter_edit.style().unpolish(self.filter_edit)
            self.filter_edit.style().polish(self.filter_edit)

    def _select(self) -> None:
        self._typing.stop()
        is_good, parsed = self._parse()
        if is_good:
            self._needs_values = parsed is not None and parsed.term.needs_values
            self._finder.look_for(parsed, self.sort)

    def _show_found(self, found: FoundRows) -> None:
        scroll = self.table.verticalScrollBar().value()
        rows, chosen = found.chosen_rows, self._chosen_positions()
        if chosen and len(chosen) != len(rows) and len(found.positions) <= _FEW:
            # Selected while this was being looked for.
            rows = [row for row, position in enumerate(found.positions) if position in chosen]
        self.table.selectionModel().blockSignals(True)
        self.model.show_rows(found.catalogue, found.positions)
        self._select_rows([row for row in rows if row < self.model.rowCount()])
        self.table.selectionModel().blockSignals(False)
        self.table.verticalScrollBar().setValue(scroll)
        self._select_awaited()
        self._show_state()

    def _show_counted(self, overview: Overview) -> None:
        self.plots.show_buckets(overview.expiries, overview.sizes)
        self.head.show_counts(overview)

    def _tell(self, error: Exception) -> None:
        trouble = describe_trouble(error)
        tell(self, trouble.text, trouble.remedy)

    def _sort_by(self, section: int, order: Qt.SortOrder) -> None:
        if section >= 0:
            self._is_sort_chosen = True
            self.sort = (COLUMNS[section][0], order == Qt.SortOrder.DescendingOrder)
            self._select()

    def _sort_by_itself(self) -> None:
        """Sort by the last change, or by the expiry where no change is known, unless a person chose otherwise."""
        if self._is_sort_chosen:
            return
        store = self._store
        catalogue = store.catalogue if store is not None else None
        column = Column.CHANGED
        arrow: Column | None = Column.CHANGED
        if store is not None and catalogue and not catalogue.columns.tells_changes and not store.is_live:
            # Many rows are left as they came, so that none jumps while they are read.
            is_few = max(len(catalogue), store.progress.total or 0) <= _FEW
            column, arrow = (Column.EXPIRES, Column.EXPIRES) if is_few else (Column.CHANGED, None)
        if self._arrow is not arrow:
            self._arrow = arrow
            self.table.show_arrow(arrow)
        if self.sort != (column, True):
            self.sort = (column, True)
            self._select()

    def _clear_filter(self) -> None:
        self.head.release()
        self.filter_edit.clear()
        self._select()

    def _stop(self) -> None:
        if self._store is not None:
            self._store.stop_reading()

    def _tick(self) -> None:
        self.model.now_ms = round(time.time() * 1000)
        if self.isVisible():
            self.table.viewport().update()

    # --- rows ---------------------------------------------------------------------------------------------------

    def _select_rows(self, rows: list[int]) -> None:
        selection = QItemSelection()
        last = len(COLUMNS) - 1
        for row in rows:
            selection.select(self.model.index(row, 0), self.model.index(row, last))
        model = self.table.selectionModel()
        model.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if rows:
            model.setCurrentIndex(self.model.index(rows[0], 0), QItemSelectionModel.SelectionFlag.NoUpdate)

    def _went_to(self, current: QModelIndex, _previous: QModelIndex) -> None:
        row = self.model.row_at(current.row()) if current.isValid() else None
        if row is not None and row.key != self._chosen:
            self._chosen, self._awaited = row.key, None
            self.session_chosen.emit(row.key)

    def _selection_moved(self, _on: QItemSelection, _off: QItemSelection) -> None:
        self.selection_changed.emit(self.selected_count)
        self._show_counts()
