"""Finds the table of sessions in a MySQL or MariaDB database, and whether it can be written; reads the catalogue only."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from store_adapters.errors import BadStoreAddress, StoreError, TableUnclear
from store_adapters.mysql.expressions import TableSql, quoted
from store_adapters.mysql.link import MysqlLink
from store_adapters.options import StoreAddress
from store_adapters.tables.expiry import Unit
from store_adapters.tables.layout import Column, TableLayout, describe_table, recognise, refuse_writing
from store_adapters.tables.library import Engine
from store_adapters.tables.zone import ROWS_ASKED, fixed_offset, offset_in_rows, offset_name

_MOST_NAMED = 8
# One place each, and nothing joined: these views are computed for every query.
_NAMED = (
    "SELECT table_name, table_type, engine FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
)
_ALL_COLUMNS = (
    "SELECT table_name, column_name, column_type FROM information_schema.columns WHERE table_schema = %s"
    " ORDER BY table_name, ordinal_position"
)
_INDEXES = """
SELECT index_name, column_name, sub_part FROM information_schema.statistics
WHERE table_schema = %s AND table_name = %s AND non_unique = 0
"""
_COLUMNS = """
SELECT c.column_name, c.column_type, c.is_nullable = 'YES', c.column_default IS NOT NULL OR c.extra LIKE '%%auto_increment%%',
       c.extra LIKE '%%GENERATED%%' OR c.extra LIKE '%%VIRTUAL%%' OR c.extra LIKE '%%STORED%%' OR c.extra LIKE '%%PERSISTENT%%',
       c.character_maximum_length, c.data_type, c.extra LIKE '%%on update%%'
FROM information_schema.columns c WHERE c.table_schema = %s AND c.table_name = %s ORDER BY c.ordinal_position
"""


@dataclass(frozen=True, slots=True)
class SessionTable:
    layout: TableLayout
    sql: TableSql


def find_table(link: MysqlLink, address: StoreAddress) -> SessionTable:
    """Return the table that the address names, or the only one that a known library makes. `BadStoreAddress`, `TableUnclear`."""
    options = address.options
    check_database(address)
    schema, table = _find_name(link, address)
    [[_name, kind, engine]] = [[_text(value) for value in row] for row in link.rows(_NAMED, (schema, table))]
    unique = _unique_columns(link, schema, table)
    columns = [_column(row, unique) for row in link.rows(_COLUMNS, (schema, table))]
    layout = describe_table(Engine.MYSQL, schema, table, columns, options)
    if kind != "BASE TABLE":
        layout = refuse_writing(layout, f"{table} is a view.")
    if engine.lower() != "innodb":
        layout = refuse_writing(
            layout, f"{table} is a {engine} table: it has no transactions, and writing locks all of it."
        )
    if layout.expiry is not None and layout.expiry.unit is Unit.LOCAL:
        layout = replace(layout, expiry=replace(layout.expiry, zone=_zone(link, layout, options.get("timezone", ""))))
    return SessionTable(layout, TableSql(layout))


def check_database(address: StoreAddress) -> None:
    """Refuse an address that names none. `BadStoreAddress`."""
    if not address.path:
        raise BadStoreAddress("The address names no database.", "For example mysql://user@localhost/app?table=sessions")


def _find_name(link: MysqlLink, address: StoreAddress) -> tuple[str, str]:
    """Return the database and the name of the table that is meant. `BadStoreAddress`, `TableUnclear`."""
    schema, wanted = address.path, address.options.get("table", "")
    before, dot, after = wanted.partition(".")
    for place in [(schema, wanted), (before, after)] if dot else [(schema, wanted)]:
        # A server may ignore the letters' case where it looks a name up, and heed it where it opens the table.
        if wanted and any(_text(row[0]) == place[1] for row in link.rows(_NAMED, place)):
            return place
    tables = all_tables(link, schema)
    names = [
        name
        for name, columns in tables.items()
        if recognise(Engine.MYSQL, {one: Column(one) for one, _type in columns})
    ]
    if wanted:
        near = [name for name in tables if name.lower() == wanted.lower()] or names
        raise TableUnclear(f"The database has no table {wanted[:60]}.", _offer(near))
    if not names:
        raise TableUnclear(
            "No table in this database has the columns of a session library known here.",
            "Name the table and its columns: ?table=…&sid=…&data=…&expires=…",
        )
    if len(names) > 1:
        raise BadStoreAddress("Several tables of this database hold sessions.", _offer(names))
    return schema, names[0]


def all_tables(link: MysqlLink, schema: str) -> dict[str, list[tuple[str, str]]]:
    """Return the columns of each table with their types, by its name."""
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in link.rows(_ALL_COLUMNS, (schema,)):
        tables.setdefault(_text(table), []).append((_text(column), _text(kind).lower()))
    return dict(sorted(tables.items()))


def _unique_columns(link: MysqlLink, schema: str, table: str) -> frozenset[str]:
    """Return the columns that a unique index holds alone and whole."""
    indexes: dict[str, list[tuple[str, object]]] = {}
    for name, column, part in link.rows(_INDEXES, (schema, table)):
        indexes.setdefault(_text(name), []).append((_text(column), part))
    return frozenset(parts[0][0] for parts in indexes.values() if len(parts) == 1 and parts[0][1] is None)


def _offer(names: list[str]) -> str:
    if not names:
        return "Check ?table= in the address."
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"Name one: ?table=… ({', '.join(names[:_MOST_NAMED])}{more})"


def _column(row: tuple[object, ...], unique: frozenset[str]) -> Column:
    name, kind, is_nullable, has_default, is_generated, limit, data_type, moves = row
    in_characters = _text(data_type) in ("char", "varchar")
    return Column(
        _text(name),
        _text(kind).lower(),
        bool(is_nullable),
        bool(has_default),
        bool(is_generated),
        _text(name) in unique,
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
