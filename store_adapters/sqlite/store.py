"""Sessions in a table of an SQLite file, as its libraries keep them; what is in a session is its codec's business.

A write is one statement that compares and sets; many are a hundred of them in a transaction. The file is opened read-only
until the first write, its journal mode stays as it is, and no read holds a lock for longer than a batch, so that the
application's own writes go on.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from store_adapters.address import format_address
from store_adapters.clock import now_ms
from store_adapters.contract import (
    Batch,
    CancelToken,
    Capabilities,
    Change,
    ChangeExpiry,
    Count,
    Create,
    Delete,
    RawRecord,
    RecordRef,
    Replace,
    ServerFacts,
    Skipped,
    StoreInfo,
    Write,
    Written,
)
from store_adapters.errors import (
    Interrupted,
    RecordMissing,
    RecordTooLarge,
    RecordUnreadable,
    StoreError,
    StoreUnreachable,
)
from store_adapters.one_by_one import untraced
from store_adapters.options import HEAD_BYTES, Limits, StoreAddress
from store_adapters.polling import Glance, describe_polling, poll_changes
from store_adapters.record_form import PASSED_OVER_MS
from store_adapters.sqlite.expressions import TableSql
from store_adapters.sqlite.kind import SQLITE
from store_adapters.sqlite.link import SqliteLink
from store_adapters.sqlite.table import find_table
from store_adapters.tables.layout import TableLayout
from store_adapters.tables.table_store import TableStore
from store_adapters.tables.words import NO_ROW, has_no_expiry, in_the_past, is_taken, needs_expiry, why_not_written
from store_adapters.tables.written import left_by

_BATCH = 500
_TOGETHER = 100
"""Writes in one transaction: the application waits for its end."""


class SqliteStore(TableStore):
    """One table of sessions."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address = address
        self._limits = limits
        self._link = SqliteLink(address.path, limits)
        self._watch_link = SqliteLink(address.path, limits)
        try:
            self._layout: TableLayout = find_table(self._link, address)
        except BaseException:
            self._link.close()
            raise
        self._sql = TableSql(self._layout)

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, read_only: bool = False) -> SqliteStore:
        return cls(address, limits)

    @property
    def layout(self) -> TableLayout:
        return self._layout

    @property
    def capabilities(self) -> Capabilities:
        layout = self._layout
        return SQLITE.capabilities(write_refusal=layout.refusal, library=layout.library.name, clock=layout.clock)

    @property
    def label(self) -> str:
        return format_address(self._address)

    # --- reading ------------------------------------------------------------------------------------------------

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        sql, limit = self._sql, self._limits.list_payload_bytes
        total = int(self._link.read(f"SELECT count(*) FROM {sql.table}")[0][0])
        wanted = (
            f"{sql.key}, typeof({sql.key}), CASE WHEN {sql.size} <= {limit:d} THEN {sql.payload} ELSE X'' END,"
            f" typeof({sql.payload}), {sql.size}, {sql.expiry}, {sql.changed}, {sql.is_deleted}, {sql.user}"
        )
        last, read = None, 0
        while not cancel.is_cancelled:
            rows = self._page(self._link, wanted, last)
            read += len(rows)
            yield self._batch(rows, read, total)
            if len(rows) < _BATCH:
                return
            last = _as_stored(rows[-1][0], rows[-1][1])

    def _page(self, link: SqliteLink, wanted: str, last: object) -> list[tuple[Any, ...]]:
        after = f"WHERE {self._sql.key} > ?" if last is not None else ""
        statement = f"SELECT {wanted} FROM {self._sql.table} {after} ORDER BY {self._sql.key} LIMIT {_BATCH}"
        return link.read(statement, () if last is None else (last,))

    def _batch(self, rows: list[tuple[Any, ...]], read: int, total: int) -> Batch:
        good = [row for row in rows if row[1] == b"text" and row[3] in (b"text", b"blob")]
        bad = [row for row in rows if row[1] != b"text" or row[3] not in (b"text", b"blob")]
        return Batch(
            keys=[row[0] for row in good],
            payloads=[row[2] for row in good],
            sizes=[row[4] for row in good],
            expires_at_ms=[self._listed_end(row[5], is_deleted=row[7]) for row in good],
            changed_at_ms=[self._sql.read_change(row[6]) for row in good],
            skipped=[Skipped(_key(row[0]), "its ID or its session isn't text") for row in bad],
            read=read,
            total=total,
            users=[_user(row[8]) for row in good] if self._layout.user is not None else None,
        )

    def _listed_end(self, value: object, *, is_deleted: object) -> int | None:
        return PASSED_OVER_MS if self._sql.hidden_by(value, is_deleted=bool(is_deleted)) else self._sql.read_end(value)

    def read_many(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        found: list[RawRecord | StoreError] = []
        for ref in refs:
            try:
                found.append(self._read(ref))
            except (StoreUnreachable, Interrupted) as error:
                return found + [untraced(error)] * (len(refs) - len(found))
            except StoreError as error:
                found.append(untraced(error))
        return found

    def _read(self, ref: RecordRef) -> RawRecord:
        sql, limit = self._sql, self._limits.max_record_bytes
        head = f"substr(CAST({sql.payload} AS BLOB), 1, {HEAD_BYTES:d})"
        wanted = (
            f"CASE WHEN {sql.size} <= {limit:d} THEN {sql.payload} ELSE {head} END, typeof({sql.payload}), {sql.size},"
            f" {sql.expiry}, {sql.changed}, {sql.is_deleted}, {sql.user}"
        )
        rows = self._link.read(f"SELECT {wanted} FROM {sql.table} WHERE {sql.key} = CAST(? AS TEXT)", (ref.key,))
        if not rows:
            raise RecordMissing(*NO_ROW)
        payload, kind, size, expiry, changed, is_deleted, user = rows[0]
        if kind not in (b"text", b"blob"):
            raise RecordUnreadable("The session column doesn't hold text.", "It isn't from a known SQLite store.")
        if size > limit:
            raise RecordTooLarge(size, payload)
        return RawRecord(
            ref,
            payload,
            sql.read_end(expiry),
            now_ms(),
            sql.read_change(changed),
            version=kind.decode(),
            hidden_by=sql.hidden_by(expiry, is_deleted=bool(is_deleted)),
            user=_user(user),
        )

    # --- writing ------------------------------------------------------------------------------------------------

    def _write(self, writes: Sequence[Write]) -> list[Written]:
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
        """Return the statement, which compares the bytes itself where there are some, and its values."""
        sql, layout = self._sql, self._layout
        match write:
            case Create():
                return self._insert(write)
            case ChangeExpiry() if layout.expiry is None:
                raise has_no_expiry()
            case ChangeExpiry(_, None):
                raise needs_expiry()
            case Replace(base, payload):
                return self._compare("UPDATE", f"SET {self._set_session(base)}", (payload,), base, sql.still_there)
            case Delete(base) if layout.soft_delete:
                return self._compare("UPDATE", f"SET {sql.deleted} = {sql.now}", (), base, sql.still_there)
            case Delete(base):
                return self._compare("DELETE FROM", "", (), base)
            case ChangeExpiry(base, int(end_ms), payload):
                assert layout.expiry is not None
                if end_ms <= now_ms():
                    raise in_the_past()
                ends = layout.expiry.write(end_ms)
                if payload is None:
                    return self._compare("UPDATE", f"SET {sql.expiry} = ?", (ends,), base, sql.still_there)
                what = f"SET {sql.expiry} = ?, {self._set_session(base)}"
                return self._compare("UPDATE", what, (ends, payload), base, sql.still_there)
        raise AssertionError("unreachable")

    def _insert(self, write: Create) -> tuple[str, tuple[object, ...]]:
        sql, layout = self._sql, self._layout
        names, places = [sql.key, sql.payload], ["CAST(? AS TEXT)", "?" if sql.payload_is_bytes else "CAST(? AS TEXT)"]
        values: list[object] = [write.ref.key, write.payload]
        if layout.expiry is not None:
            if write.expires_at_ms is None:
                raise needs_expiry()
            names.append(sql.expiry)
            places.append("?")
            values.append(layout.expiry.write(write.expires_at_ms))
        for name, place, value in sql.fills(self.session_id_of(write.ref.key)):
            names.append(name)
            places.append(place)
            values += [value] if value is not None else []
        return f"INSERT INTO {sql.table} ({', '.join(names)}) VALUES ({', '.join(places)})", tuple(values)

    def _compare(
        self, verb: str, what: str, values: tuple[object, ...], base: RawRecord, also: str = ""
    ) -> tuple[str, tuple[object, ...]]:
        sql = self._sql
        same = f"WHERE {sql.key} = CAST(? AS TEXT) AND CAST({sql.payload} AS BLOB) = ?{also}"
        return f"{verb} {sql.table} {what} {same}", (*values, base.ref.key, sqlite3.Binary(base.payload))

    def _set_session(self, base: RawRecord) -> str:
        """Return the assignment of a session, of the type that it had."""
        return f"{self._sql.payload} = {'?' if base.version == 'blob' else 'CAST(? AS TEXT)'}"

    def _became(self, write: Write, changed: int) -> Written:
        """Return the record as it was written, or why no row was `base` any more."""
        if changed:
            return None if isinstance(write, Delete) else self._read_back(write)
        if isinstance(write, Create):
            return is_taken()
        try:
            now = self.read(write.base.ref)
        except StoreError as error:
            return untraced(error)
        return why_not_written(now.payload, write.base.payload, now.hidden_by)

    def _read_back(self, write: Create | Replace | ChangeExpiry) -> RawRecord:
        """Return the row with the type and expiry it was written with: it is written whatever happens here."""
        now: RawRecord | None = None
        with contextlib.suppress(StoreError):
            now = self.read(write.ref if isinstance(write, Create) else write.base.ref)
        return left_by(write, now)

    @property
    def names(self) -> Mapping[str, str]:
        sql = self._sql
        return {
            "table": sql.table,
            "key": sql.key,
            "payload": sql.payload,
            "expiry": sql.expiry,
            "deleted": sql.deleted,
        }

    # --- the rest -----------------------------------------------------------------------------------------------

    def count(self) -> Count:
        return Count(int(self._link.read(f"SELECT count(*) FROM {self._sql.table}")[0][0]), True)

    def ping(self) -> None:
        self._link.look()

    def info(self) -> StoreInfo:
        started = time.perf_counter()
        mode = self._link.read("PRAGMA journal_mode")[0][0]
        round_trip_ms = (time.perf_counter() - started) * 1000
        details = (
            ("Table", self._layout.table),
            ("Written by", self._layout.library.package or "unknown"),
            ("Journal", mode.decode("ascii", "replace")),
            ("Size", f"{os.stat(self._address.path).st_size:,} bytes"),
        )
        method = describe_polling(self._limits.poll_s)
        return StoreInfo("SQLite", sqlite3.sqlite_version, self.label, details, method, round_trip_ms)

    def server_facts(self) -> ServerFacts:
        names = ("journal_mode", "freelist_count", "page_count", "page_size")
        told = {name: self._link.read(f"PRAGMA {name}")[0][0] for name in names}
        mode = told.pop("journal_mode")
        return ServerFacts({"journal_mode": mode.decode("ascii", "replace"), **told})

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        def has_changed() -> bool:
            [[found]] = self._watch_link.read("PRAGMA data_version")
            versions.append(found)
            return bool(found != versions.popleft())

        versions = deque(self._watch_link.read("PRAGMA data_version")[0])
        yield from poll_changes(self._glances, cancel, self._limits.poll_s, has_changed=has_changed)

    def _glances(self, cancel: CancelToken) -> Iterator[Glance]:
        """Yield when each session ends and how long it is. Not seen is a write that keeps both, as no library makes one."""
        sql, last = self._sql, None
        wanted = f"{sql.key}, typeof({sql.key}), {sql.expiry}, {sql.size}"
        while not cancel.is_cancelled:
            rows = self._page(self._watch_link, wanted, last)
            texts = [row for row in rows if row[1] == b"text" and row[3] is not None]
            ends = [sql.read_end(row[2]) for row in texts]
            yield Glance([row[0] for row in texts], ends, [row[3] for row in texts])
            if len(rows) < _BATCH:
                return
            last = _as_stored(rows[-1][0], rows[-1][1])

    def interrupt(self) -> None:
        self._link.interrupt()
        self._watch_link.interrupt()

    def close(self) -> None:
        self._link.close()
        self._watch_link.close()


def _as_stored(value: object, kind: bytes) -> object:
    """Return an ID as it is compared in SQL: text comes as bytes here."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) and kind == b"text" else value


def _user(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _key(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
