"""@fastify/secure-session 8: the session encrypted in the cookie by libsodium's secretbox (XSalsa20-Poly1305).

Value: percent-encoded `base64(box);base64(24-byte nonce)`, inside JSON with `__ts` (seconds). The key has 32 bytes, or is made
by Argon2id from a secret and a salt; only the library's own salts can be guessed.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from inspector.cookies._api import Cookie, Status, Verdict
from inspector.cookies._header import decode_value
from inspector.cookies._payload import MOST_BYTES, check_object, number_of, object_text
from inspector.core.secret import Secret

_FORM = re.compile(r"([A-Za-z0-9+/]{22,}={0,2});([A-Za-z0-9+/]{32})\Z")
_SALTS = (base64.b64decode("mq9hDxBVDbspDR6nLfFT1g=="), b"mq9hDxBVDbspDR6n")
"""The built-in salt, and the one of the library's manual."""
_KEY_BYTES = 32
_LIFE_S = 86_401
_ARGON_MEMORY, _ARGON_OPS = 268_435_456, 3


class SecureSession:
    """The scheme of @fastify/secure-session."""

    name = "secure-session"
    label = "@fastify/secure-session"

    def recognise(self, cookie: Cookie) -> bool:
        return _FORM.match(cookie.value) is not None and len(cookie.value) < MOST_BYTES

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        encoding = decode_value(cookie.raw)[1]
        if not secrets:
            words = "Encrypted by @fastify/secure-session. Give its key or secret to open it."
            return Verdict(self.name, Status.UNSIGNED, words, encoding=encoding, is_sealed=True)
        for index, secret in enumerate(secrets):
            payload = next((text for key in _keys(secret) if (text := _open(cookie.value, key)) is not None), None)
            if payload is None:
                continue
            stamp = number_of(payload, "__ts")
            ends = round((stamp + _LIFE_S) * 1000) if stamp is not None else None
            words = f"Opens with key {index + 1} of {len(secrets)}."
            status = Status.VALID
            if ends is not None and ends <= now_ms:
                words += (
                    " With the default expiry of a day the library takes it for expired and starts an empty session."
                )
                status = Status.INVALID
            issued = round(stamp * 1000) if stamp is not None else None
            return Verdict(
                self.name,
                status,
                words,
                index,
                payload=payload,
                issued_at_ms=issued,
                encoding=encoding,
                expires_at_ms=ends,
            )
        words = "None of the keys opens it: another key, or changed on the way. The library starts an empty session."
        return Verdict(self.name, Status.INVALID, words, encoding=encoding, is_sealed=True)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return the sealed value with `__ts` of now. `CookieError`."""
        from nacl.secret import SecretBox

        data = check_object(text, self.label)
        data["__ts"] = issued_at_ms // 1000
        key = next((key for key in _keys(secret) if _open(cookie.value, key) is not None), None) or next(
            iter(_keys(secret))
        )
        plain = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        nonce = os.urandom(SecretBox.NONCE_SIZE)
        sealed = SecretBox(key).encrypt(plain, nonce).ciphertext
        return quote(f"{base64.b64encode(sealed).decode()};{base64.b64encode(nonce).decode()}", safe="")


def _keys(secret: Secret) -> Iterator[bytes]:
    value = secret.reveal()
    if len(value) == _KEY_BYTES:
        yield value
    for decode in (
        lambda text: base64.b64decode(text, validate=True),
        lambda text: bytes.fromhex(text.decode("ascii")),
    ):
        try:
            key = decode(value.strip())  # type: ignore[no-untyped-call]
        except ValueError:
            continue
        if len(key) == _KEY_BYTES:
            yield key
    if len(value) >= _KEY_BYTES:
        for salt in _SALTS:
            yield _argon_key(secret, salt)


@functools.lru_cache(32)
def _argon_key(secret: Secret, salt: bytes) -> bytes:
    """Half a second and 256 MiB each, which is why they are remembered."""
    from nacl.pwhash import argon2id

    key: bytes = argon2id.kdf(_KEY_BYTES, secret.reveal(), salt, opslimit=_ARGON_OPS, memlimit=_ARGON_MEMORY)
    return key


def _open(value: str, key: bytes) -> str | None:
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    found = _FORM.match(value)
    if found is None:
        return None
    try:
        return object_text(SecretBox(key).decrypt(base64.b64decode(found[1]), base64.b64decode(found[2])))
    except (CryptoError, ValueError):
        return None
