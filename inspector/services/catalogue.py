"""The list of a store's sessions in columns, without an object per row; knows no window and no driver.

One thread appends and updates (the store's lane), another reads (the window): rows are only added at the end while
reading, `generation` moves when rows changed place or content.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from inspector.codecs import Summary, plain_data, summarise
from inspector.services.filter import SessionFilter
from inspector.services.open_session import PLAIN, Reading
from store_adapters.contract import Batch, CancelToken, RawRecord, SessionStore
from store_adapters.session_file import expiry_of

_NONE = -(2**62)
_IN_VAIN = 20
_HOUR_MS = 3_600_000


class Column(Enum):
    SESSION = "session"
    USER = "user"
    SIGNED_IN = "signed_in"
    EXPIRES = "expires"
    SIZE = "size"
    CHANGED = "changed"
    FORMAT = "format"


@dataclass(frozen=True, slots=True)
class Row:
    """One row, made when it is painted. `changed_at_ms`: known from the store, or when this program saw it change.
    `is_expiry_hidden`: the expiry is inside what is encrypted."""

    key: bytes
    session_id: str
    user: str
    role: str
    signed_in: bool
    format: str
    size: int
    expires_at_ms: int | None
    changed_at_ms: int | None
    is_expiry_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of a plot: how many sessions lie in [low, high); `high` None: open end."""

    low: int
    high: int | None
    number: int


