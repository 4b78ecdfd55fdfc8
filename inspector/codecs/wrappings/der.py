"""The little DER that kruptein writes: one SEQUENCE of OCTET STRINGs."""

from __future__ import annotations

from inspector.codecs._api import CodecError

_SEQUENCE, _OCTETS = 0x30, 0x04


def read_octet_strings(data: bytes, most: int = 8) -> list[bytes]:
    """Return the OCTET STRINGs of a SEQUENCE that fills `data`. `CodecError` for anything else."""
    tag, start, end = _head(data, 0)
    if tag != _SEQUENCE or end != len(data):
        raise CodecError("It isn't a DER sequence.")
    found: list[bytes] = []
    position = start
    while position < end:
        tag, start, position = _head(data, position)
        if tag != _OCTETS or position > end or len(found) == most:
            raise CodecError("The DER sequence holds something else than octet strings.")
        found.append(data[start:position])
    return found


def write_octet_strings(values: list[bytes]) -> bytes:
    """Return the SEQUENCE of OCTET STRINGs."""
    return _element(_SEQUENCE, b"".join(_element(_OCTETS, value) for value in values))


def _head(data: bytes, position: int) -> tuple[int, int, int]:
    """Return an element's tag, where its content begins and where it ends."""
    if position + 2 > len(data):
        raise CodecError("The DER text ends early.")
    tag, size, start = data[position], data[position + 1], position + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4 or start + count > len(data):
            raise CodecError("The DER text has an odd length.")
        size, start = int.from_bytes(data[start : start + count], "big"), start + count
    if start + size > len(data):
        raise CodecError("The DER text ends early.")
    return tag, start, start + size


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content
