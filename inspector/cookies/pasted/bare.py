"""A value alone, `name=value`, or the pairs of a header without its name: what is left when no other form fits."""

from __future__ import annotations

import re

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.header import decode_value, has_attributes, read_pairs, read_set_cookie_line

MOST_CHARACTERS = 64 * 1024
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z:]+\Z")
_SIGNED = re.compile(r"s(:|%3a|%253a)", re.I)
_PADDED = re.compile(r"([A-Za-z0-9+/_.|:!~-]+)(={1,2})(?P<rest>$|[.|:!%&]|--)")
# What base64 of JSON and of Ruby's Marshal begin with.
_ENCODED = re.compile(r"eyJ|e30|BAh|gAAAA|rO0|2\|1:")
_WORD_BYTES = 16


def read(text: str) -> list[Cookie] | None:
    """Return the one value, or the pairs, that the text is."""
    if len(text) > MOST_CHARACTERS:
        return None
    name, equals, _ = text.partition("=")
    if not equals or _SIGNED.match(text) or _is_padded(text) or not _TOKEN.match(name.strip()):
        if any(character.isspace() for character in text) and not _SIGNED.match(text):
            return None
        return [Cookie("", text, decode_value(text)[0], "value")]
    if has_attributes(text):
        return read_set_cookie_line(text)
    return read_pairs(re.sub(r"[ \t\r]*\n[ \t]*", ";", text))


def _is_padded(text: str) -> bool:
    """True where the first equals signs pad a base64 text, at the end or before a signature, and so divide no name from a value."""
    found = _PADDED.match(text)
    if found is None:
        return False
    if len(found[2]) == 2 or _ENCODED.match(text):
        return True
    return not found["rest"] and len(text) >= _WORD_BYTES and len(text) % 4 == 0 and "." not in found[1]
