"""Unsaved edits that survive a crash, sealed in this run's file (`run_file.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from inspector.services.settings.run_file import RunFile
from inspector.services.settings.secrets import SecretStore
from store_adapters.contract import RawRecord, RecordRef

_MAGIC = b"session-inspector edits 1\n"


class UnsavedEdit(msgspec.Struct, frozen=True, kw_only=True):
    """The record as it was opened (`before`) and the record with the edits (`after`), of a profile's store."""

    profile_id: str
    container: str
    key: bytes
    before: bytes
    after: bytes
    expires_at_ms: int | None
    read_at_ms: int
    edited_at_ms: int

    @property
    def raw(self) -> RawRecord:
        return RawRecord(RecordRef(self.container, self.key), self.before, self.expires_at_ms, self.read_at_ms)


class Recovery:
    """The edits of this run, and those that earlier runs left behind. Talks to the keyring: never on the GUI thread."""

    def __init__(self, folder: Path, keeper: SecretStore) -> None:
        self.file = RunFile(folder / "unsaved", keeper, _MAGIC)
        self._left: tuple[Path, ...] = ()

    def keep(self, edits: Sequence[UnsavedEdit]) -> bool:
        """Put these in the place of what is kept of this run; none removes the file. False: there is no place for the
        key, so they are in memory only. `OSError`."""
        if not edits:
            self.file.remove()
            return True
        return self.file.write(msgspec.msgpack.encode(list(edits)))

    def find_left(self) -> tuple[UnsavedEdit, ...]:
        """Return the edits of runs that ended without asking; `forget_left` removes them. Unreadable ones stay.

        No other window is told of the same ones until this one ends.
        """
        found: list[UnsavedEdit] = []
        for path in self.file.left():
            edits = self.read(path)
            if edits is None:
                self.file.release(path)
            else:
                found += edits
                self._left += (path,)
        return tuple(found)

    def forget_left(self) -> None:
        """Remove the files that `find_left` has read: their edits were taken up or are not wanted. `OSError`."""
        for path in self._left:
            self.file.forget(path)
        self._left = ()

    def close(self) -> None:
        """Remove this run's file: whoever closes the window has answered what becomes of the edits."""
        self.file.close(removes=True)

    def read(self, path: Path) -> list[UnsavedEdit] | None:
        opened = self.file.read_left(path)
        try:
            return None if opened is None else msgspec.msgpack.decode(opened, type=list[UnsavedEdit])
        except msgspec.MsgspecError:
            return None
