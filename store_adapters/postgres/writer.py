"""Writes to a PostgreSQL table: one UPDATE, INSERT or DELETE that compares the row with what was read, and what became of it.

BEGIN, its time limits and the statement go in one round trip, COMMIT in a second: so the transaction's number is known before
COMMIT is sent, and the server can be asked about it when the answer doesn't come. Source: `formats/sql.md` sections 7 and 8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Create, Delete, RawRecord, RecordRef, Replace, Write, Written
from store_adapters.errors import (
    Interrupted,
    OutcomeUnknown,
    StoreError,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.one_by_one import untraced
from store_adapters.options import Limits
from store_adapters.postgres.expressions import quoted
from store_adapters.postgres.link import PostgresLink, Rows, Statement, is_unanswered
from store_adapters.postgres.outcome import Verdict, ask_outcome
from store_adapters.postgres.table import SessionTable
from store_adapters.tables.words import has_no_expiry, in_the_past, is_taken, needs_expiry, text_for, why_not_written

_TOGETHER = 100
"""Writes in one transaction: the application waits for its end, 10 to 20 ms."""
_BEGIN: tuple[Statement, ...] = (
    ("BEGIN ISOLATION LEVEL READ COMMITTED", ()),
    (
        "SELECT set_config('lock_timeout', '1s', true), set_config('statement_timeout', '3s', true),"
        " set_config('idle_in_transaction_session_timeout', '5s', true)",
        (),
    ),
)
CHECKED = "The connection broke during the save; the server says that it was saved."


@dataclass(frozen=True, slots=True)
class _Sent:
    """A transaction at the moment before its COMMIT."""

    number: str
    pid: int


class PostgresWriter:
    """Writes over a link; `read` is the store's own."""

    def __init__(
        self, link: PostgresLink, table: SessionTable, limits: Limits, read: Callable[[RecordRef], RawRecord]
    ) -> None:
        self._link, self._table, self._limits, self._read = link, table, limits, read

    def write_many(self, writes: Sequence[Write]) -> list[Written]:
        """Do the writes, a hundred a transaction; where an error undoes one, its writes are done again one by one."""
        # In order, so that two of us never wait for each other.
        ordered = sorted(range(len(writes)), key=lambda place: _key(writes[place]))
        results: dict[int, Written] = {}
        broken: StoreError | None = None
        for start in range(0, len(ordered), _TOGETHER):
            places = ordered[start : start + _TOGETHER]
            if broken is not None:
                results |= dict.fromkeys(places, broken)
                continue
            found = self._write_together([writes[place] for place in places])
            results |= dict(zip(places, found, strict=True))
            if not self._link.is_connected:  # the next one would meet no server either
                told = next((one for one in found if isinstance(one, StoreUnreachable | Interrupted)), None)
                broken = told or StoreUnreachable("The connection to the server broke.", "Try again.")
        return [results[place] for place in range(len(writes))]

    def _write_together(self, writes: Sequence[Write]) -> list[Written]:
        results: list[Written] = [None] * len(writes)
        statements: dict[int, Statement] = {}
        for place, write in enumerate(writes):
            try:
                statements[place] = self._statement(write)
            except StoreError as error:
                results[place] = untraced(error)
        if not statements:
            return results
        try:
            with self._link.within(self._limits.deadline_s):
                found, note = self._transact(list(statements.values()))
        except StoreError as error:
            is_single = len(statements) == 1 or not self._link.is_connected
            for place in statements:
                results[place] = untraced(error) if is_single else self._write_together([writes[place]])[0]
            return results
        for place, rows in zip(statements, found, strict=True):
            results[place] = self._became(writes[place], rows, note)
        return results

    def _transact(self, statements: Sequence[Statement]) -> tuple[list[Rows], str]:
        """Run the statements in one transaction; return their rows and what is to be told of it. `StoreError`."""
        self._link.leave_if_closed()
        number = ("SELECT pg_current_xact_id_if_assigned()::text", ())
        try:
            answers = self._link.together([*_BEGIN, *statements, number])
        except StoreError as error:
            # COMMIT was not sent, so nothing of it can happen.
            self._link.roll_back()
            raise _not_written(error) from None
        found, [[transaction]] = answers[len(_BEGIN) : -1], answers[-1]
        sent = _Sent(transaction or "", self._link.backend_pid)
        try:
            self._link.rows("COMMIT")
        except StoreError as error:
            self._link.roll_back()
            if not transaction or not is_unanswered(error):
                raise _not_written(error) from None
            return found, self._after_break(sent, error)
        return found, ""

    def _after_break(self, sent: _Sent, error: StoreError) -> str:
        """The answer to COMMIT did not come: ask the server what became of that transaction. `StoreError`."""
        match ask_outcome(self._link, sent.number, sent.pid):
            case Verdict.COMMITTED:
                return CHECKED
            case Verdict.ABORTED:
                raise _not_written(error) from None
            case Verdict.UNKNOWN:
                raise OutcomeUnknown(
                    "The connection broke during the write, and the server can't be asked whether it was done.",
                    "When it answers again, refresh and check the sessions.",
                ) from None

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
                return self._update(f"{sql.payload} = {self._placeholder}", (self._value(payload),), base)
            case Delete(base) if layout.soft_delete:
                column = next(one for one in layout.columns if one.name == layout.soft_delete)
                now = (
                    "clock_timestamp()" if "with time zone" in column.type else "(clock_timestamp() AT TIME ZONE 'UTC')"
                )
                name = quoted(column.name)
                return (
                    f"UPDATE {sql.table} SET {name} = {now} WHERE {sql.is_key} AND {sql.is_payload} AND {name} IS NULL RETURNING 1",
                    self._identity(base),
                )
            case Delete(base):
                return f"DELETE FROM {sql.table} WHERE {sql.is_key} AND {sql.is_payload} RETURNING 1", self._identity(
                    base
                )
            case ChangeExpiry(base, int(end_ms), payload):
                assert layout.expiry is not None
                if end_ms <= now_ms():
                    raise in_the_past()
                ends = f"{quoted(layout.expiry.name)} = {sql.expiry_value(end_ms)}"
                if payload is None:
                    return self._update(ends, (), base)
                return self._update(f"{ends}, {sql.payload} = {self._placeholder}", (self._value(payload),), base)
        raise AssertionError("unreachable")

    def _update(self, what: str, values: tuple[object, ...], base: RawRecord) -> Statement:
        sql = self._table.sql
        return (
            f"UPDATE {sql.table} SET {what} WHERE {sql.is_key} AND {sql.is_payload} AND {sql.is_alive} RETURNING {self._returned}",
            (*values, *self._identity(base)),
        )

    def _insert(self, write: Create) -> Statement:
        sql, layout = self._table.sql, self._table.layout
        key = write.ref.key.decode("utf-8", "surrogateescape")
        names, places = [sql.key, sql.payload], ["%s", self._placeholder]
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
                places.append(place := sql.filled(filled, column))
                values += [layout.library.id_of(key)] if place == "%s" else []
        return (
            f"INSERT INTO {sql.table} ({', '.join(names)}) VALUES ({', '.join(places)})"
            f" ON CONFLICT ({sql.key}) DO NOTHING RETURNING {self._returned}",
            values,
        )

    @property
    def _returned(self) -> str:
        sql = self._table.sql
        payload = sql.payload if sql.payload_is_bytes else f"convert_to({sql.payload_text}, 'UTF8')"
        return f"{payload}, {sql.end}"

    @property
    def _placeholder(self) -> str:
        return f"%s::{self._table.sql.payload_type}"

    def _identity(self, base: RawRecord) -> tuple[object, ...]:
        key = base.ref.key.decode("utf-8", "surrogateescape")
        return key, key, self._value(base.payload)

    def _value(self, payload: bytes) -> object:
        if self._table.sql.payload_is_bytes:
            return payload
        if b"\0" in payload:
            raise StoreRefused(
                "A text column of PostgreSQL can't hold a NUL character; nothing was written.", "Remove it."
            )
        return text_for(self._table.layout, payload)

    # --- what became of them ------------------------------------------------------------------------------------

    def _became(self, write: Write, rows: Rows, note: str) -> Written:
        if rows and isinstance(write, Delete):
            return None
        if rows:
            ref, user = (write.ref, "") if isinstance(write, Create) else (write.base.ref, write.base.user)
            return RawRecord(ref, rows[0][0], rows[0][1], now_ms(), note=note, user=user)
        if isinstance(write, Create):
            return is_taken()
        try:
            now = self._read(write.base.ref)
        except StoreError as error:
            return untraced(error)
        return why_not_written(now.payload, write.base.payload, now.hidden_by)


def _key(write: Write) -> bytes:
    return write.ref.key if isinstance(write, Create) else write.base.ref.key


def _not_written(error: StoreError) -> StoreError:
    """Return the error with the news that nothing was written."""
    if "nothing was written" in error.message:
        return error
    return type(error)(f"{error.message.rstrip('.')}; nothing was written.", error.remedy)
