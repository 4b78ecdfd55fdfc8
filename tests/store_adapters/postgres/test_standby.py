"""A real standby: it lists and reads, takes no writes and says so, and takes them once it is promoted."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from inspector.services.connection import connect
from inspector.services.settings.profiles import Profile
from inspector.services.settings.secrets import SecretStore
from store_adapters.errors import StoreReadOnly
from store_adapters.registry import open_store
from tests.contract.backends import PG_SIMPLE_TABLE
from tests.sql_servers import (
    SqlServer,
    as_server_user,
    give_to_server_user,
    postgres_binary,
    server_folder,
    start_postgres,
)

_SESSION = '{"cookie":{"originalMaxAge":3600000,"expires":"2030-01-01T00:00:00.000Z"},"n":1}'


@pytest.fixture
def standby() -> Iterator[SqlServer]:
    """A standby of a server that holds one session."""
    with server_folder() as first, server_folder() as second:
        primary = start_postgres(
            first, "wal_level=replica", "max_wal_senders=4", hba="host replication all 127.0.0.1/32 trust"
        )
        try:
            with psycopg.connect(f"{primary.url}/postgres", autocommit=True) as application:
                application.execute(PG_SIMPLE_TABLE)
                application.execute("INSERT INTO session VALUES ('a', %s, '2030-01-01')", (_SESSION,))
            _copy(primary, second)
            server = start_postgres(second, "hot_standby=on")
            try:
                yield server
            finally:
                server.stop()
        finally:
            primary.stop()


def _copy(primary: SqlServer, folder: str) -> None:
    shutil.rmtree(f"{folder}/data", ignore_errors=True)
    give_to_server_user(Path(folder))
    subprocess.run(
        [str(postgres_binary("pg_basebackup")), "-h", "127.0.0.1", "-p", str(primary.port), "-U", "inspector", "-R",
         "-X", "stream", "-c", "fast", "-D", f"{folder}/data"],
        check=True, preexec_fn=as_server_user(), cwd="/", capture_output=True, timeout=60,
    )  # fmt: skip


def test_s17_standby_is_read_and_takes_writes_once_it_is_promoted(standby: SqlServer) -> None:
    url = f"{standby.url}/postgres"
    with closing(open_store(url)) as store:
        assert store.count().number == 1
        record = store.read(store.ref_for("a"))
        edited = record.payload.replace(b'"n":1', b'"n":2')
        assert "takes no writes" in store.capabilities.write_refusal
        with pytest.raises(StoreReadOnly, match="standby"):
            store.replace(record, edited)
        with psycopg.connect(url, autocommit=True) as application:
            application.execute("SELECT pg_promote()")
            until = time.monotonic() + 20
            while application.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
                assert time.monotonic() < until
                time.sleep(0.05)
    connection = connect(Profile(id="a", name="a", url=url), SecretStore(use_keyring=False))
    with closing(connection.store) as store:
        assert connection.can_write
        assert store.replace(store.read(store.ref_for("a")), edited).payload == edited
