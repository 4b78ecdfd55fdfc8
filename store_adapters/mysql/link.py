"""One connection to a MySQL or MariaDB server: every round trip bounded, interruptible, errors in our words. Knows no table."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from store_adapters.address import split_host
from store_adapters.command_words import sql_words
from store_adapters.errors import BadStoreAddress, Interrupted, NotConnected, StoreError, StoreRefused, StoreUnreachable
from store_adapters.mysql.mysql_errors import describe_error
from store_adapters.mysql.row_reader import Row, ServerError, read_rows
from store_adapters.options import Limits, StoreAddress

if TYPE_CHECKING:
    import ssl

    import pymysql

Rows = list[tuple[Any, ...]]
Statement = tuple[str, Sequence[object]]
_PORT = 3306
_BOUNDED_S = 3
_TLS_MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
# What Prisma and others write there.
_TLS_SPELLINGS = {
    "strict": "verify_identity",
    "accept_invalid_certs": "required",
    "verify-ca": "verify_ca",
    "verify-full": "verify_identity",
}


class MysqlLink:
    """Connects when first used, and again after a failure. For one thread; `interrupt` may come from any.

    `is_bounded`: the server ends statements after seconds; not for listings, which take as long as they take.
    """

    def __init__(self, address: StoreAddress, limits: Limits, *, is_bounded: bool = True) -> None:
        self._address, self._limits, self._is_bounded = address, limits, is_bounded
        self._connection: pymysql.Connection[Any] | None = None
        self._is_interrupted = False
        self._is_closed = False

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and bool(self._connection.open)

    @property
    def thread_id(self) -> int:
        """The server's number of this connection."""
        return int(self._open().thread_id())

    @property
    def version(self) -> str:
        """As the server tells it: "10.11.19-MariaDB-…"."""
        return str(self._open().get_server_info())

    # --- statements ---------------------------------------------------------------------------------------------

    def rows(self, statement: str, values: Sequence[object] = ()) -> Rows:
        """Return all rows of one statement; texts come as UTF-8 bytes. `StoreError`."""
        with self.talking() as connection, connection.cursor() as cursor:
            self._tell(statement, values)
            cursor.execute(statement, tuple(values))
            return list(cursor.fetchall())

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run one statement; return how many rows it found to change, those with the same value included. `StoreError`."""
        with self.talking() as connection, connection.cursor() as cursor:
            self._tell(statement, values)
            return int(cursor.execute(statement, tuple(values)))

    def stream(self, statement: str) -> Generator[list[Row], None, None]:
        """Yield the rows of a statement as they come, some at a time, each value as bytes. Leaving early drops the connection:
        the server would send all the rest first. `StoreError`."""
        with self.talking() as connection:
            self._tell(statement, ())
            connection.query(statement.replace("%%", "%"), unbuffered=True)
            result = connection._result
            is_whole = False
            try:
                yield from read_rows(connection._rfile.read1, result.field_count)
                is_whole = True
            except ServerError:
                is_whole = True
                raise
            finally:
                result.unbuffered_active = False
                connection._result = None
                if not is_whole:
                    self.disconnect()

    @contextlib.contextmanager
    def talking(self) -> Iterator[Any]:
        """Give the connection; what goes wrong with it is a `StoreError`, and a broken one is closed."""
        self._is_interrupted = False
        connection = self._open()
        import pymysql  # only now: a driver that isn't installed is told by `_open`

        try:
            yield connection
        except EOFError:
            self.disconnect()
            raise self._interrupted() or StoreUnreachable("The connection to the server broke.", "Try again.") from None
        except (pymysql.Error, ServerError, OSError, ValueError) as error:
            described = self._interrupted() or describe_error(error)
            if not connection.open or (
                isinstance(described, StoreUnreachable | Interrupted) and not _is_refusal(error)
            ):
                self.disconnect()
            raise described from None

    def _interrupted(self) -> StoreError | None:
        return Interrupted("The call was stopped.") if self._is_interrupted else None

    def roll_back(self) -> None:
        """Leave a transaction that an error has broken; a connection that can't is given up."""
        import pymysql

        if self._connection is not None and self._connection.open:
            try:
                self._connection.rollback()
            except (pymysql.Error, OSError, ValueError):
                self.disconnect()

    def leave_if_closed(self) -> None:
        """Before something new: drop a connection that the server has closed since."""
        connection = self._connection
        if connection is None:
            return
        try:
            sock = connection._sock
            sock.setblocking(False)
            try:
                is_gone = sock.recv(1, socket.MSG_PEEK) is not None
            except BlockingIOError:
                is_gone = False
            finally:
                sock.settimeout(_BOUNDED_S)
                connection._current_timeout = _BOUNDED_S
        except (OSError, AttributeError, ValueError):
            is_gone = not _is_encrypted(connection)
        if is_gone:
            self.disconnect()

    def _tell(self, statement: str, values: Sequence[object]) -> None:
        if self._limits.on_command is not None:
            self._limits.on_command(sql_words(statement.replace("%%", "%"), values))

    # --- the connection -----------------------------------------------------------------------------------------

    def _open(self) -> pymysql.Connection[Any]:
        if self._connection is not None and self._connection.open:
            return self._connection
        if self._is_closed:
            raise NotConnected("The store was closed.", "Open it again.")
        try:
            import pymysql
        except ImportError:
            raise StoreRefused(
                "Sessions in MySQL or MariaDB need the driver PyMySQL, which isn't installed.",
                "Run: pip install 'session-inspector[sql]'",
            ) from None
        if self._limits.on_command is not None:
            self._limits.on_command("connect")
        connection: pymysql.Connection[Any] = pymysql.connect(
            defer_connect=True,
            charset="utf8mb4",
            use_unicode=False,
            autocommit=True,
            client_flag=pymysql.constants.CLIENT.FOUND_ROWS,
            connect_timeout=max(1, round(self._limits.connect_s)),
            read_timeout=_BOUNDED_S,
            write_timeout=_BOUNDED_S,
            program_name="Session Inspector",
            **self._parameters(),
        )
        try:
            connection.connect()
            with connection.cursor() as cursor:
                for statement in self._settings(str(connection.get_server_info())):
                    cursor.execute(statement)
        except (pymysql.Error, OSError, ValueError) as error:
            with contextlib.suppress(Exception):
                connection._force_close()
            # PyMySQL leaves the socket of a refused connection to the garbage collector, of which Python warns.
            is_plain = self._tls_mode == "disabled"
            raise describe_error(error, is_connecting=True, is_plain=is_plain) from None
        self._connection = connection
        return connection

    def _settings(self, version: str) -> tuple[str, ...]:
        first = (
            "SET SESSION sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00', innodb_lock_wait_timeout = 1",
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        )
        if "mariadb" not in version.lower():
            return first
        limit = _BOUNDED_S if self._is_bounded else 0
        return (*first, f"SET SESSION max_statement_time = {limit}, idle_transaction_timeout = 5")

    def _parameters(self) -> dict[str, Any]:
        address, options = self._address, self._address.options
        named: dict[str, Any] = {"database": address.path, "user": address.user, "password": address.password}
        if not address.password:
            named["password"] = os.environ.get("MYSQL_PWD", "")
        if path := options.get("unix_socket"):
            named["unix_socket"] = path
        else:
            named["host"], named["port"] = split_host(address.hosts[0], _PORT)
        if path := options.get("read_default_file"):
            named["read_default_file"] = path
        return {**{name: value for name, value in named.items() if value}, **self._tls()}

    @property
    def _tls_mode(self) -> str:
        asked = self._address.options.get("ssl-mode", "").lower()
        return _TLS_SPELLINGS.get(asked, asked)

    def _tls(self) -> dict[str, Any]:
        options, mode = self._address.options, self._tls_mode
        if mode and mode not in _TLS_MODES:
            raise BadStoreAddress("This ssl-mode isn't known.", f"Known: {', '.join(_TLS_MODES)}.")
        files = {name: options[name] for name in ("ssl-ca", "ssl-cert", "ssl-key") if name in options}
        if mode == "disabled" or (mode in ("", "preferred") and not files):
            return {"ssl_disabled": True} if mode == "disabled" or "unix_socket" in options else {}
        checks = mode in ("verify_ca", "verify_identity") or (not mode and "ssl-ca" in files)
        return {"ssl": _tls_context(files, checks=checks, checks_host=mode == "verify_identity")}

    def interrupt(self) -> None:
        """Make the call of another thread end soon. Opens no socket."""
        self._is_interrupted = True
        connection = self._connection
        with contextlib.suppress(Exception):
            if connection is not None:
                connection._sock.shutdown(socket.SHUT_RDWR)

    def disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection._force_close()  # closing politely would wait for a server that stands still

    def close(self) -> None:
        self._is_closed = True
        self.disconnect()


