"""A file given instead of pasted text: a HAR archive, or the text in it, however its bytes are encoded."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path

from inspector.cookies import HAR_MOST_BYTES, CookieError, is_archive, read_har
from inspector.core.secret import Secret
from inspector.services.cookies.har_report import HarReport, follow_session

_MOST_TEXT_BYTES = 4 * 1024 * 1024


def decode_text(data: bytes) -> str:
    """Return the text of a file; PowerShell's redirections are UTF-16 with a byte order mark."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


def open_pasted_file(path: Path, secrets: Sequence[Secret]) -> HarReport | str:
    """Return what became of the sessions of an archive, or the text of any other file. `CookieError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(HAR_MOST_BYTES + 1)
    except OSError as error:
        raise CookieError(f"The file cannot be read: {error.strerror}.") from None
    if path.suffix.lower() == ".har" or is_archive(decode_text(data[:1024])):
        return follow_session(read_har(data), secrets)
    if len(data) > _MOST_TEXT_BYTES:
        raise CookieError(
            "This file is larger than 4 MB and isn't a HAR archive. Paste the cookie or the header alone."
        )
    return decode_text(data)


def follow_text(text: str, secrets: Sequence[Secret]) -> HarReport:
    """Return what became of the sessions of an archive that was pasted. `CookieError` when it isn't an archive."""
    return follow_session(read_har(text.encode("utf-8", "surrogatepass")), secrets)
