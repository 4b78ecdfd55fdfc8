"""Finds the table of sessions in a MySQL or MariaDB database, and whether it can be written; reads the catalogue only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from store_adapters.errors import BadStoreAddress, StoreError, StoreRefused
from store_adapters.mysql.expressions import TableSql, quoted
from store_adapters.mysql.link import MysqlLink
from store_adapters.options import StoreAddress
from store_adapters.tables.expiry import Unit
from store_adapters.tables.layout import Column, TableLayout, describe_table, recognise, refuse_writing
from store_adapters.tables.library import Engine
from store_adapters.tables.zone import ROWS_ASKED, fixed_offset, offset_in_rows, offset_name

_MOST_NAMED = 8
_TABLES = """
SELECT t.table_name, t.table_type, t.engine, GROUP_CONCAT(c.column_name SEPARATOR '\\n')
FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
WHERE t.table_schema = %s GROUP BY t.table_name, t.table_type, t.engine ORDER BY t.table_name
"""
_COLUMNS = """
SELECT c.column_name, c.column_type, c.is_nullable = 'YES', c.column_default IS NOT NULL OR c.extra LIKE '%%auto_increment%%',
       c.extra LIKE '%%GENERATED%%' OR c.extra LIKE '%%VIRTUAL%%' OR c.extra LIKE '%%STORED%%' OR c.extra LIKE '%%PERSISTENT%%',
       EXISTS (SELECT 1 FROM information_schema.statistics s
               WHERE s.table_schema = c.table_schema AND s.table_name = c.table_name AND s.non_unique = 0 AND s.sub_part IS NULL
               GROUP BY s.index_name HAVING COUNT(*) = 1 AND MIN(s.column_name) = c.column_name),
       c.character_maximum_length, c.data_type, c.extra LIKE '%%on update%%'
FROM information_schema.columns c WHERE c.table_schema = %s AND c.table_name = %s ORDER BY c.ordinal_position
"""


@dataclass(frozen=True, slots=True)
class SessionTable:
    layout: TableLayout
    sql: TableSql


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    kind: str
    engine: str
    columns: frozenset[str]


def find_table(link: MysqlLink, address: StoreAddress) -> SessionTable:
    """Return the table that the address names, or the only one that a known library makes. `BadStoreAddress`, `StoreRefused`."""
    options = address.options
    if not address.path:
        raise BadStoreAddress("The address names no database.", "For example mysql://user@localhost/app?table=sessions")
    schema, wanted = address.path, options.get("table", "")
    tables = _tables(link, schema)
    if wanted and wanted not in tables and "." in wanted:
        schema, _, wanted = wanted.partition(".")
        tables = _tables(link, schema)
    found = _named(tables, wanted) if wanted else _only(tables)
    columns = [_column(row) for row in link.rows(_COLUMNS, (schema, found.name))]
    layout = describe_table(Engine.MYSQL, schema, found.name, columns, options)
    if found.kind != "BASE TABLE":
        layout = refuse_writing(layout, f"{found.name} is a view.")
    if found.engine.lower() != "innodb":
        layout = refuse_writing(
            layout, f"{found.name} is a {found.engine} table: it has no transactions, and writing locks all of it."
        )
    if layout.expiry is not None and layout.expiry.unit is Unit.LOCAL:
        layout = replace(layout, expiry=replace(layout.expiry, zone=_zone(link, layout, options.get("timezone", ""))))
    return SessionTable(layout, TableSql(layout))


def _tables(link: MysqlLink, schema: str) -> dict[str, _Found]:
    rows = [[_text(value) for value in row] for row in link.rows(_TABLES, (schema,))]
    return {name: _Found(name, kind, engine, frozenset(columns.split("\n"))) for name, kind, engine, columns in rows}


def _named(tables: Mapping[str, _Found], wanted: str) -> _Found:
    if wanted in tables:
        return tables[wanted]
    near = [name for name in tables if name.lower() == wanted.lower()] or _with_sessions(tables)
    raise StoreRefused(f"The database has no table {wanted[:60]}.", _offer(near))


def _only(tables: Mapping[str, _Found]) -> _Found:
    names = _with_sessions(tables)
    if len(names) == 1:
        return tables[names[0]]
    if not names:
        raise StoreRefused(
            "No table in this database has the columns of a session library known here.",
            "Name the table and its columns: ?table=…&sid=…&data=…&expires=…",
        )
    raise BadStoreAddress("Several tables of this database hold sessions.", _offer(names))


def _with_sessions(tables: Mapping[str, _Found]) -> list[str]:
    return [
        one.name for one in tables.values() if recognise(Engine.MYSQL, {name: Column(name) for name in one.columns})
    ]


def _offer(names: list[str]) -> str:
    if not names:
        return "Check ?table= in the address."
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"Name one: ?table=… ({', '.join(names[:_MOST_NAMED])}{more})"


def _column(row: tuple[object, ...]) -> Column:
    name, kind, is_nullable, has_default, is_generated, is_unique, limit, data_type, moves = row
    in_characters = _text(data_type) in ("char", "varchar")
    return Column(
        _text(name),
        _text(kind).lower(),
        bool(is_nullable),
        bool(has_default),
        bool(is_generated),
        bool(is_unique),
        int(str(limit)) if limit is not None else None,
        "characters" if in_characters else "bytes",
        bool(moves),
    )


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)


def _zone(link: MysqlLink, layout: TableLayout, asked: str) -> str:
    """Return the offset in which the wall times of the expiry column were written: told, found from the rows, or UTC."""
    if asked:
        if fixed_offset(asked) is None:
            raise BadStoreAddress(
                "For MySQL the time zone is an offset, since its servers often know no names.",
                "For example timezone=%2B09:00",
            )
        return asked
    if not layout.library.writes_session_zone:
        return "UTC"
    sql, expiry = TableSql(layout), layout.expiry
    assert expiry is not None
    name = quoted(expiry.name)
    rows = link.rows(
        f"SELECT {sql.payload_text}, TIMESTAMPDIFF(SECOND, '1970-01-01', {name}) FROM {sql.table}"
        f" WHERE {name} IS NOT NULL AND {sql.size} < 65536 LIMIT {ROWS_ASKED}"
    )
    found = offset_in_rows(
        (payload, int(stored)) for payload, stored in rows if payload is not None and stored is not None
    )
    return "UTC" if not found else offset_name(found)


def write_refusal(link: MysqlLink, table: SessionTable) -> str:
    """Return why this table, server or user takes no writes; "" where they do."""
    if table.layout.refusal:
        return table.layout.refusal
    [[is_read_only, is_innodb_read_only]] = link.rows("SELECT @@global.read_only, @@global.innodb_read_only")
    grants = _grants(link)
    if is_innodb_read_only or (
        is_read_only and not re.search(r"\b(SUPER|READ_?ONLY ADMIN|ALL PRIVILEGES)\b", " ".join(grants))
    ):
        return "This server takes no writes: it's a replica, or read-only."
    layout = table.layout
    places = ("*.*", f"`{layout.schema}`.*", f"`{layout.schema}`.`{layout.table}`")
    here = [grant for grant in grants if any(f" ON {place} " in f"{grant} " for place in places)]
    if here and not any(
        re.search(r"\b(ALL PRIVILEGES|UPDATE|INSERT|DELETE)\b", grant.partition(" ON ")[0]) for grant in here
    ):
        return f"This user may only read {layout.table}."
    return ""


def _grants(link: MysqlLink) -> list[str]:
    try:
        return [_text(row[0]) for row in link.rows("SHOW GRANTS")]
    except StoreError:
        return []
