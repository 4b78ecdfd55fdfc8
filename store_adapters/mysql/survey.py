"""The tables of a MySQL or MariaDB database that this user may read; reads the catalogue only."""

from __future__ import annotations

import contextlib

from store_adapters.mysql.link import MysqlLink
from store_adapters.mysql.table import all_tables, check_database
from store_adapters.options import Limits, StoreAddress
from store_adapters.tables.found_table import found_table
from store_adapters.tables.layout import Column
from store_adapters.tables.library import Engine
from store_adapters.tables.survey import Survey
from store_adapters.tables.zone import COMMON_OFFSETS

_ROWS = "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = %s"


def survey(address: StoreAddress, limits: Limits) -> Survey:
    """Look over the database. Blocks; `BadStoreAddress`, `StoreError`."""
    check_database(address)
    with contextlib.closing(MysqlLink(address, limits)) as link:
        rows = {name.decode("utf-8", "replace"): number for name, number in link.rows(_ROWS, (address.path,))}
        return Survey(
            tuple(
                found_table(
                    Engine.MYSQL, "", name, (Column(column, kind) for column, kind in columns), _number(rows.get(name))
                )
                for name, columns in all_tables(link, address.path).items()
            ),
            COMMON_OFFSETS,
        )


def _number(rows: object) -> int | None:
    return int(str(rows)) if rows is not None else None
