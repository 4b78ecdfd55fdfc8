"""The servers of the SQL tests answer, each test with a database of its own."""

from __future__ import annotations

import psycopg
import pymysql

from tests.sql_servers import SqlServer


def test_postgres_gives_each_test_an_empty_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_mariadb_gives_each_test_an_empty_database(mariadb_url: str, mariadb_server: SqlServer) -> None:
    database = mariadb_url.rpartition("/")[2]
    connection = pymysql.connect(unix_socket=mariadb_server.socket, user="inspector", database=database)
    with connection, connection.cursor() as cursor:
        assert cursor.execute("SHOW TABLES") == 0
