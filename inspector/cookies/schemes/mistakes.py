"""The usual mistakes with a secret: what was given is not quite what the application uses."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from inspector.core.secret import Secret

_QUOTES = (b'"', b"'", b"`")


@dataclass(frozen=True, slots=True)
class Mistake:
    """`words` complete the sentence "Secret 1 fits …"; `secret` is the one that fits."""

    index: int
    secret: Secret
    words: str


def find_mistake(secrets: Sequence[Secret], fits: Callable[[Secret], bool]) -> Mistake | None:
    """Return the first usual mistake after which one of the secrets fits, None when there is none."""
    for index, secret in enumerate(secrets):
        for value, words in _variants(secret.reveal()):
            other = Secret(value, secret.name)
            if value != secret.reveal() and fits(other):
                return Mistake(index, other, words)
    return None


def _variants(value: bytes) -> Iterator[tuple[bytes, str]]:
    yield value.rstrip(b"\r\n"), "without the line end after it"
    yield value + b"\n", "with a line end after it: the application reads it from a file without trimming"
    yield value + b"\r\n", "with a Windows line end after it"
    yield value.strip(), "without the spaces around it"
    for mark in _QUOTES:
        if len(value) > 1 and value.startswith(mark) and value.endswith(mark):
            yield value[1:-1], "without the quotes around it"
        yield (
            mark + value + mark,
            f"with quotes ({mark.decode()}) around it: they became part of it, perhaps in a .env file",
        )
    if b"%" in value:
        yield unquote_to_bytes(value), "percent-decoded"
    yield quote(value, safe="-_.!~*'()").encode(), "percent-encoded"
    text = value.strip()
    for decode, words in ((_base64, "base64-decoded"), (_base64url, "base64url-decoded"), (_hex, "hex-decoded")):
        decoded = decode(text)
        if decoded:
            yield decoded, words
    yield base64.b64encode(value), "base64-encoded"
    yield value.hex().encode(), "hex-encoded"
    yield b"", "as an empty secret: the application's variable is not set"
    if value.isascii():
        yield value.lower(), "in lower case"


def _base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _base64url(text: bytes) -> bytes:
    return _base64(text.replace(b"-", b"+").replace(b"_", b"/"))


def _hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return b""
