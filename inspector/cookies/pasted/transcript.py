"""Lines of HTTP messages as tools print them: raw requests (Burp, Safari, mitmproxy), `curl -v` and `-i`, `wget -S`, HTTPie, logs.

Cookie and Set-Cookie lines count, behind whatever a tool puts before them; a request and its answer are a jar.
"""

from __future__ import annotations

import re

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.header import read_header

LABEL = "HTTP headers"
_REQUEST = re.compile(r"(?:^|[\s'\"])(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE) \S{1,4000} HTTP/\d")
_STATUS = re.compile(r"^\W{0,4}\s*(?:[0-9a-f]{4}: )?HTTP/\d(?:\.\d)? \d{3}\b")
# Between the line's start and the name stands what a tool prints there: `<`, `header:`, an offset, a time.
_HEADER = re.compile(r"^(?:[^\n\"'`{}=]{0,160}?(?<![\w.-]))?(set-cookie|cookie)[ \t]*:[ \t]*([^\s\"'`\[{(].*)$", re.I)
_TABBED = re.compile(r"^\s*(set-cookie|cookie)\t+\s*(\S.*)$", re.I)
_URL = re.compile(r"\bhttps?://[^\s\"'<>]{1,2000}")
# Python's http.client prints what it sends as a literal.
_ESCAPED_END = re.compile(r"\\r\\n")


def read(text: str) -> list[Cookie] | None:
    """Return the cookies of every header line, in order."""
    return read_messages(text, jar=0)


def read_messages(text: str, jar: int) -> list[Cookie] | None:
    """Return the cookies of the header lines; the first message's jar is `jar`."""
    found: list[Cookie] = []
    has_header = is_answered = is_begun = False
    for line in _ESCAPED_END.sub("\n", text).splitlines():
        if _REQUEST.search(line) is not None:
            jar += is_begun
            is_begun, is_answered = True, False
        elif _STATUS.match(line) is not None:
            jar += is_answered
            is_begun = is_answered = True
        header = _TABBED.match(line) or _HEADER.match(line)
        if header is not None:
            has_header = True
            found += read_header(header[1].lower(), header[2].strip(), jar=jar)
    return found if has_header else None
