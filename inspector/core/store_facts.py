"""What is known of a store as a whole, for rules to judge: columns over its list, a sample, and what the server says of itself."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from inspector.core.row_set import RowSet
from inspector.core.secret import Secret
from inspector.core.store_finding import NotChecked, StoreFinding

NEVER = 2**48 - 1
"""Stands for the end of a record that has none; a real time is below."""
NO_NUMBER = -1.0
"""Stands for an `originalMaxAge` that is null, not there or no number."""
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


class Mark:
    """What a record's content shows: bits of plain numbers, which a million rows are asked for."""

    READ = 1  # its session was read
    COOKIE = 2  # it has a cookie member that is an object
    EMPTY = 4  # it holds nothing but that
    BREAKS = 8  # express-session answers 500 for it, or hangs
    RESERVED = 16  # it has a name of express-session's own
    FLASH = 32  # a flash list of 20 messages or more
    ADMIN = 64  # isAdmin, or a privileged role
    PASSWORD = 128
    PASSWORD_HASH = 256
    CARD = 512
    TOKEN = 1024
    SECRET = 2048  # one of the person's own secrets stands in it
    OTHER_TYPE = 4096  # no text: another type of value, which no session library wrote
    SEALED = 8192
    UNREADABLE = 16384
    NO_TIME = 32768  # its expiry isn't a time, so that the library passes it over


_COMMON = Mark.READ | Mark.COOKIE


@dataclass(frozen=True, slots=True)
class CookieSet:
    """The attributes that a record's cookie member carries, without those of time; None: not there."""

    http_only: Any = None
    secure: Any = None
    same_site: Any = None
    domain: Any = None
    path: Any = None


@dataclass
class StoreFacts:
    """Columns have a place for each position of the list; `examined[i]` is 0 for gaps and what the filter left out.

    `ends`, `cookie_ends`, `changed`: epoch milliseconds, `NEVER` or 0 for none. `max_age`: milliseconds, `NO_NUMBER` for none.
    `users`: a code into `user_names`, -1 for nobody; `user_of[code]` is the code that an identity was joined to. `key_bytes`: of a
    sample of `sampled` records, by key path. `server`: what the server says, by name; `refused`: why it did not say the rest.
    """

    now_ms: int
    kind: str
    library: str
    examined: bytearray
    ends: array[int]
    sizes: array[int]
    changed: array[int]
    max_age: array[float]
    cookie_ends: array[int]
    marks: array[int]
    cookie_codes: array[int]
    users: array[int]
    format_codes: array[int]
    cookies: list[CookieSet] = field(default_factory=list)
    user_names: list[str] = field(default_factory=list)
    user_paths: list[str] = field(default_factory=list)
    user_of: list[int] = field(default_factory=list)
    user_aliases: Mapping[int, Sequence[tuple[str, str]]] = field(
        default_factory=dict
    )  # weak identities beside a strong one
    formats: Sequence[str] = ()
    key_bytes: Mapping[str, int] = field(default_factory=dict)
    sampled: int = 0
    server: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    is_production: bool = False
    ends_inside: bool = False  # only a record's own content tells when it ends
    _rows_with: dict[int, array[int]] = field(default_factory=dict, repr=False)
    _living_with: dict[int, array[int]] = field(default_factory=dict, repr=False)
    is_partial: bool = False  # some records were not read: large, or dropped for memory

    @cached_property
    def all_rows(self) -> int:
        """How many records were looked at."""
        return self.examined.count(1)

    def rows(self, marks: int = 0) -> array[int]:
        """Return the positions of the examined rows that carry all of these marks."""
        found = self._rows_with.get(marks)
        if found is None:
            if marks & ~_COMMON:  # the others are few
                found = array("I", [row for row in self._rare_rows if self.marks[row] & marks == marks])
            else:
                columns = enumerate(zip(self.examined, self.marks, strict=True))
                found = array("I", [row for row, (is_in, mark) in columns if is_in and mark & marks == marks])
            self._rows_with[marks] = found
        return found

    @cached_property
    def _rare_rows(self) -> array[int]:
        return array("I", [row for row in self.rows() if self.marks[row] > _COMMON])

    def living(self, marks: int = 0) -> array[int]:
        """Return the rows with these marks whose end is still to come, or that have none."""
        found = self._living_with.get(marks)
        if found is None:
            ends, now_ms = self.ends, self.now_ms
            found = array("I", [row for row in self.rows(marks) if ends[row] > now_ms])
            self._living_with[marks] = found
        return found

    def where(self, rows: Sequence[int], test: Callable[[int], bool] | None = None) -> RowSet:
        """Return those of the rows that pass the test."""
        return RowSet(rows if test is None else [row for row in rows if test(row)])

    def say(self, name: str) -> Any:
        """Return a fact of the server. `NotChecked` where it wouldn't say."""
        if name in self.server:
            return self.server[name]
        raise NotChecked(self.refused.get(name, "The server doesn't say."))


def enough(count: int, of: int, share: float, least: int) -> bool:
    """True for "share and least": as "1 % and 3"."""
    return count >= least and count >= share * of and count > 0


def median(values: Sequence[float]) -> float:
    """Return the middle value, found by counting rather than sorting where many are equal."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0


@dataclass(frozen=True, slots=True)
class StoreRule:
    """One check. `find` returns what it found, None where all is well, and raises `NotChecked`.

    `needs`: the facts of the server that it reads. Where the server would not say one of them, the rule wasn't checked, and the
    server's words say why; where that kind of store has no such fact, the rule doesn't apply.
    """

    id: str
    find: Callable[[StoreFacts], StoreFinding | None]
    needs: Sequence[str] = ()
