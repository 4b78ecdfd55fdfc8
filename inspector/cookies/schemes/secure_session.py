"""@fastify/secure-session 8: the session encrypted in the cookie by libsodium's secretbox (XSalsa20-Poly1305).

Value: percent-encoded `base64(box);base64(24-byte nonce)`, inside JSON with `__ts` (seconds). The key has 32 bytes, or is made
by Argon2id from a secret and a salt: the library's own, or an application's, which is looked for among the secrets.
With `signed: true` @fastify/cookie puts `.<signature>` after it. Its secret is the session's secret, or where there is a key
the BLAKE2b of the first in hex; an application that registers @fastify/cookie itself gives its own secret.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from inspector.cookies._api import Cookie, CookieError, Status, Verdict
from inspector.cookies.pasted.header import decode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.payload import MOST_BYTES, check_object, compact_bytes, number_of, object_text
from inspector.cookies.schemes.signature import hashing_of, sign, unsign
from inspector.core.secret import Secret

_FORM = re.compile(r"([A-Za-z0-9+/]{22,}={0,2});([A-Za-z0-9+/]{0,32})(?:\.([^;]*))?\Z")
_NONCE = 32
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
    shares_form: tuple[str, ...] = ()
    shares_signature: tuple[str, ...] = ()

    def recognise(self, cookie: Cookie) -> bool:
        return _FORM.match(cookie.value) is not None and len(cookie.value) < MOST_BYTES

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        encoding = decode_value(cookie.raw)[1]
        if len(cookie.value.partition(";")[2].partition(".")[0]) < _NONCE:
            words = "The nonce after the semicolon is cut off: the library starts an empty session."
            return Verdict(self.name, Status.INVALID, words, encoding=encoding)
        if not secrets:
            words = "Encrypted by @fastify/secure-session. Give its key or secret to open it."
            return Verdict(self.name, Status.UNVERIFIED, words, encoding=encoding, is_sealed=True)
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
            outer: Secret | None = None
            if _outer(cookie.value):
                # The library takes off a pair of quotes only where @fastify/cookie is older than 11.
                signer = None if "quoted" in encoding else _signer(cookie.value, secrets)
                usual = _usual_signers(secrets[index], salt)
                outer = None if signer in usual else signer
                words += _outer_words(signer, signer in usual, index)
                status = status if signer is not None else Status.INVALID
            return Verdict(
                self.name,
                status,
                words,
                index,
                payload=payload,
                issued_at_ms=round(stamp * 1000) if stamp is not None else None,
                encoding=encoding,
                expires_at_ms=ends,
                salt=salt,
                outer_secret=outer,
            )
        words = "None of the keys opens it: it has another key or a custom salt, or it was changed in transit. The library starts an "
        words += "empty session. Give the application's own salt as one more secret."
        return Verdict(self.name, Status.INVALID, words, encoding=encoding, is_sealed=True)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return the value sealed as the library would by default. `CookieError`."""
        return self.seal(cookie, self.verify(cookie, (secret,), issued_at_ms), text, secret, issued_at_ms)

    def seal(self, cookie: Cookie, verdict: Verdict, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return the value sealed the way of `cookie`, on which `verdict` was given, with `__ts` of now. `CookieError`."""
        from nacl.secret import SecretBox

        data, salt = check_object(text, self.label), verdict.salt
        data["__ts"] = issued_at_ms // 1000
        keys = list(_keys(secret, (salt,) if salt else _SALTS))
        if not keys:
            raise CookieError(f"{self.label} takes a key of {_KEY_BYTES} bytes, or a secret of at least as many.")
        used, key = next((one for one in keys if one[0] == salt), keys[0])
        nonce = os.urandom(SecretBox.NONCE_SIZE)
        sealed = SecretBox(key).encrypt(compact_bytes(data), nonce).ciphertext
        value = f"{base64.b64encode(sealed).decode()};{base64.b64encode(nonce).decode()}"
        outer = _outer(cookie.value)
        if outer:
            signer = verdict.outer_secret or _usual_signers(secret, used)[0]
            value = sign(value, signer, hashing_of(outer) or "sha256")
        return quote(value, safe="")


def _outer(value: str) -> str:
    """Return the signature which `signed: true` puts around the sealed value, "" where there is none."""
    found = _FORM.match(value)
    return found[3] or "" if found is not None else ""


def _usual_signers(secret: Secret, salt: bytes) -> tuple[Secret, ...]:
    """Return what the library signs with by default: the secret, or where it is the key (salt b"") its BLAKE2b in hex."""
    if salt:
        return (secret,)
    digests = (hashlib.blake2b(key, digest_size=_KEY_BYTES).hexdigest() for key in _decoded(secret, _KEY_BYTES))
    return tuple(Secret(digest.encode()) for digest in digests)


def _signer(value: str, secrets: Sequence[Secret]) -> Secret | None:
    """Return what made the outer signature: one of the secrets, or what one gives as a key."""
    hashing = hashing_of(_outer(value))
    if hashing is None:
        return None  # cut off, or lengthened
    candidates = (one for secret in secrets for one in (secret, *_usual_signers(secret, b"")))
    return next((one for one in candidates if unsign(value, (one,), hashing) is not None), None)


def _outer_words(signer: Secret | None, is_usual: bool, index: int) -> str:
    if signer is None:
        return (
            " But nothing given made the signature around it (signed: true), or it was cut off or changed: the library starts"
            " an empty session. Where the application registers @fastify/cookie itself, give the secret of that as one more."
        )
    if not is_usual:
        return " The signature around it fits another of the secrets."
    words = " The signature around it fits."
    return words + " It stops fitting where another key is the first." if index else words


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


_SECURE = SecureSession()
SECURE_SESSION = CookieScheme.of(_SECURE, seal=_SECURE.seal)
