"""A store that is kept from the demo server is found again under every other spelling of its address."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.services.settings.profiles import Environment, Profile, guard_from_demo
from tests.servers import Server, missing, redis_binary, start_redis

PASSWORD = "tok-identity-password"


def is_refused(marked: str, url: str, with_password: str = "") -> bool:
    profile = Profile(id="p", name="live", url=marked, environment=Environment.PRODUCTION)
    return "live is marked as production" in guard_from_demo([profile], url, lambda _one: with_password or marked)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("redis")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    binary = redis_binary()
    if binary is None:
        missing("redis-server")
    running = start_redis(str(binary), str(folder), "--bind", "127.0.0.1", "::1", "--unixsocket", f"{folder}/r.sock")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def locked(folder: Path) -> Iterator[Server]:
    """One that does not say who it is without its password."""
    running = start_redis(str(redis_binary()), str(folder), "--unixsocket", f"{folder}/locked.sock")
    import redis

    with redis.Redis(port=running.port) as client:
        client.config_set("requirepass", PASSWORD)
    yield running
    running.stop()


SPELLINGS = [
    "localhost:{}",
    "127.0.0.1:{}/3?prefix=x:",
    "0.0.0.0:{}",
    "127.1:{}",
    "2130706433:{}",
    "[::1]:{}",
    "LOCALHOST.:{}",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_redis_is_known_by_any_spelling_of_its_host(server: Server, spelling: str) -> None:
    assert is_refused(server.url, "redis://" + spelling.format(server.port))
    assert is_refused("redis://" + spelling.format(server.port), server.url)


@pytest.mark.parametrize("spelling", ["{0}/r.sock", "{0}/../{1}/r.sock", "{0}/link.sock", "/{0}/./r.sock?db=2"])
def test_redis_is_known_by_its_socket(server: Server, folder: Path, spelling: str) -> None:
    link = folder / "link.sock"
    link.unlink(missing_ok=True)
    link.symlink_to(folder / "r.sock")
    url = "unix://" + spelling.format(folder, folder.name)
    assert is_refused(server.url, url)
    assert is_refused(url, server.url)
    assert is_refused(f"unix://{folder}/r.sock", url)


def test_redis_that_hides_who_it_is_is_known_by_its_place(locked: Server, folder: Path) -> None:
    assert is_refused(locked.url, f"redis://:{PASSWORD}@localhost:{locked.port}")
    assert is_refused(locked.url, f"unix://:{PASSWORD}@{folder}/locked.sock")
    assert is_refused(f"unix://{folder}/locked.sock", f"unix:///{folder}/../{folder.name}/locked.sock")
    with_password = f"redis://:{PASSWORD}@127.0.0.1:{locked.port}"
    assert is_refused(locked.url, f"unix://:{PASSWORD}@{folder}/locked.sock", with_password)


def test_another_redis_is_another_store(server: Server, locked: Server, folder: Path) -> None:
    assert not is_refused(server.url, locked.url)
    assert not is_refused(server.url, f"unix://{folder}/locked.sock")
    assert not is_refused(server.url, "mongodb://127.0.0.1")


def test_server_that_does_not_answer_is_known_by_its_address() -> None:
    assert is_refused("redis://localhost:1/0", "redis://127.0.0.1:1")
    assert is_refused("redis://h.invalid", "redis://H.invalid:6379")
    assert not is_refused("redis://localhost:1/0", "redis://localhost:2/0")


def test_mongo_is_known_by_its_process_and_its_replica_set(mongo_server: Server) -> None:
    port = mongo_server.port
    for spelling in (
        "localhost:{}",
        "127.1:{}/other?collection=x",
        "0.0.0.0:{}/",
        "localhost:{},127.0.0.1:1/?replicaSet=rs0",
    ):
        assert is_refused(mongo_server.url, "mongodb://" + spelling.format(port))
        assert is_refused("mongodb://" + spelling.format(port), mongo_server.url)
    assert not is_refused(mongo_server.url, "mongodb://127.0.0.1:1")


def test_folder_and_file_are_known_by_their_inode(tmp_path: Path) -> None:
    folder, link = tmp_path / "sessions", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    for spelling in (f"{folder}/", f"{folder}/../sessions", f"{link}", f"/{folder}", f"{folder}?ttl=60"):
        assert is_refused(f"file://{folder}", f"file://{spelling}")
    database, other = tmp_path / "s.db", tmp_path / "hard.db"
    sqlite3.connect(database).close()
    database.touch()
    os.link(database, other)
    assert is_refused(f"sqlite://{database}", f"sqlite://{other}")
    assert not is_refused(f"file://{folder}", f"file://{tmp_path}")


def test_folder_that_is_not_there_yet_is_known_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert is_refused(f"file://{tmp_path}/no", f"file://{tmp_path}/link/x/../no/")


def test_this_machine_is_known_by_its_name(server: Server) -> None:
    assert is_refused(server.url, f"redis://{socket.gethostbyname(socket.gethostname())}:{server.port}")
