"""The requests of an HTTP archive for a table view, a row for each that says something of a session."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor

from inspector.core.display import escape_display, format_clock, format_time, localise_times
from inspector.services.cookies.har_report import TROUBLE, HarRow
from inspector.ui.base.row_table import RowTableModel
from inspector.ui.base.theme import Theme

TITLES = ("#", "Time", "Request", "Status", "Cookie", "Session sent", "Session received", "Stored", "What happened")

# Of the answer's Set-Cookie, by the browser's rules.
_STORED = {True: "yes", False: "no", None: "–"}


class HarTableModel(RowTableModel[HarRow]):
    """The rows of one report, in time order."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(TITLES, parent)
        self._theme = theme

    def is_mono(self, column: int) -> bool:
        return column != len(TITLES) - 1

    def colour_of(self, row: HarRow, column: int) -> QColor | None:
        return self._theme.colour("bad") if column == len(TITLES) - 1 and row.event in TROUBLE else None

    def tip_of(self, row: HarRow) -> str:
        return f"{format_time(row.exchange.started_at_ms)} {row.exchange.url}: {row.text}"

    def text_of(self, row: HarRow, column: int) -> str:
        exchange = row.exchange
        match column:
            case 0:
                return str(exchange.number)
            case 1:
                return format_clock(exchange.started_at_ms)
            case 2:
                return escape_display(f"{exchange.method} {exchange.address.path or '/'}", 60)
            case 3:
                return str(exchange.status or "–")
            case 4:
                return escape_display(row.cookie_name, 24)
            case 5:
                more = f" +{len(row.all_sent) - 1}" if len(row.all_sent) > 1 else ""
                return escape_display(row.sent or "–", 10) + more
            case 6:
                return escape_display(row.received or "–", 10)
            case 7:
                return _STORED[row.is_stored]
            case _:
                return escape_display(f"{row.event.value}: {localise_times(row.text)}")
