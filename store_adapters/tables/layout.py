"""A table of sessions as it stands: which column is what. Found by its columns, or named by a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from store_adapters.errors import BadStoreAddress, TableUnclear
from store_adapters.record_form import ExpiryClock, PayloadForm
from store_adapters.tables.expiry import ExpiryColumn, Unit
from store_adapters.tables.libraries import LIBRARIES, library_names
from store_adapters.tables.library import Alive, Engine, TableLibrary

TABLE_OPTIONS = frozenset({"table", "dialect", "sid", "data", "expires", "unit", "timezone", "user_column", "lifetime"})
"""The options of an address that describe a table; a server's address has `schema` as well."""
_NAME = re.compile(r"[^\0]{1,128}\Z")
_UNITS = {"ms": Unit.MS, "s": Unit.SECONDS}
NO_RULES = TableLibrary("", frozenset(), key="", payload="", expires="")
"""Any other table: only what its columns say, with a session taken for alive until its expiry."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the server's catalogue has it.

    `type`: in lower case, as the catalogue spells it ("timestamp(6) without time zone", "varchar(128)"); "" where SQLite
    declares none. `limit`: the most it holds, in `limit_unit` ("characters" or "bytes"); None where nothing bounds it.
    `moves_itself`: MySQL's ON UPDATE CURRENT_TIMESTAMP.
    """

    name: str
    type: str = ""
    is_nullable: bool = True
    has_default: bool = False
    is_generated: bool = False
    is_unique: bool = False
    limit: int | None = None
    limit_unit: str = "characters"
    moves_itself: bool = False


