"""Cookies in pasted program text: "Copy as fetch" and "Copy as PowerShell" of the browsers, requests of Python or Go, printed headers.

Nothing is parsed as a language and nothing is run: what counts is the word cookie, and the quoted text that follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from inspector.cookies._api import Cookie, CookieError
from inspector.cookies.pasted.data import read_data
from inspector.cookies.pasted.header import has_attributes, read_header
from inspector.cookies.pasted.literal import STRING, Value, read_value_at, unescape

LABEL = "program text"
POWERSHELL = "a PowerShell command"
_POWERSHELL = re.compile(
    r"\bInvoke-(?:WebRequest|RestMethod)\b|\b(?:iwr|irm)\s|\bNet\.Cookie\b|(?:-Headers|=)\s*@\{", re.I
)
_POWERSHELL_SESSION = re.compile(r"\$\w+\s*=\s*New-Object\s+\S*WebRequestSession", re.I)
_POWERSHELL_REQUEST = re.compile(r"\bInvoke-(?:WebRequest|RestMethod)\b|\b(?:iwr|irm)\s", re.I)
_REQUEST = re.compile(r"\bfetch\s*\(|\b(?:requests|httpx|axios|session)\.(?:get|post|put|patch|delete|request)\s*\(")
_FETCH = re.compile(r"\s*(?:await\s+)?fetch\s*\(")
_HEADER = re.compile(r"(?<![\w-])(?:CURLOPT_)?((?:set-)?cookie)[\"']?\s*(?:=>|[:=,])\s*(?=[\"'`\[])", re.I)
_LINE = re.compile(r"[\"'`]((?:set-)?cookie):\s*", re.I)
_ASSIGNED = re.compile(r"\bdocument\.\Z", re.I)
_NEW_COOKIE = re.compile(r"(?:Net\.|\bnew )Cookie\s*\(\s*", re.I)
_SET_COOKIE = re.compile(r"\b(?:set_?cookie|cookies?\.set|add_?cookies?)\s*\(\s*", re.I)
_PAIRS = re.compile(r"(?<![\w-])(?:req\.)?cookies\s*[:=]\s*(?=[{\[])", re.I)
_STRING_POWERSHELL = re.compile(r'"((?:[^"`]|`.|"")*)"|\'((?:[^\']|\'\')*)\'', re.S)
_SPACE = re.compile(r"[\s,]*")
_URL = re.compile(r"[\"'`](https?://[^\"'`\s]{1,2000})[\"'`]", re.I)


def read_powershell(text: str) -> list[Cookie] | None:
    """Return the cookies of PowerShell commands, whose `curl` and `wget` are other names of Invoke-WebRequest."""
    if _POWERSHELL.search(text) is None:
        return None
    begin = _POWERSHELL_SESSION if _POWERSHELL_SESSION.search(text) else _POWERSHELL_REQUEST
    return _read(text, begin, is_powershell=True)


def read(text: str) -> list[Cookie] | None:
    """Return the cookies that stand quoted in program text; None where there are none and no request is made."""
    found = _read(text, _REQUEST, is_powershell=False)
    if not found and _FETCH.match(text):
        words = "This fetch leaves its cookies to the browser. Choose Copy as fetch (Node.js), or Copy as cURL, which name them."
        raise CookieError(words)
    return found or None


def _read(text: str, requests: re.Pattern[str], is_powershell: bool) -> list[Cookie]:
    """Each request of several (Copy all as …) is a jar, with the URL that stands in it first."""
    starts = [one.start() for one in requests.finditer(text)]
    places = sorted({0, *starts[1:], len(text)})
    found: list[Cookie] = []
    for jar, (start, end) in enumerate(pairwise(places)):
        part = text[start:end]
        address = _URL.search(part)
        url = address[1].replace("\\/", "/") if address else ""
        for name, value in _headers(part, is_powershell):
            found += read_header(name, value, url=url, jar=jar)
        if not is_powershell:
            found += [replace(one, url=url, jar=jar + one.jar) for one in read_data(_values(part))]
    return found


def _headers(text: str, is_powershell: bool) -> Iterator[tuple[str, str]]:
    for found in _HEADER.finditer(text):
        is_list = text[found.end()] == "["
        # What a page assigns to document.cookie is one cookie with its attributes, and not a request's header.
        name = "set-cookie" if _ASSIGNED.search(text, max(0, found.start() - 9), found.start()) else found[1].lower()
        for value in _strings(text, found.end() + is_list, is_powershell, most=None if is_list else 1):
            yield name, value
    for found in _NEW_COOKIE.finditer(text):
        parts = list(_strings(text, found.end(), is_powershell, most=2))
        if len(parts) == 2:
            yield "cookie", "=".join(parts)
    for found in _LINE.finditer(text):
        string = None if is_powershell else STRING.match(text, found.start())
        if string is not None:
            yield found[1].lower(), _unquoted(string, is_powershell).partition(":")[2].strip()


def _values(text: str) -> Iterator[Value]:
    """Yield what is given to functions that set cookies, and what is assigned to `cookies`."""
    for found in _SET_COOKIE.finditer(text):
        strings = list(_strings(text, found.end(), False, most=2))
        if strings and ("=" in strings[0] or len(strings) == 2):
            line = strings[0] if "=" in strings[0] else "=".join(strings)
            yield {"set-cookie" if has_attributes(line) else "cookie": line}
        elif not strings and (read := read_value_at(text, found.end())) is not None:
            yield {"cookies": read[0] if isinstance(read[0], list) else [read[0]]}
    for found in _PAIRS.finditer(text):
        if (read := read_value_at(text, found.end())) is not None:
            yield {"cookies": read[0]}


def _strings(text: str, position: int, is_powershell: bool, most: int | None) -> Iterator[str]:
    """Yield the quoted texts that follow one another from a place on, commas between."""
    pattern = _STRING_POWERSHELL if is_powershell else STRING
    while most is None or most > 0:
        found = pattern.match(text, _skip(_SPACE, text, position))
        if found is None:
            return
        yield _unquoted(found, is_powershell)
        position = found.end()
        most = most if most is None else most - 1


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _unquoted(found: re.Match[str], is_powershell: bool) -> str:
    text = next(group for group in found.groups() if group is not None)
    if not is_powershell:
        return unescape(text)
    if found[0][0] == "'":
        return text.replace("''", "'")
    return re.sub(r'`(.)|""', lambda one: one[1] or '"', text, flags=re.S)
