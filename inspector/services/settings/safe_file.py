"""Files of the program's own: written whole or not at all, for their owner only; knows nothing of what is in them."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from pathlib import Path

FILE_MODE, FOLDER_MODE = 0o600, 0o700
_YOUNG_S = 60
_LARGEST_BYTES = 64 * 1024 * 1024


def make_folder(folder: Path) -> None:
    """Make the folder, and what is above it, for its owner only. `OSError`."""
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)


def write_safely(path: Path, data: bytes, *, keep_old: bool = True) -> None:
    """Put `data` in the place of the file, mode 0600, in one step; `keep_old`: the old content as `.bak`. `OSError`.

    At every moment there is a whole file at `path`, the old one or the new one. A symbolic link stays one: what it points to
    is written, unless that is no regular file.
    """
    make_folder(path.parent)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "It is no regular file", str(path))
    fresh = target.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if keep_old and target.exists():
            _keep_old(path, target)
        fresh.replace(target)
        _sync(target.parent)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


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


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_whole(path: Path) -> bytes:
    """Return the content. `OSError`, also for what is no regular file or larger than 64 MiB (none of ours is)."""
    if not path.is_file() and path.exists():
        raise OSError(22, "it is no regular file")
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
