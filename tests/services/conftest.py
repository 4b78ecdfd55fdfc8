"""Every kind of store that can be written, in turn: its address, an open store, and the application's own connection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store_adapters.contract import SessionStore
from store_adapters.registry import open_store
from tests.contract.backends import BACKENDS, make_mysql_table, make_postgres_table, make_sqlite_url


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    match request.param:
        case "memory":
            return f"memory:{tmp_path.name}"
        case "file":
            return f"file://{tmp_path}"
        case "mongo":
            return f"{request.getfixturevalue('mongo_url')}&collection=sessions"
        case "redis" | "valkey":
            return f"{request.getfixturevalue(f'{request.param}_url')}?prefix=sess:"
        case "sentinel":
            request.getfixturevalue("redis_url")  # the master that the sentinel names, emptied
            return f"{request.getfixturevalue('sentinel_server').url}/0?prefix=sess:"
        case "postgres":
            url = str(request.getfixturevalue("postgres_url"))
            make_postgres_table(url)
            return url
        case "mysql":
            url = str(request.getfixturevalue("mariadb_url"))
            make_mysql_table(url)
            return url
        case dialect:
            return make_sqlite_url(dialect, tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[SessionStore]:
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def other(url: str) -> Iterator[SessionStore]:
    """The application's own connection to the same store."""
    opened = open_store(url)
    yield opened
    opened.close()
