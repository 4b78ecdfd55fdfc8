"""Records that connect-mongo itself encrypts: version 3 (`secret`) and version 6 (web crypto)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from itertools import permutations

from inspector.codecs._api import SealedError
from inspector.codecs._layer import OpeningKeys, Unwrapped, is_json_text
from inspector.codecs.formats.json import JsonError, json_text, read_json
from inspector.codecs.wrappings.kruptein import buffer_json, read_buffer
from inspector.core import ciphers
from inspector.core.node import member, text_of
from inspector.core.secret import Secret
from store_adapters.record_form import PayloadForm

_ROUNDS_3 = 10_000
_IV_BYTES_3 = 16
_NAMES_3 = ("hmac", "ct", "at", "aad", "iv")
WEB_CRYPTO_SALT = b"connect-mongo:webcrypto-default-salt"
_WEB_CRYPTO_ROUNDS = (310_000, 1_000, 10_000, 100_000, 600_000)
"""connect-mongo's default first; the others are what people set it to. Each costs its count of SHA-256 once a secret."""
_GCM_IV_BYTES = (12, 16)
_MOST_SALTS = 4
_LEAST_SEALED = 12 + 16 + 2


# --- version 3 -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConnectMongo3Layer:
    """AES-256-GCM with text for key, IV and AAD. Fields are text but for `tag`."""

    encoding: str
    hashing: str
    key: bytes = field(repr=False)
    ct: bytes = field(repr=False)
    iv: bytes = field(repr=False)
    aad: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    tag: bytes = field(repr=False)

    is_exact = False

    @property
    def words(self) -> str:
        return f"encrypted by connect-mongo 3 (AES-256-GCM, {self.hashing}, {self.encoding})"

    def wrap(self, inner: bytes) -> bytes:
        iv = ciphers.encode_text(os.urandom(_IV_BYTES_3), self.encoding)
        aad = ciphers.encode_text(ciphers.mac(iv + self.key, inner, self.hashing), self.encoding)
        sealed, tag = ciphers.seal_gcm(self.key, iv, inner, aad)
        ct = ciphers.encode_text(sealed, self.encoding)
        mac = ciphers.encode_text(ciphers.mac(self.key, ct, self.hashing), self.encoding)
        text = {
            name: json_text(value.decode())
            for name, value in zip(("hmac", "ct", "aad", "iv"), (mac, ct, aad, iv), strict=True)
        }
        text["at"] = buffer_json(tag)
        return ("{" + ",".join(f'"{name}":{text[name]}' for name in _NAMES_3) + "}").encode()


def unwrap_connect_mongo_3(outer: bytes, keys: OpeningKeys, max_bytes: int) -> Unwrapped | None:
    """Open a record of connect-mongo 3's `secret`: kruptein's fields without a salt."""
    box = _read_3(outer, max_bytes)
    if box is None:
        return None
    known = f"Encrypted by connect-mongo 3 (AES-256-GCM, {box.hashing}, {box.encoding}, {len(box.ct)} bytes)"
    for secret in keys.secrets:
        layer = replace(box, key=_key_3(secret, box.hashing, box.encoding))
        sealed = ciphers.decode_text(box.ct, box.encoding)
        fits = compare_digest(ciphers.encode_text(ciphers.mac(layer.key, box.ct, box.hashing), box.encoding), box.mac)
        plain = ciphers.open_gcm(layer.key, box.iv, sealed, box.tag, box.aad) if fits and sealed is not None else None
        if plain is not None:
            return layer, plain
    raise SealedError("connect-mongo 3", known, bool(keys.secrets))


def _read_3(outer: bytes, max_bytes: int) -> ConnectMongo3Layer | None:
    if not outer.startswith(b'{"') or b'"hmac"' not in outer:
        return None
    try:
        root = read_json(outer, max_bytes)
    except JsonError:
        return None
    if {entry.key for entry in root.entries} != set(_NAMES_3):
        return None
    texts = [text_of(member(root, name)) for name in ("ct", "iv", "aad", "hmac")]
    tag = read_buffer(member(root, "at"))
    if tag is None or any(text is None for text in texts):
        return None
    ct, iv, aad, mac = ((text or "").encode("utf-8", "replace") for text in texts)
    encoding = ciphers.text_encoding(mac, ct, aad, iv)
    digest = ciphers.decode_text(mac, encoding)
    hashing = ciphers.hash_of_size(len(digest)) if digest else None
    return ConnectMongo3Layer(encoding, hashing, b"", ct, iv, aad, mac, tag) if hashing else None


