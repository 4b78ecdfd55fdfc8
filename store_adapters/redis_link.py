"""One connection to a Redis server: connect, send, read, with time limits that hold; knows no sessions.

redis-py makes the connection (TLS, authentication, unix sockets). After that commands are packed and replies parsed with
hiredis on its socket: three times as fast as redis-py's own pipeline for a listing, no hidden retries, a deadline over
the whole call (a socket timeout alone lets a dripping server hold a call for ever), and a socket which another thread
can shut down.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence
from typing import Any

import hiredis

from store_adapters.address import format_address, redis_database, split_host
from store_adapters.command_words import redis_packet
from store_adapters.errors import (
    Interrupted,
    RecordUnreadable,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.options import Limits, StoreAddress

Reply = Any
_READ_BYTES = 1 << 18
_COMMAND = re.compile(r"run the '([\w|-]{1,40})' command")


class RedisLink:
    """Connects when first used, and again after a failure."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address = address
        self._limits = limits
        self._connection: Any = None
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader()
        self._is_busy = False
        self._is_interrupted = False

    @property
    def database(self) -> int:
        return redis_database(self._address)

    def call(self, *command: bytes | str | int) -> Reply:
        """Send one command and return its reply; an error reply is raised as a `StoreError`."""
        reply = self.pipe([command])[0]
        if isinstance(reply, hiredis.ReplyError):
            raise describe_reply(reply)
        return reply

    def pipe(self, commands: Sequence[Sequence[bytes | str | int]]) -> list[Reply]:
        """Send commands in one go and return all replies; error replies stand in the list as `hiredis.ReplyError`."""
        deadline = time.monotonic() + self._limits.deadline_s
        self._is_interrupted = False
        self._is_busy = True
        try:
            if self._socket is None:
                self._connect()
            if self._limits.on_command is not None:
                self._limits.on_command(redis_packet(commands))
            self._send(b"".join(_pack(command) for command in commands))
            return [self._receive(deadline) for _ in commands]
        except (OSError, hiredis.ProtocolError) as error:
            self.disconnect()
            raise self._describe_break(error) from None
        finally:
            self._is_busy = False

    def send_ahead(self, data: bytes, words: str) -> None:
        """Send packed commands whose replies `collect` takes later; nothing else may be asked in between. `words`: what
        the command log says of them."""
        self._is_interrupted = False
        self._is_busy = True
        try:
            if self._socket is None:
                self._connect()
            if self._limits.on_command is not None:
                self._limits.on_command(words)
            self._send(data)
        except (OSError, hiredis.ProtocolError) as error:
            self.disconnect()
            raise self._describe_break(error) from None
        finally:
            self._is_busy = False

    def collect(self, number: int) -> list[Reply]:
        """Return the next replies, error replies among them; each wait is bounded, and all of it by the deadline."""
        self._is_busy = True
        deadline = time.monotonic() + self._limits.deadline_s
        replies: list[Reply] = []
        add, gets = replies.append, self._reader.gets
        try:
            while number:
                reply = gets()
                if reply is False:
                    reply = self._receive(deadline)
                add(reply)
                number -= 1
        except (OSError, hiredis.ProtocolError) as error:
            self.disconnect()
            raise self._describe_break(error) from None
        finally:
            self._is_busy = False
        return replies

    def listen(self, timeout_s: float) -> Reply | None:
        """Wait up to `timeout_s` for one pushed message; None when there was none."""
        self._is_busy = True
        try:
            return self._receive(time.monotonic() + timeout_s)
        except TimeoutError:
            return None
        except (OSError, hiredis.ProtocolError) as error:
            self.disconnect()
            raise self._describe_break(error) from None
        finally:
            self._is_busy = False

    def interrupt(self) -> None:
        """From any thread: make the running call, if any, end as `Interrupted`."""
        sock = self._socket
        if not self._is_busy or sock is None:
            return
        self._is_interrupted = True
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already: the call ends by itself

    def disconnect(self) -> None:
        connection, self._connection, self._socket = self._connection, None, None
        if connection is not None:
            connection.disconnect()
        self._reader = hiredis.Reader()

    def _connect(self) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
        from redis.retry import Retry

        address, limits = self._address, self._limits
        options: dict[str, Any] = {
            "db": self.database,
            "username": address.user or None,
            "password": address.password or None,
            "socket_timeout": limits.call_s,
            "socket_connect_timeout": limits.connect_s,
            "retry": Retry(NoBackoff(), 0),
            "retry_on_error": [],
            "protocol": 2,
            "driver_info": None,  # no CLIENT SETINFO: an ACL need not allow it
        }
        if address.scheme == "unix":
            options.pop("socket_connect_timeout")
            kind: Any = UnixDomainSocketConnection
            options["path"] = address.path
        else:
            kind = SSLConnection if address.scheme == "rediss" else Connection
            options["host"], options["port"] = split_host(address.hosts[0], 6379)
            options["socket_keepalive"] = True
        if limits.on_command is not None:
            limits.on_command(
                f"connect to {format_address(address)}" + (" with a password" if address.password else "")
            )
        connection = kind(**options)
        try:
            connection.connect()
        except redis.RedisError as error:
            connection.disconnect()
            raise describe_connect_error(error) from None
        self._connection = connection
        self._socket = connection._sock
        self._reader = hiredis.Reader()

    def _send(self, data: bytes) -> None:
        assert self._socket is not None
        self._socket.settimeout(self._limits.call_s)
        self._socket.sendall(data)

    def _receive(self, deadline: float) -> Reply:
        reply = self._reader.gets()
        while reply is False:
            sock = self._socket
            if sock is None:
                raise ConnectionResetError
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(min(self._limits.call_s, left))
            data = sock.recv(_READ_BYTES)
            if not data:
                raise ConnectionResetError
            self._reader.feed(data)
            reply = self._reader.gets()
        return reply

    def _describe_break(self, error: Exception) -> StoreError:
        if self._is_interrupted:
            return Interrupted("The call was stopped.")
        if isinstance(error, TimeoutError):
            return StoreUnreachable(
                f"The Redis server did not answer within {self._limits.call_s:g} s.",
                "It may hang, be overloaded, or the network is slow; try again.",
            )
        if isinstance(error, hiredis.ProtocolError):
            return StoreUnreachable("What answered is not a Redis server.", "Check the port in the address.")
        return StoreUnreachable(
            "The connection to the Redis server broke.", "Check that the server runs, then try again."
        )


