"""Files that session-file-store up to 1.3.1 encrypted itself (`secret`); later versions use kruptein. Opens no file.

AES-256-CTR with the key SHA-256(secret + session ID) and the text `IV;` + IV + ciphertext, each in hex; or without `IV;` the old
`crypto.createCipher` with MD5. Neither is authenticated: that JSON comes out is all that tells a right secret.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from inspector.codecs._api import SealedError
from inspector.codecs._layer import OpeningKeys, Unwrapped
from inspector.core import ciphers
from inspector.core.secret import Secret

_MARK = b"IV;"
_IV_TEXT = {"hex": 32, "base64": 24, "base64url": 22, "none": 16}
"""How long the text of the IV is before that of the content. In latin1 a byte becomes one byte or two."""


@dataclass(frozen=True, slots=True)
class SessionFileLayer:
    """An opened file. `encoding`: "hex", "base64", "base64url", "latin1" or "none" (raw bytes).

    `is_old`: the form without an IV of its own.
    """

    encoding: str
    secret: Secret
    session_id: str
    is_old: bool = False

    is_exact = False

    @property
    def words(self) -> str:
        old = ", the old form without IV" if self.is_old else ""
        return f"encrypted by session-file-store 1.3 or older (AES-256-CTR, {self.encoding}{old})"

    def wrap(self, inner: bytes) -> bytes:
        password = _password(self.secret, self.session_id)
        if self.is_old:
            return _encode(ciphers.seal_plain("ctr", *_bytes_to_key(password), inner), self.encoding)
        iv = os.urandom(16)
        sealed = ciphers.seal_plain("ctr", hashlib.sha256(password).digest(), iv, inner)
        return _MARK + _encode(iv, self.encoding) + _encode(sealed, self.encoding)

    def under(self, session_id: str) -> SessionFileLayer:
        """Return the layer of the same content under another session ID, which is part of the key."""
        return replace(self, session_id=session_id)


def unwrap_session_file(outer: bytes, keys: OpeningKeys, max_bytes: int) -> Unwrapped | None:
    """Open a file of session-file-store 1.3.1 or older; None for other bytes."""
    if len(outer) > max_bytes:
        return None
    if not outer.startswith(_MARK):
        return _unwrap_old(outer, keys)
    for encoding, iv, sealed in _parts(outer[len(_MARK) :]):
        for secret in keys.secrets:
            key = hashlib.sha256(_password(secret, keys.session_id)).digest()
            plain = ciphers.open_plain("ctr", key, iv, sealed)
            if plain is not None and _is_session(plain):
                return SessionFileLayer(encoding, secret, keys.session_id), plain
    known = f"Encrypted by session-file-store 1.3 or older ({len(outer)} bytes)"
    raise SealedError("session-file-store 1.3", known, bool(keys.secrets), "a keyFunction of the application's own")


def _parts(text: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield each encoding that the text can be of, with the IV and the content."""
    for encoding, width in _IV_TEXT.items():
        iv, sealed = _decode(text[:width], encoding), _decode(text[width:], encoding)
        if iv is not None and sealed is not None and len(iv) == 16:
            yield encoding, iv, sealed
    both = _decode(text, "latin1")
    if both is not None and len(both) > 16:
        yield "latin1", both[:16], both[16:]


def _unwrap_old(outer: bytes, keys: OpeningKeys) -> Unwrapped | None:
    sealed = ciphers.decode_text(outer, "hex")
    if not sealed:
        return None
    for secret in keys.secrets:
        plain = ciphers.open_plain("ctr", *_bytes_to_key(_password(secret, keys.session_id)), sealed)
        if plain is not None and _is_session(plain):
            return SessionFileLayer("hex", secret, keys.session_id, is_old=True), plain
    return None


def _password(secret: Secret, session_id: str) -> bytes:
    return secret.reveal() + session_id.encode("utf-8", "surrogateescape")


def _bytes_to_key(password: bytes) -> tuple[bytes, bytes]:
    """Return key and IV as OpenSSL's EVP_BytesToKey makes them with MD5, no salt and one round."""
    made, block = b"", b""
    while len(made) < 48:
        block = hashlib.md5(block + password, usedforsecurity=False).digest()
        made += block
    return made[:32], made[32:48]


def _is_session(plain: bytes) -> bool:
    if plain[:1] != b"{":
        return False
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return plain.rstrip().endswith(b"}")


def _encode(data: bytes, encoding: str) -> bytes:
    return data if encoding == "none" else ciphers.encode_text(data, encoding)


def _decode(text: bytes, encoding: str) -> bytes | None:
    return text if encoding == "none" else ciphers.decode_text(text, encoding)
