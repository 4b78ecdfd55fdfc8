"""Guesses what bytes no codec reads probably are, from their first bytes; decodes nothing."""

from __future__ import annotations

import re

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}\s*")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){16,}\s*")
_MAGIC = (
    (b"\x1f\x8b", "It looks like gzip."),
    (b"\x78\x9c", "It looks like zlib."),
    (b"\x28\xb5\x2f\xfd", "It looks like Zstandard."),
    (b"\xef\xbb\xbf", "It begins with a byte-order mark, which JSON.parse refuses."),
    (b"\x80\x04", "It looks like a Python pickle, which is never opened here."),
    (b"\x80\x05", "It looks like a Python pickle, which is never opened here."),
    (b"\xac\xed\x00\x05", "It looks like a Java object, which is never opened here."),
    (b"IV;", "It looks like a session-file-store record encrypted by version 1.3 or older."),
    (b'{"hmac"', "It looks like a record encrypted by kruptein; its secret is needed."),
    (b'"{\\"hmac', "It looks like a record encrypted by connect-mongo 3; its secret is needed."),
    (b"MII", "It looks like a record encrypted by kruptein (base64 of ASN.1); its secret is needed."),
    (b"3082", "It looks like a record encrypted by kruptein (hex of ASN.1); its secret is needed."),
)


def recognise(payload: bytes) -> str:
    """Return a sentence about what the bytes look like, "" for no idea."""
    for magic, words in _MAGIC:
        if payload.startswith(magic):
            return words
    head = payload[:4096]
    if not head:
        return "It is empty."
    if _HEX.fullmatch(head) and len(payload) <= 4096:
        return "It looks like hexadecimal text, perhaps encrypted."
    if _BASE64.fullmatch(head) and len(payload) <= 4096:
        return "It looks like base64, perhaps compressed or encrypted."
    if head[:1] in b"\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\xde\xdf":
        return "It looks like MessagePack."
    return ""