def _tls_context(files: Mapping[str, str], *, checks: bool, checks_host: bool) -> ssl.SSLContext:
    """Return what a connection has to use. PyMySQL's own options only prefer TLS where nothing is checked, and check no host's name
    where no CA is given. `BadStoreAddress` for a file that can't be read."""
    import ssl  # most stores here need none

    try:
        context = ssl.create_default_context(cafile=files.get("ssl-ca"))
        # Python 3.13 refuses the certificates that MySQL makes for itself.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = checks_host
        context.verify_mode = ssl.CERT_REQUIRED if checks else ssl.CERT_NONE
        if "ssl-cert" in files:
            context.load_cert_chain(files["ssl-cert"], files.get("ssl-key"))
    except (OSError, ssl.SSLError):
        raise BadStoreAddress(
            f"A certificate can't be read where {' or '.join(files)} points.", "Check the path; PEM files are wanted."
        ) from None
    return context


def _is_encrypted(connection: Any) -> bool:
    return hasattr(getattr(connection, "_sock", None), "cipher")


def _is_refusal(error: Any) -> bool:
    """True where the server answered, so that the connection is whole."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    return 1000 <= number < 2000 and number != 1053


def is_mariadb(version: str) -> bool:
    return re.search("mariadb", version, re.IGNORECASE) is not None
