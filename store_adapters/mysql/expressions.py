"""The SQL of a MySQL or MariaDB table's columns: names quoted, expiries as epoch milliseconds and back, when a row is alive.

Our session's time zone is UTC, so a TIMESTAMP reads and writes as such; a DATETIME is wall time in the layout's zone.
Source: `formats/sql.md` sections 3 and 7, run on MariaDB 10.11; MySQL 8's native JSON was never run.
"""

from __future__ import annotations

import datetime

from store_adapters.tables.expiry import ExpiryColumn, Unit
from store_adapters.tables.layout import Column, TableLayout
from store_adapters.tables.library import Alive, Filled, Rounding
from store_adapters.tables.zone import fixed_offset

_NOW_S = "UNIX_TIMESTAMP(SYSDATE(6))"
_ROUNDED = {Rounding.EXACT: _NOW_S, Rounding.UP: f"CEILING({_NOW_S})", Rounding.NEAREST: f"ROUND({_NOW_S})"}


def quoted(name: str) -> str:
    """Return an identifier as SQL takes it; a percent sign is doubled, since the driver reads placeholders."""
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"


def is_bytes(column: Column) -> bool:
    return "blob" in column.type or column.type.startswith(("binary", "varbinary"))


class TableSql:
    """The expressions of one table."""

    def __init__(self, layout: TableLayout) -> None:
        self._layout = layout
        self.table = ".".join(quoted(name) for name in (layout.schema, layout.table) if name)
        self.key = quoted(layout.key.name)
        payload = layout.payload
        self.payload = quoted(payload.name) if payload is not None else ""
        self.payload_is_bytes = payload is not None and is_bytes(payload)
        self.payload_is_json = payload is not None and payload.type == "json"
        if payload is None:
            pairs = ", ".join(f"'{column.name}', {quoted(column.name)}" for column in layout.columns)
            self.payload_text = f"JSON_OBJECT({pairs})"
        else:
            self.payload_text = self.payload
        self.size = f"LENGTH({self.payload_text})"

    @property
    def end(self) -> str:
        """Epoch milliseconds; NULL where nothing ends the session, and where `is_hidden` holds."""
        expiry = self._layout.expiry
        if expiry is None:
            return "NULL"
        name, after = quoted(expiry.name), f" + {expiry.lifetime_s * 1000}" if expiry.lifetime_s else ""
        match expiry.unit:
            case Unit.MS:
                return f"{name}{after}"
            case Unit.SECONDS:
                return f"{name} * 1000{after}"
            case _:
                return f"{_epoch_us(name)} DIV 1000 - {offset_s(expiry) * 1000}{after}"

    @property
    def is_deleted(self) -> str:
        """True for a row that was logged out and stands."""
        return f"({quoted(self._layout.soft_delete)} IS NOT NULL)" if self._layout.soft_delete else "FALSE"

    @property
    def is_hidden(self) -> str:
        """True for a row that the library's query always passes over."""
        tests = [self.is_deleted] if self._layout.soft_delete else []
        if self._layout.expiry is not None and self._layout.alive is not Alive.ROW:
            tests.append(f"({self.end}) IS NULL")
        return f"({' OR '.join(tests)})" if tests else "FALSE"

    @property
    def is_alive(self) -> str:
        """True where the library takes the row for a session, by the server's clock."""
        tests = [f"{quoted(self._layout.soft_delete)} IS NULL"] if self._layout.soft_delete else []
        expiry, alive = self._layout.expiry, self._layout.alive
        if expiry is not None and alive is not Alive.ROW:
            operator = ">=" if alive is Alive.UNTIL else ">"
            now = _ROUNDED[self._layout.library.rounding]
            now = f"({now} - {expiry.lifetime_s})" if expiry.lifetime_s else now
            name = quoted(expiry.name)
            match expiry.unit:
                case Unit.MS:
                    tests.append(f"{name} {operator} {now} * 1000")
                case Unit.SECONDS:
                    tests.append(f"{name} {operator} {now}")
                case _:
                    tests.append(f"{_epoch_us(name)} {operator} ({now} + {offset_s(expiry)}) * 1000000")
        return " AND ".join(tests) or "TRUE"

    @property
    def changed(self) -> str:
        """Epoch milliseconds of the last change, NULL where no column tells."""
        column = self._layout.changed
        if column is None or not column.type.startswith(("datetime", "timestamp")):
            return "NULL"
        return f"{_epoch_us(quoted(column.name))} DIV 1000"

    @property
    def user(self) -> str:
        """Who the row's own column names; "" where there is none."""
        return quoted(self._layout.user.name) if self._layout.user is not None else ""

    @property
    def is_payload(self) -> str:
        """Compares with the payload as read, byte for byte: a collation would take "ZOË" for "Zoe" and skip trailing blanks."""
        return f"{self.payload} = %s" if self.payload_is_bytes else f"{self._as_bytes(self.payload)} = %s"

    @property
    def is_key(self) -> str:
        """Takes the key twice: once for the index, once byte for byte."""
        return f"{self.key} = %s AND CAST(CONVERT({self.key} USING utf8mb4) AS BINARY) = %s"

    def _as_bytes(self, name: str) -> str:
        if self.payload_is_json:
            return f"CAST(CAST({name} AS CHAR) AS BINARY)"
        return f"CAST(CONVERT({name} USING utf8mb4) AS BINARY)"

    @property
    def keeps_expiry(self) -> str:
        """What keeps an expiry where it is, where MySQL would move it with every update; "" where it would not."""
        expiry = self._layout.expiry
        column = next((one for one in self._layout.columns if expiry is not None and one.name == expiry.name), None)
        return f", {quoted(column.name)} = {quoted(column.name)}" if column is not None and column.moves_itself else ""

    def expiry_value(self, end_ms: int) -> str:
        """Return the literal that stores an end."""
        expiry = self._layout.expiry
        assert expiry is not None
        stored = expiry.stored_for(end_ms)
        match expiry.unit:
            case Unit.MS:
                return str(stored)
            case Unit.SECONDS:
                return str(stored // 1000)
            case unit:
                shifted = stored + offset_s(expiry) * 1000
                moment = datetime.datetime.fromtimestamp(shifted // 1000, datetime.UTC)
                between = "T" if unit is Unit.ISO_TEXT else " "
                return f"'{moment:%Y-%m-%d}{between}{moment:%H:%M:%S}.{shifted % 1000:03d}{'Z' if unit is Unit.ISO_TEXT else ''}'"

    def filled(self, what: Filled) -> str:
        """Return the expression of a further column of a new row; a session ID is a placeholder."""
        return "%s" if what is Filled.SESSION_ID else "UTC_TIMESTAMP(6)"


def offset_s(expiry: ExpiryColumn) -> int:
    """Return how far ahead of UTC the wall times of a column are."""
    return (fixed_offset(expiry.zone) or 0) if expiry.unit is Unit.LOCAL else 0


def _epoch_us(name: str) -> str:
    # Free of any time zone, and NULL for 0000-00-00.
    return f"TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {name})"
