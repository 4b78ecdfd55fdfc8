"""Files of sessions that an export has begun and not finished: found after a crash, wherever they are.

Beside the settings a note is kept of each, which says where it is. Whoever writes one holds it locked, so that what nobody
holds is a crash's. Only a file that the note's own name fits is ever removed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from inspector.services.settings.safe_file import make_folder, read_whole, write_safely
from store_adapters.portability import READ_FILE, try_lock

SUFFIX = ".unfinished-export"
_NOTES = "unfinished"


class UnfinishedFiles:
    """Keeps the notes in the program's folder. One for a process; its methods may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _NOTES
        self._mine: set[Path] = set()

    @contextmanager
    def noted(self, path: Path, descriptor: int) -> Iterator[None]:
        """Keep a note of the open file `path` until the end, when it has its own name or is gone."""
        _try_lock(descriptor)
        note = self._note_of(path)
        self._mine.add(path)
        try:
            # The export works without a place for notes; only after a crash would its file not be found.
            with contextlib.suppress(OSError):
                make_folder(self._folder)
                write_safely(note, os.fsencode(path.absolute()), keep_old=False)
            yield
        finally:
            self._mine.discard(path)
            with contextlib.suppress(OSError):
                note.unlink(missing_ok=True)

    def remove_own(self) -> None:
        """Remove what this process is writing: it is about to end."""
        for path in tuple(self._mine):
            self._remove(path)

    def find(self) -> tuple[Path, ...]:
        """Return the files that a crash has left; notes of files which are gone are dropped."""
        found = []
        for note in sorted(self._folder.glob(f"*{SUFFIX}")):
            with contextlib.suppress(OSError, ValueError):
                path = Path(os.fsdecode(read_whole(note)))
                if not path.is_absolute() or self._note_of(path) != note:
                    continue
                if not os.path.lexists(path):
                    note.unlink(missing_ok=True)
                elif _is_left(path):
                    found.append(path)
        return tuple(found)

    def remove(self, paths: Sequence[Path]) -> None:
        """Remove files that `find` has returned, unless somebody writes them by now. `OSError`."""
        for path in paths:
            if path.name.endswith(SUFFIX) and _is_left(path):
                path.unlink(missing_ok=True)
                self._note_of(path).unlink(missing_ok=True)

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._note_of(path).unlink(missing_ok=True)

    def _note_of(self, path: Path) -> Path:
        # The random part alone: the name of the file a person chose may be as long as a name can be.
        return self._folder / f"{path.name.rpartition(SUFFIX)[0].rpartition('.')[2]}{SUFFIX}"


def _is_left(path: Path) -> bool:
    """True for a regular file that nobody writes."""
    descriptor = os.open(path, READ_FILE)
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode) and _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        return try_lock(descriptor)
    except OSError:  # a system or a file system without locks
        return True
