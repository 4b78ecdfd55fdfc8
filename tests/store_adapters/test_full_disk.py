"""Servers whose disk is full: a save is refused with the reason, nothing of the record is lost, and it goes on once there is room.

The disk is a small file system in memory, which only root may make: elsewhere these tests are skipped.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pymysql
import pytest

from store_adapters.contract import RawRecord, SessionStore
from store_adapters.errors import StoreError
from store_adapters.registry import open_store
from tests.contract.backends import MYSQL_SESSION_TABLE, PG_SIMPLE_TABLE, mysql_application
from tests.sql_servers import SqlServer, postgres_database, server_folder, start_mariadb, start_postgres

_SESSION = '{"cookie":{"originalMaxAge":3600000,"expires":"2030-01-01T00:00:00.000Z"},"n":1}'
_PIECE = 65_536

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")


@pytest.fixture
def small_disk() -> Iterator[str]:
    """A folder on a file system of 160 MB."""
    with server_folder() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=0755", "tmpfs", folder], check=True)
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def fill_disk(folder: str) -> Path:
    """Use up what is left, and return the file that does."""
    path = Path(folder, "ballast")
    with suppress(OSError), path.open("wb", buffering=0) as ballast:
        while ballast.write(bytes(_PIECE)):
            pass
    return path


def save_until_refused(store: SessionStore) -> tuple[RawRecord, StoreError]:
    """Save ever larger sessions until one is refused; return the last that was written, and why the next was not."""
    record = store.read(store.ref_for("a"))
    for number in range(200):
        payload = (
            record.payload[: record.payload.rindex(b'"n"')] + b'"n":"%s"}' % os.urandom(100_000 + number).hex().encode()
        )
        try:
            record = store.replace(record, payload)
        except StoreError as error:
            return record, error
    raise AssertionError("the disk never was full")


def check(url: str, folder: str) -> None:
    with closing(open_store(url)) as store:
        store.read(store.ref_for("a"))
        ballast = fill_disk(folder)
        written, error = save_until_refused(store)
        assert "disk is full" in error.message and "nothing was written" in error.message
        assert "room" in error.remedy or "space" in error.remedy
        assert store.read(store.ref_for("a")).payload == written.payload
        ballast.unlink()
        again = store.replace(written, written.payload.replace(b'"n":"', b'"n":"0', 1))
        assert store.read(store.ref_for("a")).payload == again.payload


def test_s20_postgres_with_a_full_disk(small_disk: str) -> None:
    server: SqlServer = start_postgres(
        small_disk, "wal_level=minimal", "max_wal_senders=0", "max_wal_size=32MB", "min_wal_size=32MB"
    )
    try:
        with postgres_database(server) as url:
            with psycopg.connect(url, autocommit=True) as application:
                application.execute(PG_SIMPLE_TABLE)
                application.execute("INSERT INTO session VALUES ('a', %s, '2030-01-01')", (_SESSION,))
            check(url, small_disk)
    finally:
        server.stop()


def test_s20_mariadb_with_a_full_disk(small_disk: str) -> None:
    server: SqlServer = start_mariadb(small_disk)
    try:
        with (
            pymysql.connect(unix_socket=server.socket, user="inspector", autocommit=True) as root,
            root.cursor() as cursor,
        ):
            cursor.execute("CREATE DATABASE shop")
        url = f"{server.url}/shop"
        with mysql_application(url) as application, application.cursor() as cursor:
            cursor.execute(MYSQL_SESSION_TABLE)
            cursor.execute("INSERT INTO sessions VALUES ('a', 1900000000, %s)", (_SESSION,))
        check(url, small_disk)
    finally:
        server.stop()
