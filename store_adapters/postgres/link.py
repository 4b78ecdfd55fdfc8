"""One connection to a PostgreSQL server: every round trip bounded, interruptible, errors in our words. Knows no table.

Autocommit and no prepared statements, so that PgBouncer may stand between: nothing here lives longer than a transaction.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from store_adapters.address import split_host
from store_adapters.command_words import sql_words
from store_adapters.errors import (
    Interrupted,
    NotConnected,
    StoreError,
    StoreRefused,
    StoreUnreachable,
    TimedOut,
)
from store_adapters.options import Limits, StoreAddress
from store_adapters.postgres.kind import LIBPQ_OPTIONS
from store_adapters.postgres.postgres_errors import describe_error

if TYPE_CHECKING:
    import psycopg

Rows = list[tuple[Any, ...]]
Statement = tuple[str, Sequence[object]]
_PORT = 5432
_EPOCH_US = 946_684_800_000_000  # PostgreSQL counts microseconds since 2000
_ENDLESS = 2**63 - 1
_environment = threading.Lock()


class _LateError(Exception):
    """A round trip took longer than its limit."""


class PostgresLink:
    """Connects when first used, and again after a failure. For one thread; `interrupt` may come from any."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address = address
        self._limits = limits
        self._connection: psycopg.Connection[Any] | None = None
        self._until = math.inf
        self._is_interrupted = False
        self._is_closed = False

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and not self._connection.closed

    @property
    def server_version(self) -> int:
        """As libpq counts: 150018 for 15.18."""
        return self._open().info.server_version

    @property
    def backend_pid(self) -> int:
        return self._open().info.backend_pid

    # --- statements ---------------------------------------------------------------------------------------------

    def rows(self, statement: str, values: Sequence[object] = ()) -> Rows:
        """Return all rows of one statement, in a transaction of its own. `StoreError`."""
        with self.talking() as connection:
            self._tell(statement, values)
            return _rows_of(connection.execute(statement, values, binary=True))

    def together(self, statements: Sequence[Statement]) -> list[Rows]:
        """Return the rows of several statements that go in one round trip, after a BEGIN among them. `StoreError`."""
        with self.talking() as connection:
            cursors = []
            with connection.pipeline():
                for statement, values in statements:
                    self._tell(statement, values)
                    cursors.append(connection.execute(statement, values, binary=True))
            return [_rows_of(cursor) for cursor in cursors]

    def stream(self, statement: str, size: int) -> Generator[tuple[Any, ...], None, None]:
        """Yield the rows of a statement as they come, `size` at a time; leaving early ends it at the server. `StoreError`.

        Texts come as UTF-8, and a timestamptz as its 8 bytes: `moments_ms` reads them.
        """
        with self.talking() as connection:
            self._tell(statement, ())
            with contextlib.closing(self._streamed(connection, statement, size)) as rows:
                yield from rows

    def _streamed(self, connection: Any, statement: str, size: int) -> Generator[tuple[Any, ...], None, None]:
        import psycopg

        if psycopg.capabilities.has_stream_chunked():
            with connection.cursor(binary=True) as cursor:
                _load_as_bytes(cursor)
                yield from cursor.stream(statement, (), size=size)
            return
        # libpq before 17, which only a driver built here can have.
        with connection.transaction(), connection.cursor("sessions", binary=True) as cursor:
            _load_as_bytes(cursor)
            cursor.itersize = size
            cursor.execute(statement, ())
            yield from cursor

    @contextlib.contextmanager
    def talking(self) -> Iterator[Any]:
        """Give the connection; what goes wrong with it is a `StoreError`, and a broken one is closed."""
        self._is_interrupted = False
        connection = self._open()
        import psycopg  # only now: a driver that isn't installed is told by `_open`

        try:
            yield connection
        except _LateError:
            self.disconnect()
            raise TimedOut("The server didn't answer in time.", "Try again in a moment.") from None
        except psycopg.Error as error:
            described = describe_error(error)
            if self._is_interrupted:
                described = Interrupted("The call was stopped.")
            if connection.closed or connection.broken or isinstance(described, Interrupted):
                self.disconnect()
            raise described from None
        except UnicodeEncodeError:
            raise StoreRefused(
                "The text has a character that UTF-8 can't hold; nothing was written.", "Write it as \\ud800 in JSON."
            ) from None

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound several round trips together."""
        outer, self._until = self._until, time.monotonic() + seconds
        try:
            yield
        finally:
            self._until = outer

    def roll_back(self) -> None:
        """Leave a transaction that an error has broken; a connection that can't is given up."""
        import psycopg

        if self._connection is None or self._connection.closed:
            return
        try:
            if self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                self._connection.execute("ROLLBACK")
        except (psycopg.Error, _LateError):
            self.disconnect()

    def leave_if_closed(self) -> None:
        """Before something new: drop a connection that the server has closed since."""
        connection = self._connection
        if connection is None:
            return
        try:
            if select.select([connection.fileno()], [], [], 0)[0]:
                connection.execute("")
        except Exception:  # whatever it is, it isn't a connection to begin with
            self.disconnect()

    def _tell(self, statement: str, values: Sequence[object]) -> None:
        if self._limits.on_command is not None:
            self._limits.on_command(sql_words(statement, values))

    # --- the connection -----------------------------------------------------------------------------------------

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        if self._is_closed:
            raise NotConnected("The store was closed.", "Open it again.")
        try:
            import psycopg
        except ImportError:
            raise StoreRefused(
                "Sessions in PostgreSQL need the driver psycopg, which isn't installed.",
                "Run: pip install 'session-inspector[sql]'",
            ) from None
        kind = _connection_type(self._left)
        if self._limits.on_command is not None:
            self._limits.on_command("connect")
        try:
            with _without_pgtz():
                self._connection = kind.connect("", autocommit=True, prepare_threshold=None, **self._parameters())
        except psycopg.Error as error:
            raise describe_error(error, is_connecting=True) from None
        return self._connection

    def _left(self) -> float:
        return min(self._limits.call_s, self._until - time.monotonic())

    def _parameters(self) -> dict[str, Any]:
        address = self._address
        options = {name: value for name, value in address.options.items() if name in LIBPQ_OPTIONS}
        if address.options.get("ssl", "").lower() in ("true", "1", "yes", "on"):
            options.setdefault("sslmode", "require")
        if address.hosts:
            places = [split_host(host, _PORT) for host in address.hosts]
            options["host"] = ",".join(name for name, _port in places)
            options["port"] = ",".join(str(port) for _name, port in places)
        named = {"dbname": address.path, "user": address.user, "password": address.password}
        return {
            **options,
            **{name: value for name, value in named.items() if value},
            "connect_timeout": max(2, round(self._limits.connect_s)),
            "client_encoding": "utf8",
            "application_name": "Session Inspector",
        }

    def interrupt(self) -> None:
        """Make the call of another thread end soon. Opens no socket: cancelling would, and may wait."""
        self._is_interrupted = True
        connection = self._connection
        with contextlib.suppress(Exception):
            if connection is not None and not connection.closed:
                _shut_down(connection.fileno())

    def disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                _shut_down(connection.fileno())  # closing politely would wait for a server that stands still
            with contextlib.suppress(Exception):
                connection.close()

    def close(self) -> None:
        self._is_closed = True
        self.disconnect()


