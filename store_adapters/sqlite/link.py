"""One SQLite file: opened read-only until the first write, every statement bounded, its errors in our words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from store_adapters.command_words import sql_words
from store_adapters.errors import (
    Interrupted,
    RecordExists,
    RecordUnreadable,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.options import Limits

_STEPS = 20_000  # virtual machine steps between two looks at the clock
_HEAD = b"SQLite format 3\0"


class SqliteLink:
    """Runs statements on the file. Thread-safe; `interrupt` ends what runs in another thread."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._lock = threading.RLock()
        self._readers: sqlite3.Connection | None = None
        self._writers: sqlite3.Connection | None = None
        self._deadline = 0.0
        self._is_interrupted = False
        self._file: tuple[int, int] | None = None  # device and inode of what is open

    def read(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a SELECT. `StoreError`."""
        with self._running():
            if self._readers is None:
                self._readers = self._open("ro")
            self._tell(statement, values)
            return self._readers.execute(statement, values).fetchall()

    def write(self, statements: Sequence[tuple[str, Sequence[object]]]) -> list[int | StoreError]:
        """Run writing statements, several in one transaction; return how many rows each changed, or why it was refused.

        `StoreError`: nothing was written.
        """
        with self._running():
            if self._writers is None:
                self._writers = self._open("rw")
            connection, changed = self._writers, list[int | StoreError]()
            if len(statements) > 1:
                connection.execute("BEGIN IMMEDIATE")
            try:
                for statement, values in statements:
                    self._tell(statement, values)
                    try:
                        changed.append(connection.execute(statement, values).rowcount)
                    except sqlite3.IntegrityError as error:  # that statement alone
                        changed.append(describe_error(error))
                if connection.in_transaction:
                    connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise
            return changed

    def _tell(self, statement: str, values: Sequence[object]) -> None:
        if self._limits.on_command is not None:
            self._limits.on_command(sql_words(statement, values))

    def interrupt(self) -> None:
        self._is_interrupted = True
        for connection in (self._readers, self._writers):
            if connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    connection.interrupt()

    def close(self) -> None:
        with self._lock:
            for connection in (self._readers, self._writers):
                if connection is not None:
                    with contextlib.suppress(sqlite3.Error):
                        connection.close()
            self._readers = self._writers = None

    def _open(self, mode: str) -> sqlite3.Connection:
        self.look()
        connection = sqlite3.connect(
            f"file:{quote(self._path)}?mode={mode}",
            uri=True,
            timeout=self._limits.call_s,  # how long a lock of the application is waited for
            isolation_level=None,
            check_same_thread=False,
        )
        facts = os.stat(self._path)
        self._file = (facts.st_dev, facts.st_ino)
        connection.text_factory = bytes
        connection.set_progress_handler(self._is_late, _STEPS)
        return connection

    def _leave_what_is_gone(self) -> None:
        """A file that was deleted, or moved away for another, can still be read and written: it is no longer the one meant."""
        try:
            now = os.stat(self._path)
        except OSError:
            now = None
        if self._file is not None and (now is None or (now.st_dev, now.st_ino) != self._file):
            self.close()
            self._file = None

    def look(self) -> None:
        """Say what is wrong with the path before SQLite, whose own words are the same for everything."""
        try:
            with open(self._path, "rb") as file:
                head = file.read(len(_HEAD))
        except FileNotFoundError:
            raise StoreUnreachable("There is no such file.", "Check the path in the address.") from None
        except IsADirectoryError:
            raise StoreUnreachable(
                "This is a folder, not an SQLite file.", "Use file:// for a folder of session files."
            ) from None
        except OSError as error:
            words = f"The file cannot be opened: {os.strerror(error.errno or 0)}."
            raise StoreRefused(words, "Run as the application's user.") from None
        if head and head != _HEAD:
            raise StoreRefused(
                "This file isn't an SQLite database, or it's encrypted.", "Check the path in the address."
            )

    def _is_late(self) -> bool:
        return self._is_interrupted or time.monotonic() > self._deadline

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        with self._lock:
            self._is_interrupted = False
            self._deadline = time.monotonic() + self._limits.deadline_s
            try:
                self._leave_what_is_gone()
                yield
            except sqlite3.Error as error:
                if self._is_interrupted:
                    raise Interrupted("The call was stopped.") from None
                raise describe_error(error) from None


def describe_error(error: sqlite3.Error) -> StoreError:
    """Return our words for an SQLite error, by its code; its own text can quote values."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreUnreachable(
            "The database is locked by another process; nothing was written.", "Try again in a moment."
        )
    if name.startswith("SQLITE_INTERRUPT"):
        return StoreUnreachable(
            "The database did not answer in time; nothing was written.", "It may be very large; try again."
        )
    if name.startswith("SQLITE_READONLY"):
        return StoreReadOnly(
            "The file or its folder is not writable; nothing was written.", "Run as the application's user."
        )
    if name.startswith("SQLITE_CONSTRAINT"):
        return RecordExists(
            "A session with this ID already exists, or a column requires another value.", "Choose another ID."
        )
    if name.startswith("SQLITE_FULL"):
        return StoreRefused("The disk is full; the session is unchanged.", "Free some space and save again.")
    if name.startswith("SQLITE_CORRUPT"):
        return StoreRefused(
            "The database file is damaged.", "Stop the application and run PRAGMA integrity_check on a copy."
        )
    if name.startswith("SQLITE_NOTADB"):
        return StoreRefused("This file isn't an SQLite database, or it's encrypted.", "Check the path in the address.")
    if name.startswith("SQLITE_CANTOPEN"):
        return StoreRefused("SQLite cannot open the file or its journal.", "Run as the application's user.")
    if name.startswith("SQLITE_TOOBIG"):
        return RecordUnreadable("The value is larger than SQLite allows.")
    return StoreRefused(f"SQLite refused the statement ({name or 'unknown'}).", "Check the table in the address.")
