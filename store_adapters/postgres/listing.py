"""Reads all rows of a PostgreSQL table in one statement, one snapshot: every row once, and no transaction stays open."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from store_adapters.contract import Batch, CancelToken, Skipped
from store_adapters.options import Limits
from store_adapters.polling import Glance
from store_adapters.postgres.link import PostgresLink, moments_ms
from store_adapters.postgres.table import SessionTable
from store_adapters.record_form import PASSED_OVER_MS
from store_adapters.tables.library import Alive

_FIRST, _ROWS = 200, 1000
_Row = tuple[Any, ...]
"""Key, payload, size where the payload is left out, end, last change, whether it was logged out; the user where a column names it."""


class PostgresListing:
    """Listings of one table over a connection of their own."""

    def __init__(self, link: PostgresLink, table: SessionTable, limits: Limits) -> None:
        self._link, self._table, self._limits = link, table, limits
        self._never = None if table.layout.alive is Alive.ROW else PASSED_OVER_MS

    def batches(self, cancel: CancelToken, total: int | None) -> Iterator[Batch]:
        sql, limit = self._table.sql, self._limits.list_payload_bytes
        statement = (
            f"SELECT {sql.key_text}, CASE WHEN {sql.size} <= {limit:d} THEN {sql.payload_text} END,"
            f" CASE WHEN {sql.size} > {limit:d} THEN {sql.size} END,"
            f" {sql.moment or sql.end}, {sql.changed or 'NULL::timestamptz'}, {sql.is_deleted}"
            f"{f', {sql.user}' if sql.user else ''} FROM {sql.table}"
        )
        read, size = 0, _FIRST
        with contextlib.closing(self._link.stream(statement, _ROWS)) as rows:
            while not cancel.is_cancelled:
                some: list[_Row] = list(islice(rows, size))
                read += len(some)
                yield self._batch(some, read, total)
                if len(some) < size:
                    return
                size = _ROWS

    def _batch(self, rows: list[_Row], read: int, total: int | None) -> Batch:
        skipped = [Skipped(row[0], "its session is NULL") for row in rows if row[1] is None and row[2] is None]
        good = [row for row in rows if row[1] is not None or row[2] is not None] if skipped else rows
        keys, payloads, sizes, ends, changed, deleted, *users = zip(*good, strict=True) if good else ((),) * 6
        is_whole = None not in payloads
        return Batch(
            keys=keys,
            payloads=payloads if is_whole else [payload or b"" for payload in payloads],
            sizes=[*map(len, payloads)]
            if is_whole
            else [size or len(payload) for payload, size in zip(payloads, sizes, strict=True)],
            expires_at_ms=self._ends(ends, deleted),
            changed_at_ms=moments_ms(changed) if self._table.sql.changed else [None] * len(good),
            skipped=skipped,
            read=read,
            total=None if total is None else max(total, read),
            may_repeat=False,
            users=[(user or b"").decode() for user in users[0]] if users else None,
        )

    def _ends(self, values: Sequence[Any], deleted: Sequence[bool]) -> Sequence[int | None]:
        """Return when rows end, `PASSED_OVER_MS` for those which the library's query passes over."""
        ends: Sequence[int | None] = moments_ms(values) if self._table.sql.moment else values
        if self._table.layout.expiry is not None and self._never is not None and None in values:
            ends = [self._never if value is None else end for value, end in zip(values, ends, strict=True)]
        if True in deleted:
            ends = [PASSED_OVER_MS if is_deleted else end for is_deleted, end in zip(deleted, ends, strict=True)]
        return ends

    def glances(self, cancel: CancelToken) -> Iterator[Glance]:
        """Yield when each row ends, and a hash of its payload that the server works out."""
        sql = self._table.sql
        text = f"encode({sql.payload}, 'base64')" if sql.payload_is_bytes else sql.payload_text
        statement = (
            f"SELECT {sql.key_text}, {sql.moment or sql.end}, coalesce(hashtextextended({text}, 0), 0), {sql.is_deleted}"
            f" FROM {sql.table}"
        )
        with contextlib.closing(self._link.stream(statement, _ROWS)) as rows:
            while not cancel.is_cancelled and (some := list(islice(rows, _ROWS))):
                keys, ends, versions, deleted = zip(*some, strict=True)
                yield Glance(keys, self._ends(ends, deleted), versions)
