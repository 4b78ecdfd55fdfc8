"""Keys and ciphers as the Node libraries use them, on top of `cryptography`; knows no format.

Derived keys are remembered for a while (a store's records often share a salt); they never leave memory.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import re

from inspector.core.secret import Secret

_REMEMBERED_KEYS = 256
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_BASE64_URL = re.compile(rb"[A-Za-z0-9_-]*={0,2}")
_HEX = re.compile(rb"(?:[0-9a-f]{2})*|(?:[0-9A-F]{2})*")
_HASH_BY_SIZE = {16: "md5", 20: "sha1", 28: "sha224", 32: "sha256", 48: "sha384", 64: "sha512"}


@functools.lru_cache(_REMEMBERED_KEYS)
def pbkdf2_key(secret: Secret, salt: bytes, iterations: int, hashing: str, size: int) -> bytes:
    """Return a PBKDF2-HMAC key of `size` bytes."""
    return hashlib.pbkdf2_hmac(hashing, secret.reveal(), salt, iterations, size)


@functools.lru_cache(_REMEMBERED_KEYS)
def scrypt_key(secret: Secret, salt: bytes, size: int) -> bytes:
    """Return an scrypt key with Node's default cost (N=16384, r=8, p=1)."""
    return hashlib.scrypt(secret.reveal(), salt=salt, n=16384, r=8, p=1, maxmem=64 * 1024 * 1024, dklen=size)


def hash_of_size(size: int) -> str | None:
    """Return the hash whose digests have so many bytes, None for no usual one."""
    return _HASH_BY_SIZE.get(size)


def mac(key: bytes, message: bytes, hashing: str) -> bytes:
    """Return the HMAC of a message."""
    return hmac.digest(key, message, hashing)


# --- ciphers ---------------------------------------------------------------------------------------------------------


def open_gcm(key: bytes, iv: bytes, sealed: bytes, tag: bytes, aad: bytes | None) -> bytes | None:
    """Return the plaintext of AES-GCM, None when it does not authenticate."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(iv, sealed + tag, aad)
    except (InvalidTag, ValueError, OverflowError):
        return None


def seal_gcm(key: bytes, iv: bytes, plain: bytes, aad: bytes | None) -> tuple[bytes, bytes]:
    """Return the ciphertext and the 16-byte tag of AES-GCM."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = AESGCM(key).encrypt(iv, plain, aad)
    return sealed[:-16], sealed[-16:]


def open_plain(mode: str, key: bytes, iv: bytes, sealed: bytes) -> bytes | None:
    """Return the plaintext of AES in "cbc" (PKCS #7) or "ctr" mode, None when the padding does not fit."""
    cipher = _cipher(mode, key, iv)
    if cipher is None or (mode == "cbc" and (not sealed or len(sealed) % 16)):
        return None
    decryptor = cipher.decryptor()
    padded: bytes = decryptor.update(sealed) + decryptor.finalize()
    if mode != "cbc":
        return padded
    count = padded[-1]
    return padded[:-count] if 1 <= count <= 16 and padded.endswith(bytes([count]) * count) else None


def seal_plain(mode: str, key: bytes, iv: bytes, plain: bytes) -> bytes:
    """Return the ciphertext of AES in "cbc" (PKCS #7) or "ctr" mode. `ValueError` for a key or IV of an odd size."""
    cipher = _cipher(mode, key, iv)
    if cipher is None:
        raise ValueError("The key or IV has an odd size.")
    if mode == "cbc":
        count = 16 - len(plain) % 16
        plain += bytes([count]) * count
    encryptor = cipher.encryptor()
    sealed: bytes = encryptor.update(plain) + encryptor.finalize()
    return sealed


def _cipher(mode: str, key: bytes, iv: bytes):  # type: ignore[no-untyped-def]
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if len(key) not in (16, 24, 32) or len(iv) != 16:
        return None
    return Cipher(algorithms.AES(key), modes.CBC(iv) if mode == "cbc" else modes.CTR(iv))


# --- text forms of bytes ---------------------------------------------------------------------------------------------


def encode_text(data: bytes, encoding: str) -> bytes:
    """Return Node's `toString(encoding)` as UTF-8: "base64", "base64url", "hex" or "binary" (latin1 characters)."""
    match encoding:
        case "hex":
            return data.hex().encode()
        case "base64":
            return base64.b64encode(data)
        case "base64url":
            return base64.urlsafe_b64encode(data).rstrip(b"=")
        case _:
            return data.decode("latin-1").encode("utf-8")


def decode_text(text: bytes, encoding: str) -> bytes | None:
    """Return the bytes that `encode_text` gave the text for, None when it is not of that encoding."""
    try:
        match encoding:
            case "hex":
                return bytes.fromhex(text.decode("ascii")) if _HEX.fullmatch(text) else None
            case "base64":
                return base64.b64decode(text, validate=True) if _BASE64.fullmatch(text) else None
            case "base64url":
                if not _BASE64_URL.fullmatch(text):
                    return None
                return base64.urlsafe_b64decode(text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4))
            case _:
                return text.decode("utf-8").encode("latin-1")
    except (binascii.Error, ValueError):
        return None


def text_encoding(*texts: bytes) -> str:
    """Return which encoding all of some texts are of, the narrowest that fits: "hex", "base64", "base64url" or "binary"."""
    filled = [text for text in texts if text]
    if filled and all(_HEX.fullmatch(text) for text in filled):
        return "hex"
    if filled and all(len(text) % 4 == 0 and _BASE64.fullmatch(text) for text in filled):
        return "base64"
    return "base64url" if filled and all(_BASE64_URL.fullmatch(text) for text in filled) else "binary"