@dataclass(frozen=True, slots=True)
class TableLayout:
    """A table, its columns by their roles, and the rules of the library that writes it.

    `payload` None: the row itself is the session. `expiry` None: nothing in the row ends it. `refusal`: why this table is never
    written, "" where it is.
    """

    engine: Engine
    schema: str
    table: str
    library: TableLibrary
    columns: tuple[Column, ...]
    key: Column
    payload: Column | None
    expiry: ExpiryColumn | None
    user: Column | None = None
    changed: Column | None = None
    refusal: str = ""

    @property
    def container(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table

    @property
    def form(self) -> PayloadForm:
        """SQLite's "json" is a name alone, and MariaDB's another one for text: its catalogue says so."""
        is_parsed = self.payload is not None and self.payload.type in ("json", "jsonb")
        return PayloadForm.VALUE if is_parsed and self.engine is not Engine.SQLITE else PayloadForm.TEXT

    @property
    def clock(self) -> ExpiryClock:
        return self.library.clock

    @property
    def soft_delete(self) -> str:
        """The column that a logout sets, "" where it deletes the row."""
        wanted = self.library.soft_delete
        return wanted if any(column.name == wanted for column in self.columns) else ""

    @property
    def alive(self) -> Alive:
        return self.library.alive if self.expiry is not None else Alive.ROW


def recognise(engine: Engine, columns: Mapping[str, Column]) -> TableLibrary | None:
    """Return the library that makes such a table, None where none is known."""
    for library in LIBRARIES:
        if engine not in library.engines or not library.needs <= columns.keys() or library.lacks & columns.keys():
            continue
        if library.is_typed is None or library.is_typed == bool(columns[library.expires].type):
            return library
    return None


def describe_table(
    engine: Engine, schema: str, table: str, columns: Sequence[Column], options: Mapping[str, str]
) -> TableLayout:
    """Return the layout of a table by its columns and by what the address says of them. `BadStoreAddress`, `TableUnclear`."""
    by_name = {column.name: column for column in columns}
    library = _chosen_library(engine, by_name, options)
    if library is None:
        if not {"sid", "data"} & options.keys():
            shown = ", ".join(list(by_name)[:8])
            raise TableUnclear(
                f"The columns of {table} are those of no session library known here: {shown}.",
                "Name its columns: ?sid=…&data=…&expires=…, or another table: ?table=…",
            )
        library = NO_RULES
    key = _column(by_name, options.get("sid") or library.key, "sid", table)
    payload_name = options.get("data") or library.payload
    payload = _column(by_name, payload_name, "data", table) if payload_name else None
    return TableLayout(
        engine,
        schema,
        table,
        library,
        tuple(columns),
        key,
        payload,
        _expiry(engine, library, by_name, options, table),
        user=_optional(by_name, options, "user_column", library.user, table),
        changed=by_name.get(library.changed) or by_name.get("updated_at"),
        refusal=_refusal(library, key),
    )


def _chosen_library(engine: Engine, columns: Mapping[str, Column], options: Mapping[str, str]) -> TableLibrary | None:
    wanted = options.get("dialect", "")
    if not wanted:
        return recognise(engine, columns)
    library = next((one for one in LIBRARIES if engine in one.engines and one.is_called(wanted)), None)
    if library is None:
        known = ", ".join(library_names(engine))
        raise BadStoreAddress(f"{wanted[:60]} isn't a known library of sessions in {engine.value}.", f"Known: {known}.")
    return library


def _column(columns: Mapping[str, Column], name: str, option: str, table: str) -> Column:
    if not _NAME.match(name):
        raise BadStoreAddress(f"The option {option} must name a column.", f"For example {option}=session_id")
    if name not in columns:
        shown = ", ".join(list(columns)[:8])
        raise TableUnclear(f"The table {table} has no column {name}; it has {shown}.", f"Name it: ?{option}=…")
    return columns[name]


def _optional(
    columns: Mapping[str, Column], options: Mapping[str, str], option: str, usual: str, table: str
) -> Column | None:
    if asked := options.get(option):
        return _column(columns, asked, option, table)
    return columns.get(usual)


def _expiry(
    engine: Engine, library: TableLibrary, columns: Mapping[str, Column], options: Mapping[str, str], table: str
) -> ExpiryColumn | None:
    name = options.get("expires") or library.expires
    if not name:
        return None
    column = _column(columns, name, "expires", table)
    if not holds_times(engine, column):
        raise TableUnclear(
            f"The column {name} of {table} is {column.type}, which holds no time.", "Name another: ?expires=…"
        )
    unit = _asked_unit(options) or unit_of(engine, column) or library.units.get(engine)
    if engine is Engine.SQLITE or unit in (Unit.MS, Unit.SECONDS):
        unit = _asked_unit(options) or library.units.get(engine) or unit
    if unit is None:
        raise TableUnclear(
            f"The column {name} of {table} holds a number, which can be seconds or milliseconds.",
            "Say which: ?unit=s or ?unit=ms",
        )
    lifetime_s = _lifetime(options) or library.lifetime_s
    step_ms = max(library.step_ms, 1000 if unit is Unit.SECONDS else 1, _precision(column) if unit in _TIMES else 1)
    return ExpiryColumn(name, unit, options.get("timezone") or "UTC", lifetime_s, step_ms)


_TIMES = (Unit.LOCAL, Unit.ZONED)
_NUMBERS = (
    "int", "bigint", "smallint", "mediumint", "tinyint", "numeric", "decimal", "double", "real", "float",
)  # fmt: skip


def unit_of(engine: Engine, column: Column) -> Unit | None:
    """Return the unit that a column's type tells; None for numbers, which can be either."""
    kind = column.type
    if engine is Engine.SQLITE:
        return None if not kind or kind.startswith(_NUMBERS) else Unit.ISO_TEXT
    if kind.startswith(("timestamp", "datetime")):
        is_instant = "with time zone" in kind or (engine is Engine.MYSQL and kind.startswith("timestamp"))
        return Unit.ZONED if is_instant else Unit.LOCAL
    return Unit.ISO_TEXT if kind.startswith(("char", "varchar", "text")) else None


def holds_times(engine: Engine, column: Column) -> bool:
    """True where a column's type can hold a time: SQLite's hold anything."""
    return engine is Engine.SQLITE or column.type.startswith(_NUMBERS) or unit_of(engine, column) is not None


def _precision(column: Column) -> int:
    """Return the finest step in milliseconds of a column of times: PostgreSQL's hold microseconds, MySQL's seconds unless told."""
    digits = re.search(r"\((\d)\)", column.type)
    if digits is not None:
        return int(10 ** max(0, 3 - int(digits[1])))
    return 1000 if column.type in ("datetime", "timestamp") else 1


def _asked_unit(options: Mapping[str, str]) -> Unit | None:
    asked = options.get("unit", "")
    if asked and asked not in _UNITS:
        raise BadStoreAddress("The option unit must be s or ms.", "For example unit=ms")
    return _UNITS.get(asked)


def _lifetime(options: Mapping[str, str]) -> int:
    asked = options.get("lifetime", "")
    if asked and not (asked.isascii() and asked.isdigit() and 0 < int(asked) <= 5_256_000):
        raise BadStoreAddress("The option lifetime is a number of minutes.", "For example lifetime=120")
    return int(asked or 0) * 60


def _refusal(library: TableLibrary, key: Column) -> str:
    if library.read_only:
        return library.read_only
    if not key.is_unique:
        return f"No unique index holds {key.name} alone: two rows could have one session ID."
    return ""


def refuse_writing(layout: TableLayout, why: str) -> TableLayout:
    """Return the layout with a reason of the server's why it is not written; the first reason stands."""
    return layout if layout.refusal else replace(layout, refusal=why)
