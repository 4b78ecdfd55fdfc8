"""A file that one run of the program seals and a later one finds: one for each run, with a key that the secret store keeps.

A lock holds it for as long as its run lasts, so that another run takes up only what was left behind. Without a place for
the key nothing is written: session data does not lie about in the open.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from pathlib import Path

from inspector.core.secret import Secret
from inspector.services.settings.safe_file import FILE_MODE, locked, make_folder, read_whole, write_safely
from inspector.services.settings.secrets import SecretStore
from store_adapters.portability import LOCK_FILE, try_lock

_KEY_ID = "recovery-key"
_NONCE_BYTES, _KEY_BYTES = 12, 32


class RunFile:
    """This run's file in `folder`, and those that ended runs have left there. `magic`: the first bytes of such a file, which
    say what is in it. Talks to the keyring: `write` and `read_left` never on the GUI thread."""

    def __init__(self, folder: Path, keeper: SecretStore, magic: bytes) -> None:
        self._folder = folder
        self._keeper = keeper
        self._magic = magic
        self._token = secrets.token_hex(6)
        self._lock: int | None = None
        self._left: dict[Path, int] = {}  # with the lock that keeps other windows from the same
        self._closing = threading.Event()

    def write(self, data: bytes) -> bool:
        """Seal `data` in the place of what the file holds. False: there is no place for the key. `OSError`."""
        key = self._key(make=True)
        if key is None:
            return False
        if self._closing.is_set():
            return True
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._hold()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, data, self._magic)
        write_safely(self._path, self._magic + nonce + sealed, keep_old=False)
        # No lock: a keyring may take forever, and closing the window must not wait for it.
        if self._closing.is_set():
            self._path.unlink(missing_ok=True)
        return True

    def remove(self) -> None:
        """Remove this run's file. `OSError`."""
        self._path.unlink(missing_ok=True)

    def left(self) -> tuple[Path, ...]:
        """Return the files of runs that have ended and hold them, so that no other run is told of the same; `forget` or
        `release` each."""
        found = []
        for path in sorted(self._folder.glob("*.sealed")) if self._folder.is_dir() else ():
            lock = None if path == self._path or path in self._left else _hold(path.with_suffix(".lock"))
            if lock is not None:
                self._left[path] = lock
                found.append(path)
        return tuple(found)

    def forget(self, path: Path) -> None:
        """Remove a file that an ended run has left. `OSError`."""
        lock = self._left.pop(path, None)
        try:
            path.unlink(missing_ok=True)
        finally:
            if lock is not None:
                os.close(lock)
        path.with_suffix(".lock").unlink(missing_ok=True)

    def release(self, path: Path) -> None:
        """Leave a file that an ended run has left to other runs."""
        lock = self._left.pop(path, None)
        if lock is not None:
            os.close(lock)

    def read_left(self, path: Path) -> bytes | None:
        """Return what an ended run has sealed, None for what cannot be opened."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key(make=False)
        try:
            data = read_whole(path)
            if key is None or not data.startswith(self._magic):
                return None
            begin = len(self._magic) + _NONCE_BYTES
            return AESGCM(key).decrypt(data[len(self._magic) : begin], data[begin:], self._magic)
        except (OSError, InvalidTag, ValueError):
            return None

    def close(self, *, removes: bool) -> None:
        """Let the file go; with `removes` it goes away, else a later run finds it."""
        if removes:
            self._closing.set()
        with contextlib.suppress(OSError):
            if removes:
                self._path.unlink(missing_ok=True)
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None
                self._path.with_suffix(".lock").unlink(missing_ok=True)
        for path in tuple(self._left):
            self.release(path)

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
            # Two windows make one key: what the other's has sealed could not be opened.
            with locked(self._folder / "key"):
                found = self._keeper.get(_KEY_ID)
                if found is None:
                    found = Secret(os.urandom(_KEY_BYTES), "unsaved edits")
                    self._keeper.put(found, _KEY_ID)
        # After a failed `put` the key would be lost with the program: better nothing than what nobody can open.
        return found.reveal() if found is not None and self._keeper.is_persistent else None


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
