"""A TCP proxy that misbehaves on demand: between the program and a real server, in this process, on a free loopback port.

    with Proxy(server.port) as proxy:
        store = open_store(f"redis://127.0.0.1:{proxy.port}/0")   # everything passes
        proxy.fault = Fault(Kind.DROP_REPLY, match=b"EVAL")       # the server does it, the answer is lost

`match` is looked for in what a client sends (a command's name, upper case); `skip` lets that many pass first; `once` heals the
proxy after the first hit. `fired` is set when a fault has hit, `hits` counts.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

_CHUNK = 1 << 20
_WAIT_S = 10.0


class Kind(Enum):
    """What happens to a connection whose request matches."""

    PASS = "pass"
    LATENCY = "latency"  # each request waits `seconds`
    BLACKHOLE = "blackhole"  # swallowed, both ways, the connection stays
    DROP_REPLY = "drop the reply"  # the server gets the request and answers; the client gets a reset
    HOLD_REPLY = "hold the reply"  # the server gets the request and answers; nothing comes, the connection stays
    RST = "reset"  # before the server gets the request
    SLOW = "slow drip"  # replies come one byte each `seconds`
    GARBAGE = "garbage"  # `data`, or random bytes, in the place of the reply
    TRUNCATE = "truncate"  # half of the reply, then an orderly end
    ACCEPT_HANG = "accept and hang"  # new connections are accepted and never answered


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    match: bytes = b""
    skip: int = 0
    once: bool = False
    seconds: float = 0.0
    data: bytes = b""


PASS = Fault(Kind.PASS)


class Proxy:
    """Listens while it is open; `fault` may be set at any time."""

    def __init__(self, upstream_port: int, fault: Fault = PASS) -> None:
        self._upstream = ("127.0.0.1", upstream_port)
        self._lock = threading.Lock()
        self._fault = fault
        self._seen = 0
        self._sockets: set[socket.socket] = set()
        self._is_open = False
        self.fired = threading.Event()
        self.hits = 0
        self.port = 0
        self.accept()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_exc: Any) -> None:
        self.close()

    @property
    def fault(self) -> Fault:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        with self._lock:
            self._fault, self._seen, self.hits = fault, 0, 0
            self.fired.clear()

    def reset_all(self) -> None:
        """Reset every connection there is now."""
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            _reset(sock, is_watched=True)

    def refuse(self) -> None:
        """Close the port: connecting is refused, and what is open is reset."""
        self._is_open = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset_all()

    def accept(self) -> None:
        """Listen, again on the same port after `refuse`."""
        listener = self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = listener.getsockname()[1]
        self._is_open = True
        threading.Thread(target=self._accept, args=(listener,), name=f"proxy {self.port}", daemon=True).start()

    def close(self) -> None:
        self.refuse()

    def _accept(self, listener: socket.socket) -> None:
        while self._is_open:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._sockets.add(client)
        try:
            if self._fault.kind is Kind.ACCEPT_HANG:
                self._hit()
                _swallow(client)
                return
            with socket.create_connection(self._upstream, timeout=_WAIT_S) as server:
                self._pump(client, server)
        except (OSError, ValueError):
            pass  # one of the two is gone: so is the other, below
        finally:
            with self._lock:
                self._sockets.discard(client)
            client.close()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        on_reply = PASS
        while True:
            readable, _, _ = select.select([client, server], [], [], _WAIT_S * 6)
            if client in readable:
                data = client.recv(_CHUNK)
                if not data:
                    return
                fault = self._judge(data)
                if fault.kind is Kind.LATENCY:
                    time.sleep(fault.seconds)
                elif fault.kind is Kind.BLACKHOLE:
                    _swallow(client)
                    return
                elif fault.kind is Kind.RST:
                    _reset(client)
                    return
                on_reply = fault
                server.sendall(data)
            if server in readable:
                data = server.recv(_CHUNK)
                if not data:
                    return
                if on_reply.kind is Kind.DROP_REPLY:
                    _reset(client)
                    return
                if on_reply.kind is Kind.HOLD_REPLY:
                    _swallow(client)
                    return
                if _spoil(client, data, on_reply):
                    return

    def _judge(self, data: bytes) -> Fault:
        with self._lock:
            fault = self._fault
            if fault.kind is Kind.PASS or fault.match not in data:
                return PASS
            self._seen += 1
            if self._seen <= fault.skip:
                return PASS
            if fault.once:
                self._fault = PASS
        self._hit()
        return fault

    def _hit(self) -> None:
        self.hits += 1
        self.fired.set()


def _spoil(client: socket.socket, data: bytes, fault: Fault) -> bool:
    """Pass a reply on as the fault has it; True when the connection is to end."""
    if fault.kind is Kind.SLOW:
        for number in range(len(data)):
            client.sendall(data[number : number + 1])
            time.sleep(fault.seconds)
        return False
    if fault.kind is Kind.GARBAGE:
        client.sendall(fault.data or b"\xff" + os.urandom(511))
        return True
    if fault.kind is Kind.TRUNCATE:
        client.sendall(data[: max(1, len(data) // 2)])
        client.shutdown(socket.SHUT_WR)
        _swallow(client)
        return True
    client.sendall(data)
    return False


def _swallow(client: socket.socket) -> None:
    client.settimeout(_WAIT_S * 6)
    while client.recv(_CHUNK):
        pass


def _reset(sock: socket.socket, *, is_watched: bool = False) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if is_watched:
            sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it, which closes it
        else:
            sock.close()


@contextlib.contextmanager
def listening_only() -> Iterator[int]:
    """Yield a port where connections are made by the kernel and nobody ever accepts them."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listener:
        yield listener.getsockname()[1]
