"""Ways to a PostgreSQL: its TLS modes, service files and variables as libpq reads them, and PgBouncer in between."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from store_adapters.contract import CancelToken
from store_adapters.errors import RecordChanged, StoreRefused
from store_adapters.registry import open_store
from tests.certificates import Certificates, make_certificates
from tests.contract.backends import PG_SIMPLE_TABLE
from tests.servers import free_port, missing
from tests.sql_servers import (
    SqlServer,
    as_server_user,
    give_to_server_user,
    postgres_database,
    server_folder,
    start_postgres,
)

_SESSION = '{"cookie":{"originalMaxAge":3600000,"expires":"2030-01-01T00:00:00.000Z"},"n":1}'


def fill(url: str, count: int = 1) -> None:
    with psycopg.connect(url, autocommit=True) as application:
        application.execute(PG_SIMPLE_TABLE)
        application.execute(
            "INSERT INTO session SELECT 's' || n, %s, '2030-01-01' FROM generate_series(1, %s) n", (_SESSION, count)
        )


def count(url: str) -> int:
    with closing(open_store(url)) as store:
        return store.count().number


# --- TLS -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encrypted() -> Iterator[tuple[str, Certificates]]:
    """A server that takes nothing but TLS over TCP, and its certificates; a database with one session."""
    with server_folder() as folder:
        certificates = make_certificates(Path(folder))
        give_to_server_user(Path(folder))
        server = start_postgres(
            folder,
            "ssl=on",
            f"ssl_cert_file={certificates.certificate}",
            f"ssl_key_file={certificates.key}",
            hba="hostssl all all 127.0.0.1/32 trust\nhostnossl all all 127.0.0.1/32 reject",
        )
        try:
            yield f"{server.url}/postgres", certificates
        finally:
            server.stop()


@pytest.fixture(scope="module")
def encrypted_url(encrypted: tuple[str, Certificates]) -> str:
    fill(encrypted[0])
    return encrypted[0]


def test_tls_is_used_where_the_server_wants_it(encrypted_url: str) -> None:
    assert count(encrypted_url) == count(f"{encrypted_url}?sslmode=require") == 1


def test_server_that_wants_tls_says_so(encrypted_url: str) -> None:
    with pytest.raises(StoreRefused, match="The server wants TLS here"):
        count(f"{encrypted_url}?sslmode=disable")


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_certificate_of_a_known_ca_is_taken(encrypted_url: str, encrypted: tuple[str, Certificates], mode: str) -> None:
    url = encrypted_url.replace("127.0.0.1", "localhost")
    assert count(f"{url}?sslmode={mode}&sslrootcert={encrypted[1].ca}") == 1


def test_certificate_of_another_ca_is_refused(encrypted_url: str, encrypted: tuple[str, Certificates]) -> None:
    with pytest.raises(StoreRefused, match="No trusted CA signed its certificate"):
        count(f"{encrypted_url}?sslmode=verify-ca&sslrootcert={encrypted[1].other_ca}")


def test_certificate_for_another_host_is_refused(encrypted_url: str, encrypted: tuple[str, Certificates]) -> None:
    with pytest.raises(StoreRefused, match="The certificate is for another host"):
        count(f"{encrypted_url}?sslmode=verify-full&sslrootcert={encrypted[1].ca}")


def test_ca_that_cannot_be_read_is_named(encrypted_url: str) -> None:
    with pytest.raises(StoreRefused, match="sslrootcert"):
        count(f"{encrypted_url}?sslmode=verify-ca&sslrootcert=/nowhere/ca.pem")


def test_server_without_tls_says_so(postgres_url: str) -> None:
    fill(postgres_url)
    with pytest.raises(StoreRefused, match="The server doesn't speak TLS"):
        count(f"{postgres_url}?sslmode=require")


# --- as libpq reads it -----------------------------------------------------------------------------------------------


def test_service_file_names_server_user_and_database(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(postgres_url)
    parts = urlsplit(postgres_url)
    service = tmp_path / "pg_service.conf"
    service.write_text(f"[shop]\nhost=127.0.0.1\nport={parts.port}\nuser=inspector\ndbname={parts.path[1:]}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    assert count("postgresql:///?service=shop") == 1
    with pytest.raises(StoreRefused, match="no such service"):
        count("postgresql:///?service=another")


def test_variables_stand_in_for_what_the_address_leaves_out(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(postgres_url)
    parts = urlsplit(postgres_url)
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(parts.port))
    monkeypatch.setenv("PGUSER", "inspector")
    monkeypatch.setenv("PGDATABASE", parts.path[1:])
    assert count("postgresql:///?table=session") == 1
    monkeypatch.setenv("PGSSLMODE", "require")
    with pytest.raises(StoreRefused, match="doesn't speak TLS"):
        count("postgresql:///?table=session")


def test_password_file_gives_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server_folder() as folder:
        server = start_postgres(folder, hba="host all keeper 127.0.0.1/32 scram-sha-256")
        try:
            with postgres_database(server) as url:
                fill(url)
                with psycopg.connect(url, autocommit=True) as application:
                    application.execute("CREATE ROLE keeper LOGIN PASSWORD 'open sesame'")
                    application.execute("GRANT SELECT ON session TO keeper")
                keeper = url.replace("inspector@", "keeper@")
                with pytest.raises(StoreRefused, match="The server wants a password"):
                    count(keeper)
                passwords = tmp_path / "pgpass"
                passwords.write_text("127.0.0.1:*:*:keeper:open sesame\n")
                passwords.chmod(0o600)
                monkeypatch.setenv("PGPASSFILE", str(passwords))
                assert count(keeper) == 1
                passwords.write_text("127.0.0.1:*:*:keeper:wrong\n")
                with pytest.raises(StoreRefused, match="refused the user or the password"):
                    count(keeper)
        finally:
            server.stop()


# --- PgBouncer -------------------------------------------------------------------------------------------------------


@pytest.fixture
def pooled_url(postgres_server: SqlServer, postgres_url: str) -> Iterator[str]:
    """The database by way of PgBouncer: each transaction may have another of its two connections."""
    binary = shutil.which("pgbouncer")
    if binary is None:
        missing("PgBouncer")
    assert binary is not None
    with server_folder() as folder:
        port, name = free_port(), urlsplit(postgres_url).path[1:]
        Path(folder, "users").write_text('"inspector" ""\n')
        Path(folder, "bouncer.ini").write_text(
            f"[databases]\n{name} = host=127.0.0.1 port={postgres_server.port} user=inspector\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir = {folder}\n"
            f"auth_type = any\nauth_file = {folder}/users\npool_mode = transaction\ndefault_pool_size = 2\n"
            "ignore_startup_parameters = extra_float_digits\n"
        )
        give_to_server_user(Path(folder))
        process = subprocess.Popen(
            [binary, "-q", f"{folder}/bouncer.ini"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=as_server_user(),
            cwd="/",
        )
        url = f"postgresql://inspector@127.0.0.1:{port}/{name}"
        try:
            _wait_for(url)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(url: str) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


def test_s16_transaction_pooling_lists_reads_and_saves(pooled_url: str, postgres_url: str) -> None:
    fill(postgres_url, 3000)
    with closing(open_store(pooled_url)) as store, psycopg.connect(postgres_url, autocommit=True) as application:
        listed = sum(len(batch.keys) for batch in store.list_records(CancelToken()))
        assert listed == store.count().number == 3000
        for number in range(12):  # more often than psycopg would wait before it prepares a statement
            record = store.read(store.ref_for("s7"))
            after = store.replace(record, record.payload[: record.payload.rindex(b'"n"')] + b'"n":%d}' % (number + 2))
            assert after.expires_at_ms == record.expires_at_ms
        with pytest.raises(RecordChanged):
            store.replace(record, record.payload)
        [[stored]] = application.execute("SELECT sess::text FROM session WHERE sid = 's7'").fetchall()
        assert stored.endswith('"n":13}')


def test_s16_others_in_the_pool_lose_nothing(pooled_url: str, postgres_url: str) -> None:
    """The application writes through the same two connections while we save: neither loses a write."""
    fill(postgres_url)
    over, written = threading.Event(), 0

    def write() -> None:
        nonlocal written
        with psycopg.connect(pooled_url, autocommit=True, prepare_threshold=None) as application:
            while not over.is_set():
                application.execute(
                    "UPDATE session SET sess = (jsonb_set(sess::jsonb, '{ticks}', to_jsonb(%s::int)))::json WHERE sid = 's1'",
                    (written + 1,),
                )
                written += 1

    application = threading.Thread(target=write)
    application.start()
    try:
        saved = 0
        with closing(open_store(pooled_url)) as store:
            until = time.monotonic() + 30
            while saved < 30 and time.monotonic() < until:
                record = store.read(store.ref_for("s1"))
                try:
                    store.replace(
                        record, record.payload.replace(b'"n":', b'"n": ', 1) if saved % 2 else record.payload + b" "
                    )
                except RecordChanged:
                    continue
                saved += 1
    finally:
        over.set()
        application.join(10)
    assert saved == 30
    with psycopg.connect(postgres_url) as connection:
        [[ticks]] = connection.execute("SELECT (sess->>'ticks')::int FROM session").fetchall()
    assert ticks == written, "a write of the application's was undone"
