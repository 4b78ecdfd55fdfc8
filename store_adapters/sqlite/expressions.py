"""The SQL of an SQLite table's columns, and what their values mean: SQLite holds what was put in, whatever type was declared."""

from __future__ import annotations

from collections.abc import Iterator

from store_adapters.clock import now_ms
from store_adapters.tables.expiry import TEXTS, ExpiryColumn, Unit
from store_adapters.tables.layout import TableLayout
from store_adapters.tables.library import Alive, Filled
from store_adapters.tables.words import why_hidden


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class TableSql:
    """The expressions of one table."""

    def __init__(self, layout: TableLayout) -> None:
        self._layout = layout
        self.table = quoted(layout.table)
        self.key = quoted(layout.key.name)
        self.payload_is_bytes = layout.payload is not None and "blob" in layout.payload.type
        if layout.payload is not None:
            self.payload = quoted(layout.payload.name)
        else:
            self.payload = f"json_object({', '.join(_pairs(layout))})"
        self.size = f"length(CAST({self.payload} AS BLOB))"
        self.expiry = quoted(layout.expiry.name) if layout.expiry is not None else "NULL"
        self.changed = quoted(layout.changed.name) if layout.changed is not None else "NULL"
        self.deleted = quoted(layout.soft_delete) if layout.soft_delete else ""
        self.user = f"CAST({quoted(layout.user.name)} AS TEXT)" if layout.user is not None else "NULL"

    @property
    def is_deleted(self) -> str:
        """True for a row that was logged out and stands."""
        return f"{self.deleted} IS NOT NULL" if self.deleted else "0"

    @property
    def still_there(self) -> str:
        """What a write asks besides: that the row was not logged out."""
        return f" AND {self.deleted} IS NULL" if self.deleted else ""

    @property
    def now(self) -> str:
        return "strftime('%Y-%m-%d %H:%M:%f', 'now')"

    def read_end(self, value: object) -> int | None:
        """Return a stored expiry in epoch milliseconds, None for never or for what isn't a time."""
        return None if self._layout.expiry is None else self._layout.expiry.read(value)

    def read_change(self, value: object) -> int | None:
        """Return the time of the last change, None where the table doesn't tell."""
        return ExpiryColumn("", Unit.PLAIN_TEXT).read(value) if self._layout.changed is not None else None

    def hidden_by(self, value: object, *, is_deleted: bool) -> str:
        """Return why the library's query passes over a row with this expiry, "" where it does not."""
        layout = self._layout
        if is_deleted:
            return why_hidden(layout, is_deleted=True)
        if layout.expiry is None or layout.alive is Alive.ROW:
            return ""
        if value is None:
            return why_hidden(layout, is_deleted=False)
        if layout.expiry.unit not in TEXTS or (isinstance(value, bytes) and layout.expiry.read(value) is not None):
            return ""
        return f"{layout.expiry.name} doesn't hold a time as {layout.library.package or 'its library'} writes it."

    def fills(self, session_id: str) -> Iterator[tuple[str, str, object]]:
        """Yield the further columns of a new row: name, expression, and the value of its placeholder (None: it has none)."""
        for column in self._layout.columns:
            match self._layout.library.fills.get(column.name):
                case Filled.NOW:
                    spelled = ExpiryColumn("", self._layout.expiry.unit if self._layout.expiry else Unit.PLAIN_TEXT)
                    yield quoted(column.name), "?", spelled.write(now_ms())
                case Filled.SESSION_ID if column.name != self._layout.key.name:
                    yield quoted(column.name), "?", session_id
                case _:
                    continue


def _pairs(layout: TableLayout) -> Iterator[str]:
    for column in layout.columns:
        name = column.name.replace("'", "''")
        yield f"'{name}', {quoted(column.name)}"
