"""A session as one line of JSON, for export and import.

`{"key":…,"id":…,"kind":"redis","expires_at":"2026-11-24T22:29:03.120Z","payload":…}`: `key`, `id` and `payload` are text, or
`{"base64":…}` where the bytes aren't text. `expires_at` is a time, a number of epoch milliseconds outside of ISO 8601's
years, or null for never. A MongoDB payload is the whole document as BSON.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from inspector.core.display import format_time, parse_time
from store_adapters.contract import RawRecord

LONGEST_LINE = 96 << 20
"""The largest record in base64, and room for the rest."""
_BOM = b"\xef\xbb\xbf"


class LineError(ValueError):
    """A line isn't a session; says why, without what stands in it."""


class _Bytes(msgspec.Struct, frozen=True):
    base64: str


class _Line(msgspec.Struct, frozen=True):
    key: str | _Bytes
    id: str | _Bytes
    kind: str
    expires_at: str | int | None
    payload: str | _Bytes


class SessionLine(msgspec.Struct, frozen=True):
    """What a line says: the session ID, the kind of store it was read from, its bytes and its expiry (epoch ms)."""

    session_id: str
    kind: str
    payload: bytes
    expires_at_ms: int | None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Line)


def format_line(record: RawRecord, session_id: str, kind: str) -> bytes:
    """Return the record as a line with its end."""
    ends = record.expires_at_ms
    line = _Line(
        _as_text(record.ref.key),
        session_id if session_id.isascii() else _as_text(session_id.encode("utf-8", "surrogateescape")),
        kind,
        None if ends is None else format_time(ends) or ends,
        _as_text(record.payload),
    )
    return _encoder.encode(line) + b"\n"


def parse_line(line: bytes) -> SessionLine:
    """Return the session of a line. `LineError`."""
    try:
        found = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # The decoder names the member and the kind of fault, never a value.
        words = str(error) if isinstance(error, msgspec.ValidationError) else "it isn't a JSON object"
        raise LineError(f"Not a session: {words}.") from None
    expires_at_ms = parse_time(found.expires_at) if isinstance(found.expires_at, str) else found.expires_at
    if isinstance(found.expires_at, str) and expires_at_ms is None:
        raise LineError("Its expires_at isn't a time with a zone, such as 2026-11-24T22:29:03.120Z.")
    session_id = _as_bytes(found.id).decode("utf-8", "surrogateescape")
    return SessionLine(session_id, found.kind, _as_bytes(found.payload), expires_at_ms)


def read_lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number, line) for the lines that are not empty; None for one that is too long to be a session."""
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        is_whole = line.endswith(b"\n") or len(line) < LONGEST_LINE
        while not line.endswith(b"\n") and (rest := file.readline(1 << 20)):
            line = rest
        if not is_whole:
            yield number, None
            continue
        text = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
        if text:
            yield number, text


def _as_text(data: bytes) -> str | _Bytes:
    try:
        if b"\0" not in data:
            return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    return _Bytes(base64.b64encode(data).decode())


def _as_bytes(value: str | _Bytes) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    try:
        return base64.b64decode(value.base64, validate=True)
    except (ValueError, binascii.Error):
        raise LineError("What it calls base64 isn't.") from None
