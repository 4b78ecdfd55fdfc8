"""@fastify/secure-session 8: the session encrypted in the cookie by libsodium's secretbox (XSalsa20-Poly1305).

Value: percent-encoded `base64(box);base64(24-byte nonce)`, inside JSON with `__ts` (seconds). The key has 32 bytes, or is made
by Argon2id from a secret and a salt: the library's own, or an application's, which is looked for among the secrets.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from inspector.cookies._api import Cookie, CookieError, Status, Verdict
from inspector.cookies._header import decode_value
from inspector.cookies._payload import MOST_BYTES, check_object, number_of, object_text
from inspector.core.secret import Secret

_FORM = re.compile(r"([A-Za-z0-9+/]{22,}={0,2});([A-Za-z0-9+/]{32})\Z")
_SALTS = (base64.b64decode("mq9hDxBVDbspDR6nLfFT1g=="), b"mq9hDxBVDbspDR6n")
"""The built-in salt, and the one of the library's manual."""
_KEY_BYTES, _SALT_BYTES = 32, 16
_MOST_SALTS = 4
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
        opened = next(_opened(cookie.value, secrets), None)
        if opened is not None:
            index, payload, salt = opened
            stamp = number_of(payload, "__ts")
            ends = round((stamp + _LIFE_S) * 1000) if stamp is not None else None
            words = f"Opens with key {index + 1} of {len(secrets)}."
            if index and not salt:
                words += " At the next request the library seals it with the first of its keys."
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
                salt=salt,
            )
        words = (
            "None of the keys opens it: another key, a salt of its own, or changed on the way. The library starts an "
        )
        words += "empty session. Give the application's own salt as one more secret."
        return Verdict(self.name, Status.INVALID, words, encoding=encoding, is_sealed=True)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return the value sealed as the library would by default. `CookieError`."""
        salt = next((salt for salt, key in _keys(secret, _SALTS) if _open(cookie.value, key) is not None), None)
        return self.seal(text, secret, issued_at_ms, salt)

    def seal(self, text: str, secret: Secret, issued_at_ms: int, salt: bytes | None) -> str:
        """Return the sealed value with `__ts` of now; `salt` is the one of the verdict. `CookieError`."""
        from nacl.secret import SecretBox

        data = check_object(text, self.label)
        data["__ts"] = issued_at_ms // 1000
        keys = list(_keys(secret, (salt,) if salt else _SALTS))
        if not keys:
            raise CookieError(f"{self.label} takes a key of {_KEY_BYTES} bytes, or a secret of at least as many.")
        key = next((key for used, key in keys if used == salt), keys[0][1])
        plain = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        nonce = os.urandom(SecretBox.NONCE_SIZE)
        sealed = SecretBox(key).encrypt(plain, nonce).ciphertext
        return quote(f"{base64.b64encode(sealed).decode()};{base64.b64encode(nonce).decode()}", safe="")


def _opened(value: str, secrets: Sequence[Secret]) -> Iterator[tuple[int, str, bytes]]:
    """Yield which secret opens the value, what is inside, and the salt; what is quick to try goes first."""
    own = tuple(salt for secret in secrets for salt in _decoded(secret, _SALT_BYTES))[:_MOST_SALTS]
    for salts in ((), _SALTS, own):
        for index, secret in enumerate(secrets):
            for salt, key in _keys(secret, salts):
                payload = _open(value, key)
                if payload is not None:
                    yield index, payload, salt


def _keys(secret: Secret, salts: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the salt and the key that a secret gives; a secret that is the key itself has the salt b""."""
    for key in _decoded(secret, _KEY_BYTES):
        yield b"", key
    if len(secret.reveal()) >= _KEY_BYTES:
        for salt in salts:
            yield salt, _argon_key(secret, salt)


def _decoded(secret: Secret, size: int) -> Iterator[bytes]:
    """Yield the bytes of that size which a secret is, as it stands, in base64 or in hex."""
    value = secret.reveal()
    if len(value) == size:
        yield value
    for decode in (
        lambda text: base64.b64decode(text, validate=True),
        lambda text: bytes.fromhex(text.decode("ascii")),
    ):
        try:
            found = decode(value.strip())  # type: ignore[no-untyped-call]
        except ValueError:
            continue
        if len(found) == size:
            yield found


@functools.lru_cache(256)
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
