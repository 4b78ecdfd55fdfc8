"""A table of a catalogue as a survey tells of it: known by its columns, or with what its expiry would need to be read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from store_adapters.tables.expiry import Unit
from store_adapters.tables.layout import Column, holds_times, recognise, unit_of
from store_adapters.tables.library import Engine, TableLibrary
from store_adapters.tables.survey import FoundColumn, FoundTable

_ZONED = re.compile(r"timestamp(\(\d\))? with time zone")


def found_table(engine: Engine, schema: str, name: str, columns: Iterable[Column], rows: int | None) -> FoundTable:
    """Return what is told of a table. `schema`: "" where the address alone says it; `rows`: an estimate."""
    by_name = {column.name: column for column in columns}
    library = recognise(engine, by_name)
    found = tuple(_found_column(engine, column) for column in by_name.values())
    if library is None:
        return FoundTable(schema, name, "", found, rows)
    roles = {option: column for option, column in _roles(library).items() if column in by_name}
    return FoundTable(schema, name, library.package, found, rows, roles)


def _roles(library: TableLibrary) -> dict[str, str]:
    return {"sid": library.key, "data": library.payload, "expires": library.expires, "user_column": library.user}


def _found_column(engine: Engine, column: Column) -> FoundColumn:
    unit = unit_of(engine, column)
    can_end = holds_times(engine, column)
    return FoundColumn(
        column.name, _short(column.type), can_end, needs_unit=can_end and unit is None, needs_zone=unit is Unit.LOCAL
    )


def _short(kind: str) -> str:
    return _ZONED.sub(r"timestamptz\1", kind).removesuffix(" without time zone").replace("character varying", "varchar")
