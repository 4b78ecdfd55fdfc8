"""The open connections of the demo server, bounded in number and in time.

One that sends its request a byte at a time, or nothing at all, is let go of; when there are too many, the oldest that has
not sent a whole request makes room, so that real visitors are still served.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

MOST = 100
REQUEST_S = 10.0
ANSWER_S = 30.0


class Connections:
    """Thread-safe. `at` times are of `time.monotonic`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[socket.socket, float] = {}  # oldest first
        self._answering: dict[socket.socket, float] = {}

    def add(self, connection: socket.socket) -> None:
        """Note a new connection; makes room for it."""
        with self._lock:
            if len(self._waiting) + len(self._answering) >= MOST:
                crowd = self._waiting or self._answering
                oldest = next(iter(crowd))
                del crowd[oldest]
                _let_go(oldest)
            self._waiting[connection] = time.monotonic()

    def is_answering(self, connection: socket.socket, answering: bool) -> None:
        """Note that the head of a request has come, or that it is answered and the next one may come."""
        with self._lock:
            self._waiting.pop(connection, None)
            self._answering.pop(connection, None)
            (self._answering if answering else self._waiting)[connection] = time.monotonic()

    def remove(self, connection: socket.socket) -> None:
        with self._lock:
            self._waiting.pop(connection, None)
            self._answering.pop(connection, None)

    def drop_late(self) -> None:
        """Let go of those that take too long."""
        now = time.monotonic()
        with self._lock:
            for crowd, limit_s in ((self._waiting, REQUEST_S), (self._answering, ANSWER_S)):
                for connection in [one for one, at in crowd.items() if now - at > limit_s]:
                    del crowd[connection]
                    _let_go(connection)

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting) + len(self._answering)


def _let_go(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)  # its thread wakes up and closes it
