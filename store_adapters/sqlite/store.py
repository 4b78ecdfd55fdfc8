"""Sessions in a table of an SQLite file, as Express's SQLite stores keep them; knows no format of the session's text.

A write is one statement that compares and sets; many are a hundred of them in a transaction. The file is opened read-only
until the first write, its journal mode stays as it is, and no read holds a lock for longer than a batch, so that the
application's own writes go on.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from store_adapters.address import format_address
from store_adapters.clock import now_ms
from store_adapters.command_words import short_key, size_words
from store_adapters.contract import (
    Act,
    Batch,
    CancelToken,
    Capabilities,
    Change,
    ChangeExpiry,
    Count,
    Create,
    Delete,
    PlannedWrite,
    RawRecord,
    RecordRef,
    Replace,
    Skipped,
    StoreInfo,
    Write,
    Written,
)
from store_adapters.errors import (
    BadStoreAddress,
    Interrupted,
    RecordChanged,
    RecordMissing,
    RecordTooLarge,
    RecordUnreadable,
    StoreError,
    StoreRefused,
    StoreUnreachable,
    Unsupported,
)
from store_adapters.one_by_one import SequentialBatch, untraced
from store_adapters.options import HEAD_BYTES, Limits, StoreAddress
from store_adapters.polling import Glance, describe_polling, poll_changes
from store_adapters.record_form import PASSED_OVER_MS
from store_adapters.sqlite.dialect import Dialect, find_dialect
from store_adapters.sqlite.kind import SQLITE
from store_adapters.sqlite.link import SqliteLink

_BATCH = 500
_TOGETHER = 100
"""Writes in one transaction: the application waits for its end."""
_NAME = re.compile(r"[^\0\"]{1,120}\Z")


class SqliteStore(SequentialBatch):
    """One table of sessions."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address = address
        self._limits = limits
        self._link = SqliteLink(address.path, limits)
        self._watch_link = SqliteLink(address.path, limits)
        self._table = address.options.get("table") or "sessions"
        if not _NAME.match(self._table):
            raise BadStoreAddress("This isn't a valid table name.", "For example ?table=sessions")
        self._dialect: Dialect = self._find_dialect()
        self._columns = f'sess, typeof(sess), "{self._dialect.expiry}", length(CAST(sess AS BLOB))'

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, read_only: bool = False) -> SqliteStore:
        return cls(address, limits)

    def _find_dialect(self) -> Dialect:
        rows = self._link.read("SELECT name, type FROM pragma_table_info(?)", (self._table,))
        if not rows:
            tables = [
                name.decode("utf-8", "replace")
                for (name,) in self._link.read("SELECT name FROM sqlite_schema WHERE type='table'")
            ]
            shown = ", ".join(sorted(tables)[:8]) or "none"
            raise StoreRefused(f"This file has no table {self._table}; its tables: {shown}.", "Name it: ?table=…")
        columns = {name.decode("utf-8", "replace"): kind.decode("utf-8", "replace") for name, kind in rows}
        return find_dialect(columns, self._address.options.get("dialect", ""))

    @property
    def capabilities(self) -> Capabilities:
        return SQLITE.capabilities(library=self._dialect.name)

    @property
    def label(self) -> str:
        return format_address(self._address)

    # --- reading ------------------------------------------------------------------------------------------------

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        yield from self._list(self._link, cancel)

    def _list(self, link: SqliteLink, cancel: CancelToken) -> Iterator[Batch]:
        total = int(link.read(f'SELECT count(*) FROM "{self._table}"')[0][0])
        limit, last, read = self._limits.list_payload_bytes, None, 0
        wanted = f"sid, typeof(sid), CASE WHEN length(CAST(sess AS BLOB)) <= {limit:d} THEN sess ELSE X'' END, {self._columns[6:]}"
        while not cancel.is_cancelled:
            after = "WHERE sid > ?" if last is not None else ""
            statement = f'SELECT {wanted} FROM "{self._table}" {after} ORDER BY sid LIMIT {_BATCH}'
            rows = link.read(statement, () if last is None else (last,))
            read += len(rows)
            yield self._batch(rows, read, total)
            if len(rows) < _BATCH:
                return
            last = _as_stored(rows[-1][0], rows[-1][1])

    def _batch(self, rows: list[tuple[Any, ...]], read: int, total: int) -> Batch:
        good = [row for row in rows if row[1] == b"text" and row[3] in (b"text", b"blob")]
        bad = [row for row in rows if row[1] != b"text" or row[3] not in (b"text", b"blob")]
        return Batch(
            keys=[row[0] for row in good],
            payloads=[row[2] for row in good],
            sizes=[row[5] for row in good],
            expires_at_ms=[self._listed_expiry(row[4]) for row in good],
            changed_at_ms=[None] * len(good),
            skipped=[Skipped(_key(row[0]), "its ID or its session isn't text") for row in bad],
            read=read,
            total=total,
        )

    def _listed_expiry(self, value: object) -> int | None:
        return PASSED_OVER_MS if self._dialect.hidden_by(value) else self._dialect.read(value)

    def read(self, ref: RecordRef) -> RawRecord:
        limit = self._limits.max_record_bytes
        head = f"substr(CAST(sess AS BLOB), 1, {HEAD_BYTES:d})"
        wanted = f"CASE WHEN length(CAST(sess AS BLOB)) <= {limit:d} THEN sess ELSE {head} END, {self._columns[6:]}"
        rows = self._link.read(f'SELECT {wanted} FROM "{self._table}" WHERE sid = CAST(? AS TEXT)', (ref.key,))
        if not rows:
            raise RecordMissing(
                "There is no such row.", "It was logged out, it expired, or it's in another file or table."
            )
        payload, kind, expiry, size = rows[0]
        if kind not in (b"text", b"blob"):
            raise RecordUnreadable("The session column doesn't hold text.", "It isn't from a known SQLite store.")
        if size > limit:
            raise RecordTooLarge(size, payload)
        hidden_by = self._dialect.hidden_by(expiry)
        return RawRecord(ref, payload, self._dialect.read(expiry), now_ms(), version=kind.decode(), hidden_by=hidden_by)

    # --- writing ------------------------------------------------------------------------------------------------

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        return self._written(Create(ref, payload, expires_at_ms))

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        return self._written(Replace(base, payload))

    def delete(self, base: RawRecord) -> None:
        [result] = self.write_many([Delete(base)])
        if isinstance(result, StoreError):
            raise result

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        return self._written(ChangeExpiry(base, expires_at_ms, payload))

    def _written(self, write: Create | Replace | ChangeExpiry) -> RawRecord:
        [result] = self.write_many([write])
        if isinstance(result, RawRecord):
            return result
        assert result is not None
        raise result

    def write_many(self, writes: Sequence[Write]) -> list[Written]:
        done: list[Written] = []
        for start in range(0, len(writes), _TOGETHER):
            done += self._write_together(writes[start : start + _TOGETHER])
            if isinstance(done[-1], StoreUnreachable | Interrupted):
                return done + [done[-1]] * (len(writes) - len(done))
        return done

    def _write_together(self, writes: Sequence[Write]) -> list[Written]:
        results: list[Written] = [None] * len(writes)
        statements: dict[int, tuple[str, tuple[object, ...]]] = {}
        for place, write in enumerate(writes):
            try:
                statements[place] = self._statement(write)
            except StoreError as error:
                results[place] = untraced(error)
        changed: Sequence[int | StoreError] = ()
        try:
            changed = self._link.write(list(statements.values())) if statements else ()
        except StoreError as error:
            changed = [untraced(error)] * len(statements)
        for place, found in zip(statements, changed, strict=True):
            results[place] = found if isinstance(found, StoreError) else self._became(writes[place], found)
        return results

    def _statement(self, write: Write) -> tuple[str, tuple[object, ...]]:
        """Return the statement, which compares the bytes by itself where there are some, and its values."""
        expiry = f'"{self._dialect.expiry}"'
        match write:
            case Create(_, _, None) | ChangeExpiry(_, None):
                raise Unsupported("In these stores every session has an expiry.", "Set a time.")
            case Create(ref, payload, int(expires_at_ms)):
                statement = (
                    f'INSERT INTO "{self._table}" (sid, sess, {expiry}) VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?)'
                )
                return statement, (ref.key, payload, self._dialect.write(expires_at_ms))
            case Replace(base, payload):
                return self._compare("UPDATE", f"SET {_set_session(base)}", (payload,), base)
            case Delete(base):
                return self._compare("DELETE FROM", "", (), base)
            case ChangeExpiry(base, int(expires_at_ms), payload):
                if expires_at_ms <= now_ms():
                    raise StoreRefused(
                        "That time is in the past: the application would not find the session.",
                        "Delete it instead if that's what you mean.",
                    )
                ends = self._dialect.write(expires_at_ms)
                if payload is None:
                    return self._compare("UPDATE", f"SET {expiry} = ?", (ends,), base)
                return self._compare("UPDATE", f"SET {expiry} = ?, {_set_session(base)}", (ends, payload), base)
        raise AssertionError("unreachable")

    def _compare(
        self, verb: str, what: str, values: tuple[object, ...], base: RawRecord
    ) -> tuple[str, tuple[object, ...]]:
        statement = f'{verb} "{self._table}" {what} WHERE sid = CAST(? AS TEXT) AND CAST(sess AS BLOB) = ?'
        return statement, (*values, base.ref.key, sqlite3.Binary(base.payload))

    def _became(self, write: Write, changed: int) -> Written:
        """Return the record as it is now; `RecordChanged` or `RecordMissing` where no row was `base` any more."""
        try:
            if isinstance(write, Create):
                return self.read(write.ref)
            if changed and isinstance(write, Delete):
                return None
            record = self.read(write.base.ref)
        except StoreError as error:
            return untraced(error)
        if changed:
            return record
        return RecordChanged()

    def preview(self, write: PlannedWrite) -> tuple[str, ...]:
        same = f"WHERE sid = '{short_key(write.ref.key)}' AND sess = <as read>"
        match write.act:
            case Act.CREATE:
                return (f'INSERT INTO "{self._table}" ({short_key(write.ref.key)}, {size_words(write.payload)}, …)',)
            case Act.REPLACE:
                return (f'UPDATE "{self._table}" SET sess = {size_words(write.payload)} {same}',)
            case Act.DELETE:
                return (f'DELETE FROM "{self._table}" {same}',)
            case Act.EXPIRE:
                session = f", sess = {size_words(write.payload)}" if write.with_payload else ""
                return (f'UPDATE "{self._table}" SET "{self._dialect.expiry}" = …{session} {same}',)

    # --- the rest -----------------------------------------------------------------------------------------------

    def count(self) -> Count:
        return Count(int(self._link.read(f'SELECT count(*) FROM "{self._table}"')[0][0]), True)

    def ping(self) -> None:
        self._link.look()

    def info(self) -> StoreInfo:
        started = time.perf_counter()
        mode = self._link.read("PRAGMA journal_mode")[0][0]
        round_trip_ms = (time.perf_counter() - started) * 1000
        details = (
            ("Table", self._table),
            ("Written by", self._dialect.name),
            ("Journal", mode.decode("ascii", "replace")),
            ("Size", f"{os.stat(self._address.path).st_size:,} bytes"),
        )
        method = describe_polling(self._limits.poll_s)
        return StoreInfo("SQLite", sqlite3.sqlite_version, self.label, details, method, round_trip_ms)

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        def has_changed() -> bool:
            [[found]] = self._watch_link.read("PRAGMA data_version")
            versions.append(found)
            return bool(found != versions.popleft())

        versions = deque(self._watch_link.read("PRAGMA data_version")[0])
        yield from poll_changes(self._glances, cancel, self._limits.poll_s, has_changed=has_changed)

    def _glances(self, cancel: CancelToken) -> Iterator[Glance]:
        """Yield when each session ends and how long it is. Not seen is a write that keeps both, as no library makes one."""
        last: object = None
        while not cancel.is_cancelled:
            after = "WHERE sid > ?" if last is not None else ""
            wanted = f'sid, typeof(sid), "{self._dialect.expiry}", length(CAST(sess AS BLOB))'
            statement = f'SELECT {wanted} FROM "{self._table}" {after} ORDER BY sid LIMIT {_BATCH}'
            rows = self._watch_link.read(statement, () if last is None else (last,))
            texts = [row for row in rows if row[1] == b"text" and row[3] is not None]
            ends = [self._dialect.read(row[2]) for row in texts]
            yield Glance([row[0] for row in texts], ends, [row[3] for row in texts])
            if len(rows) < _BATCH:
                return
            last = _as_stored(rows[-1][0], rows[-1][1])

    def ref_for(self, session_id: str) -> RecordRef:
        try:
            key = session_id.encode("utf-8")
        except UnicodeEncodeError:
            key = b""
        if not key or b"\0" in key:
            raise BadStoreAddress("This session ID cannot be stored as text.", "Check what was pasted.")
        return RecordRef(self._table, key)

    def session_id_of(self, key: bytes) -> str:
        return key.decode("utf-8", "surrogateescape")

    def interrupt(self) -> None:
        self._link.interrupt()
        self._watch_link.interrupt()

    def close(self) -> None:
        self._link.close()
        self._watch_link.close()


def _set_session(base: RawRecord) -> str:
    """Return the assignment of a session, of the type that it had."""
    return f"sess = {'?' if base.version == 'blob' else 'CAST(? AS TEXT)'}"


def _as_stored(value: object, kind: bytes) -> object:
    """Return an ID as it is compared in SQL: text comes as bytes here."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) and kind == b"text" else value


def _key(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
