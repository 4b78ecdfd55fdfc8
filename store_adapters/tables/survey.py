"""A table of a catalogue as a survey tells of it: known by its columns, or with what its expiry would need to be read."""

from __future__ import annotations

from collections.abc import Iterable

from store_adapters.survey import FoundColumn, FoundTable
from store_adapters.tables.expiry import Unit
from store_adapters.tables.layout import Column, recognise, unit_of
from store_adapters.tables.library import Engine


def found_table(engine: Engine, schema: str, name: str, columns: Iterable[Column], rows: int | None) -> FoundTable:
    """Return what is told of a table. `schema`: "" where the address alone says it; `rows`: an estimate."""
    by_name = {column.name: column for column in columns}
    library = recognise(engine, by_name)
    return FoundTable(
        schema,
        name,
        library.package if library is not None else "",
        tuple(_found_column(engine, column) for column in by_name.values()),
        rows,
    )


def _found_column(engine: Engine, column: Column) -> FoundColumn:
    unit = unit_of(engine, column)
    return FoundColumn(column.name, column.type, needs_unit=unit is None, needs_zone=unit is Unit.LOCAL)
