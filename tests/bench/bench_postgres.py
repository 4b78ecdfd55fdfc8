"""How long a listing of a PostgreSQL table takes, beside a bare server-side stream of the same driver.

To reach: 1.3 times the bare loop, and the first 200 rows in 100 ms. `SIZE=1000000` for the whole million (default 100,000).
"""

from __future__ import annotations

import gc
import sys
import time

import psycopg

from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken
from store_adapters.registry import open_store
from tests.bench.bench_mongo import FACTOR, FIRST_MS, best, read_listing
from tests.bench.report import SIZE, at_most, row, within
from tests.bench.sessions import sessions
from tests.contract.backends import PG_SIMPLE_TABLE
from tests.sql_servers import postgres_binary, server_folder, start_postgres


def fill(url: str) -> None:
    """Fill connect-pg-simple's table."""
    now = now_ms()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(PG_SIMPLE_TABLE)
        with connection.cursor() as cursor, cursor.copy("COPY session (sid, sess, expire) FROM STDIN") as copy:
            for sid, text, left_ms in sessions(SIZE, now):
                ends = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime((now + left_ms) // 1000))
                copy.write_row((sid, text.decode(), ends))
        connection.execute("VACUUM ANALYZE session")


def read_bare(url: str) -> float:
    """Return the seconds of a loop that does nothing with the rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        begun = time.perf_counter()
        query = "SELECT convert_to(sid, 'UTF8'), convert_to(sess::text, 'UTF8'), extract(epoch FROM expire)::int8 FROM session"
        for _row in connection.cursor(binary=True).stream(query, size=1000):
            pass
        return time.perf_counter() - begun


def read_ours(url: str) -> float:
    """Return the seconds until the adapter has handed out every row, in columns."""
    store = open_store(f"{url}?table=session")
    begun = time.perf_counter()
    count = sum(len(batch.keys) for batch in store.list_records(CancelToken()))
    took = time.perf_counter() - begun
    assert count == SIZE
    store.close()
    return took


def save_s(url: str, count: int = 200) -> tuple[float, float]:
    """Return the seconds of saves by compare-and-set, and of bare autocommitted updates of the same rows."""
    store = open_store(f"{url}?table=session")
    with psycopg.connect(url, autocommit=True) as connection:
        keys = [key for (key,) in connection.execute(f"SELECT sid FROM session ORDER BY sid LIMIT {count}")]
        records = [store.read(store.ref_for(key)) for key in keys]
        connection.execute("UPDATE session SET expire = now() + interval '1 day'")
        begun = time.perf_counter()
        for record in records:
            store.replace(record, record.payload + b" ")
        ours = time.perf_counter() - begun
        begun = time.perf_counter()
        for record in records:
            connection.execute(
                "UPDATE session SET sess = %s WHERE sid = %s", (record.payload.decode(), record.ref.key.decode())
            )
        bare = time.perf_counter() - begun
    store.close()
    return ours, bare


def main() -> int:
    if postgres_binary() is None:
        print("PostgreSQL is not installed", file=sys.stderr)
        return 1
    gc.disable()  # as the program does
    with server_folder() as folder:
        server = start_postgres(folder, "shared_buffers=512MB")
        url = f"{server.url}/postgres"
        try:
            fill(url)
            bare, ours = best(lambda: read_bare(url), lambda: read_ours(url))
            at_most(f"{SIZE:,} PostgreSQL rows", ours, bare, "bare stream of psycopg", FACTOR)
            took, first, indexed_s = read_listing(f"{url}?table=session", SIZE)
            within("first 200 rows", first * 1000, "ms", FIRST_MS)
            row("the same in the catalogue, users and roles found", f"{took:.3f} s", "-", took / bare, "-", holds=True)
            row("their keys indexed, while the list is shown", f"{indexed_s:.3f} s", "-", None, "-", holds=True)
            ours, bare = save_s(url)
            at_most("200 saves by compare-and-set, two round trips each", ours, bare, "blind UPDATE", 4)
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