class Catalogue:
    """Sessions of one store, found by position or key."""

    def __init__(self, store: SessionStore, reading: Reading = PLAIN) -> None:
        self._kind = store.capabilities.kind
        self._id_of = store.session_id_of
        self._reading = reading
        self._lifetime_ms = store.capabilities.lifetime_ms
        self._lock = threading.RLock()
        self._generation = 0
        self._reset()

    def _reset(self) -> None:
        self._keys: list[bytes] = []
        self._payloads: list[bytes] = []
        self._sizes = array("q")
        self._expires = array("q")
        self._changed = array("q")
        self._users: list[str] = []
        self._roles: list[str] = []
        self._formats: list[str] = []
        self._places: dict[bytes, int] = {}
        self._alive = bytearray()
        self._inner: dict[int, bytes] = {}  # the text inside rows that are wrapped in something, for the filter
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def generation(self) -> int:
        return self._generation

    def clear(self) -> None:
        with self._lock:
            self._reset()
            self._generation += 1

    def append(self, batch: Batch) -> int:
        """Add a batch (a key that is there already is updated in place); return the number of rows now.

        Keys which cannot be read as sessions are listed too, with the reason as their format.
        """
        for key, payload, size, expires, changed in zip(
            batch.keys, batch.payloads, batch.sizes, batch.expires_at_ms, batch.changed_at_ms, strict=True
        ):
            known = self._known(key, payload)
            if known is None:
                summary = self._summarise(key, payload, size)
            else:
                user = self._users[known]
                summary = Summary(self._formats[known], user, self._roles[known], bool(user), 0)
                if self._lifetime_ms is not None:
                    expires = _or_none(self._expires[known])
            self._put(key, payload, size, expires, changed, summary)
        for skipped in batch.skipped:
            summary = Summary(f"unreadable: {skipped.reason}", "", "", False, 0)
            self._put(skipped.key, b"", 0, None, None, summary)
        return self._count

    def update(self, record: RawRecord, seen_at_ms: int | None) -> int:
        """Put a newly read record in; return its position."""
        key, payload = record.ref.key, record.payload
        summary = self._summarise(key, payload, len(payload), is_quick=False)
        position = self._put(key, payload, len(payload), record.expires_at_ms, seen_at_ms, summary)
        self._generation += 1
        return position

    def unseal(self, cancel: CancelToken) -> Iterator[int]:
        """Open the encrypted rows that take a slow key each, and put in what they hold; yield how many after each.

        Gives up once some that no secret opens have come one after the other. For a lane beside the others.
        """
        done = in_vain = 0
        for position, key in enumerate(self._keys):
            if cancel.is_cancelled or in_vain == _IN_VAIN or not self._reading.secrets:
                return
            payload = self._payloads[position]
            if not self._alive[position] or not self._formats[position].startswith("encrypted"):
                continue
            summary = self._summarise(key, payload, len(payload), is_quick=False)
            if summary.format.startswith("encrypted"):
                in_vain += 1
                continue
            done, in_vain = done + 1, 0
            self._put(key, payload, len(payload), _or_none(self._expires[position]), None, summary)
            self._generation += 1
            yield done

    def _known(self, key: bytes, payload: bytes) -> int | None:
        """Return the row which holds these very bytes: what was found in them, slow keys included, still holds."""
        position = self._places.get(key)
        return position if position is not None and payload and self._payloads[position] == payload else None

    def _summarise(self, key: bytes, payload: bytes, size: int, *, is_quick: bool = True) -> Summary:
        if size > len(payload):
            return Summary("unreadable: too large for the list", "", "", False, 0)
        reading, sid = self._reading, self._id_of(key)
        return summarise(payload, self._kind, reading.user_paths, reading.secrets, sid, is_quick=is_quick)

    def _put(
        self, key: bytes, payload: bytes, size: int, expires: int | None, changed: int | None, summary: Summary
    ) -> int:
        if summary.text and self._lifetime_ms is not None:
            expires = expiry_of(summary.text, self._lifetime_ms / 1000)
        expiry = _NONE if expires is None else expires
        with self._lock:
            position = self._places.get(key)
            if position is None:
                position = self._places[key] = len(self._keys)
                self._keys.append(key)
                self._payloads.append(payload)
                self._sizes.append(size)
                self._expires.append(expiry)
                self._changed.append(_NONE if changed is None else changed)
                self._users.append(summary.user)
                self._roles.append(summary.role)
                self._formats.append(summary.format)
                self._alive.append(1)
                self._count += 1
                self._keep_inner(position, summary)
                return position
            if self._payloads[position] != payload or abs(self._expires[position] - expiry) > 1500:
                self._generation += 1
            if self._payloads[position] != payload or summary.text:
                self._keep_inner(position, summary)
            self._payloads[position] = payload
            self._sizes[position] = size
            self._expires[position] = expiry
            if changed is not None:
                self._changed[position] = changed
            self._users[position], self._roles[position] = summary.user, summary.role
            self._formats[position] = summary.format
            return position

    def _keep_inner(self, position: int, summary: Summary) -> None:
        if summary.text:
            self._inner[position] = summary.text
        else:
            self._inner.pop(position, None)

    def remove(self, key: bytes) -> bool:
        """Take a record out; its row becomes a gap that `select` leaves out."""
        with self._lock:
            position = self._places.pop(key, None)
            if position is None:
                return False
            self._alive[position] = 0
            self._payloads[position] = b""
            self._inner.pop(position, None)
            self._count -= 1
            self._generation += 1
            return True

    def row(self, position: int) -> Row:
        """Return the values of a row."""
        key = self._keys[position]
        user = self._users[position]
        return Row(
            key=key,
            session_id=self._id_of(key),
            user=user,
            role=self._roles[position],
            signed_in=bool(user),
            format=self._formats[position],
            size=self._sizes[position],
            expires_at_ms=_or_none(self._expires[position]),
            changed_at_ms=_or_none(self._changed[position]),
            is_expiry_hidden=self._hides_expiry(position),
        )

    def _hides_expiry(self, position: int) -> bool:
        is_sealed = self._lifetime_ms is not None and self._formats[position].startswith("encrypted")
        return is_sealed and self._expires[position] == _NONE

    def payload(self, position: int) -> bytes:
        return self._payloads[position]

    def find(self, key: bytes) -> int | None:
        return self._places.get(key)

    def keys(self) -> tuple[bytes, ...]:
        """Return the keys of all rows."""
        with self._lock:
            return tuple(self._places)

    def select(
        self, session_filter: SessionFilter | None, sort_by: Column, *, descending: bool, now_ms: int
    ) -> Sequence[int]:
        """Return the positions of the matching rows in order (an `array('q')`); runs outside the GUI thread."""
        total = len(self._keys)
        alive = self._alive
        positions = [position for position in range(total) if alive[position]]
        if session_filter is not None:
            matches = session_filter.matches
            candidate = _Candidate(self, now_ms)
            positions = [position for position in positions if matches(candidate.at(position))]
        positions.sort(key=self._sort_key(sort_by), reverse=descending)
        return array("q", positions)

    def _sort_key(self, column: Column) -> Callable[[int], Any]:
        match column:
            case Column.SESSION:
                return self._keys.__getitem__
            case Column.USER | Column.SIGNED_IN:
                return lambda position: self._users[position].lower()
            case Column.EXPIRES:
                # Never comes after every time.
                return lambda position: 2**62 if self._expires[position] == _NONE else self._expires[position]
            case Column.SIZE:
                return self._sizes.__getitem__
            case Column.CHANGED:
                return self._changed.__getitem__
            case Column.FORMAT:
                return self._formats.__getitem__

    def count_where(self, now_ms: int) -> dict[str, int]:
        """Return how many are "active", "expiring" (< 1 h), "expired" and "no_expiry"."""
        counts = dict.fromkeys(("active", "expiring", "expired", "no_expiry"), 0)
        for expiry in self._living(self._expires):
            if expiry == _NONE:
                counts["no_expiry"] += 1
                counts["active"] += 1
            elif expiry <= now_ms:
                counts["expired"] += 1
            else:
                counts["active"] += 1
                counts["expiring"] += expiry - now_ms < _HOUR_MS
        return counts

    def _living(self, column: array[int]) -> list[int]:
        return [value for value, alive in zip(column, self._alive, strict=False) if alive]

    def expiry_buckets(self, now_ms: int, hours: int = 24) -> tuple[Bucket, ...]:
        """Return one bucket per hour of the next `hours`, in epoch milliseconds."""
        numbers = [0] * hours
        for expiry in self._living(self._expires):
            hour = (expiry - now_ms) // _HOUR_MS
            if 0 <= hour < hours:
                numbers[hour] += 1
        return tuple(
            Bucket(now_ms + hour * _HOUR_MS, now_ms + (hour + 1) * _HOUR_MS, number)
            for hour, number in enumerate(numbers)
        )

    def size_buckets(self) -> tuple[Bucket, ...]:
        """Return the sizes in buckets of bytes, doubling from 128."""
        edges = [0, *(128 << step for step in range(11))]
        numbers = [0] * len(edges)
        for size in self._living(self._sizes):
            numbers[0 if size < 128 else min(len(edges) - 1, (size >> 7).bit_length())] += 1
        highest = max((place for place, number in enumerate(numbers) if number), default=5)
        shown = max(6, highest + 1)
        return tuple(
            Bucket(edges[place], edges[place + 1] if place + 1 < len(edges) else None, numbers[place])
            for place in range(min(shown, len(edges)))
        )


