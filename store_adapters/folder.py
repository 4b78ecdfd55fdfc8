"""One folder of regular files, by names only: reading, atomic replacing, compare-and-exchange; knows no session.

The folder is opened once and every name is used relative to it without following links, so that no name can leave it.
A file is replaced by a temporary sibling: written, given the old one's mode and owner, flushed, and then *exchanged* with
it where the system can (`renameat2(RENAME_EXCHANGE)`), so that what came out can still be compared and put back.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from store_adapters.errors import (
    RecordChanged,
    RecordExists,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)

_EXCHANGE = 2
TEMPORARY_SUFFIX = b".inspector-tmp"
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""How a file is opened: no link is followed, and a pipe does not make us wait."""


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file's content and what identifies it: (device, inode, size, mtime in ns)."""

    content: bytes
    mtime_ms: int
    identity: tuple[int, int, int, int]


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
            os.close(self._fd)
            self._fd = -1

    @property
    def descriptor(self) -> int:
        """The open folder, to read names relative to it."""
        return self._fd

    def names(self) -> Iterator[bytes]:
        """Yield the names in the folder, in the system's order."""
        if not os.path.isdir(self.path):
            raise StoreUnreachable("The folder is gone.", "Check the path in the address.")
        try:
            with os.scandir(self._fd) as entries:
                for entry in entries:
                    yield os.fsencode(entry.name)
        except OSError as error:
            raise describe_os_error(error) from None

    def read(self, name: bytes, limit: int) -> FileFact:
        """Read a regular file of at most `limit` bytes. `RecordMissing`, `RecordUnreadable`."""
        try:
            fd = os.open(name, READING, dir_fd=self._fd)
        except FileNotFoundError:
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
        try:
            facts = os.fstat(fd)
            _check_regular(facts, limit)
            content = bytearray()
            while chunk := os.read(fd, 1 << 20):
                content += chunk
                if len(content) > limit:
                    raise RecordUnreadable("The file is too large to be opened.")
        except OSError as error:
            raise describe_os_error(error) from None
        finally:
            os.close(fd)
        identity = (facts.st_dev, facts.st_ino, len(content), facts.st_mtime_ns)
        return FileFact(bytes(content), facts.st_mtime_ns // 1_000_000, identity)

    def create(self, name: bytes, content: bytes) -> None:
        """Make a new file of mode 0600 in one step. `RecordExists`."""
        with self._temporary(content, None) as temporary:
            try:
                os.link(temporary, name, src_dir_fd=self._fd, dst_dir_fd=self._fd, follow_symlinks=False)
            except FileExistsError:
                raise RecordExists("There is a session with this ID already.", "Choose another ID.") from None
            except OSError as error:
                raise describe_os_error(error) from None
            self._sync()

    def replace(self, name: bytes, old: bytes, new: bytes) -> None:
        """Put `new` in the place of `old`. `RecordChanged` when the file holds something else by now."""
        self._compare(name, old)
        with self._temporary(new, name) as temporary:
            self._compare(name, old)
            if not self._exchange(temporary, name):
                self._rename(temporary, name)
            elif self.read(temporary, 1 << 30).content != old:
                # The application wrote between the look and the exchange: its file goes back.
                self._exchange(temporary, name)
                raise _changed()
            self._sync()

    def remove(self, name: bytes, old: bytes) -> None:
        """Remove the file if it still holds `old`. A rename by the application in the last microseconds is lost with it:
        moving the file away first would show the application a missing session, which is worse."""
        self._compare(name, old)
        try:
            os.unlink(name, dir_fd=self._fd)
        except FileNotFoundError:
            raise _missing() from None
        except OSError as error:
            raise describe_os_error(error) from None
        self._sync()

    def _compare(self, name: bytes, old: bytes) -> None:
        if self.read(name, max(len(old), 1) + (1 << 26)).content != old:
            raise _changed()

    @contextlib.contextmanager
    def _temporary(self, content: bytes, like: bytes | None) -> Iterator[bytes]:
        name = b"." + secrets.token_hex(8).encode() + TEMPORARY_SUFFIX
        try:
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self._fd)
        except OSError as error:
            raise describe_os_error(error) from None
        try:
            try:
                view = memoryview(content)
                while view:
                    view = view[os.write(fd, view) :]
                if like is not None:
                    self._copy_owner(fd, like)
                os.fsync(fd)
            finally:
                os.close(fd)
            yield name
        except OSError as error:
            raise describe_os_error(error) from None
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._fd)

    def _copy_owner(self, fd: int, like: bytes) -> None:
        facts = os.stat(like, dir_fd=self._fd, follow_symlinks=False)
        mine = os.fstat(fd)
        if (facts.st_uid, facts.st_gid) != (mine.st_uid, mine.st_gid):
            os.fchown(fd, facts.st_uid, facts.st_gid)
        os.fchmod(fd, stat.S_IMODE(facts.st_mode))

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

    def _rename(self, temporary: bytes, name: bytes) -> None:
        try:
            os.stat(name, dir_fd=self._fd, follow_symlinks=False)  # never bring a file back that is gone
            os.rename(temporary, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
        except FileNotFoundError:
            raise _missing() from None
        except OSError as error:
            raise describe_os_error(error) from None

    def _sync(self) -> None:
        os.fsync(self._fd)


def _load_renameat2() -> ctypes._NamedFuncPointer | None:
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return function


_renameat2 = _load_renameat2()


def _check_regular(facts: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise RecordUnreadable("It is no regular file.")
    if facts.st_nlink > 1:
        raise RecordUnreadable("It has several hard links: replacing it would tear them apart.")
    if facts.st_size > limit:
        raise RecordUnreadable(f"The file is {facts.st_size:,} bytes, too large to be opened.")


def describe_os_error(error: OSError) -> StoreError:
    """Return our words for an operating-system error, by its number."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StoreRefused("The disk is full; the session is as it was.", "Free some space and save again.")
        case errno.EFBIG:
            return StoreRefused(
                "The file would be larger than is allowed; the session is as it was.", "Raise the limit."
            )
        case errno.EROFS:
            return StoreReadOnly("The file system is read-only; nothing was written.", "Mount it writable.")
        case errno.EACCES | errno.EPERM:
            return StoreReadOnly(
                "Nothing may be written in this folder, or the file's owner cannot be kept; nothing was written.",
                "Run as the application's user.",
            )
        case errno.ENOENT:
            return StoreUnreachable("The folder is gone.", "Check the path in the address.")
        case errno.ENAMETOOLONG | errno.EINVAL:
            return RecordUnreadable("The file system cannot hold this name.")
        case _:
            return StoreRefused(
                f"The system refused ({errno.errorcode.get(error.errno or 0, '?')}).", "Look at the disk."
            )


def _missing() -> RecordMissing:
    return RecordMissing("There is no such session file.", "It was logged out, reaped, or is in another folder.")


def _changed() -> RecordChanged:
    return RecordChanged("The session was changed since it was read; nothing was written.", "Read it again.")