def is_unanswered(error: StoreError) -> bool:
    """True where the server may have done what it was asked, without our hearing of it."""
    return isinstance(error, StoreUnreachable | Interrupted) and not isinstance(error, NotConnected)


def _load_as_bytes(cursor: Any) -> None:
    """Have texts and times handed out as the bytes that came, which costs nothing; and no time is too late to be read."""
    from psycopg.types.string import ByteaBinaryLoader

    for name in ("text", "varchar", "timestamptz"):
        cursor.adapters.register_loader(name, ByteaBinaryLoader)


def moments_ms(values: Sequence[bytes | None]) -> list[int | None]:
    """Return the epoch milliseconds of timestamptz values: None for NULL and "infinity", 0 for "-infinity"."""
    if None in values:
        return [None if value is None else moments_ms((value,))[0] for value in values]
    return [
        (found + _EPOCH_US) // 1000 if -_ENDLESS < found < _ENDLESS else (None if found > 0 else 0)
        for found in struct.unpack(f">{len(values)}q", b"".join(values))  # type: ignore[arg-type]
    ]


def _rows_of(cursor: Any) -> Rows:
    found: Rows = cursor.fetchall() if cursor.description is not None else []
    return found


def _shut_down(handle: int) -> None:
    with socket.socket(fileno=os.dup(handle)) as copy:
        copy.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _without_pgtz() -> Iterator[None]:
    """Hide PGTZ from libpq: it would set the time zone of our session, which is looked at for the server's own."""
    with _environment:
        hidden = os.environ.pop("PGTZ", None)
        try:
            yield
        finally:
            if hidden is not None:
                os.environ["PGTZ"] = hidden


def _connection_type(left: Callable[[], float]) -> Any:
    """Return a connection whose every round trip ends after `left()` seconds: a server that stands still never answers,
    and none of its own time limits help then."""
    import psycopg

    class BoundedConnection(psycopg.Connection[Any]):
        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            if timeout is not None:
                return super().wait(gen, interval, timeout)
            until = time.monotonic() + left()
            handle = self.pgconn.socket
            try:
                wanted = next(gen)
                while True:
                    ready = _wait_for(handle, wanted, until - time.monotonic())
                    if not ready:
                        raise _LateError
                    wanted = gen.send(ready)
            except StopIteration as end:
                return end.value

    return BoundedConnection


def _wait_for(handle: int, wanted: int, seconds: float) -> int:
    """Wait until the socket can be read (1) or written (2), as `wanted` says; return which, 0 for neither in time."""
    readers, writers = [handle] if wanted & 1 else [], [handle] if wanted & 2 else []
    if not hasattr(select, "poll"):
        read, write, _ = select.select(readers, writers, [], max(0.0, seconds))
        return (1 if read else 0) | (2 if write else 0)
    poll = select.poll()
    poll.register(handle, (select.POLLIN if readers else 0) | (select.POLLOUT if writers else 0))
    ready = 0
    for _handle, event in poll.poll(max(0.0, seconds) * 1000):
        if event & ~select.POLLOUT:  # an error or a hang-up is told by reading
            ready |= 1 if readers else 2
        if event & select.POLLOUT:
            ready |= 2
    return ready
