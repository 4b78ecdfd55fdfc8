"""Reads all rows of a MySQL table in one statement, as they come from the socket."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from store_adapters.contract import Batch, CancelToken, Skipped
from store_adapters.mysql.link import MysqlLink
from store_adapters.mysql.row_reader import Row
from store_adapters.mysql.table import SessionTable
from store_adapters.options import Limits
from store_adapters.polling import Glance
from store_adapters.record_form import PASSED_OVER_MS


class MysqlListing:
    """Listings of one table over a connection of their own, whose statements have no time limit."""

    def __init__(self, link: MysqlLink, table: SessionTable, limits: Limits) -> None:
        self._link, self._table, self._limits = link, table, limits

    def batches(self, cancel: CancelToken, total: int | None) -> Iterator[Batch]:
        sql, limit = self._table.sql, self._limits.list_payload_bytes
        # A column that is the same in every row would cost as much as any other.
        changed = f", {sql.changed}" if self._tells_changes else ""
        user = f", {sql.user}" if sql.user else ""
        statement = (
            f"SELECT {sql.key}, CASE WHEN {sql.size} <= {limit:d} THEN {sql.payload_text} END,"
            f" CASE WHEN {sql.size} > {limit:d} THEN {sql.size} END, {self._listed_end}{changed}{user} FROM {sql.table}"
        )
        read = 0
        with contextlib.closing(self._link.stream(statement)) as parts:
            for rows in parts:
                if cancel.is_cancelled:
                    return
                read += len(rows)
                yield self._batch(rows, read, total)
        if not read:
            yield self._batch([], 0, 0)

    @property
    def _tells_changes(self) -> bool:
        return self._table.sql.changed != "NULL"

    @property
    def _listed_end(self) -> str:
        sql = self._table.sql
        return (
            sql.end
            if sql.is_hidden == "FALSE"
            else f"CASE WHEN {sql.is_hidden} THEN {PASSED_OVER_MS} ELSE {sql.end} END"
        )

    def _batch(self, rows: list[Row], read: int, total: int | None) -> Batch:
        skipped = [Skipped(row[0] or b"", "its session is NULL") for row in rows if row[1] is None and row[2] is None]
        good = [row for row in rows if row[1] is not None or row[2] is not None] if skipped else rows
        keys, payloads, sizes, ends, *more = zip(*good, strict=True) if good else ((), (), (), ())
        changed = more.pop(0) if more and self._tells_changes else None
        texts = payloads if None not in payloads else [payload or b"" for payload in payloads]
        return Batch(
            keys=keys,
            payloads=texts,
            sizes=[*map(len, texts)]
            if texts is payloads
            else [len(text) if size is None else int(size) for text, size in zip(texts, sizes, strict=True)],
            expires_at_ms=_numbers(ends),
            changed_at_ms=_numbers(changed) if changed is not None else [None] * len(good),
            skipped=skipped,
            read=read,
            total=None if total is None else max(total, read),
            may_repeat=False,
            users=[(user or b"").decode("utf-8", "replace") for user in more[0]] if more else None,
        )

    def glances(self, cancel: CancelToken) -> Iterator[Glance]:
        """Yield when each row ends, and a checksum of its payload that the server works out."""
        sql = self._table.sql
        statement = f"SELECT {sql.key}, {self._listed_end}, COALESCE(CRC32({sql.payload_text}), 0) FROM {sql.table}"
        with contextlib.closing(self._link.stream(statement)) as parts:
            for rows in parts:
                if cancel.is_cancelled:
                    return
                keys, ends, sums = zip(*rows, strict=True) if rows else ((), (), ())
                yield Glance(keys, _numbers(ends), [int(one) for one in sums])


def _numbers(values: Sequence[bytes | None]) -> list[int | None]:
    if None in values:
        return [None if value is None else int(value) for value in values]
    return [*map(int, values)]  # type: ignore[arg-type]
