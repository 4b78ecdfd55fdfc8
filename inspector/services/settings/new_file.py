"""A file that is there whole or not at all: written as a sibling of mode 0600, flushed, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from inspector.services.settings.unfinished_files import SUFFIX, UnfinishedFiles
from store_adapters.portability import NEW_FILE, flush_folder

_BUFFER_BYTES = 1 << 18


@contextmanager
def open_new_file(path: Path, unfinished: UnfinishedFiles) -> Iterator[BinaryIO]:
    """Yield a file which takes the place of `path` at the end; after an exception nothing has changed. `OSError`.

    A symbolic link stays one: what it points to is replaced. What isn't a regular file is refused.
    """
    if is_special(path):
        raise OSError(errno.EINVAL, "It isn't a regular file", str(path))
    # A link in the place of the file, or one that points nowhere yet.
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    fresh = target.with_name(f".{_short(target.name)}.{secrets.token_hex(4)}{SUFFIX}")
    descriptor = os.open(fresh, NEW_FILE, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=_BUFFER_BYTES) as file, unfinished.noted(fresh, descriptor):
            yield file
            file.flush()
            os.fsync(file.fileno())
            fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    # So that the new name outlives a power cut.
    flush_folder(target.parent)


@contextmanager
def open_special(path: Path) -> Iterator[BinaryIO]:
    """Yield a device or a pipe to write to; a pipe is waited for until somebody reads it. `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0))
    with os.fdopen(descriptor, "wb", buffering=_BUFFER_BYTES) as file:
        yield file


def is_special(path: Path) -> bool:
    """True when there is something at the end of all links that isn't a regular file: a device, a pipe, a folder …"""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _short(name: str) -> str:
    # A name has at most 255 bytes.
    return os.fsdecode(os.fsencode(name)[:200])
