"""Finds the table of sessions in a PostgreSQL database, and whether it can be written; reads the catalogue only.

Once found, the table is known by its schema and name: another search_path would find another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from store_adapters.errors import BadStoreAddress, TableUnclear
from store_adapters.options import StoreAddress
from store_adapters.postgres.expressions import TableSql
from store_adapters.postgres.link import PostgresLink
from store_adapters.postgres.zone import find_zone
from store_adapters.tables.expiry import Unit
from store_adapters.tables.layout import Column, TableLayout, describe_table, recognise, refuse_writing
from store_adapters.tables.library import Engine

_MOST_NAMED = 8
_NAMED = """
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, c.relrowsecurity
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass(%s)
"""
_ALL = """
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, c.relrowsecurity, pg_table_is_visible(c.oid),
       array_agg(a.attname::text ORDER BY a.attnum), array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_t%%' AND NOT c.relispartition AND has_table_privilege(c.oid, 'SELECT')
GROUP BY c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity
ORDER BY n.nspname, c.relname
"""
_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
       a.atthasdef OR a.attidentity <> '', a.attgenerated <> '',
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid
               AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
       CASE WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND a.atttypmod > 4 THEN a.atttypmod - 4 END
FROM pg_attribute a WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}


@dataclass(frozen=True, slots=True)
class _Found:
    oid: int
    schema: str
    name: str
    kind: str
    has_row_security: bool


@dataclass(frozen=True, slots=True)
class CatalogueTable(_Found):
    """A table with its columns and their types. `is_visible`: by its name alone, on this user's search_path."""

    is_visible: bool
    columns: list[str]
    types: list[str]


@dataclass(frozen=True, slots=True)
class SessionTable:
    """`hides_rows`: row-level security may hide some from this user."""

    oid: int
    layout: TableLayout
    sql: TableSql
    hides_rows: bool


def find_table(link: PostgresLink, address: StoreAddress) -> SessionTable:
    """Return the table that the address names, or the only one that a known library makes. `BadStoreAddress`, `TableUnclear`."""
    found = _named(link, address.options) if address.options.get("table") else _only(link, address)
    columns = [Column(*row) for row in link.rows(_COLUMNS, (found.oid,))]
    layout = describe_table(Engine.POSTGRES, found.schema, found.name, columns, address.options)
    if found.kind in _KINDS:
        layout = refuse_writing(layout, f"{found.name} is {_KINDS[found.kind]}.")
    if layout.expiry is not None and layout.expiry.unit is Unit.LOCAL:
        asked = address.options.get("timezone", "")
        layout = replace(layout, expiry=replace(layout.expiry, zone=find_zone(link, layout, asked)))
    return SessionTable(found.oid, layout, TableSql(layout), found.has_row_security)


def _named(link: PostgresLink, options: Mapping[str, str]) -> _Found:
    table, schema = options["table"], options.get("schema", "")
    spellings = [(schema, table)]
    if not schema and "." in table:
        before, _, after = table.partition(".")
        spellings.append((before, after))
    for part, name in spellings:
        quoted = ".".join('"' + one.replace('"', '""') + '"' for one in (part, name) if one)
        rows = link.rows(_NAMED, (quoted,))
        if rows:
            return _Found(*rows[0])
    others = [one for one in all_tables(link) if one.name.lower() == table.lower()] or _with_sessions(link)
    raise TableUnclear(f"The database has no table {table[:60]}.", _offer(others))


def _only(link: PostgresLink, address: StoreAddress) -> _Found:
    found = _with_sessions(link)
    if wanted := address.options.get("schema"):
        found = [table for table in found if table.schema == wanted]
    seen = [table for table in found if table.is_visible] or found
    if len(seen) == 1:
        return seen[0]
    if not seen:
        place = f"in the schema {wanted[:60]}" if wanted else "in this database"
        raise TableUnclear(
            f"No table {place} has the columns of a session library known here.",
            "Name the table and its columns: ?table=…&sid=…&data=…&expires=…",
        )
    raise BadStoreAddress("Several tables of this database hold sessions.", _offer(seen))


def all_tables(link: PostgresLink) -> list[CatalogueTable]:
    """Return the tables and views that this user may read, by schema and name."""
    return [CatalogueTable(*row) for row in link.rows(_ALL)]


def _with_sessions(link: PostgresLink) -> list[CatalogueTable]:
    return [
        table
        for table in all_tables(link)
        if recognise(Engine.POSTGRES, {name: Column(name) for name in table.columns})
    ]


def _offer(tables: list[CatalogueTable]) -> str:
    if not tables:
        return "Check ?table= and ?schema= in the address."
    names = [f"{table.schema}.{table.name}" for table in tables[:_MOST_NAMED]]
    more = f" and {len(tables) - _MOST_NAMED} more" if len(tables) > _MOST_NAMED else ""
    return f"Name one: ?table=… ({', '.join(names)}{more})"


def write_refusal(link: PostgresLink, table: SessionTable) -> str:
    """Return why this table, server or user takes no writes; "" where they do."""
    if table.layout.refusal:
        return table.layout.refusal
    payload = table.layout.payload
    assert payload is not None  # a table without one has a refusal
    [row] = link.rows(
        "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on',"
        " has_column_privilege(%s::int8::oid, %s, 'UPDATE'), has_table_privilege(%s::int8::oid, 'INSERT, DELETE')",
        (table.oid, payload.name, table.oid),
    )
    is_standby, is_read_only, may_update, may_insert = row
    if is_standby:
        return "This server is a standby: it takes no writes."
    if is_read_only:
        return "Transactions are read-only for this user (default_transaction_read_only)."
    if not may_update and not may_insert:
        return f"This user may only read {table.layout.table}."
    return ""
