"""The tables of a PostgreSQL database that this user may read; reads the catalogue only."""

from __future__ import annotations

import contextlib

from store_adapters.options import Limits, StoreAddress
from store_adapters.postgres.link import PostgresLink
from store_adapters.postgres.table import all_tables
from store_adapters.tables.found_table import found_table
from store_adapters.tables.layout import Column
from store_adapters.tables.library import Engine
from store_adapters.tables.survey import Survey

# A table that was never analyzed has no estimate of the planner's (-1, before PostgreSQL 14: 0); what was counted since the start
# is one as well.
_ROWS = """
SELECT c.oid::int8,
       CASE WHEN c.reltuples > 0 OR c.reltuples = 0 AND current_setting('server_version_num')::int >= 140000
            THEN c.reltuples::int8 ELSE nullif(pg_stat_get_live_tuples(c.oid), 0) END
FROM pg_class c WHERE c.relkind IN ('r', 'p', 'm')
"""
_ZONES = """
SELECT name FROM pg_timezone_names WHERE name LIKE '%%/%%' AND name !~ '^(Etc|SystemV|US|posix|right)/' ORDER BY name
"""


def survey(address: StoreAddress, limits: Limits) -> Survey:
    """Look over the database. Blocks; `StoreError`."""
    with contextlib.closing(PostgresLink(address, limits)) as link:
        rows: dict[int, int | None] = dict(link.rows(_ROWS))
        zones = tuple(name for (name,) in link.rows(_ZONES))
        return Survey(
            tuple(
                found_table(
                    Engine.POSTGRES,
                    table.schema,
                    table.name,
                    map(Column, table.columns, table.types),
                    rows.get(table.oid),
                )
                for table in all_tables(link)
            ),
            zones,
        )
