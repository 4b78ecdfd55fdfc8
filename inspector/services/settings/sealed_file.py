"""Named texts in one file, sealed with a passphrase: Argon2id makes the key, AES-GCM seals.

The file is JSON with the parameters, a salt, a nonce, the sealed bytes, and a plain SHA-256 over all of it: the digest tells
a damaged file from a wrong passphrase. Every write takes a new nonce, and what was read before stays as `.bak`.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import msgspec

from inspector.services.settings.safe_file import locked, read_whole, write_safely

_MEMORY_KIB, _ROUNDS, _LANES = 64 * 1024, 3, 4  # the second recommendation of RFC 9106
_MOST_MEMORY_KIB, _MOST_ROUNDS = 1024 * 1024, 50
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
SHORTEST_PASSPHRASE = 8


class SealedFileError(Exception):
    """The sealed file cannot be used; says why in a sentence. Nothing was written."""


class WrongPassphrase(SealedFileError):
    """Nothing but the passphrase can be wrong."""


class _Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str = "session-inspector secrets"
    version: int = 1
    memory_kib: int
    rounds: int
    lanes: int
    salt: str
    nonce: str
    sealed: str
    digest: str = ""


class SealedFile:
    """One sealed file. Open it with `create` or `unlock`; the key stays in memory until the program ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._form: _Form | None = None
        self._key = b""

    @property
    def exists(self) -> bool:
        return self.path.exists()

    @property
    def is_open(self) -> bool:
        return bool(self._key)

    def create(self, passphrase: str) -> None:
        """Make a new file. `SealedFileError` when there is one already; `OSError`. Takes a moment, as it shall."""
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise SealedFileError(f"The passphrase needs at least {SHORTEST_PASSPHRASE} characters.")
        salt = os.urandom(_SALT_BYTES)
        form = _Form(memory_kib=_MEMORY_KIB, rounds=_ROUNDS, lanes=_LANES, salt=_coded(salt), nonce="", sealed="")
        self._form, self._key = form, _derive(passphrase, form)
        try:
            with locked(self.path):
                if self.exists:
                    raise SealedFileError(f"{self.path} already exists. It is left unchanged.")
                self._write({})
        except BaseException:
            self._form, self._key = None, b""
            raise

    def unlock(self, passphrase: str) -> None:
        """Open the file. `WrongPassphrase`, `SealedFileError`. Takes a moment."""
        form = self._read_form()
        key = _derive(passphrase, form)
        _unseal(form, key)
        self._form, self._key = form, key

    def get(self, name: str) -> str | None:
        """Return a text, None when there is none of that name. `SealedFileError`."""
        return self._read().get(name)

    def put(self, name: str, text: str) -> None:
        """Keep a text. `SealedFileError`, `OSError`: the file is as it was."""
        with locked(self.path):
            self._write({**self._read(), name: text})

    def remove(self, name: str) -> None:
        """Forget a text; does nothing when there is none. `SealedFileError`, `OSError`."""
        with locked(self.path):
            texts = self._read()
            if texts.pop(name, None) is not None:
                self._write(texts)

    def _read(self) -> dict[str, str]:
        # Each time from the file: another window may have written meanwhile.
        if self._form is None:
            raise SealedFileError("The secrets file is locked.")
        form = self._read_form()
        if form.salt != self._form.salt:
            raise SealedFileError("The secrets file was replaced since it was unlocked.")
        return _unseal(form, self._key)

    def _write(self, texts: dict[str, str]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        assert self._form is not None
        form = msgspec.structs.replace(self._form, nonce=_coded(os.urandom(_NONCE_BYTES)))
        sealed = AESGCM(self._key).encrypt(_bytes(form.nonce), msgspec.json.encode(texts), _header(form))
        form = msgspec.structs.replace(form, sealed=_coded(sealed))
        form = msgspec.structs.replace(form, digest=_digest(form))
        write_safely(self.path, msgspec.json.format(msgspec.json.encode(form), indent=2))

    def _read_form(self) -> _Form:
        try:
            form = msgspec.json.decode(read_whole(self.path), type=_Form)
        except OSError as error:
            raise SealedFileError(f"{self.path} cannot be read ({error.strerror}).") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise _damaged(self.path) from None
        if form.version != 1:
            raise SealedFileError(f"{self.path} was written by a newer version of this program. It is left unchanged.")
        if form.digest != _digest(form):
            raise _damaged(self.path)
        # Whoever can change the file could otherwise have this program fill its memory.
        bounds = ((form.memory_kib, _MOST_MEMORY_KIB), (form.rounds, _MOST_ROUNDS), (form.lanes, 64))
        if any(not 1 <= value <= most for value, most in bounds) or form.memory_kib < 8 * form.lanes:
            raise _damaged(self.path)
        return form


def _derive(passphrase: str, form: _Form) -> bytes:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    kdf = Argon2id(
        salt=_bytes(form.salt),
        length=_KEY_BYTES,
        iterations=form.rounds,
        lanes=form.lanes,
        memory_cost=form.memory_kib,
    )
    return kdf.derive(passphrase.encode("utf-8", "surrogatepass"))


def _unseal(form: _Form, key: bytes) -> dict[str, str]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        data = AESGCM(key).decrypt(_bytes(form.nonce), _bytes(form.sealed), _header(form))
    except InvalidTag:
        raise WrongPassphrase("Wrong passphrase for this file.") from None
    except ValueError:  # a nonce of an impossible length
        raise SealedFileError("The secrets file is damaged. It is left unchanged.") from None
    return msgspec.json.decode(data, type=dict[str, str])


def _header(form: _Form) -> bytes:
    return f"{form.kind}|{form.version}|{form.memory_kib}|{form.rounds}|{form.lanes}|{form.salt}".encode()


def _digest(form: _Form) -> str:
    return hashlib.sha256(_header(form) + f"|{form.nonce}|{form.sealed}".encode()).hexdigest()


def _damaged(path: Path) -> SealedFileError:
    words = f"{path} is damaged. It is left as it is; {path.with_suffix('.bak').name} beside it may be intact."
    return SealedFileError(words)


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