def _pack(command: Sequence[bytes | str | int]) -> bytes:
    packed: bytes = hiredis.pack_command(tuple(command))  # type: ignore[arg-type]
    return packed


def describe_connect_error(error: Exception) -> StoreError:
    """Return our words for redis-py's failure to connect; its own text may hold the password and is not used."""
    import redis

    text = str(error)
    if isinstance(error, redis.AuthenticationError | redis.exceptions.AuthorizationError) or "AUTH" in text:
        return StoreRefused(
            "Redis refused the user name or password.", "Check the user and the password in the address."
        )
    if isinstance(error, redis.TimeoutError):
        return StoreUnreachable(
            "The Redis server did not answer in time.", "Check host, port and firewall, then try again."
        )
    if isinstance(error, redis.ResponseError):
        return describe_reply(error)
    if isinstance(error, redis.exceptions.InvalidResponse):
        return StoreUnreachable("What answered is not a Redis server.", "Check the port in the address.")
    if "max number of clients" in text:
        return StoreRefused("The Redis server has no connection left.", "Close others or raise maxclients.")
    if "certificate" in text.lower() or "SSL" in text:
        return StoreUnreachable(
            "No TLS connection could be made.", "Check that the port speaks TLS and the certificate is good."
        )
    if "Name or service" in text or "nodename" in text or "resolution" in text:
        return StoreUnreachable("The host name is not known.", "Check the host in the address.")
    return StoreUnreachable(
        "No Redis server answered there.", "Check that it runs, and the host and port in the address."
    )


def describe_reply(error: Exception) -> StoreError:
    """Return our words for an error reply. The reply itself can quote commands and values and is not shown."""
    text = str(error)
    word = text.split(" ", 1)[0].upper()
    if word == "NOPERM" or "has no permissions" in text or "no permissions" in text:
        command = _COMMAND.search(text)
        what = f"the {command[1].upper()} command" if command else "one of the keys or commands needed"
        return StoreRefused(f"This Redis user has no permission for {what}.", "Ask for it in the server's ACL.")
    found: dict[str, StoreError] = {
        "NOAUTH": StoreRefused("Redis asks for a password.", "Put it in the store's settings."),
        "WRONGPASS": StoreRefused("Redis refused the user name or password.", "Check the user and the password."),
        "AUTHENTICATION": StoreRefused("Redis asks for a password.", "Put it in the store's settings."),
        "OOM": StoreRefused("Redis is full (maxmemory): nothing was written.", "Free memory or raise maxmemory."),
        "MISCONF": StoreRefused("Redis cannot save to disk and refuses writes.", "Look at the server's log and disk."),
        "LOADING": StoreRefused("Redis is starting up and still loads its data.", "Try again in a moment."),
        "BUSY": StoreRefused("Redis is busy with a long script.", "Try again, or end the script (SCRIPT KILL)."),
        "READONLY": StoreReadOnly("This server is a read-only replica.", "Connect to the master to write."),
        "MASTERDOWN": StoreRefused("This replica has lost its master.", "Connect to the master."),
        "WRONGTYPE": RecordUnreadable("The key holds another type than text.", "It is no session of connect-redis."),
        "DENIED": StoreRefused("Redis runs in protected mode and refuses other hosts.", "Set a password or bind address."),
        "MOVED": _cluster(), "ASK": _cluster(), "CLUSTERDOWN": _cluster(), "CROSSSLOT": _cluster(),
    }  # fmt: skip
    if word in found:
        return found[word]
    if "Authentication required" in text:
        return found["NOAUTH"]
    if "DB index" in text or "invalid DB" in text:
        return StoreRefused("The server has no database of that number.", "Check the number in the address.")
    return StoreRefused("Redis refused the command.", "The server may be too old: version 6 or newer is needed.")


def _cluster() -> StoreError:
    return StoreRefused(
        "This server is part of a Redis Cluster: one node shows only some of the sessions.",
        "Clusters are not supported by this version.",
    )
