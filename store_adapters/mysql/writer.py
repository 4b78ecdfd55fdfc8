"""Writes to a MySQL table: one statement that compares the row with what was read, and what became of it.

A single write is autocommitted, so it sees the newest row under any isolation level; many are a hundred of them in a transaction.
Source: `formats/sql.md` sections 7.2, 7.3 and 8.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Create, Delete, RawRecord, RecordRef, Replace, Write, Written
from store_adapters.errors import (
    Interrupted,
    NotConnected,
    OutcomeUnknown,
    RecordMissing,
    StoreError,
    StoreUnreachable,
)
from store_adapters.mysql.expressions import quoted
from store_adapters.mysql.link import MysqlLink, Statement
from store_adapters.mysql.outcome import end_connection
from store_adapters.mysql.table import SessionTable
from store_adapters.one_by_one import untraced
from store_adapters.tables.words import (
    has_no_expiry,
    in_the_past,
    is_taken,
    needs_expiry,
    text_for,
    why_not_written,
)
from store_adapters.tables.written import left_by

_TOGETHER = 100
CHECKED = "The connection broke during the save; a re-read shows that it was saved."


class MysqlWriter:
    """Writes over a link; `read` is the store's own."""

    def __init__(self, link: MysqlLink, table: SessionTable, read: Callable[[RecordRef], RawRecord]) -> None:
        self._link, self._table, self._read = link, table, read

    def write(self, write: Write) -> RawRecord | None:
        """Do one write; return the record as it was written, None for a deletion. `StoreError`."""
        statement = self._statement(write)
        self._link.leave_if_closed()
        try:
            thread = self._link.thread_id
        except StoreError as error:
            raise _not_written(error) from None
        try:
            found = self._link.change(*statement)
        except StoreError as error:
            if self._link.is_connected or isinstance(error, NotConnected):
                raise _not_written(error) from None
            return self._after_break(write, thread, error)
        return self._became(write, found)

    def write_many(self, writes: Sequence[Write]) -> list[Written]:
        """Do the writes, a hundred a transaction; where an error undoes one, its writes are done again one by one."""
        # In order, so that two of us never wait for each other.
        ordered = sorted(range(len(writes)), key=lambda place: _ref(writes[place]).key)
        results: dict[int, Written] = {}
        broken: StoreError | None = None
        for start in range(0, len(ordered), _TOGETHER):
            places = ordered[start : start + _TOGETHER]
            if broken is not None:
                results |= dict.fromkeys(places, broken)
                continue
            found = self._write_together([writes[place] for place in places])
            results |= dict(zip(places, found, strict=True))
            if not self._link.is_connected:
                told = next((one for one in found if isinstance(one, StoreUnreachable | Interrupted)), None)
                broken = told or StoreUnreachable("The connection to the server broke.", "Try again.")
        return [results[place] for place in range(len(writes))]

    def _write_together(self, writes: Sequence[Write]) -> list[Written]:
        if len(writes) == 1:
            return [self._write_alone(writes[0])]
        results: dict[int, Written] = {}
        statements: dict[int, Statement] = {}
        for place, write in enumerate(writes):
            try:
                statements[place] = self._statement(write)
            except StoreError as error:
                results[place] = untraced(error)
        self._link.leave_if_closed()
        counts: dict[int, int] = {}
        thread = 0
        try:
            thread = self._link.thread_id
            self._link.change("START TRANSACTION")
            if locked := [_ref(writes[place]).key for place in statements if not isinstance(writes[place], Create)]:
                self._lock(locked)
            for place, statement in statements.items():
                counts[place] = self._link.change(*statement)
            self._link.change("COMMIT")
        except StoreError as error:
            self._link.roll_back()
            for place in statements:
                results[place] = self._again(writes[place], thread, error, is_sent=len(counts) == len(statements))
        else:
            for place, found in counts.items():
                try:
                    results[place] = self._became(writes[place], found)
                except StoreError as error:
                    results[place] = untraced(error)
        return [results[place] for place in range(len(writes))]

    def _lock(self, keys: Sequence[bytes]) -> None:
        """Hold all rows or none: whoever waits for a row while it holds others may deadlock with the application, and the server
        would choose which of the two loses. `StoreError` where somebody else holds one."""
        sql = self._table.sql
        texts = [key.decode("utf-8", "surrogateescape") for key in keys]
        self._link.rows(
            f"SELECT 1 FROM {sql.table} WHERE {sql.key} IN ({', '.join(['%s'] * len(texts))}) FOR UPDATE NOWAIT", texts
        )

    def _again(self, write: Write, thread: int, error: StoreError, *, is_sent: bool) -> Written:
        """Return what is true of a write whose transaction failed. `is_sent`: it was the COMMIT that was not answered."""
        if self._link.is_connected and not is_sent:
            return self._write_alone(write)
        if not is_sent or isinstance(error, NotConnected):
            return untraced(_not_written(error))
        try:
            return self._after_break(write, thread, error)
        except StoreError as told:
            return untraced(told)

    def _write_alone(self, write: Write) -> Written:
        try:
            return self.write(write)
        except StoreError as error:
            return untraced(error)

    def _after_break(self, write: Write, thread: int, error: StoreError) -> RawRecord | None:
        """The answer did not come: end that connection, then look at the row. `StoreError`."""
        if not end_connection(self._link, thread):
            raise _unknown()
        try:
            now = self._read(_ref(write))
        except RecordMissing:
            if isinstance(write, Delete):
                return None
            if isinstance(write, Create):
                raise _not_written(error) from None
            raise
        except StoreError:
            raise _unknown() from None
        match write:
            case Create(_, payload, _) | Replace(_, payload) if now.payload == payload:
                return replace(now, note=CHECKED)
            case ChangeExpiry(base, ends, payload) if now.payload == (base.payload if payload is None else payload):
                if ends is not None and now.expires_at_ms == self._as_stored(ends):
                    return replace(now, note=CHECKED)
            case Delete() if now.hidden_by:
                return None
            case _:
                pass
        if not isinstance(write, Create) and now.payload == write.base.payload:
            raise _not_written(error) from None
        raise _unknown()

    def _as_stored(self, end_ms: int) -> int:
        expiry = self._table.layout.expiry
        return end_ms if expiry is None else expiry.end_of(expiry.stored_for(end_ms))

    # --- statements ---------------------------------------------------------------------------------------------

    def _statement(self, write: Write) -> Statement:
        sql, layout = self._table.sql, self._table.layout
        match write:
            case Create():
                return self._insert(write)
            case ChangeExpiry() if layout.expiry is None:
                raise has_no_expiry()
            case ChangeExpiry(_, None):
                raise needs_expiry()
            case Replace(base, payload):
                return self._update(f"{sql.payload} = %s{sql.keeps_expiry}", (self._value(payload),), base)
            case Delete(base) if layout.soft_delete:
                name = quoted(layout.soft_delete)
                return (
                    f"UPDATE {sql.table} SET {name} = UTC_TIMESTAMP(6) WHERE {sql.is_key} AND {sql.is_payload} AND {name} IS NULL",
                    self._identity(base),
                )
            case Delete(base):
                return f"DELETE FROM {sql.table} WHERE {sql.is_key} AND {sql.is_payload}", self._identity(base)
            case ChangeExpiry(base, int(end_ms), payload):
                assert layout.expiry is not None
                if end_ms <= now_ms():
                    raise in_the_past()
                ends = f"{quoted(layout.expiry.name)} = {sql.expiry_value(end_ms)}"
                if payload is None:
                    return self._update(ends, (), base)
                return self._update(f"{ends}, {sql.payload} = %s", (self._value(payload),), base)
        raise AssertionError("unreachable")

    def _update(self, what: str, values: tuple[object, ...], base: RawRecord) -> Statement:
        sql = self._table.sql
        return (
            f"UPDATE {sql.table} SET {what} WHERE {sql.is_key} AND {sql.is_payload} AND {sql.is_alive}",
            (*values, *self._identity(base)),
        )

    def _insert(self, write: Create) -> Statement:
        sql, layout = self._table.sql, self._table.layout
        key = write.ref.key.decode("utf-8", "surrogateescape")
        names, places = [sql.key, sql.payload], ["%s", "%s"]
        values: list[object] = [key, self._value(write.payload)]
        if layout.expiry is not None:
            if write.expires_at_ms is None:
                raise needs_expiry()
            names.append(quoted(layout.expiry.name))
            places.append(sql.expiry_value(write.expires_at_ms))
        for column in layout.columns:
            filled = layout.library.fills.get(column.name)
            if filled is not None and column.name != layout.key.name:
                names.append(quoted(column.name))
                places.append(place := sql.filled(filled))
                values += [layout.library.id_of(key)] if place == "%s" else []
        return f"INSERT INTO {sql.table} ({', '.join(names)}) VALUES ({', '.join(places)})", values

    def _identity(self, base: RawRecord) -> tuple[object, ...]:
        return base.ref.key.decode("utf-8", "surrogateescape"), base.ref.key, base.payload

    def _value(self, payload: bytes) -> object:
        return payload if self._table.sql.payload_is_bytes else text_for(self._table.layout, payload)

    def _became(self, write: Write, found: int) -> RawRecord | None:
        if found:
            return None if isinstance(write, Delete) else self._read_back(write)
        if isinstance(write, Create):
            raise is_taken()
        now = self._read(write.base.ref)
        raise why_not_written(now.payload, write.base.payload, now.hidden_by)

    def _read_back(self, write: Create | Replace | ChangeExpiry) -> RawRecord:
        """Return the row as it was written, in the server's form and with its expiry: it is written whatever happens here."""
        now: RawRecord | None = None
        with contextlib.suppress(StoreError):
            now = self._read(_ref(write))
        return left_by(write, now, is_rewritten=self._table.sql.payload_is_json)


def _ref(write: Write) -> RecordRef:
    return write.ref if isinstance(write, Create) else write.base.ref


def _not_written(error: StoreError) -> StoreError:
    """Return the error with the news that nothing was written."""
    if "nothing was written" in error.message:
        return error
    return type(error)(f"{error.message.rstrip('.')}; nothing was written.", error.remedy)


def _unknown() -> OutcomeUnknown:
    return OutcomeUnknown(
        "The connection broke during the write, and the server can't be asked whether it was done.",
        "When it answers again, refresh and check the sessions.",
    )
