"""Stored text made safe to show, and numbers made readable."""

from __future__ import annotations

import datetime
import re
import unicodedata

LINE_LIMIT = 2000
_NOT_ASCII = re.compile("[^\x00-\x7e]")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_UTC_TIME = re.compile(r"(?<![\w-])\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z(?!\w)")
_ZONE_NAME = re.compile("[A-Za-z]{2,5}")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def escape_display(text: str, limit: int = 300) -> str:
    """Return `text` with control, bidi, zero-width and surrogate characters spelled out, cut to `limit` characters.

    ‹U+202E› instead of the character: a stored value must not reorder or hide what stands beside it.
    """
    cut = text[:limit]
    if not cut.isprintable():
        cut = "".join(f"‹U+{ord(char):04X}›" if is_hidden(char) else char for char in cut)
    return cut + "…" if len(text) > limit else cut


def is_hidden(char: str) -> bool:
    """True for a character which is not seen, or which changes how others are: control, format, surrogate, unassigned …"""
    return unicodedata.category(char) in _HIDDEN


def escape_lines(text: str, limit: int = 2000) -> str:
    """Return a text of several lines as `escape_display` does, its line ends kept."""
    return "\n".join(escape_display(line, limit) for line in text[:limit].split("\n")) + (
        "…" if len(text) > limit else ""
    )


def cut_lines(text: str, width: int = LINE_LIMIT) -> str:
    """Return the text with lines broken after `width` characters: a window lays out many short lines fast, a long one never."""
    if not is_long_line(text, width):
        return text
    return "\n".join(
        line[start : start + width] for line in text.split("\n") for start in range(0, max(len(line), 1), width)
    )


def is_long_line(text: str, width: int = LINE_LIMIT) -> bool:
    """True when a line is longer than `width`."""
    return len(text) > width and max(map(len, text.split("\n"))) > width


def escape_json(text: str) -> str:
    """Return JSON text with hidden characters, and those a text box would change (U+00A0), as JSON's own `\\uXXXX`.

    It means the same, so that a person can edit the text shown and lose nothing.
    """
    return text if text.isascii() and "\x7f" not in text else _NOT_ASCII.sub(_json_escape, text)


def _json_escape(found: re.Match[str]) -> str:
    char = found[0]
    if char != "\xa0" and not is_hidden(char):
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))


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


def format_span(span_ms: float) -> str:
    """Return a length of time in its largest telling unit: "95 s", "14 h", "30 days", "2.7 years"."""
    seconds = span_ms / 1000
    for unit, size, least in (("years", 31_557_600, 2), ("days", 86_400, 2), ("h", 3600, 2), ("min", 60, 2)):
        if seconds >= size * least:
            number = seconds / size
            return f"{number:.1f} {unit}" if unit == "years" else f"{round(number)} {unit}"
    return f"{seconds:.3g} s"


def format_time(epoch_ms: int) -> str:
    """Return a time as ISO 8601 in UTC with milliseconds, as JavaScript's `toISOString` does; "" outside its range."""
    try:
        moment = _EPOCH + datetime.timedelta(milliseconds=epoch_ms)
    except OverflowError:
        return ""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def format_local(epoch_ms: int) -> str:
    """Return a time as a person reads it, on this machine's clock with its zone: "2026-12-07 19:27:13 EST"; "" outside
    the range. Beside it, in a tooltip or `--json`, stands `format_time`."""
    moment = _local(epoch_ms)
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} {_zone(moment)}"


def format_clock(epoch_ms: int, *, with_ms: bool = False) -> str:
    """Return the time of a day alone for what happened today, "19:27:13 EST" or "19:27:13.042 EST"; else with the date."""
    moment = _local(epoch_ms)
    if moment is None:
        return ""
    is_today = moment.date() == datetime.datetime.now().astimezone().date()
    part = f".{epoch_ms % 1000:03}" if with_ms else ""
    return f"{moment:{'' if is_today else '%Y-%m-%d '}%H:%M:%S}{part} {_zone(moment)}"


def zone_of(epoch_ms: int) -> str:
    """Return this machine's zone at a moment: "EST", "EDT" or "UTC-03:00"."""
    moment = _local(epoch_ms)
    return "" if moment is None else _zone(moment)


def localise_times(sentence: str) -> str:
    """Return a sentence of this program's with each time that `format_time` wrote into it as `format_local` does.

    Sentences are made where no clock's zone is known, and are printed by `--json` as they are.
    """
    return _UTC_TIME.sub(_localise, sentence)


def _localise(found: re.Match[str]) -> str:
    at_ms = parse_time(found[0])
    return found[0] if at_ms is None else format_local(at_ms) or found[0]


def _local(epoch_ms: int) -> datetime.datetime | None:
    try:
        return (_EPOCH + datetime.timedelta(milliseconds=epoch_ms)).astimezone()
    except (OverflowError, OSError, ValueError):
        return None


def _zone(moment: datetime.datetime) -> str:
    # Windows has long names and some zones none; an offset then says it.
    name = moment.tzname() or ""
    if _ZONE_NAME.fullmatch(name):
        return name
    offset = f"{moment:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"


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
    return round((moment - _EPOCH) / datetime.timedelta(milliseconds=1))


def without_repeats(message: str, said: str) -> str:
    """Return a message up to its first sentence, where all that follows stands in what was said before."""
    first, _, rest = message.partition(". ")
    return f"{first}." if rest and rest in said else message
