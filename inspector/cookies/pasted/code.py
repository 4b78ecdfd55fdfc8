"""Cookies in pasted program text: "Copy as fetch" and "Copy as PowerShell" of the browsers, requests of Python or Go, printed headers.

Nothing is parsed as a language and nothing is run: what counts is the word cookie, and the quoted text that follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_POWERSHELL = re.compile(r"\bInvoke-(?:WebRequest|RestMethod)\b|\b(?:iwr|irm)\s|\bNet\.Cookie\b|@\{", re.I)
_HEADER = re.compile(r"(?<![\w-])((?:set-)?cookie)[\"']?\s*(?:=>|[:=,])\s*(?=[\"'`\[])", re.I)
_ASSIGNED = re.compile(r"\bdocument\.\Z", re.I)
_NEW_COOKIE = re.compile(r"Net\.Cookie\s*\(\s*", re.I)
_PAIRS = re.compile(r"(?<![\w-])cookies\s*[:=]\s*\{", re.I)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|`((?:[^`\\]|\\.)*)`', re.S)
_STRING_POWERSHELL = re.compile(r'"((?:[^"`]|`.|"")*)"|\'((?:[^\']|\'\')*)\'', re.S)
_SPACE = re.compile(r"[\s,]*")
_COLON = re.compile(r"\s*[:=]\s*")
_URL = re.compile(r"[\"'`](https?://[^\"'`\s]{1,2000})[\"'`]", re.I)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|\r?(\n)|(.))", re.S)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


@dataclass(frozen=True, slots=True)
class CodeCookies:
    """What program text says of cookies: (header name in lower case, value) pairs, and the first URL in it."""

    url: str
    headers: tuple[tuple[str, str], ...]


def read_code(text: str) -> CodeCookies | None:
    """Return the Cookie and Set-Cookie values that stand quoted in program text; None where there are none."""
    is_powershell = _POWERSHELL.search(text) is not None
    headers = tuple(_headers(text, is_powershell))
    if not headers:
        return None
    url = _URL.search(text)
    return CodeCookies(url[1].replace("\\/", "/") if url else "", headers)


def is_powershell(text: str) -> bool:
    """True for a PowerShell command, whose `curl` and `wget` are other names of Invoke-WebRequest."""
    return _POWERSHELL.search(text) is not None


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
    for found in _PAIRS.finditer(text):
        yield from (("cookie", f"{name}={value}") for name, value in _pairs(text, found.end()))


def _strings(text: str, position: int, is_powershell: bool, most: int | None) -> Iterator[str]:
    """Yield the quoted texts that follow one another from a place on, commas between."""
    pattern = _STRING_POWERSHELL if is_powershell else _STRING
    while most is None or most > 0:
        found = pattern.match(text, _skip(_SPACE, text, position))
        if found is None:
            return
        yield _unescape(found, is_powershell)
        position = found.end()
        most = most if most is None else most - 1


def _pairs(text: str, position: int) -> Iterator[tuple[str, str]]:
    """Yield names and values of an object or dictionary of quoted texts."""
    while True:
        name = _STRING.match(text, _skip(_SPACE, text, position))
        value = _STRING.match(text, _skip(_COLON, text, name.end())) if name else None
        if name is None or value is None:
            return
        yield _unescape(name, False), _unescape(value, False)
        position = value.end()


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _unescape(found: re.Match[str], is_powershell: bool) -> str:
    text = next(group for group in found.groups() if group is not None)
    if not is_powershell:
        return _ESCAPE.sub(_character, text)
    if found[0][0] == "'":
        return text.replace("''", "'")
    return re.sub(r'`(.)|""', lambda one: one[1] or '"', text, flags=re.S)


def _character(found: re.Match[str]) -> str:
    if found[1] or found[2]:
        return chr(int(found[1] or found[2], 16))
    return "" if found[3] else _LETTERS.get(found[4], found[4])
