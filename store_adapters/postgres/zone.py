"""In which time zone a column without one is written: told, or found from the rows, or the server's.

connect-pg-simple stores the wall time of the application's session, which nothing in the table names. `formats/sql.md` section 3.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter

from store_adapters.errors import BadStoreAddress
from store_adapters.postgres.expressions import TableSql, quoted
from store_adapters.postgres.link import PostgresLink
from store_adapters.tables.layout import TableLayout

_ROWS = 200
_STEP_S = 900  # zones differ by quarters of an hour
_FARTHEST_S = 14 * 3600
_OFFSET = re.compile(r"[+-]\d\d:\d\d\Z")
_COOKIE_ENDS = re.compile(rb'"expires"\s*:\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"')


def find_zone(link: PostgresLink, layout: TableLayout, asked: str) -> str:
    """Return the IANA name, or the offset "+09:00", of the wall times in the expiry column. `BadStoreAddress`."""
    if asked:
        _check(link, asked)
        return asked
    if not layout.library.writes_session_zone:
        return "UTC"
    [[server, offset_s]] = link.rows(
        "SELECT current_setting('TimeZone'), extract(timezone FROM clock_timestamp())::int4"
    )
    found_s = _offset_in_rows(link, layout)
    if found_s is None or found_s == offset_s:
        return str(server)
    sign, minutes = "-" if found_s < 0 else "+", abs(found_s) // 60
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _check(link: PostgresLink, zone: str) -> None:
    if _OFFSET.match(zone):
        return
    if not link.rows("SELECT 1 FROM pg_timezone_names WHERE name = %s", (zone,)):
        raise BadStoreAddress(
            f"The server knows no time zone {zone[:60]}.", "For example timezone=Europe/Berlin, or timezone=%2B09:00"
        )


def _offset_in_rows(link: PostgresLink, layout: TableLayout) -> int | None:
    """Return the offset from UTC in seconds at which most rows were written; None where they don't tell.

    A row that was saved and not touched since holds the end of its cookie, to the second: what differs is the offset.
    """
    sql, expiry = TableSql(layout), layout.expiry
    assert expiry is not None
    name = quoted(expiry.name)
    rows = link.rows(
        f"SELECT convert_to({sql.payload_text}, 'UTF8'), extract(epoch FROM {name} AT TIME ZONE 'UTC')::int8 FROM {sql.table}"
        f" WHERE isfinite({name}) AND {sql.size} < 65536 ORDER BY {name} DESC LIMIT {_ROWS}"
    )
    offsets: Counter[int] = Counter()
    for payload, stored_s in rows:
        match = _COOKIE_ENDS.search(payload)
        if match is not None:
            ends = datetime.datetime.fromisoformat(match[1].decode().replace("Z", "+00:00")).timestamp()
            offset = stored_s + int(-ends // 1)
            if offset % _STEP_S == 0 and abs(offset) <= _FARTHEST_S:
                offsets[offset] += 1
    return offsets.most_common(1)[0][0] if offsets else None
