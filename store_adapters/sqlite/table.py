"""Finds the table of sessions in an SQLite file; reads the schema only."""

from __future__ import annotations

import re

from store_adapters.errors import BadStoreAddress, TableUnclear
from store_adapters.options import StoreAddress
from store_adapters.sqlite.link import SqliteLink
from store_adapters.tables.layout import Column, TableLayout, describe_table, recognise
from store_adapters.tables.library import Engine

_MOST_NAMED = 8
_NAME = re.compile(r"[^\0\"]{1,120}\Z")
_USUAL = "sessions"
_LIMIT = re.compile(r"\((\d+)\)")
_COLUMNS = """
SELECT c.name, c.type, c."notnull", c.dflt_value IS NOT NULL, c.hidden,
       c.pk = 1 AND (SELECT max(pk) FROM pragma_table_info(?1)) = 1 OR EXISTS (
           SELECT 1 FROM pragma_index_list(?1) i WHERE i."unique" AND NOT i.partial
           AND (SELECT count(*) FROM pragma_index_info(i.name)) = 1
           AND (SELECT name FROM pragma_index_info(i.name)) = c.name)
FROM pragma_table_xinfo(?1) c
"""


def find_table(link: SqliteLink, address: StoreAddress) -> TableLayout:
    """Return the table that the address names, or the only one that a known library makes. `BadStoreAddress`, `TableUnclear`."""
    wanted = address.options.get("table", "")
    if wanted and not _NAME.match(wanted):
        raise BadStoreAddress("This isn't a valid table name.", "For example ?table=sessions")
    tables = all_tables(link)
    table = wanted or _only(link, tables)
    if table not in tables:
        shown = ", ".join(sorted(tables)[:_MOST_NAMED]) or "none"
        raise TableUnclear(f"This file has no table {table}; its tables: {shown}.", "Name it: ?table=…")
    return describe_table(Engine.SQLITE, "", table, columns_of(link, table), address.options)


def all_tables(link: SqliteLink) -> list[str]:
    """Return the names of the file's tables and views."""
    return [_text(name) for (name,) in link.read("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")]


def _only(link: SqliteLink, tables: list[str]) -> str:
    found = [name for name in tables if recognise(Engine.SQLITE, {one.name: one for one in columns_of(link, name)})]
    if len(found) > 1 and _USUAL not in found:
        shown = ", ".join(sorted(found)[:_MOST_NAMED])
        raise BadStoreAddress("Several tables of this file hold sessions.", f"Name one: ?table=… ({shown})")
    return found[0] if len(found) == 1 else _USUAL


def columns_of(link: SqliteLink, table: str) -> list[Column]:
    """Return a table's columns in their order."""
    return [_column(row) for row in link.read(_COLUMNS, (table,))]


def _column(row: tuple[object, ...]) -> Column:
    name, kind, is_needed, has_default, hidden, is_unique = row
    declared = _text(kind).lower()
    limit = _LIMIT.search(declared) if declared.startswith(("varchar", "char", "character")) else None
    return Column(
        _text(name),
        declared,
        is_nullable=not is_needed,
        has_default=bool(has_default),
        is_generated=bool(hidden),
        is_unique=bool(is_unique),
        limit=int(limit[1]) if limit is not None else None,
    )


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
