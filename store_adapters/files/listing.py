"""Reads all session files of a folder, with little around the system calls that each file takes.

What isn't a small, plain, regular file is left to `Folder.read`, which says what is the matter with it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from store_adapters.contract import Batch, CancelToken, Skipped
from store_adapters.errors import RecordMissing, StoreError
from store_adapters.files.folder import Folder
from store_adapters.options import Limits
from store_adapters.portability import READ_FILE

_FIRST, _BATCH = 200, 500
_SMALL = 128 * 1024


class FileListing:
    """One listing of `folder`. `expiry_of` tells the expiry from a whole content."""

    def __init__(self, folder: Folder, limits: Limits, expiry_of: Callable[[bytes], int | None]) -> None:
        self._folder = folder
        self._limits = limits
        self._expiry_of = expiry_of

    def batches(self, names: Iterator[bytes], cancel: CancelToken) -> Iterator[Batch]:
        """Yield the files of these names; those of the first batch before all names are known."""
        read, total = 0, None
        chunk = list(islice(names, _FIRST))
        waiting: Sequence[bytes] = ()
        place = 0
        while not cancel.is_cancelled:
            batch = self._batch(chunk, read, total)
            read = batch.read
            yield batch
            if total is None:
                waiting = list(names)
                total = len(chunk) + len(waiting)
            chunk = list(waiting[place : place + _BATCH])
            place += _BATCH
            if not chunk:
                return

    def _batch(self, names: Sequence[bytes], read: int, total: int | None) -> Batch:
        keys: list[bytes] = []
        contents: list[bytes] = []
        changed: list[int | None] = []
        skipped: list[Skipped] = []
        close, read_file, look = os.close, os.read, os.fstat
        descriptor, regular = self._folder.descriptor, stat.S_IFREG
        open_file: Callable[..., int] = os.open if descriptor is not None else _leave_to_folder
        for name in names:
            try:
                fd = open_file(name, READ_FILE, dir_fd=descriptor)
                try:
                    facts = look(fd)
                    size = facts.st_size
                    is_plain = size <= _SMALL and facts.st_nlink == 1 and stat.S_IFMT(facts.st_mode) == regular
                    content = read_file(fd, size + 1) if is_plain else None
                finally:
                    close(fd)
            except OSError:
                content = None
            if content is None or len(content) != size:
                found = self._read_whole(name)
                if isinstance(found, Skipped):
                    skipped.append(found)
                if not isinstance(found, tuple):
                    continue
                content, changed_at_ms = found
            else:
                changed_at_ms = facts.st_mtime_ns // 1_000_000
            keys.append(name)
            contents.append(content)
            changed.append(changed_at_ms)
        limit = self._limits.list_payload_bytes
        sizes = list(map(len, contents))
        expires = list(map(self._expiry_of, contents))
        if max(sizes, default=0) > limit:
            contents = [content[:limit] for content in contents]
        return Batch(keys, contents, sizes, expires, changed, skipped, read + len(keys), total)

    def _read_whole(self, name: bytes) -> tuple[bytes, int] | Skipped | None:
        """Return the content and the last change, why it cannot be read, or None for a file that is gone."""
        try:
            fact = self._folder.read(name, self._limits.max_record_bytes)
        except RecordMissing:
            return None
        except StoreError as error:
            return Skipped(name, error.message)
        return fact.content, fact.mtime_ms


def _leave_to_folder(_name: bytes, _flags: int, *, dir_fd: int | None) -> int:
    """Take the place of `os.open` where it cannot open a name inside a folder without following links."""
    raise OSError
