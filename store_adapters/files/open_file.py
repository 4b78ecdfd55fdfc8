"""One open file: read, compared, locked, made like another; and an operating-system error in our words. Knows no folder."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from store_adapters import portability
from store_adapters.errors import (
    RecordChanged,
    RecordTooLarge,
    RecordUnreadable,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.options import HEAD_BYTES

_LOCK_S = 1.0  # a save holds it for milliseconds


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file's content and what identifies it: (device, inode, size, mtime in ns)."""

    content: bytes
    mtime_ms: int
    identity: tuple[int, int, int, int]


@contextlib.contextmanager
def locked(fd: int) -> Iterator[int]:
    """Hold an open file locked, and close it at the end. `StoreRefused` when another program holds a lock on it."""
    try:
        _lock(fd)
        yield fd
    finally:
        close_quietly(fd)


def close_quietly(fd: int) -> None:
    """Close a file that was read, or written and flushed: what closing says changes nothing any more."""
    with contextlib.suppress(OSError):
        os.close(fd)


def _lock(fd: int) -> None:
    until = time.monotonic() + _LOCK_S
    while True:
        try:
            if portability.try_lock(fd):
                return
        except OSError:
            return  # a file system without locks
        if time.monotonic() > until:
            raise StoreRefused(
                "A request is using the session file: another program holds a lock on it. Nothing was written.",
                "Try again in a moment.",
            )
        time.sleep(random.uniform(0.001, 0.01))


def read_open(fd: int, limit: int) -> FileFact:
    try:
        facts = os.fstat(fd)
        _check_regular(facts)
        if facts.st_size > limit:
            os.lseek(fd, 0, os.SEEK_SET)
            raise RecordTooLarge(facts.st_size, os.read(fd, HEAD_BYTES))
        os.lseek(fd, 0, os.SEEK_SET)  # it may be read again
        content = bytearray()
        while chunk := os.read(fd, 1 << 20):
            content += chunk
            if len(content) > limit:
                raise RecordTooLarge(len(content), bytes(content[:HEAD_BYTES]))
    except OSError as error:
        raise describe_os_error(error) from None
    identity = (facts.st_dev, facts.st_ino, len(content), facts.st_mtime_ns)
    return FileFact(bytes(content), facts.st_mtime_ns // 1_000_000, identity)


def bound(old: bytes) -> int:
    return len(old) + (1 << 26)


def compare(fd: int, old: bytes) -> None:
    if read_open(fd, bound(old)).content != old:
        raise changed()


def copy_facts(old: int, new: int) -> None:
    """Give a file another's owner, attributes and mode; `OSError` where that is not allowed: it is never left wider."""
    facts, mine = os.fstat(old), os.fstat(new)
    if (facts.st_uid, facts.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(new, facts.st_uid, facts.st_gid)
    wanted, present = _attributes(old), _attributes(new)
    for name, value in wanted.items():
        if present.get(name) != value:
            os.setxattr(new, name, value)
    for name in present.keys() - wanted.keys():
        os.removexattr(new, name)
    os.fchmod(new, stat.S_IMODE(facts.st_mode))


def _attributes(fd: int) -> dict[str, bytes]:
    """Return the extended attributes that belong to the file's owner: access lists and the application's own."""
    if not sys.platform.startswith("linux"):
        return {}
    try:
        names = os.listxattr(fd)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOSYS):
            return {}
        raise
    return {name: os.getxattr(fd, name) for name in names if name.startswith(("user.", "system.posix_acl"))}


def _check_regular(facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise RecordUnreadable("It isn't a regular file.")
    if facts.st_nlink > 1:
        raise RecordUnreadable("It has several hard links: replacing it would break them.")


def describe_os_error(error: OSError) -> StoreError:
    """Return our words for an operating-system error, by its number."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StoreRefused("The disk is full; the session is unchanged.", "Free some space and save again.")
        case errno.EFBIG:
            return StoreRefused("The file would exceed the size limit; the session is unchanged.", "Raise the limit.")
        case errno.EROFS:
            return StoreReadOnly("The file system is read-only; nothing was written.", "Mount it writable.")
        case errno.EACCES | errno.EPERM:
            return StoreReadOnly(
                "This folder isn't writable, or the file's owner can't be kept; nothing was written.",
                "Run as the application's user.",
            )
        case errno.ENOENT:
            return gone()
        case errno.EMFILE | errno.ENFILE:
            return StoreRefused("Too many files are open; nothing was written.", "Close some stores and try again.")
        case errno.ENAMETOOLONG | errno.EINVAL:
            return RecordUnreadable("The file system cannot hold this name.")
        case _:
            return StoreRefused(
                f"The system refused ({errno.errorcode.get(error.errno or 0, '?')}); nothing was written.",
                "Check the disk.",
            )


def gone() -> StoreUnreachable:
    return StoreUnreachable(
        "The folder is gone or was replaced.",
        "Check the path in the address, and open the store again.",
    )


def changed() -> RecordChanged:
    return RecordChanged()