def _key_3(secret: Secret, hashing: str, encoding: str) -> bytes:
    import hashlib

    salt = ciphers.encode_text(hashlib.new(hashing, secret.reveal()).digest(), encoding)[:16]
    return ciphers.encode_text(ciphers.pbkdf2_key(secret, salt, _ROUNDS_3, hashing, 64), encoding)[:32]


# --- version 6, web crypto -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WebCryptoLayer:
    """`encode(iv ‖ ciphertext ‖ tag)` of `createWebCryptoAdapter`; the key comes from the secret and a fixed salt."""

    encoding: str
    mode: str
    rounds: int
    key: bytes = field(repr=False)
    iv_bytes: int = 12

    is_exact = False

    @property
    def words(self) -> str:
        rounds = "" if self.rounds == _WEB_CRYPTO_ROUNDS[0] else f", {self.rounds} iterations"
        return f"encrypted by connect-mongo 6's web crypto (AES-256-{self.mode.upper()}, {self.encoding}{rounds})"

    def wrap(self, inner: bytes) -> bytes:
        if self.mode == "cbc":
            iv = os.urandom(16)
            return ciphers.encode_text(iv + ciphers.seal_plain("cbc", self.key, iv, inner), self.encoding)
        iv = os.urandom(self.iv_bytes)
        return ciphers.encode_text(iv + b"".join(ciphers.seal_gcm(self.key, iv, inner, None)), self.encoding)


def unwrap_web_crypto(outer: bytes, keys: OpeningKeys, max_bytes: int) -> Unwrapped | None:
    """Open a record of connect-mongo 6's web crypto: nothing but its randomness shows what it is."""
    if keys.form != PayloadForm.DOCUMENT or len(outer) > max_bytes:
        return None
    encodings = [name for name in ("hex", "base64", "base64url") if _is_random(outer, name)]
    if not encodings:
        return None
    for rounds, key in _web_keys(keys):
        for encoding in encodings:
            opened = _open_web(ciphers.decode_text(outer, encoding) or b"", encoding, rounds, key)
            if opened is not None:
                return opened
    known = f"Encrypted, probably by connect-mongo 6's web crypto ({encodings[0]}, {len(outer)} bytes)"
    raise SealedError("web crypto", known, bool(keys.secrets))


def _web_keys(keys: OpeningKeys) -> Iterator[tuple[int, bytes]]:
    """Yield the iterations and the key for each secret; a salt of the application's own stands among the secrets, too."""
    for secret in keys.secrets:
        for rounds in _WEB_CRYPTO_ROUNDS:
            yield rounds, ciphers.pbkdf2_key(secret, WEB_CRYPTO_SALT, rounds, "sha256", 32)
    for secret, salt in () if keys.is_quick else permutations(keys.secrets[:_MOST_SALTS], 2):
        for rounds in _WEB_CRYPTO_ROUNDS:
            yield rounds, ciphers.pbkdf2_key(secret, salt.reveal(), rounds, "sha256", 32)


def _open_web(sealed: bytes, encoding: str, rounds: int, key: bytes) -> Unwrapped | None:
    for size in _GCM_IV_BYTES:
        plain = ciphers.open_gcm(key, sealed[:size], sealed[size:-16], sealed[-16:], None)
        if plain is not None:
            return WebCryptoLayer(encoding, "gcm", rounds, key, size), plain
    plain = ciphers.open_plain("cbc", key, sealed[:16], sealed[16:])
    if plain is not None and is_json_text(plain):
        return WebCryptoLayer(encoding, "cbc", rounds, key), plain
    return None


def _is_random(outer: bytes, encoding: str) -> bool:
    data = ciphers.decode_text(outer, encoding)
    # Of 60 random bytes some are always beyond ASCII; a word or a number never becomes an encrypted record here.
    return (
        data is not None
        and len(data) >= _LEAST_SEALED
        and sum(byte > 0x7E for byte in data[:200]) * 8 > len(data[:200])
    )
