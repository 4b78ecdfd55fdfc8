"""In which time zone a column without one is written: told, or found from the rows, or the server's.

connect-pg-simple stores the wall time of the application's session, which nothing in the table names. `formats/sql.md` section 3.
"""

from __future__ import annotations

from store_adapters.errors import BadStoreAddress
from store_adapters.postgres.expressions import TableSql, quoted
from store_adapters.postgres.link import PostgresLink
from store_adapters.tables.layout import TableLayout
from store_adapters.tables.zone import ROWS_ASKED, fixed_offset, offset_in_rows, offset_name


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
    return offset_name(found_s)


def _check(link: PostgresLink, zone: str) -> None:
    if fixed_offset(zone) is None and not link.rows("SELECT 1 FROM pg_timezone_names WHERE name = %s", (zone,)):
        raise BadStoreAddress(
            f"The server knows no time zone {zone[:60]}.", "For example timezone=Europe/Berlin, or timezone=%2B09:00"
        )


def _offset_in_rows(link: PostgresLink, layout: TableLayout) -> int | None:
    sql, expiry = TableSql(layout), layout.expiry
    assert expiry is not None
    name = quoted(expiry.name)
    rows = link.rows(
        f"SELECT convert_to({sql.payload_text}, 'UTF8'), extract(epoch FROM {name} AT TIME ZONE 'UTC')::int8 FROM {sql.table}"
        f" WHERE isfinite({name}) AND {sql.size} < 65536 ORDER BY {name} DESC LIMIT {ROWS_ASKED}"
    )
    return offset_in_rows(rows)
