"""Access logs that hold cookies: nginx's and Apache's with `$http_cookie` or `%{Cookie}i`, morgan's with `:req[cookie]`."""

from __future__ import annotations

import re

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.header import has_attributes, read_set_cookie_line, read_unnamed

LABEL = "a server's log"
_REQUEST = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S{0,4000}")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")
_NAME = r"[!#$%&*+.^_|~0-9A-Za-z-]{1,200}"
_COOKIES = re.compile(rf"\s*{_NAME}=[^\s;]*(?:;\s*(?:{_NAME}(?:=[^;]*)?)?)*\Z")
_PLAIN = re.compile(rf"(?<!\S)({_NAME}=[^\s;\"]*(?:;\s+{_NAME}(?:=[^\s;\"]*(?: \d\d[^;\"]{{0,25}} GMT)?)?)*)")
_SESSION = re.compile(r"=(?:s(?::|%3A)|eyJ|Fe26)", re.I)


def read(text: str) -> list[Cookie] | None:
    """Return the cookies of each line that logs a request; a line is a jar."""
    found: list[Cookie] = []
    is_log = False
    for jar, line in enumerate(text.splitlines()):
        request = _REQUEST.search(line)
        if request is None:
            continue
        is_log = True
        for piece in _pieces(line[request.end() :]):
            read_piece = read_set_cookie_line if has_attributes(piece) else read_unnamed
            found += read_piece(piece, jar=jar)
    return found if is_log else None


def _pieces(rest: str) -> list[str]:
    # What closes the request's own quotes is passed over.
    rest = rest.partition('"')[2] if rest.startswith(" HTTP/") and '"' in rest else rest
    quoted = [one[1] for one in _QUOTED.finditer(rest) if _COOKIES.match(one[1])]
    if quoted:
        return quoted
    return [one[1] for one in _PLAIN.finditer(rest) if "; " in one[1] or _SESSION.search(one[1])]
