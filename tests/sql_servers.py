"""Real PostgreSQL and MariaDB for the tests: private instances of an unprivileged user, stopped by their process id.

Making an empty instance takes seconds, so each is made once (`.cache/sql/`) and copied for every server that is started.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers import ROOT, Server, die_with_parent, free_port, missing

_START_S = 30.0
_POSTGRES_SETTINGS = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60",
    "autovacuum=off", "log_min_messages=fatal", "log_destination=stderr",
)  # fmt: skip
_MARIADB_OPTIONS = (
    "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M", "--skip-log-bin", "--performance-schema=OFF", "--skip-name-resolve",
    "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", "--max-connections=60",
)  # fmt: skip


@dataclass(slots=True)
class SqlServer(Server):
    """A database server. `socket`: the folder of PostgreSQL's socket, or the path of MariaDB's; `user` is its superuser."""

    socket: str = ""
    user: str = ""
    folder: str = field(default="", repr=False)


def postgres_binary(name: str = "postgres") -> str | None:
    """Return a program of the newest PostgreSQL that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parent.parent.name))
    return str(found[-1]) if found else shutil.which(name)


def mariadbd_binary() -> str | None:
    """Return the server's program, which is no place of a user's PATH."""
    return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def as_server_user() -> Callable[[], None]:
    """Return what a child runs before it becomes the server: root becomes nobody, since both servers refuse root."""
    if os.geteuid() != 0:
        return die_with_parent
    nobody = pwd.getpwnam("nobody")

    def drop() -> None:
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        die_with_parent()

    return drop


