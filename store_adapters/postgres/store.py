"""Sessions in a table of a PostgreSQL database, as its libraries keep them; what is in a session is its codec's business.

The rules of the table stand in its `TableLayout`; what SQL they make in `expressions.py`. Rows are read in transactions of
their own, and written by compare-and-set (`writer.py`).
"""

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
from store_adapters.errors import (
    RecordMissing,
    RecordTooLarge,
    RecordUnreadable,
    StoreError,
)
from store_adapters.known_kinds import unused_options
from store_adapters.one_by_one import untraced
from store_adapters.options import HEAD_BYTES, Limits, StoreAddress
from store_adapters.polling import describe_polling, poll_changes
from store_adapters.postgres.expressions import quoted
from store_adapters.postgres.kind import POSTGRES
from store_adapters.postgres.link import PostgresLink
from store_adapters.postgres.listing import PostgresListing
from store_adapters.postgres.table import SessionTable, find_table, write_refusal
from store_adapters.postgres.writer import PostgresWriter
from store_adapters.tables.expiry import Unit
from store_adapters.tables.layout import TableLayout
from store_adapters.tables.table_store import TableStore
from store_adapters.tables.words import NO_ROW, why_hidden

_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8"
_COUNT_S = "2s"
_SKEW_MS = 1000
_READ_TOGETHER, _READ_BYTES = 200, 8 * 1024 * 1024


class PostgresStore(TableStore):
    """One table of sessions. Listing and watching have connections of their own."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address, self._limits = address, limits
        self._link = PostgresLink(address, limits)
        self._list_link = PostgresLink(address, limits)
        self._watch_link = PostgresLink(address, limits)
        try:
            self._table: SessionTable = find_table(self._link, address)
        except BaseException:
            self._link.close()
            raise
        self._writer = PostgresWriter(self._link, self._table, limits, self.read)
        self._refusal = ""

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, read_only: bool = False) -> PostgresStore:
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
        layout = self._table.layout
        return POSTGRES.capabilities(
            write_refusal=self._refusal,
            library=layout.library.name,
            clock=replace(layout.clock, revives=False),
            form=layout.form,
        )

    @property
    def label(self) -> str:
        return format_address(self._address)

    # --- reading ------------------------------------------------------------------------------------------------

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        yield from PostgresListing(self._list_link, self._table, self._limits).batches(cancel, self._estimate())

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
        payload = sql.payload if sql.payload_is_bytes else f"convert_to({sql.payload_text}, 'UTF8')"
        some = f"CASE WHEN {sql.size} <= {limit:d} THEN {payload} ELSE substr({payload}, 1, {HEAD_BYTES:d}) END"
        changed = f"(extract(epoch FROM {sql.changed}) * 1000)::int8" if sql.changed else "NULL"
        rows = self._link.rows(
            f"SELECT convert_to({sql.key_text}, 'UTF8'), {some}, {sql.size}, {sql.end}, {changed}, {sql.is_hidden}, {sql.is_deleted},"
            f" {sql.user or 'NULL'}"
            f' FROM {sql.table} WHERE {sql.key} = ANY(%s) AND ({sql.key}::text COLLATE "C") = ANY(%s)',
            (keys, keys),
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
                why = why_hidden(self._table.layout, is_deleted=is_deleted) if is_hidden else ""
                found.append(
                    RawRecord(
                        ref,
                        payload,
                        None if is_hidden and not is_deleted else end,
                        at_ms,
                        changed,
                        hidden_by=why,
                        user=user or "",
                    )
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
        [[number]] = self._link.rows(
            "SELECT reltuples::int8 FROM pg_class WHERE oid = %s::int8::oid", (self._table.oid,)
        )
        return None if number < 0 else int(number)

    def count(self) -> Count:
        self._link.leave_if_closed()
        try:
            answers = self._link.together(
                [
                    ("BEGIN READ ONLY", ()),
                    (f"SELECT set_config('statement_timeout', '{_COUNT_S}', true)", ()),
                    (f"SELECT count(*) FROM {self._table.sql.table}", ()),
                    ("COMMIT", ()),
                ]
            )
        except StoreError:
            self._link.roll_back()
            estimate = self._estimate()
            if estimate is None:
                raise
            return Count(estimate, False)
        return Count(int(answers[2][0][0]), True)

    def ping(self) -> None:
        self._link.leave_if_closed()
        self._link.rows("SELECT 1")

    def server_facts(self) -> ServerFacts:
        self._link.leave_if_closed()
        asked_ms = now_ms()
        [[server_ms]] = self._link.rows(_CLOCK)
        return clock_facts(asked_ms, server_ms, now_ms())

    def info(self) -> StoreInfo:
        self._link.leave_if_closed()
        started = time.perf_counter()
        [[server_ms]] = self._link.rows(_CLOCK)
        round_trip_ms = (time.perf_counter() - started) * 1000
        [[version, database, size]] = self._link.rows(
            "SELECT current_setting('server_version'), current_database()::text, pg_total_relation_size(%s::int8::oid)",
            (self._table.oid,),
        )
        layout = self._table.layout
        details = [
            ("Database", database),
            ("Table", layout.container),
            ("Written by", layout.library.package or "unknown"),
            ("Size", f"{size:,} bytes with its indexes"),
        ]
        if layout.expiry is not None and layout.expiry.unit is Unit.LOCAL:
            details.append(("Time zone of the expiry", layout.expiry.zone))
        if self._table.hides_rows:
            details.append(("Row-level security", "on: the list may be incomplete"))
        skew_ms = server_ms - now_ms()
        if abs(skew_ms) > _SKEW_MS + round_trip_ms:
            details.append(
                ("Clock", f"{abs(skew_ms) / 1000:.0f} s {'ahead of' if skew_ms > 0 else 'behind'} this computer's")
            )
        if unused := unused_options(self._address.options):
            details.append(("Ignored address options", ", ".join(unused)))
        method = describe_polling(self._limits.poll_s)
        return StoreInfo("PostgreSQL", version.partition(" ")[0], self.label, tuple(details), method, round_trip_ms)

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        seen = [""]

        def has_changed() -> bool:
            # Nothing was written in the whole server while no transaction took a number.
            [[now]] = self._watch_link.rows("SELECT pg_current_snapshot()::text")
            before, seen[0] = seen[0], now
            return bool(now != before)

        listing = PostgresListing(self._watch_link, self._table, self._limits)
        yield from poll_changes(listing.glances, cancel, self._limits.poll_s, has_changed=has_changed)

    def interrupt(self) -> None:
        for link in (self._link, self._list_link, self._watch_link):
            link.interrupt()

    def close(self) -> None:
        for link in (self._link, self._list_link, self._watch_link):
            link.close()
