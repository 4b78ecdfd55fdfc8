"""Stored text made safe to show, and numbers made readable; knows no widget and no terminal."""

from __future__ import annotations

import datetime
import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def escape_display(text: str, limit: int = 300) -> str:
    """Return `text` with control, bidi, zero-width and surrogate characters spelled out, cut to `limit` characters.

    ‹U+202E› instead of the character: a stored value must not reorder or hide what stands beside it.
    """
    cut = text[:limit]
    if not cut.isprintable():
        cut = "".join(f"‹U+{ord(char):04X}›" if unicodedata.category(char) in _HIDDEN else char for char in cut)
    return cut + "…" if len(text) > limit else cut


def format_size(size_bytes: int) -> str:
    """Return a size in B, KB, MB or GB: "412 B", "1.2 KB", "54 KB"."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("KB", "MB", "GB"):
        size /= 1024
        if size < 999.5 or unit == "GB":
            return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"
    raise AssertionError("unreachable")


def format_time(epoch_ms: int) -> str:
    """Return a time as ISO 8601 in UTC with milliseconds, as JavaScript's `toISOString` does; "" outside its range."""
    try:
        moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(milliseconds=epoch_ms)
    except OverflowError:
        return ""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_time(text: str) -> int | None:
    """Return the epoch milliseconds of an ISO 8601 text with a zone, None for anything else."""
    if len(text) > 40:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return round((moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) / datetime.timedelta(milliseconds=1))