def give_to_server_user(folder: Path) -> None:
    """Make a folder and all in it the unprivileged user's, where we are root."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "nobody", str(folder)], check=True)


def _empty_instance(name: str, make: Callable[[Path], list[str]]) -> Path:
    """Return the folder of an instance that was made once; `make` returns the command that fills a folder."""
    kept = ROOT / ".cache" / "sql" / name
    if kept.exists():
        return kept
    with tempfile.TemporaryDirectory(prefix="sql") as work:
        data = Path(work) / "data"
        data.mkdir(mode=0o700)
        os.chmod(work, 0o755)
        give_to_server_user(data)
        made = subprocess.run(make(data), preexec_fn=as_server_user(), capture_output=True, text=True, cwd="/")
        if made.returncode:
            raise RuntimeError(f"{name} was not made: {made.stderr[-2000:]}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        ours = kept.with_name(f"{name}.{os.getpid()}")
        subprocess.run(["cp", "-a", str(data), str(ours)], check=True)
        try:
            ours.rename(kept)
        except OSError:  # another worker was first
            shutil.rmtree(ours)
    return kept


def _copy_instance(kept: Path, folder: str) -> Path:
    data = Path(folder) / "data"
    subprocess.run(["cp", "-a", str(kept), str(data)], check=True)
    os.chmod(data, 0o700)
    os.chmod(folder, 0o755)
    give_to_server_user(Path(folder))
    return data


def start_postgres(folder: str, *settings: str, hba: str = "", port: int | None = None) -> SqlServer:
    """Start a PostgreSQL on a free loopback port and a socket in `folder`, whose superuser "inspector" needs no password.

    `settings`: "name=value"; `hba`: lines before the ones that trust everybody. A folder that holds one is started again.
    """
    binary, initdb = str(postgres_binary()), str(postgres_binary("initdb"))
    version = Path(binary).parent.parent.name
    data = Path(folder) / "data"
    if not data.exists():
        command = [initdb, "-U", "inspector", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"]
        data = _copy_instance(_empty_instance(f"postgres-{version}", lambda place: [*command, str(place)]), folder)
    if hba:
        path = data / "pg_hba.conf"
        path.write_text(f"{hba}\n{path.read_text()}")
    port = port or free_port()
    options = [word for setting in (*_POSTGRES_SETTINGS, *settings) for word in ("-c", setting)]
    command = [binary, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", folder, *options]
    server = _start("PostgreSQL", command, port, folder, lambda: _answers_postgres(folder, port))
    server.url = f"postgresql://inspector@127.0.0.1:{port}"
    server.socket, server.user = folder, "inspector"
    return server


def _answers_postgres(folder: str, port: int) -> bool:
    import psycopg

    try:
        with psycopg.connect(host=folder, port=port, user="inspector", dbname="postgres", connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def start_mariadb(folder: str, *options: str, port: int | None = None) -> SqlServer:
    """Start a MariaDB on a free loopback port and a socket in `folder`, whose superuser "inspector" needs no password."""
    binary = str(mariadbd_binary())
    data = Path(folder) / "data"
    if not data.exists():
        data = _copy_instance(_empty_instance("mariadb", _install_mariadb), folder)
    port, path = port or free_port(), f"{folder}/s"
    command = [
        binary, "--no-defaults", f"--datadir={data}", f"--socket={path}", f"--port={port}", "--bind-address=127.0.0.1",
        f"--tmpdir={folder}", f"--pid-file={folder}/pid", f"--log-error={folder}/log", *_MARIADB_OPTIONS, *options,
    ]  # fmt: skip
    server = _start("MariaDB", command, port, folder, lambda: _answers_mariadb(path))
    server.url = f"mysql://inspector@127.0.0.1:{port}"
    server.socket, server.user = path, "inspector"
    return server


def _install_mariadb(data: Path) -> list[str]:
    script = Path(data).parent / "users.sql"
    statements = (
        "FLUSH PRIVILEGES",
        "CREATE USER inspector@'%'",
        "GRANT ALL ON *.* TO inspector@'%' WITH GRANT OPTION",
    )
    script.write_text("".join(f"{statement};\n" for statement in statements))
    return [
        "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
        "--skip-test-db", "--innodb-log-file-size=16M", f"--extra-file={script}",
    ]  # fmt: skip


def _answers_mariadb(path: str) -> bool:
    import pymysql

    # PyMySQL leaves the socket of a refused connection open.
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(path):
            return False
    pymysql.connect(unix_socket=path, user="inspector", connect_timeout=10).close()
    return True


def _start(what: str, command: list[str], port: int, folder: str, answers: Callable[[], bool]) -> SqlServer:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=as_server_user(), cwd="/"
    )
    server = SqlServer("", port, process, folder=folder)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        if answers():
            return server
        time.sleep(0.02)
    server.stop()
    raise RuntimeError(f"{what} did not start")


@contextlib.contextmanager
def server_folder() -> Iterator[str]:
    """A folder that the unprivileged user may enter, with a path short enough for a socket."""
    folder = tempfile.mkdtemp(prefix="sq", dir="/tmp")
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[SqlServer]:
    """A PostgreSQL for the whole run."""
    if postgres_binary() is None or postgres_binary("initdb") is None:
        missing("PostgreSQL")
    with server_folder() as folder:
        server = start_postgres(folder)
        yield server
        server.stop()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[SqlServer]:
    """A MariaDB for the whole run."""
    if mariadbd_binary() is None or shutil.which("mariadb-install-db") is None:
        missing("MariaDB")
    with server_folder() as folder:
        server = start_mariadb(folder)
        yield server
        server.stop()


@contextlib.contextmanager
def postgres_database(server: SqlServer) -> Iterator[str]:
    """Give the URL of an empty database, dropped afterwards."""
    import psycopg

    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0 STRATEGY wal_log')
        yield f"{server.url}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextlib.contextmanager
def mariadb_database(server: SqlServer) -> Iterator[str]:
    """Give the URL of an empty database, dropped afterwards."""
    import pymysql

    name = f"test_{uuid.uuid4().hex[:12]}"
    connection: Any = pymysql.connect(unix_socket=server.socket, user="inspector", autocommit=True)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}`")
        yield f"{server.url}/{name}"
        cursor.execute(f"DROP DATABASE `{name}`")


@pytest.fixture
def postgres_url(postgres_server: SqlServer) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    with postgres_database(postgres_server) as url:
        yield url


@pytest.fixture
def mariadb_url(mariadb_server: SqlServer) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    with mariadb_database(mariadb_server) as url:
        yield url
