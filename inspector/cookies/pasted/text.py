"""From any pasted text to cookies: the one list of forms, in the order in which they are tried.

A form is a module with a `LABEL` and `read(text)`: None for what is something else, [] for this form without a cookie in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from inspector.cookies._api import Cookie, CookieError
from inspector.cookies.pasted import (
    archive,
    bare,
    code,
    cookie_file,
    data,
    debug_log,
    panel,
    python_jar,
    request_log,
    storage_panel,
    table,
    terminal,
    transcript,
)
from inspector.cookies.pasted.header import MOST_COOKIES, relate

MOST_CHARACTERS = 300_000
_COLOURS = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")


@dataclass(frozen=True, slots=True)
class _Form:
    """`label`: what it is called after "This looks like"."""

    label: str
    read: Callable[[str], list[Cookie] | None]


# The more a form's own marks say, the earlier it comes; a bare value is what is left when there are no marks.
_FORMS = (
    _Form(archive.LABEL, archive.read),
    _Form(code.POWERSHELL, code.read_powershell),
    _Form(terminal.LABEL, terminal.read),
    _Form(cookie_file.LABEL, cookie_file.read),
    _Form(python_jar.LABEL, python_jar.read),
    _Form(data.LABEL, data.read),
    _Form(debug_log.LABEL, debug_log.read),
    _Form(transcript.LABEL, transcript.read),
    _Form(code.LABEL, code.read),
    _Form(storage_panel.LABEL, storage_panel.read),
    _Form(table.LABEL, table.read),
    _Form(panel.LABEL, panel.read),
    _Form(request_log.LABEL, request_log.read),
)
PASTEABLE = (
    "a cookie's value; Cookie or Set-Cookie lines, or a browser's header panel; a request copied as cURL, fetch or PowerShell; "
    "a terminal with its output; rows of the browser's cookie table; cookies.txt; cookies, headers or a HAR archive as JSON; "
    "a log of express-session or of a server"
)


def read_cookies(text: str) -> tuple[Cookie, ...]:
    """Read every cookie in any pasted text, in order. `CookieError` when there is none, or far too much."""
    text = text.strip("\ufeff \t\r\n\f\v")
    if not text:
        raise CookieError(f"Paste {PASTEABLE}.")
    if len(text) > MOST_CHARACTERS and not archive.is_archive(text):
        raise CookieError("This is longer than 300,000 characters. Paste the cookie or the header alone.")
    cookies = _read(_COLOURS.sub("", text))
    if len(cookies) > MOST_COOKIES:
        raise CookieError(f"There are more than {MOST_COOKIES} cookies in this text. Paste fewer.")
    return relate(cookies)


def _read(text: str) -> list[Cookie]:
    looks = ""
    for form in _FORMS:
        found = form.read(text)
        if found:
            return found
        if found is not None:
            looks = looks or form.label
    if looks:
        raise CookieError(f"This looks like {looks}, but there is no cookie in it. What can be pasted: {PASTEABLE}.")
    found = bare.read(text)
    if found:
        return found
    raise CookieError(f"This isn't a form of cookie that is known here. What can be pasted: {PASTEABLE}.")
