"""How long a listing of a MariaDB table takes, beside a bare loop over the same connection's socket, and beside PyMySQL's own cursor.

To reach: 1.3 times the bare loop, and the first 200 rows in 100 ms. `SIZE=1000000` for the whole million (default 100,000).
"""

from __future__ import annotations

import gc
import sys
import time
from itertools import islice
from typing import Any

import pymysql

from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken
from store_adapters.mysql.row_reader import read_rows
from store_adapters.registry import open_store
from tests.bench.bench_mongo import FACTOR, FIRST_MS, best, read_listing
from tests.bench.report import SIZE, at_most, row, within
from tests.bench.sessions import sessions
from tests.contract.backends import MYSQL_SESSION_TABLE
from tests.sql_servers import SqlServer, mariadbd_binary, server_folder, start_mariadb

_QUERY = "SELECT session_id, data, expires FROM sessions"


def connect(server: SqlServer, **options: Any) -> Any:
    return pymysql.connect(unix_socket=server.socket, user="inspector", autocommit=True, charset="utf8mb4", **options)


def fill(server: SqlServer) -> None:
    """Fill express-mysql-session's table."""
    now = now_ms()
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE bench")
        cursor.execute("USE bench")
        cursor.execute(MYSQL_SESSION_TABLE)
        found = sessions(SIZE, now)
        while part := [(sid, (now + left) // 1000, text.decode()) for sid, text, left in islice(found, 1000)]:
            cursor.executemany("INSERT INTO sessions (session_id, expires, data) VALUES (%s, %s, %s)", part)


def read_bare(server: SqlServer) -> float:
    """Return the seconds of a loop that takes rows from the socket and does nothing with them."""
    with connect(server, database="bench", use_unicode=False) as connection:
        begun = time.perf_counter()
        connection.query(_QUERY, unbuffered=True)
        for _rows in read_rows(connection._rfile.read1, 3):
            pass
        took = time.perf_counter() - begun
        connection._result.unbuffered_active = False
        connection._result = None
    return took


def read_by_cursor(server: SqlServer) -> float:
    """Return the seconds of PyMySQL's own unbuffered cursor."""
    with connect(server, database="bench", use_unicode=False) as connection:
        begun = time.perf_counter()
        with connection.cursor(pymysql.cursors.SSCursor) as cursor:
            cursor.execute(_QUERY)
            for _row in cursor:
                pass
        return time.perf_counter() - begun


def read_ours(url: str) -> float:
    """Return the seconds until the adapter has handed out every row, in columns."""
    store = open_store(url)
    begun = time.perf_counter()
    count = sum(len(batch.keys) for batch in store.list_records(CancelToken()))
    took = time.perf_counter() - begun
    assert count == SIZE
    store.close()
    return took


def main() -> int:
    if mariadbd_binary() is None:
        print("MariaDB is not installed", file=sys.stderr)
        return 1
    gc.disable()  # as the program does
    with server_folder() as folder:
        server = start_mariadb(folder, "--innodb-buffer-pool-size=1G")
        url = f"{server.url}/bench"
        try:
            fill(server)
            bare, ours = best(lambda: read_bare(server), lambda: read_ours(url))
            at_most(f"{SIZE:,} MariaDB rows", ours, bare, "bare loop over the socket", FACTOR)
            driver = read_by_cursor(server)
            row(
                "the same beside PyMySQL's SSCursor",
                f"{ours:.3f} s",
                f"SSCursor {driver:.3f} s",
                ours / driver,
                "-",
                holds=True,
            )
            took, first, indexed_s = read_listing(url, SIZE)
            within("first 200 rows", first * 1000, "ms", FIRST_MS)
            row("the same in the catalogue, users and roles found", f"{took:.3f} s", "-", took / bare, "-", holds=True)
            row("their keys indexed, while the list is shown", f"{indexed_s:.3f} s", "-", None, "-", holds=True)
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
