"""The tables of an SQLite file; reads the schema, and counts some rows."""

from __future__ import annotations

import contextlib

from store_adapters.errors import StoreError
from store_adapters.options import Limits, StoreAddress
from store_adapters.sqlite.expressions import quoted
from store_adapters.sqlite.link import SqliteLink
from store_adapters.sqlite.table import all_tables, columns_of
from store_adapters.tables.found_table import found_table
from store_adapters.tables.library import Engine
from store_adapters.tables.survey import Survey

_COUNTED = 10_000
"""Beyond, the highest row ID stands for the count: to count would be to read the whole table."""


def survey(address: StoreAddress, limits: Limits) -> Survey:
    """Look over the file. Blocks; `StoreError`."""
    with contextlib.closing(SqliteLink(address.path, limits)) as link:
        return Survey(
            tuple(
                found_table(Engine.SQLITE, "", name, columns_of(link, name), _estimate(link, name))
                for name in sorted(all_tables(link))
                if not name.startswith("sqlite_")
            )
        )


def _estimate(link: SqliteLink, table: str) -> int | None:
    with contextlib.suppress(StoreError):
        name = quoted(table)
        [[counted]] = link.read(f"SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {_COUNTED})")
        if counted < _COUNTED:
            return int(counted)
        [[highest]] = link.read(f"SELECT max(rowid) FROM {name}")
        return int(highest)
    return None
