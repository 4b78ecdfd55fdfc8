"""Unsaved edits that survive a crash: sealed with a key that the secret store keeps; knows no window and no store.

One file for each running program, held by a lock for as long as it runs, so that another one takes up only what was left
behind. Without a place for the key nothing is written: session data does not lie about in the open.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from inspector.core.secret import Secret
from inspector.services.settings.safe_file import FILE_MODE, locked, make_folder, read_whole, write_safely
from inspector.services.settings.secrets import SecretStore
from store_adapters.contract import RawRecord, RecordRef
from store_adapters.portability import LOCK_FILE, try_lock

_KEY_ID = "recovery-key"
_MAGIC = b"session-inspector edits 1\n"
_NONCE_BYTES, _KEY_BYTES = 12, 32


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
        self._folder = folder / "unsaved"
        self._keeper = keeper
        self._token = secrets.token_hex(6)
        self._lock: int | None = None
        self._left: dict[Path, int] = {}  # with the lock that keeps other windows from asking about the same
        self._closing = threading.Event()

    def keep(self, edits: Sequence[UnsavedEdit]) -> bool:
        """Put these in the place of what is kept of this run; none removes the file. False: there is no place for the
        key, so they are in memory only. `OSError`."""
        if not edits:
            self._path.unlink(missing_ok=True)
            return True
        key = self._key(make=True)
        if key is None:
            return False
        if self._closing.is_set():
            return True
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._hold()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, msgspec.msgpack.encode(list(edits)), _MAGIC)
        write_safely(self._path, _MAGIC + nonce + sealed, keep_old=False)
        # No lock: a keyring may take for ever, and closing the window may not wait for it.
        if self._closing.is_set():
            self._path.unlink(missing_ok=True)
        return True

    def find_left(self) -> tuple[UnsavedEdit, ...]:
        """Return the edits of runs that ended without asking; `forget_left` removes them. Unreadable ones stay.

        No other window is told of the same ones until this one ends.
        """
        found: list[UnsavedEdit] = []
        for path in sorted(self._folder.glob("*.sealed")) if self._folder.is_dir() else ():
            lock = None if path == self._path or path in self._left else _hold(path.with_suffix(".lock"))
            if lock is None:
                continue
            edits = self._read(path)
            if edits is None:
                os.close(lock)
            else:
                found += edits
                self._left[path] = lock
        return tuple(found)

    def forget_left(self) -> None:
        """Remove the files that `find_left` has read: their edits were taken up or are not wanted. `OSError`."""
        while self._left:
            path, lock = self._left.popitem()
            try:
                path.unlink(missing_ok=True)
            finally:
                os.close(lock)
            path.with_suffix(".lock").unlink(missing_ok=True)

    def close(self) -> None:
        """Remove this run's file: whoever closes the window has answered what becomes of the edits."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
            if self._lock is not None:
                os.close(self._lock)
                self._path.with_suffix(".lock").unlink(missing_ok=True)
        for lock in self._left.values():
            os.close(lock)
        self._left.clear()

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._token}.sealed"

    def _hold(self) -> None:
        if self._lock is None:
            make_folder(self._folder)
            self._lock = _hold(self._path.with_suffix(".lock"))

    def _key(self, *, make: bool) -> bytes | None:
        found = self._keeper.get(_KEY_ID)
        if found is None and make and self._keeper.is_persistent:
            with locked(
                self._folder / "key"
            ):  # two windows make one key: what the other's has sealed could not be opened
                found = self._keeper.get(_KEY_ID)
                if found is None:
                    found = Secret(os.urandom(_KEY_BYTES), "unsaved edits")
                    self._keeper.put(found, _KEY_ID)
        # After a failed `put` the key would be lost with the program: better nothing than what nobody can open.
        return found.reveal() if found is not None and self._keeper.is_persistent else None

    def _read(self, path: Path) -> list[UnsavedEdit] | None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key(make=False)
        try:
            data = read_whole(path)
            if key is None or not data.startswith(_MAGIC):
                return None
            nonce = data[len(_MAGIC) : len(_MAGIC) + _NONCE_BYTES]
            opened = AESGCM(key).decrypt(nonce, data[len(_MAGIC) + _NONCE_BYTES :], _MAGIC)
            return msgspec.msgpack.decode(opened, type=list[UnsavedEdit])
        except (OSError, InvalidTag, ValueError, msgspec.MsgspecError):
            return None


def _hold(path: Path) -> int | None:
    """Return the open and locked file, None when another process holds it. Where there are no locks, everyone holds it."""
    try:
        descriptor = os.open(path, LOCK_FILE, FILE_MODE)
    except OSError:
        return None
    try:
        is_mine = try_lock(descriptor)
    except OSError:
        is_mine = True
    if not is_mine:
        os.close(descriptor)
        return None
    return descriptor
