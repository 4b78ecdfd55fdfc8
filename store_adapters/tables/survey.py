"""What a look over a database finds: its tables, for a person to choose the one of sessions. Holds no row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from store_adapters.options import StoreAddress

DESCRIBED = ("sid", "data", "expires", "unit", "timezone", "user_column")
"""The options of an address by which a table of no known library is described."""
_PLACE = ("schema", "table")
_RULES = ("dialect", "lifetime")


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A column, and what has to be said of it where it is a session's expiry.

    `type`: as people write it. `can_end`: it can hold a time. `needs_unit`: a number, which can be seconds or milliseconds.
    `needs_zone`: a wall time that doesn't say in which zone it was written.
    """

    name: str
    type: str
    can_end: bool = True
    needs_unit: bool = False
    needs_zone: bool = False


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table, with the library that makes such a one.

    `schema`: "" where the address alone says where it is. `library`: its package, "" where none is known by these columns. `rows`: the
    server's estimate, None where it has none. `roles`: the library's columns by the options that would name them.
    """

    schema: str
    name: str
    library: str
    columns: tuple[FoundColumn, ...]
    rows: int | None = None
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def column(self, name: str) -> FoundColumn | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Survey:
    """`tables`: in the order of their names. `zones`: the time zones that `?timezone=` takes here and people live in."""

    tables: tuple[FoundTable, ...]
    zones: tuple[str, ...] = ()

    def table_of(self, address: StoreAddress) -> FoundTable | None:
        """Return the table that an address names."""
        schema, name = (address.options.get(option, "") for option in _PLACE)
        named = [table for table in self.tables if name in (table.name, table.title)]
        return next((table for table in named if schema in ("", table.schema)), None)


def with_table(address: StoreAddress, table: FoundTable, described: Mapping[str, str]) -> StoreAddress:
    """Return the address with this table, described by options of `DESCRIBED`; what it said of another one is left out."""
    is_same = Survey((table,)).table_of(address) is not None
    left_out = {*_PLACE, *DESCRIBED} | (set() if is_same else set(_RULES))
    options = {name: value for name, value in address.options.items() if name not in left_out}
    named = {"table": table.name, "schema": table.schema, **{name: described.get(name, "") for name in DESCRIBED}}
    return replace(address, options={**{name: value for name, value in named.items() if value}, **options})
