"""The list of a store's sessions in columns, without an object per row; knows no window and no driver.

Any thread may ask; appending, updating and removing take a lock. A row keeps its position for as long as the catalogue
lives: `generation` moves when rows changed content or went. Memory a row, beside the stored bytes: about 100 bytes.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from operator import sub

from inspector.codecs import NOT_READ, Summariser, Summary
from inspector.services.catalogue.chunk import matching
from inspector.services.catalogue.column_values import (
    LARGEST,
    PlainLooks,
    column_of,
    encoded,
    in_column,
    size_in_column,
    time_or_none,
)
from inspector.services.catalogue.list_order import sort_rows
from inspector.services.catalogue.overview import Overview, survey
from inspector.services.catalogue.row_keys import RowKeys
from inspector.services.catalogue.session_row import Column, Row
from inspector.services.catalogue.text_column import LimitedColumn, MemoryLimit, TextColumn
from inspector.services.filtering.parser import SessionFilter
from inspector.services.filtering.terms import NEVER
from inspector.services.sessions.decoder import summarise_record
from inspector.services.sessions.open_session import PLAIN, DecodeContext
from store_adapters.contract import Batch, CancelToken, RawRecord, SessionStore
from store_adapters.files.session_file import expiry_of

_IN_VAIN, _MOST_KEPT = 20, 1024 * 1024  # records; bytes of one, as of a listing
_GAPS = 100_000
_MOVED_MS = 1500
"""Two readings of one TTL give two expiries which differ by the time between: less than this is no move."""


class Catalogue:
    """Sessions of one store, found by position or key."""

    def __init__(self, store: SessionStore, reading: DecodeContext = PLAIN, limit: MemoryLimit = MemoryLimit()) -> None:
        self.kind = store.capabilities.kind
        self.id_of = store.session_id_of
        self.reading = reading
        self._store = store
        self._limit = limit
        self._summariser = Summariser(self.kind, reading.user_paths, reading.secrets)
        self.plain_format = self._summariser.plain_format
        self._lifetime_ms = store.capabilities.lifetime_ms
        self._lock = threading.RLock()
        self._generation = 0
        self._keys = RowKeys()
        self.keys_column = self._keys.column
        self.payloads_column = LimitedColumn(limit)
        self.users_column = TextColumn()
        self.looks: list[tuple[str, str]] = []  # the different pairs of format and role, of which there are few
        self._codes: dict[tuple[str, str], int] = {}
        self._plain_looks = PlainLooks(lambda role: self._code((self._summariser.plain_format, role)))
        self._object_looks = PlainLooks(lambda role: self._code((self._summariser.object_format, role)))
        self.look = array("I")
        self.sizes = array("I")
        self.expires = array("q")
        self.changed = array("q")
        self.alive = bytearray()
        self.inner: dict[int, bytes] = {}  # the text inside rows that are wrapped in something, for the filter
        self._total = self._count = 0
        self._seen: bytearray | None = None
        self._may_lag = False  # the index of keys may follow behind the rows
        self._expected = 0  # where the next row of a listing most likely stands
        self.tells_changes = False  # the store says when its records changed

    def __len__(self) -> int:
        return self._count

    @property
    def is_sparse(self) -> bool:
        """True when most positions are gaps: a new listing had better begin anew."""
        return self._total > 2 * self._count + _GAPS

    def emptied(self) -> Catalogue:
        """Return an empty catalogue of the same store."""
        return Catalogue(self._store, self.reading, self._limit)

    def adopt(self, store: SessionStore) -> None:
        """Go on with another connection to the same store."""
        self._store, self.id_of = store, store.session_id_of

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def total(self) -> int:
        """How many positions there are, gaps of removed rows included."""
        return self._total

    @property
    def has_role_lists(self) -> bool:
        """Some rows have several roles at `ROLE_PATH`, of which `looks` says nothing."""
        return self._summariser.has_role_lists

    @property
    def stored_bytes(self) -> int:
        """The memory that stored keys and values take."""
        return self.keys_column.memory_bytes + self.payloads_column.memory_bytes

    def begin_listing(self) -> None:
        """A listing of everything begins: what `end_listing` finds unseen is gone."""
        with self._lock:
            self._seen = bytearray(self._total)
            self._expected = 0
            self._may_lag = self._total == 0

    def end_listing(self, *, is_complete: bool) -> None:
        """The listing ended; a complete one removes what was there when it began and did not come again."""
        with self._lock:
            seen, self._seen = self._seen, None
            place = seen.find(0) if seen and is_complete else -1
            while seen and place >= 0:
                if self.alive[place]:
                    self._bury(place)
                place = seen.find(0, place + 1)

    def append(self, batch: Batch) -> int:
        """Add a batch (a key that is there already is updated in place); return the number of rows now.

        Keys which cannot be read as sessions are listed too, with the reason as their format.
        """
        with self._lock:
            self._keys.expect(batch.total or 0)
            if self._may_lag and not batch.may_repeat:
                self._append_new(batch, is_indexed=False)
            elif not self._came_again(batch):
                self._catch_up()
                if self._keys.index_new(batch.keys):
                    self._append_new(batch, is_indexed=True)
                else:
                    self._append_mixed(batch)
            for skipped in batch.skipped:
                summary = Summary(f"unreadable: {skipped.reason}", "", "", False, 0)
                self._put(skipped.key, b"", 0, None, None, summary)
            self.payloads_column.keep_within_limit()
        return self._count

    def index_some(self) -> bool:
        """Index some of the keys that were left behind by a listing; True while there are more."""
        with self._lock:
            for earlier in self._keys.index_some():  # read later, the other one is newer
                if self.alive[earlier]:
                    self._bury(earlier)
            return self._keys.is_behind

    def _catch_up(self) -> None:
        self._may_lag = False
        while self._keys.is_behind:
            self.index_some()

    def _came_again(self, batch: Batch) -> bool:
        """Take in a batch whose rows come unchanged in the order of last time, as they nearly always do; True if it was."""
        first, last = self._expected, self._expected + len(batch.keys)
        if self._seen is None or not batch.keys or last > len(self._seen) or self.alive.find(0, first, last) >= 0:
            return False
        if self.keys_column.part(first, last) != list(batch.keys) or self._lifetime_ms is not None:
            return False
        if self.payloads_column.part(first, last) != list(batch.payloads):
            return False
        expires = column_of(batch.expires_at_ms)
        if max(map(abs, map(sub, self.expires[first:last], expires))) > _MOVED_MS:
            self._generation += 1
        self.expires[first:last] = expires
        if batch.changed_at_ms.count(None) < len(batch.keys):
            self.changed[first:last] = array("q", [changed or 0 for changed in batch.changed_at_ms])
        self._seen[first:last] = b"\1" * (last - first)
        self._expected = last
        return True

    def _append_new(self, batch: Batch, *, is_indexed: bool) -> None:
        first, payloads, number = self._total, list(batch.payloads), len(batch.keys)
        sessions = batch.sessions() if batch.sessions is not None else None
        users, roles, odd = self._summariser.plain_users(payloads, sessions)
        looks = array("I", map(self._plain_looks.__getitem__, roles))
        if sessions is not None and dict in {*map(type, sessions)}:
            for place in [place for place, session in enumerate(sessions) if type(session) is dict]:
                looks[place] = self._object_looks[roles[place]]
        expires: Sequence[int | None] = batch.expires_at_ms
        for place in odd:
            summary = self._summarise(batch.keys[place], payloads[place], batch.sizes[place])
            users[place], looks[place] = summary.user, self._code((summary.format, summary.role))
            if summary.text:
                self.inner[first + place] = summary.text
                if self._lifetime_ms is not None:
                    expires = list(expires)
                    expires[place] = expiry_of(summary.text, self._lifetime_ms / 1000)
        self._keys.extend(batch.keys, is_indexed=is_indexed)
        sizes, changed = batch.sizes, batch.changed_at_ms
        self.payloads_column.extend(payloads, sizes)
        self.users_column.extend(encoded(users))
        # Arrays take arrays ten times as fast as lists.
        self.look.extend(looks)
        self.sizes.extend(array("I", sizes if max(sizes, default=0) <= LARGEST else map(size_in_column, sizes)))
        self.expires.extend(column_of(expires))
        is_unknown = changed.count(None) == number
        self.tells_changes |= not is_unknown
        self.changed.extend(array("q", bytes(8 * number) if is_unknown else [value or 0 for value in changed]))
        self.alive.extend(b"\1" * number)
        self._count += number
        self._total += number

    def _append_mixed(self, batch: Batch) -> None:
        for key, payload, size, expires, changed in zip(
            batch.keys, batch.payloads, batch.sizes, batch.expires_at_ms, batch.changed_at_ms, strict=True
        ):
            position = self._find_next(key)
            if position is None or self.payloads_column[position] != payload or not payload:
                self._put(key, payload, size, expires, changed, self._summarise(key, payload, size))
                continue
            # These very bytes were there: what was found in them, slow keys included, still holds.
            self._mark_seen(position)
            if self._lifetime_ms is None or position not in self.inner:
                expiry = in_column(expires)
                if abs(self.expires[position] - expiry) > _MOVED_MS:
                    self._generation += 1
                self.expires[position] = expiry
            if changed is not None:
                self.changed[position] = changed

    def update(self, record: RawRecord, seen_at_ms: int | None) -> int:
        """Put a newly read record in; return its position."""
        key, payload, size = record.ref.key, record.payload, len(record.payload)
        summary = self._summarise(key, payload, size, is_quick=False)
        if summary == NOT_READ:
            summary = summarise_record(payload, self.kind, *self.reading.to_summarise, self.id_of(key))
        with self._lock:
            position = self._put(key, payload[:_MOST_KEPT], size, record.expires_at_ms, seen_at_ms, summary)
            self._generation += 1
        return position

    def unseal(self, cancel: CancelToken) -> Iterator[int]:
        """Open the encrypted rows that take a slow key each, and put in what they hold; yield how many after each. For a lane.
        Gives up once some that no secret opens have come one after the other."""
        done = in_vain = 0
        if not self.reading.secrets or not any(look.startswith("encrypted") for look, _role in self.looks):
            return
        for position in range(self._total):
            if cancel.is_cancelled or in_vain == _IN_VAIN:
                return
            if not self.alive[position] or not self.format(position).startswith("encrypted"):
                continue
            key, payload = self.keys_column[position], self.payloads_column[position]
            summary = self._summarise(key, payload, len(payload), is_quick=False)
            if summary.format.startswith("encrypted"):
                in_vain += 1
                continue
            done, in_vain = done + 1, 0
            with self._lock:
                self._put(key, payload, len(payload), time_or_none(self.expires[position]), None, summary)
                self._generation += 1
            yield done

    def _summarise(self, key: bytes, payload: bytes, size: int, *, is_quick: bool = True) -> Summary:
        if size > len(payload):
            return NOT_READ
        return self._summariser.whole(payload, self.id_of(key), is_quick=is_quick)

    def _put(
        self, key: bytes, payload: bytes, size: int, expires: int | None, changed: int | None, summary: Summary
    ) -> int:
        if summary.text and self._lifetime_ms is not None:
            expires = expiry_of(summary.text, self._lifetime_ms / 1000)
        expiry, look = in_column(expires), self._code((summary.format, summary.role))
        user = summary.user.encode("utf-8", "surrogatepass")
        self._catch_up()
        position = self.find(key)
        if position is None:
            position = self._total
            self._keys.add(key)
            self.payloads_column.extend([payload])
            self.users_column.extend([user])
            self.look.append(look)
            self.sizes.append(size_in_column(size))
            self.expires.append(expiry)
            self.changed.append(changed or 0)
            self.alive.append(1)
            self._count += 1
            self._total += 1
        else:
            if self.payloads_column[position] != payload or abs(self.expires[position] - expiry) > _MOVED_MS:
                self._generation += 1
            self.payloads_column[position] = payload
            if self.users_column[position] != user:
                self.users_column[position] = user
            self.look[position] = look
            self.sizes[position] = size_in_column(size)
            self.expires[position] = expiry
            if changed is not None:
                self.changed[position] = changed
        if summary.text:
            self.inner[position] = summary.text
        else:
            self.inner.pop(position, None)
        self._mark_seen(position)
        return position

    def _mark_seen(self, position: int) -> None:
        if self._seen is not None and position < len(self._seen):
            self._seen[position] = 1

    def _code(self, look: tuple[str, str]) -> int:
        if look not in self._codes:
            self.looks.append(look)
            self._codes[look] = len(self.looks) - 1
        return self._codes[look]

    def remove(self, key: bytes) -> bool:
        """Take a record out; its row becomes a gap that `select` leaves out."""
        with self._lock:
            self._catch_up()
            position = self.find(key)
            if position is None:
                return False
            self._bury(position)
            return True

    def _bury(self, position: int) -> None:
        self.alive[position] = 0
        self.inner.pop(position, None)
        self._count -= 1
        self._generation += 1

    def row(self, position: int) -> Row:
        """Return the values of a row."""
        key, user = self.keys_column[position], self.user(position)
        look, role = self.looks[self.look[position]]
        return Row(
            key=key,
            session_id=self.id_of(key),
            user=user,
            role=role,
            signed_in=bool(user),
            format=look,
            size=self.sizes[position],
            expires_at_ms=time_or_none(self.expires[position]),
            changed_at_ms=self.changed[position] or None,
            is_expiry_hidden=self.is_expiry_hidden(position),
        )

    def keys_at(self, positions: Iterable[int]) -> Iterator[bytes]:
        """Yield the keys of the rows at these positions that are still there."""
        for position in positions:
            if self.alive[position]:
                yield self.keys_column[position]

    def user(self, position: int) -> str:
        return self.users_column[position].decode("utf-8", "surrogatepass")

    def users(self, number: int) -> list[str]:
        """Return the users of a block of rows."""
        return [value.decode("utf-8", "surrogatepass") for value in self.users_column.block(number).values()]

    def format(self, position: int) -> str:
        return self.looks[self.look[position]][0]

    def is_expiry_hidden(self, position: int) -> bool:
        is_sealed = self._lifetime_ms is not None and self.format(position).startswith("encrypted")
        return is_sealed and self.expires[position] == NEVER

    def _find_next(self, key: bytes) -> int | None:
        """Find a row that most likely stands behind the one found last."""
        place = self._expected
        if not (place < self._total and self.alive[place] and self.keys_column[place] == key):
            found = self.find(key)
            if found is None:
                return None
            place = found
        self._expected = place + 1
        return place

    def find(self, key: bytes) -> int | None:
        """Return the position of a key's row."""
        # What is being added stands among the keys a moment before it stands here.
        places = self._keys.places(key)
        return next((place for place in places if place < self._total and self.alive[place]), None)

    def select(
        self, session_filter: SessionFilter | None, sort_by: Column | None, *, descending: bool, now_ms: int
    ) -> Sequence[int]:
        """Return the positions of the matching rows in order (`sort_by` None: as they came); runs outside the GUI thread."""
        positions: Sequence[int] = range(total := self._total)
        if session_filter is not None or self._count < total:
            positions = matching(self, total, session_filter, now_ms)
        return positions if sort_by is None else sort_rows(self, positions, sort_by, descending=descending)

    def overview(self, now_ms: int) -> Overview:
        """Return what the chips and plots show of all rows."""
        return survey(self.expires, self.sizes, self.alive, self._total, now_ms)
