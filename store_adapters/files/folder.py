"""One folder of regular files, by names only: reading, atomic replacing, compare-and-exchange; knows no session.

The folder is opened once and every name is used relative to it without following links, so that no name can leave it.
A file is replaced by a temporary sibling: written, given the old one's mode, owner and attributes, flushed, and then *exchanged*
with it where the system can (`renameat2(RENAME_EXCHANGE)`), so that what came out can still be compared and put back. Both files are
locked meanwhile: a program that locks the session file is not written over, and a temporary file that nobody locks is one that a
crash has left, and goes.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import secrets
import sys
from collections.abc import Iterator

from store_adapters.errors import (
    OutcomeUnknown,
    RecordExists,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreRefused,
    StoreUnreachable,
)
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

_EXCHANGE = 2
_MOST_EXCHANGES = 100
_ATTEMPTS = 3
TEMPORARY_SUFFIX = b".inspector-tmp"
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""How a file is opened: no link is followed, and a pipe does not make us wait."""
_TEMPORARY = re.compile(rb"\.[0-9a-f]{16}" + re.escape(TEMPORARY_SUFFIX))
NOT_EXCHANGED = (
    "This file system cannot exchange two files: a write of the application in that very moment would be lost."
)
NOT_FLUSHED = "It is written, but the system did not confirm that it has reached the disk."


class Folder:
    """An open folder. Names are bytes as the system spells them."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise StoreUnreachable("The folder does not exist.", "Check the path in the address.") from None
        except NotADirectoryError:
            raise StoreUnreachable("The path is no folder.", "Give the folder that holds the session files.") from None
        except PermissionError:
            raise StoreRefused(
                "The folder may not be read.", "Run as the application's user, or change its mode."
            ) from None
        except OSError as error:
            raise describe_os_error(error) from None

    def close(self) -> None:
        if self._fd >= 0:
            close_quietly(self._fd)
            self._fd = -1

    @property
    def descriptor(self) -> int:
        """The open folder, to read names relative to it."""
        return self._fd

    def names(self) -> Iterator[bytes]:
        """Yield the names in the folder, in the system's order."""
        self.check_there()
        try:
            with os.scandir(self._fd) as entries:
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
            return os.open(name, READING, dir_fd=self._fd)
        except FileNotFoundError:
            self.check_there()
            raise _missing() from None
        except PermissionError:
            raise RecordUnreadable(
                "The file may not be read.", "Run as the application's user, or change its mode."
            ) from None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):
                raise RecordUnreadable("It is a symbolic link, which is not followed.") from None
            if error.errno in (errno.ENXIO, errno.EISDIR):
                raise RecordUnreadable("It is no regular file.") from None
            raise describe_os_error(error) from None

    def check_there(self) -> None:
        """An open folder that was removed, or moved away for another, is still readable: that is no longer the one meant."""
        try:
            now, mine = os.stat(self.path), os.fstat(self._fd)
        except OSError:
            raise gone() from None
        if (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino):
            raise gone()

    def sweep(self) -> int:
        """Remove the temporary files that a crash of this program has left, and return how many. Never raises."""
        swept = 0
        with contextlib.suppress(OSError, StoreError):
            for name in [name for name in self.names() if _TEMPORARY.fullmatch(name)]:
                with contextlib.suppress(OSError, StoreError), locked(self._open(name)):
                    os.unlink(name, dir_fd=self._fd)
                    swept += 1
        return swept

    def create(self, name: bytes, content: bytes) -> str:
        """Make a new file of mode 0600 in one step; return what is to be told of it, "" for nothing. `RecordExists`."""
        with self._temporary(content, None) as temporary:
            try:
                os.link(temporary, name, src_dir_fd=self._fd, dst_dir_fd=self._fd, follow_symlinks=False)
            except FileExistsError:
                raise RecordExists("There is a session with this ID already.", "Choose another ID.") from None
            except OSError as error:
                raise describe_os_error(error) from None
            return self._flush()

    def replace(self, name: bytes, old: bytes, new: bytes) -> str:
        """Put `new` in the place of `old`; return what is to be told of it, "" for nothing. `RecordChanged` when the file
        holds something else by now; `StoreRefused` when another program holds a lock on it."""
        with locked(self._open(name)) as held:
            compare(held, old)
            with self._temporary(new, held) as temporary:
                compare(held, old)
                self._check_same(name, held)
                if not self._exchange(temporary, name):
                    self._rename(temporary, name, held)
                    return self._flush() or NOT_EXCHANGED
                self._settle(temporary, name, old, new)
                told = self._flush()
                # A program that keeps the file open writes into what came out: it is looked at once more.
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
                    "The session file was exchanged, but could not be looked at or exchanged back.",
                    "Look at the session and at the disk.",
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
    def _temporary(self, content: bytes, like: int | None) -> Iterator[bytes]:
        with contextlib.ExitStack() as held:
            name, fd = self._new_temporary(held)
            try:
                view = memoryview(content)
                while view:
                    view = view[os.write(fd, view) :]
                if like is not None:
                    copy_facts(like, fd)
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
                fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self._fd)
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
        if _renameat2 is None:
            return False
        if _renameat2(self._fd, one, self._fd, other, _EXCHANGE) == 0:
            return True
        number = ctypes.get_errno()
        if number in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
            return False
        if number == errno.ENOENT:
            raise _missing()
        raise describe_os_error(OSError(number, ""))

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


def _load_renameat2() -> ctypes._NamedFuncPointer | None:
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return function


_renameat2 = _load_renameat2()


def _missing() -> RecordMissing:
    return RecordMissing("There is no such session file.", "It was logged out, reaped, or is in another folder.")
