"""The SQL of a PostgreSQL table's columns: names quoted, expiries as epoch milliseconds and back, when a row is alive.

Nothing here depends on the session's TimeZone: a time without a zone is always read and written with its zone named.
Source: `formats/sql.md` sections 3 and 7, run on PostgreSQL 15.
"""

from __future__ import annotations

from store_adapters.tables.expiry import ExpiryColumn, Unit
from store_adapters.tables.layout import Column, TableLayout
from store_adapters.tables.library import Alive, Filled, Rounding
from store_adapters.tables.zone import fixed_offset

_NOW_S = "extract(epoch FROM clock_timestamp())"
_ROUNDED = {Rounding.EXACT: _NOW_S, Rounding.UP: f"ceil({_NOW_S})", Rounding.NEAREST: f"round({_NOW_S})"}
_FINEST_TEXT = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'


def quoted(name: str) -> str:
    """Return an identifier as SQL takes it; a percent sign is doubled, since the driver reads placeholders."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def is_bytes(column: Column) -> bool:
    return column.type == "bytea"


class TableSql:
    """The expressions of one table."""

    def __init__(self, layout: TableLayout) -> None:
        self._layout = layout
        self.table = ".".join(quoted(name) for name in (layout.schema, layout.table) if name)
        self.key = quoted(layout.key.name)
        self.key_text = f"{self.key}::text"
        payload = layout.payload
        self.payload = quoted(payload.name) if payload is not None else ""
        if payload is None:
            self.payload_text = f"row_to_json({quoted(layout.table)})::text"
        else:
            self.payload_text = self.payload if is_bytes(payload) else f"{self.payload}::text"
        self.size = f"octet_length({self.payload_text})"

    @property
    def payload_is_bytes(self) -> bool:
        return self._layout.payload is not None and is_bytes(self._layout.payload)

    @property
    def end(self) -> str:
        """Epoch milliseconds; NULL where nothing ends the session, and where `is_hidden` holds."""
        expiry = self._layout.expiry
        return "NULL::int8" if expiry is None else f"({_milliseconds(expiry)})::int8"

    @property
    def moment(self) -> str:
        """The end as a timestamptz, which the driver hands out as it comes; "" where the column holds no time. Cheaper than `end`."""
        expiry = self._layout.expiry
        return _instant(expiry) if expiry is not None and expiry.unit in (Unit.ZONED, Unit.LOCAL) else ""

    @property
    def is_deleted(self) -> str:
        """True for a row that was logged out and stands."""
        return f"({quoted(self._layout.soft_delete)} IS NOT NULL)" if self._layout.soft_delete else "false"

    @property
    def is_hidden(self) -> str:
        """True for a row that the library's query always passes over."""
        tests = [self.is_deleted] if self._layout.soft_delete else []
        if self._layout.expiry is not None and self._layout.alive is not Alive.ROW:
            tests.append(f"{quoted(self._layout.expiry.name)} IS NULL")
        return f"({' OR '.join(tests)})" if tests else "false"

    @property
    def is_alive(self) -> str:
        """True where the library takes the row for a session, by the server's clock."""
        tests = []
        if self._layout.soft_delete:
            tests.append(f"{quoted(self._layout.soft_delete)} IS NULL")
        expiry, alive = self._layout.expiry, self._layout.alive
        if expiry is not None and alive is not Alive.ROW:
            compare = ">=" if alive is Alive.UNTIL else ">"
            tests.append(_compare(expiry, compare, _ROUNDED[self._layout.library.rounding]))
        return " AND ".join(tests) or "true"

    @property
    def changed(self) -> str:
        """The time of the last change as a timestamptz, "" where no column tells."""
        column = self._layout.changed
        if column is None or not column.type.startswith("timestamp"):
            return ""
        name = quoted(column.name)
        return name if "with time zone" in column.type else f"{name} AT TIME ZONE 'UTC'"

    @property
    def user(self) -> str:
        """Who the row's own column names, as text; "" where there is none."""
        return f"{quoted(self._layout.user.name)}::text" if self._layout.user is not None else ""

    @property
    def payload_type(self) -> str:
        """The type that a new payload is sent as."""
        kind = self._layout.payload.type if self._layout.payload is not None else "text"
        return kind if kind in ("json", "jsonb", "bytea") else "text"

    @property
    def is_payload(self) -> str:
        """Compares with the payload as read: jsonb would take 1.0 for 1.00, and a collation "Zoe" for "zoe"."""
        return f"{self.payload} = %s" if self.payload_is_bytes else f'({self.payload}::text COLLATE "C") = %s'

    @property
    def is_key(self) -> str:
        """Takes the key twice: once for the index, once byte for byte."""
        return f'{self.key} = %s AND ({self.key}::text COLLATE "C") = %s'

    def expiry_value(self, end_ms: int) -> str:
        """Return the expression that stores an end, without placeholders."""
        expiry = self._layout.expiry
        assert expiry is not None
        stored = expiry.stored_for(end_ms)
        match expiry.unit:
            case Unit.MS:
                return str(stored)
            case Unit.SECONDS:
                return str(stored // 1000)
            case Unit.ZONED:
                return _moment(stored)
            case Unit.LOCAL:
                return f"({_moment(stored)} AT TIME ZONE {zone_sql(expiry.zone)})"
            case _:
                return f"to_char({_moment(stored)} AT TIME ZONE 'UTC', {literal(_FINEST_TEXT)})"

    def filled(self, what: Filled, column: Column) -> str:
        """Return the expression of a further column of a new row; a session ID is a placeholder."""
        if what is Filled.SESSION_ID:
            return "%s"
        return "clock_timestamp()" if "with time zone" in column.type else "(clock_timestamp() AT TIME ZONE 'UTC')"


def _moment(epoch_ms: int) -> str:
    return f"to_timestamp({epoch_ms // 1000}.{epoch_ms % 1000:03d})"


def zone_sql(zone: str) -> str:
    """Return a zone as AT TIME ZONE takes it; "+09:00" is an interval, since as a name it would count westward."""
    return literal(zone) if zone == "UTC" or fixed_offset(zone) is None else f"INTERVAL {literal(zone)}"


def _instant(expiry: ExpiryColumn) -> str:
    name = quoted(expiry.name)
    return name if expiry.unit is Unit.ZONED else f"{name} AT TIME ZONE {zone_sql(expiry.zone)}"


def _milliseconds(expiry: ExpiryColumn) -> str:
    name = quoted(expiry.name)
    after = f" + {expiry.lifetime_s * 1000}" if expiry.lifetime_s else ""
    match expiry.unit:
        case Unit.MS:
            return f"{name}{after}"
        case Unit.SECONDS:
            return f"{name}::int8 * 1000{after}"
        case Unit.ZONED | Unit.LOCAL:
            moment = _instant(expiry)
            # The end of time isn't a number; the beginning of it is long past.
            return (
                f"CASE WHEN isfinite({name}) THEN floor(extract(epoch FROM {moment}) * 1000){after}"
                f" WHEN {name} = '-infinity' THEN 0 END"
            )
        case _:
            return f"CASE WHEN {_looks_like_a_time(name)} THEN floor(extract(epoch FROM {name}::timestamptz) * 1000){after} END"


def _compare(expiry: ExpiryColumn, operator: str, now_s: str) -> str:
    name = quoted(expiry.name)
    now = f"({now_s} - {expiry.lifetime_s})" if expiry.lifetime_s else now_s
    match expiry.unit:
        case Unit.MS:
            return f"{name} {operator} ({now} * 1000)"
        case Unit.SECONDS:
            return f"{name} {operator} {now}"
        case Unit.ZONED:
            return f"{name} {operator} to_timestamp({now})"
        case Unit.LOCAL:
            return f"{name} {operator} (to_timestamp({now}) AT TIME ZONE {zone_sql(expiry.zone)})"
        case _:
            return f"CASE WHEN {_looks_like_a_time(name)} THEN {name}::timestamptz {operator} to_timestamp({now}) ELSE false END"


def _looks_like_a_time(name: str) -> str:
    return f"{name} ~ '^\\d{{4}}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d'"
