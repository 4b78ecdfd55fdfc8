"""The log that express-session writes with DEBUG=express-session: its `set-cookie` lines, each an answer of its own."""

from __future__ import annotations

import re

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.header import read_set_cookie_line

LABEL = "a debug log of express-session"
_LINE = re.compile(r"^.{0,120}?\bexpress-session:? (.*)$", re.M)
_LAPSE = re.compile(r"\s+\+\d+(?:\.\d+)?(?:ms|s|m|h|d)\s*\Z")


def read(text: str) -> list[Cookie] | None:
    """Return the cookies that were set; the IDs that the log names aren't cookies."""
    lines = [found[1] for found in _LINE.finditer(text)]
    if not lines:
        return None
    said = [_LAPSE.sub("", line) for line in lines]
    found: list[Cookie] = []
    for jar, line in enumerate(said):
        if line.startswith("set-cookie "):
            found += read_set_cookie_line(line.removeprefix("set-cookie ").strip(), jar=jar)
    return found
