"""What is known of a library that keeps sessions in a table: a value. Which ones there are: `libraries.py`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from store_adapters.record_form import ExpiryClock
from store_adapters.tables.expiry import Unit


class Engine(Enum):
    POSTGRES = "PostgreSQL"
    MYSQL = "MySQL"  # and MariaDB
    SQLITE = "SQLite"


class Alive(Enum):
    """When the library takes a row for a session. The server's own clock stands for the application's."""

    ROW = "the row"  # as long as it stands, whatever its expiry says
    UNTIL = "until"  # expiry >= now
    BEFORE = "before"  # expiry > now


class Rounding(Enum):
    """What the library makes of the present time before it compares."""

    EXACT = "exact"
    UP = "up"  # to the next whole second
    NEAREST = "nearest"  # to the nearest whole second


class Filled(Enum):
    """What a new row needs in a further column, since the table gives it no default."""

    SESSION_ID = "session ID"
    NOW = "now"


def _same(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True, eq=False)
class TableLibrary:
    """A session library as far as its table goes. `also_known_as`: what else people call it, its package first.

    `needs`: the columns by whose presence it is recognised (exact case); `lacks`: columns it never has; `is_typed`: in SQLite,
    whether the expiry column has a declared type, None where that says nothing. `payload` "": the columns are the session, and the row
    is shown as JSON. `expires` "": nothing in the row ends it. `units`: the unit of an expiry column where its type doesn't tell
    (numbers, SQLite). `writes_session_zone`: wall times are those of the application's database session, not UTC.
    `soft_delete`: the column that a logout sets to its time, in place of deleting the row. `fills`: what a new row needs beside
    key, payload and expiry. `key_of` makes the key column's text from the cookie's session ID; `id_of` goes back, and returns the
    key where it is a hash. `user`, `changed`: the columns of the user and of the last change. `read_only`: why rows are never
    written, "" where they are.
    """

    name: str
    needs: frozenset[str]
    key: str
    payload: str
    expires: str
    also_known_as: tuple[str, ...] = ()
    engines: frozenset[Engine] = frozenset(Engine)
    lacks: frozenset[str] = frozenset()
    is_typed: bool | None = None
    units: Mapping[Engine, Unit] = field(default_factory=dict)
    alive: Alive = Alive.BEFORE
    rounding: Rounding = Rounding.EXACT
    step_ms: int = 1
    lifetime_s: int = 0
    writes_session_zone: bool = False
    soft_delete: str = ""
    fills: Mapping[str, Filled] = field(default_factory=dict)
    user: str = ""
    changed: str = ""
    key_of: Callable[[str], str] = _same
    id_of: Callable[[str], str] = _same
    read_only: str = ""
    clock: ExpiryClock = field(default_factory=ExpiryClock)

    @property
    def package(self) -> str:
        """Its own name, as a person reads it."""
        return self.also_known_as[0] if self.also_known_as else self.name

    def is_called(self, name: str) -> bool:
        """True for any spelling of its name."""
        return name.casefold() in {one.casefold() for one in (self.name, *self.also_known_as)}


def prefixed(prefix: str) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """Return `key_of` and `id_of` of a library that puts `prefix` before the session ID."""
    return (lambda session_id: prefix + session_id), (lambda key: key.removeprefix(prefix))


def rails_private_id(session_id: str) -> str:
    """Return what Rack 2 and later store in place of a session ID: "2::" and its SHA-256, so that no cookie stands in the table."""
    if session_id.startswith("2::"):
        return session_id
    return "2::" + hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()
