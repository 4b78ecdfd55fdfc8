"""Sessions in a table of a MySQL or MariaDB database, as its libraries keep them; what is in a session is its codec's business."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from store_adapters.address import format_address
from store_adapters.clock import now_ms
from store_adapters.contract import (
    Batch,
    CancelToken,
    Capabilities,
    Change,
    Count,
    RawRecord,
    RecordRef,
    ServerFacts,
    StoreInfo,
    Write,
    Written,
    clock_facts,
)
from store_adapters.errors import RecordMissing, RecordTooLarge, RecordUnreadable, StoreError
from store_adapters.known_kinds import unused_options
from store_adapters.mysql.expressions import quoted
from store_adapters.mysql.kind import MYSQL
from store_adapters.mysql.link import MysqlLink, is_mariadb
from store_adapters.mysql.listing import MysqlListing
from store_adapters.mysql.table import SessionTable, find_table, write_refusal
from store_adapters.mysql.writer import MysqlWriter
from store_adapters.one_by_one import untraced
from store_adapters.options import HEAD_BYTES, Limits, StoreAddress
from store_adapters.polling import describe_polling, poll_changes
from store_adapters.tables.expiry import Unit
from store_adapters.tables.layout import TableLayout
from store_adapters.tables.table_store import TableStore
from store_adapters.tables.words import NO_ROW, why_hidden

_CLOCK = "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000"
_SKEW_MS = 1000
_READ_TOGETHER, _READ_BYTES = 200, 8 * 1024 * 1024


class MysqlStore(TableStore):
    """One table of sessions. Listing and watching have connections of their own."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address, self._limits = address, limits
        self._link = MysqlLink(address, limits)
        self._list_link = MysqlLink(address, limits, is_bounded=False)
        self._watch_link = MysqlLink(address, limits, is_bounded=False)
        try:
            self._table: SessionTable = find_table(self._link, address)
        except BaseException:
            self._link.close()
            raise
        self._writer = MysqlWriter(self._link, self._table, self.read)
        self._refusal = ""

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, read_only: bool = False) -> MysqlStore:
        """Connect, find the table and learn what the user may do; `read_only` asks nothing about writing."""
        store = cls(address, limits)
        try:
            if not read_only:
                store._refusal = write_refusal(store._link, store._table)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def layout(self) -> TableLayout:
        return self._table.layout

    @property
    def capabilities(self) -> Capabilities:
        return MYSQL.capabilities(
            write_refusal=self._refusal,
            library=self.layout.library.name,
            clock=replace(self.layout.clock, revives=False),
            form=self.layout.form,
        )

    @property
    def label(self) -> str:
        return format_address(self._address)

    # --- reading ------------------------------------------------------------------------------------------------

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        yield from MysqlListing(self._list_link, self._table, self._limits).batches(cancel, self._estimate())

    def read_many(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        self._link.leave_if_closed()
        found: list[RawRecord | StoreError] = []
        for start in range(0, len(refs), _READ_TOGETHER):
            part = refs[start : start + _READ_TOGETHER]
            try:
                found += self._read_some(part)
            except StoreError as error:
                return found + [untraced(error)] * (len(refs) - len(found))
        return found

    def _read_some(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        sql, limit = self._table.sql, self._limits.max_record_bytes
        if len(refs) > 1:
            limit = min(limit, _READ_BYTES // len(refs))
        keys = [ref.key.decode("utf-8", "surrogateescape") for ref in refs]
        head = f"LEFT({sql.payload_text}, {HEAD_BYTES // 4:d})"
        rows = self._link.rows(
            f"SELECT {sql.key}, CASE WHEN {sql.size} <= {limit:d} THEN {sql.payload_text} ELSE {head} END, {sql.size},"
            f" {sql.end}, {sql.changed}, {sql.is_hidden}, {sql.is_deleted}, {sql.user or 'NULL'}"
            f" FROM {sql.table} WHERE {sql.key} IN ({', '.join(['%s'] * len(keys))})",
            keys,
        )
        at_ms, by_key = now_ms(), {row[0]: row for row in rows}
        found: list[RawRecord | StoreError] = []
        for ref in refs:
            row = by_key.get(ref.key)
            if row is None:
                found.append(RecordMissing(*NO_ROW))
                continue
            _key, payload, size, end, changed, is_hidden, is_deleted, user = row
            if size is None:
                found.append(RecordUnreadable("The row's session is NULL.", "Only the application can fill it."))
            elif size > limit and len(refs) > 1:
                found += self._read_some([ref])
            elif size > limit:
                found.append(RecordTooLarge(size, payload))
            else:
                why = why_hidden(self.layout, is_deleted=bool(is_deleted)) if is_hidden else ""
                found.append(
                    RawRecord(ref, payload, _number(end), at_ms, _number(changed), hidden_by=why, user=_user(user))
                )
        return found

    # --- writing ------------------------------------------------------------------------------------------------

    def _write(self, writes: Sequence[Write]) -> list[Written]:
        return self._writer.write_many(writes)

    @property
    def names(self) -> Mapping[str, str]:
        sql, layout = self._table.sql, self.layout
        return {
            "table": sql.table,
            "key": sql.key,
            "payload": sql.payload,
            "expiry": quoted(layout.expiry.name) if layout.expiry is not None else "",
            "deleted": quoted(layout.soft_delete),
        }

    # --- the rest -----------------------------------------------------------------------------------------------

    def _estimate(self) -> int | None:
        rows = self._link.rows(
            "SELECT table_rows FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
            (self.layout.schema, self.layout.table),
        )
        return _number(rows[0][0]) if rows else None

    def count(self) -> Count:
        self._link.leave_if_closed()
        try:
            [[number]] = self._link.rows(f"SELECT COUNT(*) FROM {self._table.sql.table}")
        except StoreError:
            estimate = self._estimate()
            if estimate is None:
                raise
            return Count(estimate, False)
        return Count(int(number), True)

    def ping(self) -> None:
        self._link.leave_if_closed()
        self._link.rows("SELECT 1")

    def server_facts(self) -> ServerFacts:
        self._link.leave_if_closed()
        asked_ms = now_ms()
        [[server_ms]] = self._link.rows(_CLOCK)
        return clock_facts(asked_ms, int(server_ms), now_ms())

    def info(self) -> StoreInfo:
        self._link.leave_if_closed()
        started = time.perf_counter()
        [[server_ms]] = self._link.rows(_CLOCK)
        round_trip_ms = (time.perf_counter() - started) * 1000
        version, layout = self._link.version, self.layout
        details = [
            ("Database", layout.schema),
            ("Table", layout.table),
            ("Written by", layout.library.package or "unknown"),
        ]
        if layout.expiry is not None and layout.expiry.unit is Unit.LOCAL:
            details.append(("Time zone of the expiry", layout.expiry.zone))
        skew_ms = int(server_ms) - now_ms()
        if abs(skew_ms) > _SKEW_MS + round_trip_ms:
            details.append(
                ("Clock", f"{abs(skew_ms) / 1000:.0f} s {'ahead of' if skew_ms > 0 else 'behind'} this computer's")
            )
        if unused := unused_options(self._address.options):
            details.append(("Ignored address options", ", ".join(unused)))
        product = "MariaDB" if is_mariadb(version) else "MySQL"
        number = version.removeprefix("5.5.5-").partition("-")[0]
        return StoreInfo(
            product, number, self.label, tuple(details), describe_polling(self._limits.poll_s), round_trip_ms
        )

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        listing = MysqlListing(self._watch_link, self._table, self._limits)
        yield from poll_changes(listing.glances, cancel, self._limits.poll_s)

    def interrupt(self) -> None:
        for link in (self._link, self._list_link, self._watch_link):
            link.interrupt()

    def close(self) -> None:
        for link in (self._link, self._list_link, self._watch_link):
            link.close()


def _user(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)


def _number(value: object) -> int | None:
    return None if value is None else int(str(value.decode() if isinstance(value, bytes) else value).partition(".")[0])
