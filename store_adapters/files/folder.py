"""One folder of regular files, by names only: reading, atomic replacing, compare-and-exchange.

The folder is opened once and every name is used relative to it without following links, so that no name can leave it.
A file is replaced by a temporary sibling: written, given the old one's mode, owner and attributes, flushed, and then *exchanged*
with it where the system can (`portability.exchange`), so that what came out can still be compared and put back. Both files are
locked meanwhile: a program that locks the session file is not written over, and a temporary file that nobody locks is one that a
crash has left, and goes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from store_adapters import portability
from store_adapters.errors import (
    OutcomeUnknown,
    RecordExists,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.files.file_owner import FileOwner, choose_owner, give
from store_adapters.files.open_file import (
    FileFact,
    bound,
    changed,
    close_quietly,
    compare,
    copy_facts,
    describe_os_error,
    gone,
    locked,
    read_open,
)

_MOST_EXCHANGES = 100
_ATTEMPTS = 3
_SIBLINGS = 100
_OWNER_S = 10.0
TEMPORARY_SUFFIX = b".inspector-tmp"
_TEMPORARY = re.compile(rb"\.[0-9a-f]{16}" + re.escape(TEMPORARY_SUFFIX))
NOT_EXCHANGED = (
    "This file system cannot exchange two files: a write by the application at that very moment would be lost."
)
NOT_WRITABLE_HERE = (
    "This system cannot exchange or lock session files safely: a write could undo one of the application's."
)
"""Why session files are only read on a system like Windows."""
NOT_FLUSHED = "It's written, but the system didn't confirm that it reached the disk."


class Folder:
    """An open folder. Names are bytes as the system spells them."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._owner: FileOwner | None = None
        self._owner_at = 0.0
        try:
            self._fd = self._opened()
        except FileNotFoundError:
            raise StoreUnreachable("The folder does not exist.", "Check the path in the address.") from None
        except NotADirectoryError:
            raise StoreUnreachable(
                "The path isn't a folder.", "Give the folder that holds the session files."
            ) from None
        except PermissionError:
            raise StoreRefused(
                "You don't have permission to read the folder.", "Run as the application's user, or change its mode."
            ) from None
        except OSError as error:
            raise describe_os_error(error) from None

    def _opened(self) -> int:
        """Return the descriptor of the folder; -1 where the system has none, and names are joined to the path instead."""
        if portability.HOLDS_FOLDERS:
            return os.open(self.path, portability.READ_FOLDER)
        os.scandir(self.path).close()
        return -1

    @property
    def can_write(self) -> bool:
        """True where a write keeps its promises; see `NOT_WRITABLE_HERE`."""
        return portability.HOLDS_FOLDERS

    def close(self) -> None:
        if self._fd >= 0:
            close_quietly(self._fd)
            self._fd = -1

    @property
    def descriptor(self) -> int | None:
        """The open folder, to read what `place` returns relative to it; None where the system has no such thing."""
        return self._fd if portability.HOLDS_FOLDERS else None

    def place(self, name: bytes) -> bytes:
        """Return how a name is given to the system beside `descriptor`."""
        return name if portability.HOLDS_FOLDERS else os.path.join(os.fsencode(self.path), name)

    def names(self) -> Iterator[bytes]:
        """Yield the names in the folder, in the system's order."""
        self.check_there()
        try:
            with os.scandir(self._fd if portability.HOLDS_FOLDERS else self.path) as entries:
                for entry in entries:
                    yield os.fsencode(entry.name)
        except OSError as error:
            raise describe_os_error(error) from None

    def read(self, name: bytes, limit: int) -> FileFact:
        """Read a regular file of at most `limit` bytes. `RecordMissing`, `RecordUnreadable`."""
        fd = self._open(name)
        try:
            return read_open(fd, limit)
        finally:
            close_quietly(fd)

    def _open(self, name: bytes) -> int:
        try:
            if not portability.HOLDS_FOLDERS and os.path.islink(self.place(name)):
                raise OSError(errno.ELOOP, "")
            return os.open(self.place(name), portability.READ_FILE, dir_fd=self.descriptor)
        except FileNotFoundError:
            self.check_there()
            raise _missing() from None
        except PermissionError:
            raise RecordUnreadable(
                "You don't have permission to read the file.", "Run as the application's user, or change its mode."
            ) from None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):
                raise RecordUnreadable("It is a symbolic link, which is not followed.") from None
            if error.errno in (errno.ENXIO, errno.EISDIR):
                raise RecordUnreadable("It isn't a regular file.") from None
            raise describe_os_error(error) from None

    def check_there(self) -> None:
        """An open folder that was removed, or moved away for another, is still readable: that is no longer the one meant."""
        try:
            now = os.stat(self.path)
            mine = os.fstat(self._fd) if portability.HOLDS_FOLDERS else now
        except OSError:
            raise gone() from None
        if (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino):
            raise gone()

    def sweep(self) -> int:
        """Remove the temporary files that a crash of this program has left, and return how many. Never raises."""
        swept = 0
        if not self.can_write:
            return swept
        with contextlib.suppress(OSError, StoreError):
            for name in [name for name in self.names() if _TEMPORARY.fullmatch(name)]:
                with contextlib.suppress(OSError, StoreError), locked(self._open(name)):
                    os.unlink(name, dir_fd=self._fd)
                    swept += 1
        return swept

    def create(self, name: bytes, content: bytes) -> str:
        """Make a new file in one step, with the owner and mode that the application's files have; return what is to be told of
        it, "" for nothing. `RecordExists`; `StoreRefused` where the application could not read it."""
        self._check_writable()
        owner, told = self.owner_of_new(name), []
        with self._temporary(content, lambda fd: told.append(give(fd, owner))) as temporary:
            try:
                os.link(temporary, name, src_dir_fd=self._fd, dst_dir_fd=self._fd, follow_symlinks=False)
            except FileExistsError:
                raise RecordExists("A session with this ID already exists.", "Choose another ID.") from None
            except OSError as error:
                raise describe_os_error(error) from None
            return self._flush() or told[0]

    def owner_of_new(self, name: bytes) -> FileOwner:
        """Return whose a new file of that name should be, from the folder and the files with the same extension. `StoreError`."""
        if time.monotonic() - self._owner_at > _OWNER_S or self._owner is None:
            try:
                self._owner = choose_owner(os.fstat(self._fd), islice(self._siblings(name), _SIBLINGS))
            except OSError as error:
                raise describe_os_error(error) from None
            self._owner_at = time.monotonic()
        return self._owner

    def _siblings(self, name: bytes) -> Iterator[os.stat_result]:
        extension = os.path.splitext(name)[1]
        for other in self.names():
            if other.endswith(extension) and not other.startswith(b"."):
                with contextlib.suppress(FileNotFoundError):
                    yield os.stat(other, dir_fd=self._fd, follow_symlinks=False)

    def _check_writable(self) -> None:
        if not self.can_write:
            raise StoreReadOnly(f"{NOT_WRITABLE_HERE} Nothing was written.", "Write on Linux or macOS.")

    def replace(self, name: bytes, old: bytes, new: bytes) -> str:
        """Put `new` in the place of `old`; return what is to be told of it, "" for nothing. `RecordChanged` when the file
        holds something else by now; `StoreRefused` when another program holds a lock on it."""
        self._check_writable()
        with locked(self._open(name)) as held:
            compare(held, old)
            with self._temporary(new, partial(copy_facts, held)) as temporary:
                compare(held, old)
                self._check_same(name, held)
                if not self._exchange(temporary, name):
                    self._rename(temporary, name, held)
                    return self._flush() or NOT_EXCHANGED
                self._settle(temporary, name, old, new)
                told = self._flush()
                # A program that keeps the file open writes into what came out: it is looked at again.
                self._settle(temporary, name, old, new)
                return told

    def _settle(self, temporary: bytes, name: bytes, old: bytes, new: bytes) -> None:
        """Look at what came out of the exchange, and put it back if it is not `old`: the application was faster. `RecordChanged`."""
        try:
            if self.read(temporary, bound(old)).content == old:
                return
        except StoreError:
            # What cannot be looked at goes back as well.
            self._put_back(temporary, name, new)
            raise
        self._put_back(temporary, name, new)
        raise changed()

    def _put_back(self, temporary: bytes, name: bytes, mine: bytes) -> None:
        """Exchange until what comes out is what went in last: anything else is a still newer write of the application's."""
        expected: bytes | None = mine
        for _ in range(_MOST_EXCHANGES):
            going_in = self._content_of(temporary)
            if not self._exchange_surely(temporary, name):
                raise OutcomeUnknown(
                    "The session file was exchanged, but couldn't be checked or exchanged back.",
                    "Check the session and the disk.",
                )
            coming_out = self._content_of(temporary)
            if coming_out == expected:
                return
            expected = going_in

    def _exchange_surely(self, one: bytes, other: bytes) -> bool:
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(StoreRefused):
                if self._exchange(one, other):
                    return True
        return False

    def _content_of(self, name: bytes) -> bytes | None:
        try:
            return self.read(name, 1 << 30).content
        except StoreError:
            return None

    def remove(self, name: bytes, old: bytes) -> None:
        """Remove the file if it still holds `old`. A rename by the application in the last microseconds is lost with it:
        moving the file away first would show the application a missing session, which is worse."""
        self._check_writable()
        with locked(self._open(name)) as held:
            compare(held, old)
            self._check_same(name, held)
            try:
                os.unlink(name, dir_fd=self._fd)
            except FileNotFoundError:
                raise _missing() from None
            except OSError as error:
                raise describe_os_error(error) from None
        self._flush()

    def _check_same(self, name: bytes, held: int) -> None:
        """`RecordChanged` when the name leads to another file than the one that is held open."""
        try:
            now, mine = os.stat(name, dir_fd=self._fd, follow_symlinks=False), os.fstat(held)
        except FileNotFoundError:
            raise _missing() from None
        except OSError as error:
            raise describe_os_error(error) from None
        if (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino):
            raise changed()

    @contextlib.contextmanager
    def _temporary(self, content: bytes, prepare: Callable[[int], object]) -> Iterator[bytes]:
        """Yield the name of a flushed sibling with this content; `prepare` gives the open file its owner and mode."""
        with contextlib.ExitStack() as held:
            name, fd = self._new_temporary(held)
            try:
                view = memoryview(content)
                while view:
                    view = view[os.write(fd, view) :]
                prepare(fd)
                os.fsync(fd)
                yield name
            except OSError as error:
                raise describe_os_error(error) from None

    def _new_temporary(self, held: contextlib.ExitStack) -> tuple[bytes, int]:
        """Make an empty temporary file and lock it; `held` unlocks and removes it. Another program's sweep may lock and
        remove it before we do: then one more."""
        for _ in range(_ATTEMPTS):
            name = b"." + secrets.token_hex(8).encode() + TEMPORARY_SUFFIX
            try:
                fd = os.open(name, portability.NEW_FILE, 0o600, dir_fd=self._fd)
                held.callback(self._unlink_quietly, name)
                held.enter_context(locked(fd))
                if os.fstat(fd).st_nlink:
                    return name, fd
            except OSError as error:
                raise describe_os_error(error) from None
        raise StoreRefused(
            "Temporary files in the folder vanish before they can be used. Nothing was written.",
            "Look for a program that cleans the folder.",
        )

    def _unlink_quietly(self, name: bytes) -> None:
        # What cannot be removed now is swept at the next start.
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._fd)

    def _exchange(self, one: bytes, other: bytes) -> bool:
        """Exchange two names in one step; False where the system or the file system cannot."""
        try:
            return portability.exchange(self._fd, one, other)
        except FileNotFoundError:
            raise _missing() from None
        except OSError as error:
            raise describe_os_error(error) from None

    def _rename(self, temporary: bytes, name: bytes, held: int) -> None:
        self._check_same(name, held)  # never bring a file back that is gone
        try:
            os.rename(temporary, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
        except OSError as error:
            raise describe_os_error(error) from None

    def _flush(self) -> str:
        """Have the folder itself on the disk. The names have changed already: what fails here is told, and undoes nothing."""
        try:
            os.fsync(self._fd)
        except OSError:
            return NOT_FLUSHED
        return ""


def _missing() -> RecordMissing:
    return RecordMissing("There is no such session file.", "It was logged out or reaped, or it's in another folder.")
