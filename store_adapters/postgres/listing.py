"""Reads all rows of a PostgreSQL table in one statement, one snapshot: every row once, and no transaction stays open."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice

from store_adapters.contract import Batch, CancelToken, Skipped
from store_adapters.options import Limits
from store_adapters.polling import Glance
from store_adapters.postgres.link import PostgresLink
from store_adapters.postgres.table import SessionTable
from store_adapters.record_form import PASSED_OVER_MS

_FIRST, _ROWS = 200, 1000
_HASHED = "CASE WHEN {0} IS NULL THEN 0 ELSE hashtextextended({0}, 0) END"


class PostgresListing:
    """Listings of one table over a connection of their own."""

    def __init__(self, link: PostgresLink, table: SessionTable, limits: Limits) -> None:
        self._link, self._table, self._limits = link, table, limits

    def batches(self, cancel: CancelToken, total: int | None) -> Iterator[Batch]:
        sql, limit = self._table.sql, self._limits.list_payload_bytes
        statement = (
            f"SELECT {sql.key_bytes}, CASE WHEN {sql.size} <= {limit:d} THEN {sql.payload_bytes} END, {sql.size},"
            f" {self._listed_end()}, {sql.changed} FROM {sql.table}"
        )
        read, size = 0, _FIRST
        with contextlib.closing(self._link.stream(statement, _ROWS)) as rows:
            while not cancel.is_cancelled:
                some = list(islice(rows, size))
                read += len(some)
                yield _batch(some, read, total)
                if len(some) < size:
                    return
                size = _ROWS

    def glances(self, cancel: CancelToken) -> Iterator[Glance]:
        """Yield when each row ends, and a hash of its payload that the server works out."""
        sql = self._table.sql
        text = (
            f"encode({sql.payload}, 'base64')" if sql.payload_is_bytes else f"convert_from({sql.payload_bytes}, 'UTF8')"
        )
        statement = f"SELECT {sql.key_bytes}, {self._listed_end()}, {_HASHED.format(text)} FROM {sql.table}"
        with contextlib.closing(self._link.stream(statement, _ROWS)) as rows:
            while not cancel.is_cancelled and (some := list(islice(rows, _ROWS))):
                keys, ends, versions = zip(*some, strict=True)
                yield Glance(keys, ends, versions)

    def _listed_end(self) -> str:
        return f"CASE WHEN {self._table.sql.is_hidden} THEN {PASSED_OVER_MS} ELSE {self._table.sql.end} END"


def _batch(
    rows: list[tuple[bytes, bytes | None, int | None, int | None, int | None]], read: int, total: int | None
) -> Batch:
    good = rows if not any(row[2] is None for row in rows) else [row for row in rows if row[2] is not None]
    keys, payloads, sizes, ends, changed = zip(*good, strict=True) if good else ((), (), (), (), ())
    return Batch(
        keys=keys,
        payloads=payloads if None not in payloads else [payload or b"" for payload in payloads],
        sizes=sizes,
        expires_at_ms=ends,
        changed_at_ms=changed,
        skipped=[Skipped(row[0], "its session is NULL") for row in rows if row[2] is None],
        read=read,
        total=None if total is None else max(total, read),
        may_repeat=False,
    )
