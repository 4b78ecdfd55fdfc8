"""Files of the program's own: written whole or not at all, for their owner only, and by one process at a time.

What is in a file may be another window's by now: whoever changes one holds `locked`, reads it again, merges and writes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from store_adapters.portability import LOCK_FILE, NEW_FILE, flush_folder, try_lock

FILE_MODE, FOLDER_MODE = 0o600, 0o700
_YOUNG_S = 60
_LOCK_S = 3.0  # a write holds it for milliseconds
_LARGEST_BYTES = 64 * 1024 * 1024


def make_folder(folder: Path) -> None:
    """Make the folder, and what is above it, for its owner only. `OSError`."""
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)


def write_safely(path: Path, data: bytes, *, keep_old: bool = True) -> None:
    """Replace the file with `data`, mode 0600, in one step; `keep_old`: the old content as `.bak`. `OSError`.

    At every moment there is a whole file at `path`, the old one or the new one. A symbolic link stays one: what it points to
    is written, unless that isn't a regular file.
    """
    make_folder(path.parent)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "It isn't a regular file", str(path))
    fresh = target.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, NEW_FILE, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if keep_old and target.exists():
            _keep_old(path, target)
        fresh.replace(target)
        with contextlib.suppress(OSError):
            flush_folder(target.parent)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes, and other threads, from changing the file meanwhile. `OSError` when one of them takes too long.

    The lock is on a file beside it, which stays, as `write_safely` replaces the old file with a new one. On a file system
    without locks nothing is kept from anyone.
    """
    make_folder(path.parent)
    descriptor = os.open(path.with_name(f".{path.name}.lock"), LOCK_FILE, FILE_MODE)
    try:
        until = time.monotonic() + _LOCK_S
        with contextlib.suppress(_NoLocks):
            while not _try(descriptor):
                if time.monotonic() > until:
                    raise OSError(errno.EAGAIN, "another window of this program is writing it")
                time.sleep(random.uniform(0.001, 0.01))
        yield
    finally:
        os.close(descriptor)


class _NoLocks(Exception):
    """This file system has none."""


def _try(descriptor: int) -> bool:
    try:
        return try_lock(descriptor)
    except OSError:
        raise _NoLocks from None


def backup_of(path: Path) -> Path:
    """Return where `write_safely` keeps what was there before."""
    return path.with_suffix(".bak")


def _keep_old(path: Path, target: Path) -> None:
    if target != path:  # it may be on another disk, where it cannot have a second name
        write_safely(backup_of(path), target.read_bytes(), keep_old=False)
        return
    # A second name and a rename: the file itself is at its place all the time.
    link = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        os.link(path, link)
    except OSError:  # a file system without hard links: a short moment without the file, and the backup is read
        path.replace(backup_of(path))
        return
    link.replace(backup_of(path))


def read_whole(path: Path) -> bytes:
    """Return the content. `OSError`, also for what isn't a regular file or is larger than 64 MiB (none of ours is)."""
    if not path.is_file() and path.exists():
        raise OSError(22, "it isn't a regular file")
    with path.open("rb") as file:
        data = file.read(_LARGEST_BYTES + 1)
    if len(data) > _LARGEST_BYTES:
        raise OSError(27, "it is larger than 64 MiB")
    return data


def narrow_mode(path: Path) -> bool:
    """Take the file away from all but its owner; True when others could read or write it until now."""
    if os.name != "posix":
        return False
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        if mode & 0o077:
            path.chmod(mode & FILE_MODE)
            return True
    return False


def sweep_leftovers(folder: Path, name: str) -> None:
    """Remove what a write that was killed has left beside `name`; a young one may be another window's, just now."""
    for path in folder.glob(f".{name}.????????"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _YOUNG_S:
                path.unlink(missing_ok=True)
