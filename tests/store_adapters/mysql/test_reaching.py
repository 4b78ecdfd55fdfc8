"""Ways to a MariaDB: its TLS modes, users whose rights come by a role, and columns that can't hold every character."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest

from store_adapters.errors import StoreError, StoreRefused
from store_adapters.registry import open_store
from tests.certificates import Certificates, make_certificates
from tests.contract.backends import MYSQL_SESSION_TABLE, mysql_application
from tests.sql_servers import SqlServer, give_to_server_user, server_folder, start_mariadb

_SESSION = '{"cookie":{"originalMaxAge":3600000,"expires":"2030-01-01T00:00:00.000Z"},"n":1}'


def count(url: str) -> int:
    with closing(open_store(url)) as store:
        return store.count().number


# --- TLS -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encrypted() -> Iterator[tuple[str, Certificates]]:
    """A server that takes nothing but TLS over TCP, with one session, and its certificates."""
    with server_folder() as folder:
        certificates = make_certificates(Path(folder))
        give_to_server_user(Path(folder))
        server = start_mariadb(
            folder,
            f"--ssl-ca={certificates.ca}",
            f"--ssl-cert={certificates.certificate}",
            f"--ssl-key={certificates.key}",
            "--require-secure-transport=ON",
        )
        try:
            with root_cursor(server) as cursor:
                cursor.execute("CREATE DATABASE shop")
                cursor.execute("USE shop")
                cursor.execute(MYSQL_SESSION_TABLE)
                cursor.execute("INSERT INTO sessions VALUES ('a', 1900000000, %s)", (_SESSION,))
            yield f"{server.url}/shop", certificates
        finally:
            server.stop()


@contextmanager
def root_cursor(server: SqlServer) -> Iterator[Any]:
    """A cursor of the superuser by the socket."""
    connection: Any = pymysql.connect(unix_socket=server.socket, user="inspector", autocommit=True)
    with connection, connection.cursor() as cursor:
        yield cursor


def test_tls_is_used_where_it_is_asked_for(encrypted: tuple[str, Certificates]) -> None:
    assert count(f"{encrypted[0]}?ssl-mode=required") == 1


def test_server_that_wants_tls_says_so(encrypted: tuple[str, Certificates]) -> None:
    with pytest.raises(StoreRefused, match="encrypted"):
        count(f"{encrypted[0]}?ssl-mode=disabled")


@pytest.mark.parametrize("mode", ["verify_ca", "verify_identity"])
def test_certificate_of_a_known_ca_is_taken(encrypted: tuple[str, Certificates], mode: str) -> None:
    url = encrypted[0].replace("127.0.0.1", "localhost")
    assert count(f"{url}?ssl-mode={mode}&ssl-ca={encrypted[1].ca}") == 1


def test_certificate_of_another_ca_is_refused(encrypted: tuple[str, Certificates]) -> None:
    with pytest.raises(StoreRefused, match="No trusted CA signed its certificate"):
        count(f"{encrypted[0]}?ssl-mode=verify_ca&ssl-ca={encrypted[1].other_ca}")


def test_certificate_for_another_host_is_refused(encrypted: tuple[str, Certificates]) -> None:
    with pytest.raises(StoreRefused, match="another host"):
        count(f"{encrypted[0]}?ssl-mode=verify_identity&ssl-ca={encrypted[1].ca}")


def test_ca_that_cannot_be_read_is_named(encrypted: tuple[str, Certificates]) -> None:
    with pytest.raises(StoreError, match="ssl-ca"):
        count(f"{encrypted[0]}?ssl-mode=verify_ca&ssl-ca=/nowhere/ca.pem")


def test_server_without_tls_says_so(mariadb_url: str) -> None:
    with mysql_application(mariadb_url) as application, application.cursor() as cursor:
        cursor.execute(MYSQL_SESSION_TABLE)
    with pytest.raises(StoreRefused, match="doesn't speak TLS"):
        count(f"{mariadb_url}?ssl-mode=required")


# --- rights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rights", "can_write"), [("SELECT", False), ("SELECT, INSERT, UPDATE, DELETE", True)])
def test_rights_that_come_by_a_role_decide_whether_it_writes(
    mariadb_server: SqlServer, mariadb_url: str, rights: str, can_write: bool
) -> None:
    database = mariadb_url.rpartition("/")[2]
    name = f"r{database[-8:]}"
    with root_cursor(mariadb_server) as cursor:
        cursor.execute(f"USE `{database}`")
        cursor.execute(MYSQL_SESSION_TABLE)
        cursor.execute("INSERT INTO sessions VALUES ('a', 1900000000, %s)", (_SESSION,))
        cursor.execute(f"CREATE ROLE {name}_role")
        cursor.execute(f"GRANT {rights} ON `{database}`.sessions TO {name}_role")
        cursor.execute(f"CREATE USER {name}@'%' IDENTIFIED BY 'open sesame'")
        cursor.execute(f"GRANT {name}_role TO {name}@'%'")
        cursor.execute(f"SET DEFAULT ROLE {name}_role FOR {name}@'%'")
        try:
            url = mariadb_url.replace("inspector@", f"{name}:open sesame@".replace(" ", "%20"))
            with closing(open_store(url)) as store:
                assert store.count().number == 1
                assert store.capabilities.can_write is can_write
                record = store.read(store.ref_for("a"))
                edited = record.payload.replace(b'"n":1', b'"n":2')
                if can_write:
                    assert store.replace(record, edited).payload == edited
                else:
                    assert "may only read" in store.capabilities.write_refusal
                    with pytest.raises(StoreRefused, match="isn't allowed to do that"):
                        store.replace(record, edited)
        finally:
            cursor.execute(f"DROP USER {name}@'%'")
            cursor.execute(f"DROP ROLE {name}_role")


# --- characters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("charset", ["utf8mb3", "latin1", "ascii"])
def test_character_that_the_column_cannot_hold_is_refused_and_never_stored_as_another(
    mariadb_url: str, charset: str
) -> None:
    with mysql_application(mariadb_url) as application, application.cursor() as cursor:
        cursor.execute(MYSQL_SESSION_TABLE.replace("utf8mb4_bin", f"{charset}_bin"))
        cursor.execute("INSERT INTO sessions VALUES ('a', 1900000000, %s)", (_SESSION,))
        with closing(open_store(mariadb_url)) as store:
            record = store.read(store.ref_for("a"))
            with pytest.raises(StoreRefused, match="character set"):
                store.replace(record, record.payload.replace(b'"n":1', '"n":"😀"'.encode()))
            with pytest.raises(StoreRefused, match="character set"):
                store.create(store.ref_for("b"), _SESSION.replace("1", "😀").encode(), 1_900_000_000_000)
        cursor.execute("SELECT data FROM sessions")
        assert cursor.fetchall() == ((_SESSION,),)
