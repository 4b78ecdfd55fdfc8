"""Keys and ciphers as the Node libraries use them, on top of `cryptography`.

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
_BLOCK = 16
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
    """Return the hash whose digests have this many bytes, None where no usual one does."""
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


def open_ocb(key: bytes, iv: bytes, sealed: bytes, tag: bytes, aad: bytes | None) -> bytes | None:
    """Return the plaintext of AES-OCB, None when it does not authenticate."""
    from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.ciphers.aead import AESOCB3

    try:
        return AESOCB3(key).decrypt(iv, sealed + tag, aad)
    except (InvalidTag, ValueError, OverflowError, UnsupportedAlgorithm):
        return None


def seal_ocb(key: bytes, iv: bytes, plain: bytes, aad: bytes | None) -> tuple[bytes, bytes]:
    """Return the ciphertext and the 16-byte tag of AES-OCB."""
    from cryptography.hazmat.primitives.ciphers.aead import AESOCB3

    sealed = AESOCB3(key).encrypt(iv, plain, aad)
    return sealed[:-16], sealed[-16:]


def open_plain(mode: str, key: bytes, iv: bytes, sealed: bytes) -> bytes | None:
    """Return the plaintext of AES in "cbc" (PKCS #7), "ctr", "cfb" or "ofb" mode, None when the padding does not fit."""
    if not _fits(key, iv) or (mode == "cbc" and (not sealed or len(sealed) % _BLOCK)):
        return None
    match mode:
        case "cbc":
            padded = _run(key, "cbc", iv, sealed, is_opening=True)
            count = padded[-1]
            return padded[:-count] if 1 <= count <= _BLOCK and padded.endswith(bytes([count]) * count) else None
        case "cfb":
            return _xor(sealed, _run(key, "ecb", b"", _whole(iv + sealed)))
        case _:
            return _stream(mode, key, iv, sealed)


def seal_plain(mode: str, key: bytes, iv: bytes, plain: bytes) -> bytes:
    """Return the ciphertext of AES in "cbc" (PKCS #7), "ctr", "cfb" or "ofb" mode. `ValueError` for a key or IV of an odd size."""
    if not _fits(key, iv):
        raise ValueError("The key or IV has an odd size.")
    match mode:
        case "cbc":
            count = _BLOCK - len(plain) % _BLOCK
            return _run(key, "cbc", iv, plain + bytes([count]) * count)
        case "cfb":
            blocks = [iv]
            for start in range(0, len(plain), _BLOCK):
                blocks.append(_xor(plain[start : start + _BLOCK], _run(key, "ecb", b"", blocks[-1])))
            return b"".join(blocks[1:])
        case _:
            return _stream(mode, key, iv, plain)


def _fits(key: bytes, iv: bytes) -> bool:
    return len(key) in (16, 24, 32) and len(iv) == _BLOCK


def _stream(mode: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    if mode == "ctr":
        return _run(key, "ctr", iv, data)
    # The key stream of OFB is what CBC makes of zeros.
    return _xor(data, _run(key, "cbc", iv, bytes(len(_whole(data)))))


def _run(key: bytes, mode: str, iv: bytes, data: bytes, *, is_opening: bool = False) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher: Cipher[modes.CBC | modes.CTR | modes.ECB]
    match mode:
        case "cbc":
            cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
        case "ctr":
            cipher = Cipher(algorithms.AES(key), modes.CTR(iv))
        case _:
            cipher = Cipher(algorithms.AES(key), modes.ECB())
    machine = cipher.decryptor() if is_opening else cipher.encryptor()
    done: bytes = machine.update(data) + machine.finalize()
    return done


def _whole(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _xor(data: bytes, stream: bytes) -> bytes:
    """Return `data` with the beginning of a stream of at least its length over it."""
    size = len(data)
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")


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
