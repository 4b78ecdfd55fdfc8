"""The journal from one run to the next: sealed as unsaved edits are (`run_file.py`), and only where a person wants it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import msgspec

from inspector.services.sessions.journal import AGE_DAYS, Journal, JournalEntry
from inspector.services.settings.run_file import RunFile
from inspector.services.settings.secrets import SecretStore
from store_adapters.contract import RawRecord, RecordRef

_MAGIC = b"session-inspector history 1\n"
_MOST_BYTES = 32 * 1024 * 1024
"""Of session data in the file; the newest entries that fit are kept."""
_LARGEST_BYTES = 8 * 1024 * 1024
"""Of one entry; a larger one is in memory only, so that it pushes no other out and is not written again and again."""


class Keeping(Enum):
    """What a restart does to the journal."""

    UNKNOWN = "unknown"  # nothing was written or read yet
    KEPT = "kept"
    OFF = "off"  # turned off in the preferences
    NO_PLACE = "no place"  # nothing keeps the key
    FAILED = "failed"  # the file cannot be written


class _Image(msgspec.Struct, frozen=True, array_like=True):
    payload: bytes
    expires_at_ms: int | None
    read_at_ms: int


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    store_label: str
    container: str
    key: bytes
    action: str
    what: bytes  # a field's name may hold what no UTF-8 does
    before: _Image | None
    after: _Image | None


class JournalFile:
    """Keeps `journal` in `folder`. `is_wanted()`: whether the person wants it kept. `put(work)` has work done on the
    thread that talks to the keyring, where `take_up` and `keep` belong as well."""

    def __init__(
        self,
        journal: Journal,
        folder: Path,
        keeper: SecretStore,
        is_wanted: Callable[[], bool],
        put: Callable[[Callable[[], None]], None],
    ) -> None:
        self.keeping = Keeping.UNKNOWN
        self._journal = journal
        self._keeper = keeper
        self._file = RunFile(folder / "history", keeper, _MAGIC)
        self._is_wanted = is_wanted
        self._put = put
        self._waiting = threading.Lock()  # held from a request until it is begun
        self._is_writing = False
        journal.recorded = self.ask

    def ask(self) -> None:
        """Have the journal kept soon; many requests at once are one write. From any thread."""
        if self._waiting.acquire(blocking=False):
            self._put(self._work_off)

    @property
    def is_pending(self) -> bool:
        """True while something that was asked for is not yet written."""
        return self._waiting.locked() or self._is_writing

    def _work_off(self) -> None:
        self._is_writing = True
        self._waiting.release()
        self.keep()
        self._is_writing = False

    def take_up(self) -> None:
        """Put what ended runs have left into the journal and into this run's file."""
        if not self._is_wanted():
            self.keep()
            return
        read = []
        for path in self._file.left():
            entries = self._read(path)
            if entries is not None:
                self._journal.adopt(entries)
            if entries is not None or _is_old(path):
                read.append(path)
            else:
                self._file.release(path)
        if not read and not self._journal.entries():
            self.keeping = Keeping.UNKNOWN  # the start asks no keyring for nothing
        elif self.keep() is Keeping.KEPT:
            for path in read:
                self._file.forget(path)
        for path in read:
            self._file.release(path)

    def look(self) -> None:
        """Find out what a restart would do to the journal, before something is written that it is told of."""
        if self.keeping is Keeping.UNKNOWN:
            self.keep()

    def keep(self) -> Keeping:
        """Seal the journal as it is now; where it cannot be, or shall not be, nothing of it stays on the disk."""
        try:
            self.keeping = self._keep()
        except (OSError, ValueError):  # the disk is full; a text that cannot be written
            self.keeping = Keeping.FAILED
        return self.keeping

    def holds(self, size_bytes: int) -> bool:
        """True when an entry of this size outlives a restart."""
        return self.keeping is Keeping.KEPT and size_bytes <= _LARGEST_BYTES

    def close(self) -> None:
        """Leave the file to the next run."""
        self._file.close(removes=False)

    def _keep(self) -> Keeping:
        if not self._is_wanted():
            self._file.remove()
            for path in self._file.left():
                self._file.forget(path)
            return Keeping.OFF
        kept, size = [], 0
        for entry in self._journal.entries():
            if entry.size_bytes <= _LARGEST_BYTES:
                size += entry.size_bytes
                if size > _MOST_BYTES:
                    break
                kept.append(_image_of(entry))
        if not kept:
            self._file.remove()
            return Keeping.KEPT if self._keeper.is_persistent else Keeping.NO_PLACE
        if self._file.write(msgspec.msgpack.encode(kept)):
            return Keeping.KEPT
        self._file.remove()
        return Keeping.NO_PLACE

    def _read(self, path: Path) -> list[JournalEntry] | None:
        opened = self._file.read_left(path)
        try:
            kept = None if opened is None else msgspec.msgpack.decode(opened, type=list[_Kept])
        except msgspec.MsgspecError:
            return None
        return None if kept is None else [_entry_of(one) for one in kept]


def _is_old(path: Path) -> bool:
    """True for a file that holds nothing younger than the journal keeps, whether it can be opened or not."""
    try:
        return time.time() - path.stat().st_mtime > AGE_DAYS * 86_400
    except OSError:
        return False


def _image_of(entry: JournalEntry) -> _Kept:
    def image(record: RawRecord | None) -> _Image | None:
        return None if record is None else _Image(record.payload, record.expires_at_ms, record.read_at_ms)

    return _Kept(
        at_ms=entry.at_ms,
        store_label=entry.store_label,
        container=entry.ref.container,
        key=entry.ref.key,
        action=entry.action,
        what=entry.what.encode("utf-8", "surrogatepass"),
        before=image(entry.before),
        after=image(entry.after),
    )


def _entry_of(kept: _Kept) -> JournalEntry:
    ref = RecordRef(kept.container, kept.key)

    def record(image: _Image | None) -> RawRecord | None:
        return None if image is None else RawRecord(ref, image.payload, image.expires_at_ms, image.read_at_ms)

    what = kept.what.decode("utf-8", "surrogatepass")
    before, after = record(kept.before), record(kept.after)
    return JournalEntry(0, kept.at_ms, kept.store_label, ref, kept.action, what, before, after)