class _Candidate:
    """One row as the filter sees it; moved from row to row instead of made anew."""

    __slots__ = ("_catalogue", "_position", "now_ms")

    def __init__(self, catalogue: Catalogue, now_ms: int) -> None:
        self._catalogue = catalogue
        self._position = 0
        self.now_ms = now_ms

    def at(self, position: int) -> _Candidate:
        self._position = position
        return self

    @property
    def session_id(self) -> str:
        return self._catalogue._id_of(self._catalogue._keys[self._position])

    @property
    def user(self) -> str:
        return self._catalogue._users[self._position]

    @property
    def format(self) -> str:
        return self._catalogue._formats[self._position]

    @property
    def size(self) -> int:
        return self._catalogue._sizes[self._position]

    @property
    def expires_at_ms(self) -> int | None:
        return _or_none(self._catalogue._expires[self._position])

    @property
    def is_permanent(self) -> bool:
        return self.expires_at_ms is None and not self._catalogue._hides_expiry(self._position)

    @property
    def changed_at_ms(self) -> int | None:
        return _or_none(self._catalogue._changed[self._position])

    def data(self) -> Any:
        catalogue, position = self._catalogue, self._position
        inner = catalogue._inner.get(position)
        return plain_data(inner, "memory") if inner else plain_data(catalogue._payloads[position], catalogue._kind)

    def text(self) -> str:
        catalogue, position = self._catalogue, self._position
        payload = (catalogue._inner.get(position) or catalogue._payloads[position]).decode("utf-8", "replace")
        return f"{catalogue._keys[position].decode('utf-8', 'replace')}\n{payload}".lower()


def _or_none(value: int) -> int | None:
    return None if value == _NONE else value
