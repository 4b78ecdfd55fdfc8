"""What not every operating system has, in one place: locks, folder descriptors, exchanging files, limits, owners.

Everything else imports from here, so that importing the program fails nowhere. Where a call is missing, its function says so by
what it returns, and `HOLDS_FOLDERS` tells whether session files can be written with the promises that a write makes.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket


def _find_module(name: str) -> Any:
    """Return a module of the standard library, None where this system has it not."""
    try:
        return import_module(name)
    except ImportError:
        return None


_fcntl, _resource, _pwd, _msvcrt = map(_find_module, ("fcntl", "resource", "pwd", "msvcrt"))
_BINARY: int = getattr(os, "O_BINARY", 0)
READ_FILE: int = (
    os.O_RDONLY | _BINARY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
)
"""How a stored file is opened: no link is followed, and a pipe does not make us wait."""
NEW_FILE: int = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | getattr(os, "O_CLOEXEC", 0)
"""How a file that must not be there yet is opened."""
READ_FOLDER: int = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
LOCK_FILE: int = os.O_RDWR | os.O_CREAT | _BINARY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
"""How a file that is only there to be locked is opened."""

HOLDS_FOLDERS: bool = (
    _fcntl is not None
    and hasattr(os, "O_NOFOLLOW")
    and hasattr(os, "fchmod")
    and {os.open, os.stat, os.unlink, os.link, os.rename} <= os.supports_dir_fd
    and os.scandir in os.supports_fd
)
"""Names can be resolved inside an open folder, and files locked and given modes: without these no session file is written."""
_EXCHANGE = 2


def try_lock(fd: int) -> bool:
    """Lock an open file for this process without waiting; False when another holds it. `OSError` where there are no locks.

    The lock goes with the descriptor. On Windows it is on the first byte, and held against other descriptors too.
    """
    if _fcntl is not None:
        try:
            _fcntl.flock(fd, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    if _msvcrt is None:
        raise OSError(errno.ENOSYS, "this system has no file locks")
    os.lseek(fd, 0, os.SEEK_SET)
    try:
        _msvcrt.locking(fd, _msvcrt.LK_NBLCK, 1)
    except PermissionError:
        return False
    return True


def exchange(folder: int, one: bytes, other: bytes) -> bool:
    """Exchange two names of an open folder in one step; False where the system or file system cannot. `OSError`."""
    if _renameat2 is None:
        return False
    if _renameat2(folder, one, folder, other, _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number))


def flush_folder(path: str | os.PathLike[str]) -> None:
    """Have a folder's names on the disk, where the system can flush a folder. `OSError`."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, READ_FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def forbid_core_dump() -> None:
    """Let no dump of this process's memory be written, where the system can be told so."""
    _limit("RLIMIT_CORE", 0)


def limit_memory(size_bytes: int) -> None:
    """Let this process take no more memory, where the system can be told so."""
    _limit("RLIMIT_AS", size_bytes)


def _limit(name: str, most: int) -> None:
    if _resource is not None:
        with contextlib.suppress(AttributeError, ValueError, OSError):  # not on every system
            _resource.setrlimit(getattr(_resource, name), (most, most))


def free_bytes(path: str) -> int | None:
    """Return how much room is left where `path` is, None where the system does not say."""
    with contextlib.suppress(OSError, AttributeError):
        return shutil.disk_usage(path).free
    return None


@dataclass(frozen=True, slots=True)
class Room:
    """What is left on a disk, and what there is in all: bytes and inodes."""

    free_bytes: int
    all_bytes: int
    free_inodes: int
    all_inodes: int


def room_at(path: str) -> Room | None:
    """Return how much room is left where `path` is, None where the system does not say. `OSError`."""
    if not hasattr(os, "statvfs"):
        return None
    told = os.statvfs(path)
    return Room(told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize, told.f_favail, told.f_files)


def has_unix_sockets() -> bool:
    """Say whether a server can be reached by a path."""
    import socket  # when a store is opened: the window's start is quicker

    return hasattr(socket, "AF_UNIX")


def new_unix_socket() -> socket.socket:
    """Return a socket that is not connected yet; only where there are Unix sockets."""
    import socket

    return socket.socket(socket.AF_UNIX)


def my_user() -> int:
    """Return the number of the user that files are made as; -1 where files have none."""
    return os.geteuid() if hasattr(os, "geteuid") else -1


def user_name(number: int) -> str:
    """Return the name of a user, its number where it has none."""
    if _pwd is not None:
        with contextlib.suppress(KeyError):
            return str(_pwd.getpwuid(number).pw_name)
    return str(number)


def _load_renameat2() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return function


_renameat2 = _load_renameat2()
