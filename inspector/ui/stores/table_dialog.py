"""Finding the table of sessions: the tables of a database, what an unknown one's columns mean, its first rows as they are read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from inspector.core.secret import Secret
from inspector.services.settings.profiles import Profile
from inspector.services.settings.secrets import SecretStore
from inspector.services.table_survey import ROWS_SHOWN, TablePreview, describe, preview_table, survey_tables
from inspector.ui.base.context import Context
from inspector.ui.base.jobs import Job, Lane
from inspector.ui.base.plain import PlainLabel
from inspector.ui.base.row_table import RowTableModel
from inspector.ui.base.small_screen import Flowing, fit_screen, make_scrollable
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.stores.column_choice import ColumnChoice
from inspector.ui.stores.table_models import FirstRowsModel, FoundTableModel
from store_adapters.registry import parse_address
from store_adapters.tables.survey import FoundTable, Survey

_T = TypeVar("_T")
_TABLES_SHOWN = 5


class TableDialog(QDialog):
    """`address_chosen(url)` once a table is accepted. `secrets`: the secrets typed for the store; `keeper` holds its password."""

    address_chosen = Signal(str)

    def __init__(
        self,
        context: Context,
        profile: Profile,
        keeper: SecretStore,
        secrets: tuple[Secret, ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Find the table of sessions")
        self._context, self._profile, self._keeper, self._secrets = context, profile, keeper, secrets
        self._survey = Survey(())
        self._table: FoundTable | None = None
        self._preview: TablePreview | None = None
        self._lane = Lane("tables")
        self._job: Job | None = None
        self._begun, self._doing, self._summary = 0.0, "", ""
        self._clock = QTimer(self, interval=500)
        self._clock.timeout.connect(self._tell_busy)
        outside = QVBoxLayout(self)
        outside.setSpacing(10)
        inside = Flowing()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(self._build_head())
        self.tables = FoundTableModel(context.theme, self)
        self.table_view = _view(self.tables, "Tables of the database", _TABLES_SHOWN, stretched=0, widths=(0, 210, 120))
        self.table_view.selectionModel().currentRowChanged.connect(lambda now, _old: self._choose(now.row()))
        layout.addWidget(self.table_view, 1)
        self.known_label = PlainLabel("", role="muted", wrap=True)
        layout.addWidget(self.known_label)
        self.columns = ColumnChoice()
        self.columns.changed.connect(self._read_rows)
        layout.addWidget(self.columns)
        self.rows = FirstRowsModel(self)
        self.row_view = _view(
            self.rows, "First rows as they would be read", ROWS_SHOWN, stretched=0, widths=(0, 190, 80, 110, 120)
        )
        self.row_view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.row_view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.row_view.setMaximumHeight(self.row_view.minimumHeight())
        self.rows_label = PlainLabel("", role="muted", wrap=True)
        layout.addWidget(PlainLabel("The first rows, as they would be read:"))
        layout.addWidget(self.row_view)
        layout.addWidget(self.rows_label)
        # Its buttons stay on a small screen: the rest scrolls.
        outside.addWidget(make_scrollable(inside), 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use_button = buttons.addButton("Use this table", QDialogButtonBox.ButtonRole.AcceptRole)
        self.use_button.setProperty("role", "primary")
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        outside.addWidget(buttons)
        self.use_button.setDefault(True)
        self.resize(fit_screen(self, 760, 680))
        self.finished.connect(lambda _code: self._end())
        self._show_table(None)
        self._look()

    def _build_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        self.state_label = PlainLabel("", role="muted", wrap=True)
        head.addWidget(self.state_label, 1)
        self.look_button = QPushButton("Look again")
        self.look_button.clicked.connect(self._look_or_stop)
        head.addWidget(self.look_button)
        return head

    # --- looking ------------------------------------------------------------------------------------------------

    def _look_or_stop(self) -> None:
        if self._is_busy:
            self._stop()
            self._tell("Stopped.", "muted")
        else:
            self._look()

    @property
    def _is_busy(self) -> bool:
        return self._job is not None and not self._job.is_finished and not self._job.token.is_cancelled

    def _look(self) -> None:
        profile, keeper = self._profile, self._keeper
        self._run("Looking for tables", lambda: survey_tables(profile, keeper), self._found)

    def _found(self, survey: Survey) -> None:
        self._survey = survey
        self.tables.show_rows(survey.tables)
        known = sum(bool(table.library) for table in survey.tables)
        number = len(survey.tables)
        if not number:
            self._tell(
                "This database has no table that this user can read. Check the database and the user's permissions.",
                "error",
            )
            return
        tables = "1 table" if number == 1 else f"{number:,} tables"
        self._summary = f"{tables}, {known or 'none'} with the columns of a known session library."
        self._tell(self._summary, "muted")
        named = survey.table_of(parse_address(self._profile.url))
        if named is not None or known:
            self.table_view.selectRow(survey.tables.index(named) if named is not None else 0)

    def _choose(self, number: int) -> None:
        self._show_table(self.tables.row(number))
        if self._table is not None:
            self._read_rows()

    def _show_table(self, table: FoundTable | None) -> None:
        self._table = table
        if table is None:
            self.columns.setEnabled(False)
            self.known_label.setText("Choose the table that holds the sessions.")
        else:
            self.columns.show_table(table, self._survey.zones, describe(self._profile.url, table))
            known = f"The columns of {table.title}, as {table.library} makes them:"
            self.known_label.setText(
                known if not self.columns.isEnabled() else f"What the columns of {table.title} hold:"
            )
        self._show_preview(None)

    # --- the first rows -----------------------------------------------------------------------------------------

    def _read_rows(self) -> None:
        table = self._table
        if table is None:
            return
        self._show_preview(None)
        described = self.columns.described
        if self.columns.isEnabled() and self.columns.missing:
            self._stop()
            self._tell(self.columns.missing, "warn")
            return
        profile, keeper, secrets = self._profile, self._keeper, self._secrets
        self._run(
            f"Reading {table.title}",
            lambda: preview_table(profile, keeper, table, described, secrets),
            self._show_read,
        )

    def _show_read(self, preview: TablePreview) -> None:
        self.columns.show_unit(preview.described.get("unit", ""))
        self._tell(self._summary, "muted")
        self._show_preview(preview)

    def _show_preview(self, preview: TablePreview | None) -> None:
        self._preview = preview
        self.rows.show_rows(preview.rows if preview is not None else ())
        notes = preview.notes if preview is not None else ()
        self.rows_label.show_role("warn" if notes else "muted")
        self.rows_label.setText(
            "\n".join(notes) if notes else "All of them can be read." if preview is not None else ""
        )
        self.use_button.setEnabled(preview is not None)

    # --- work and its end ---------------------------------------------------------------------------------------

    def _run(self, doing: str, work: Callable[[], _T], done: Callable[[_T], None]) -> None:
        self._stop()
        self._doing, self._begun = doing, time.monotonic()
        self._tell_busy()
        self._clock.start()
        self._job = self._context.jobs.submit(self._lane, work, owner=self, done=done, failed=self._failed)

    def _failed(self, error: Exception) -> None:
        trouble = describe_trouble(error)
        self._tell(f"{trouble.text} {trouble.remedy}".strip(), "error")

    def _tell_busy(self) -> None:
        self.state_label.show_role("muted")
        self.state_label.setText(f"{self._doing} … {time.monotonic() - self._begun:.0f} s")
        self.look_button.setText("Stop")

    def _tell(self, words: str, role: str) -> None:
        self._clock.stop()
        self.look_button.setText("Look again")
        self.state_label.show_role(role)
        self.state_label.setText(words)

    def _stop(self) -> None:
        self._clock.stop()
        if self._job is not None:
            self._job.cancel()

    def _accept(self) -> None:
        if self._preview is not None:
            self.address_chosen.emit(self._preview.url)
            self.accept()

    def _end(self) -> None:
        self._stop()
        self._lane.close()


def _view(
    model: RowTableModel[FoundTable] | FirstRowsModel, name: str, rows: int, *, stretched: int, widths: tuple[int, ...]
) -> QTableView:
    view = QTableView()
    view.setModel(model)
    view.setAccessibleName(name)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    height = view.fontMetrics().height() + 10
    view.verticalHeader().setDefaultSectionSize(height)
    view.verticalHeader().hide()
    header = view.horizontalHeader()
    for section, width in enumerate(widths):
        if section == stretched:
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Stretch)
        else:
            header.resizeSection(section, width)
    view.setMinimumHeight(height * rows + header.sizeHint().height() + 2 * view.frameWidth())
    return view
