"""The list of a store's sessions: takes in what a listing or a change brings, and finds rows by position or key.

Any thread may ask; appending, updating and removing take a lock.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence

from inspector.codecs import NOT_READ, Summariser, Summary
from inspector.services.catalogue.column_values import FormatRoleCodes, time_or_none
from inspector.services.catalogue.columns import Columns, Values
from inspector.services.catalogue.list_order import sort_rows
from inspector.services.catalogue.overview import Overview, survey
from inspector.services.catalogue.row_block import matching
from inspector.services.catalogue.row_keys import RowKeys
from inspector.services.catalogue.session_row import Column, Row
from inspector.services.catalogue.text_column import MemoryLimit
from inspector.services.filtering.parser import SessionFilter
from inspector.services.sessions.decoder import summarise_record
from inspector.services.sessions.open_session import PLAIN, DecodeContext
from store_adapters.contract import Batch, CancelToken, RawRecord, SessionStore
from store_adapters.record_form import PASSED_OVER_MS

_IN_VAIN, _MOST_KEPT = 20, 1024 * 1024  # records; bytes of one, as of a listing
_GAPS = 100_000


class Catalogue:
    """Sessions of one store, found by position or key."""

    def __init__(self, store: SessionStore, reading: DecodeContext = PLAIN, limit: MemoryLimit = MemoryLimit()) -> None:
        self.reading = reading
        self._store = store
        self._limit = limit
        self._form = store.capabilities.form
        self._read_expiry = store.capabilities.read_expiry
        self._summariser = Summariser(self._form, reading.user_paths, reading.secrets)
        self._lock = threading.RLock()
        self._keys = RowKeys()
        self.columns = Columns(store, self._summariser, self._keys.column, limit)
        code_of = self.columns.code_of
        self._plain_codes = FormatRoleCodes(lambda role: code_of((self._summariser.plain_format, role)))
        self._object_codes = FormatRoleCodes(lambda role: code_of((self._summariser.object_format, role)))
        self._seen: bytearray | None = None
        self._may_lag = False  # the index of keys may follow behind the rows
        self._expected = 0  # where the next row of a listing most likely stands

    def __len__(self) -> int:
        return self.columns.count

    @property
    def is_sparse(self) -> bool:
        """True when most positions are gaps: a new listing should start over."""
        return self.columns.total > 2 * self.columns.count + _GAPS

    def emptied(self) -> Catalogue:
        """Return an empty catalogue of the same store."""
        return Catalogue(self._store, self.reading, self._limit)

    def adopt(self, store: SessionStore) -> None:
        """Go on with another connection to the same store."""
        self._store, self.columns.id_of = store, store.session_id_of

    @property
    def generation(self) -> int:
        """Moves when rows changed content or went."""
        return self.columns.generation

    @property
    def total(self) -> int:
        """How many positions there are, gaps of removed rows included."""
        return self.columns.total

    def begin_listing(self) -> None:
        """A listing of everything begins: what `end_listing` finds unseen is gone."""
        with self._lock:
            self._seen = bytearray(self.columns.total)
            self._expected = 0
            self._may_lag = self.columns.total == 0

    def end_listing(self, *, is_complete: bool) -> None:
        """The listing ended; a complete one removes what was there when it began and did not come again."""
        with self._lock:
            seen, self._seen = self._seen, None
            place = seen.find(0) if seen and is_complete else -1
            while seen and place >= 0:
                if self.columns.alive[place]:
                    self.columns.remove(place)
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
            self.columns.payloads.keep_within_limit()
        return self.columns.count

    def index_some(self) -> bool:
        """Index some of the keys that were left behind by a listing; True while there are more."""
        with self._lock:
            for earlier in self._keys.index_some():  # read later, the other one is newer
                if self.columns.alive[earlier]:
                    self.columns.remove(earlier)
            return self._keys.is_behind

    def _catch_up(self) -> None:
        self._may_lag = False
        while self._keys.is_behind:
            self.index_some()

    def _came_again(self, batch: Batch) -> bool:
        """Take in a batch whose rows come unchanged in the order of last time, as they nearly always do; True if it was."""
        first, last = self._expected, self._expected + len(batch.keys)
        if self._seen is None or not batch.keys or last > len(self._seen) or self._read_expiry is not None:
            return False
        if batch.users is not None and not self.columns.has_users(batch.users, first):
            return False
        if not self.columns.is_same(batch, first):
            return False
        self.columns.take_times(batch, first)
        self._seen[first:last] = b"\1" * (last - first)
        self._expected = last
        return True

    def _append_new(self, batch: Batch, *, is_indexed: bool) -> None:
        first, payloads = self.columns.total, list(batch.payloads)
        sessions = batch.sessions() if batch.sessions is not None else None
        users, roles, odd = self._summariser.plain_users(payloads, sessions)
        format_roles = array("I", map(self._plain_codes.__getitem__, roles))
        if sessions is not None and dict in {*map(type, sessions)}:
            for place in [place for place, session in enumerate(sessions) if type(session) is dict]:
                format_roles[place] = self._object_codes[roles[place]]
        expires: Sequence[int | None] = batch.expires_at_ms
        for place in odd:
            summary = self._summarise(batch.keys[place], payloads[place], batch.sizes[place])
            users[place], format_roles[place] = summary.user, self.columns.code_of((summary.format, summary.role))
            if summary.text:
                self.columns.inner[first + place] = summary.text
                if self._read_expiry is not None:
                    expires = list(expires)
                    expires[place] = self._read_expiry(summary.text)
        if batch.users is not None:
            users = [user or named for user, named in zip(users, batch.users, strict=True)]
        self._keys.extend(batch.keys, is_indexed=is_indexed)
        self.columns.extend(batch, expires, users, format_roles)

    def _append_mixed(self, batch: Batch) -> None:
        columns = self.columns
        users = batch.users if batch.users is not None else [""] * len(batch.keys)
        for key, payload, size, expires, changed, user in zip(
            batch.keys, batch.payloads, batch.sizes, batch.expires_at_ms, batch.changed_at_ms, users, strict=True
        ):
            position = self._find_next(key)
            is_same = position is not None and columns.payloads[position] == payload and bool(payload)
            if position is None or not is_same or (batch.users is not None and columns.user(position) != user):
                self._put(key, payload, size, expires, changed, self._summarise(key, payload, size), user)
                continue
            # These very bytes were there: what was found in them, slow keys included, still holds.
            self._mark_seen(position)
            if self._read_expiry is not None and position in columns.inner:
                expires = time_or_none(columns.expires[position])
            columns.set_times(position, expires, changed)

    def update(self, record: RawRecord, seen_at_ms: int | None) -> int:
        """Put a newly read record in; return its position."""
        key, payload, size = record.ref.key, record.payload, len(record.payload)
        summary = self._summarise(key, payload, size, is_quick=False)
        if summary == NOT_READ:
            summary = summarise_record(payload, self._form, *self.reading.to_summarise, self.columns.id_of(key))
        with self._lock:
            ends = PASSED_OVER_MS if record.hidden_by else record.expires_at_ms
            position = self._put(key, payload[:_MOST_KEPT], size, ends, seen_at_ms, summary, record.user)
            self.columns.generation += 1
        return position

    def decrypt_rows(self, cancel: CancelToken) -> Iterator[int]:
        """Open the encrypted rows that take a slow key each, and put in what they hold; yield how many after each. For a lane.
        Gives up once some that no secret opens have come one after the other."""
        columns, done, in_vain = self.columns, 0, 0
        if not self.reading.secrets or not any(kind.startswith("encrypted") for kind, _role in columns.format_roles):
            return
        for position in range(columns.total):
            if cancel.is_cancelled or in_vain == _IN_VAIN:
                return
            if not columns.alive[position] or not columns.format(position).startswith("encrypted"):
                continue
            key, payload = columns.keys[position], columns.payloads[position]
            summary = self._summarise(key, payload, len(payload), is_quick=False)
            if summary.format.startswith("encrypted"):
                in_vain += 1
                continue
            done, in_vain = done + 1, 0
            with self._lock:
                expires, user = time_or_none(columns.expires[position]), columns.user(position)
                self._put(key, payload, len(payload), expires, None, summary, user)
                self.columns.generation += 1
            yield done

    def _summarise(self, key: bytes, payload: bytes, size: int, *, is_quick: bool = True) -> Summary:
        if size > len(payload):
            return NOT_READ
        return self._summariser.whole(payload, self.columns.id_of(key), is_quick=is_quick)

    def _put(
        self,
        key: bytes,
        payload: bytes,
        size: int,
        expires: int | None,
        changed: int | None,
        summary: Summary,
        user: str = "",
    ) -> int:
        """Put a row in; return its position. `user`: who is signed in where the session doesn't tell."""
        if summary.text and self._read_expiry is not None:
            expires = self._read_expiry(summary.text)
        columns, code = self.columns, self.columns.code_of((summary.format, summary.role))
        values = Values(payload, size, expires, changed, summary.user or user, code)
        self._catch_up()
        position = self.find(key)
        if position is None:
            self._keys.add(key)
            position = columns.add(values)
        else:
            columns.replace(position, values)
        if summary.text:
            columns.inner[position] = summary.text
        else:
            columns.inner.pop(position, None)
        self._mark_seen(position)
        return position

    def _mark_seen(self, position: int) -> None:
        if self._seen is not None and position < len(self._seen):
            self._seen[position] = 1

    def remove(self, key: bytes) -> bool:
        """Take a record out; its row becomes a gap that `select` leaves out."""
        with self._lock:
            self._catch_up()
            position = self.find(key)
            if position is None:
                return False
            self.columns.remove(position)
            return True

    def row(self, position: int) -> Row:
        """Return the values of a row."""
        columns = self.columns
        key, user = columns.keys[position], columns.user(position)
        kind, role = columns.format_roles[columns.format_role[position]]
        return Row(
            key=key,
            session_id=columns.id_of(key),
            user=user,
            role=role,
            signed_in=bool(user),
            format=kind,
            size=columns.sizes[position],
            expires_at_ms=time_or_none(columns.expires[position]),
            changed_at_ms=columns.changed[position] or None,
            is_expiry_hidden=columns.is_expiry_hidden(position),
        )

    def keys_at(self, positions: Iterable[int]) -> Iterator[bytes]:
        """Yield the keys of the rows at these positions that are still there."""
        for position in positions:
            if self.columns.alive[position]:
                yield self.columns.keys[position]

    def _find_next(self, key: bytes) -> int | None:
        """Find a row that most likely stands behind the one found last."""
        place, columns = self._expected, self.columns
        if not (place < columns.total and columns.alive[place] and columns.keys[place] == key):
            found = self.find(key)
            if found is None:
                return None
            place = found
        self._expected = place + 1
        return place

    def find(self, key: bytes) -> int | None:
        """Return the position of a key's row."""
        # What is being added stands among the keys a moment before it stands here.
        places, columns = self._keys.places(key), self.columns
        return next((place for place in places if place < columns.total and columns.alive[place]), None)

    def select(
        self, session_filter: SessionFilter | None, sort_by: Column | None, *, descending: bool, now_ms: int
    ) -> Sequence[int]:
        """Return the positions of the matching rows in order (`sort_by` None: as they came); runs outside the GUI thread."""
        columns = self.columns
        positions: Sequence[int] = range(total := columns.total)
        if session_filter is not None or columns.count < total:
            positions = matching(columns, total, session_filter, now_ms)
        return positions if sort_by is None else sort_rows(columns, positions, sort_by, descending=descending)

    def overview(self, now_ms: int) -> Overview:
        """Return what the chips and plots show of all rows."""
        columns = self.columns
        return survey(columns.expires, columns.sizes, columns.alive, columns.total, now_ms)
