"""Cookies as Python prints them: jars of requests and httpx, `http.cookiejar.Cookie(…)`, `SimpleCookie` and its morsels."""

from __future__ import annotations

import re

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.header import read_pairs, read_set_cookie_line
from inspector.cookies.pasted.literal import STRING, unescape
from inspector.cookies.pasted.stored import StoredCookie, as_cookies

LABEL = "a cookie jar that Python printed"
_MARK = re.compile(
    r"<(?:RequestsCookieJar|CookieJar|LWPCookieJar|MozillaCookieJar|Cookies|SimpleCookie)\b|\bSet-Cookie: <"
)
_SHORT = re.compile(r"<Cookie ([^=<>\s]{1,200})=([^<>\n]*?) for ([^\s<>/]*)(/[^<>\s]*)?\s*/?>")
_LONG = re.compile(r"\bCookie\((?=version=)")
_ARGUMENT = re.compile(r"\s*(\w+)=(?:(?=[\"'])|([\w.-]+|\{[^{}]*\}))")
_MORSEL = re.compile(r"<Morsel: ([^<>\n]*)>")
_SIMPLE = re.compile(r"<SimpleCookie: ([^<>\n]*)>")


def read(text: str) -> list[Cookie] | None:
    """Return the cookies of every jar in the text."""
    short = [
        StoredCookie(one[1], one[2], one[3], one[4] or "/", is_host_only=not one[3].startswith("."))
        for one in _SHORT.finditer(text)
    ]
    found = as_cookies([*short, *(_from_arguments(_arguments(text, one.end())) for one in _LONG.finditer(text))])
    for jar, line in enumerate(_MORSEL.finditer(text), len(found)):
        found += read_set_cookie_line(line[1], jar=jar)
    for one in _SIMPLE.finditer(text):
        for pair in one[1].split(" "):
            name, _, value = pair.partition("=")
            found += read_pairs(f"{name}={unescape(value[1:-1]) if STRING.fullmatch(value) else value}")
    return found if found or _MARK.search(text) else None


def _arguments(text: str, position: int) -> dict[str, str]:
    said: dict[str, str] = {}
    while (found := _ARGUMENT.match(text, position)) is not None:
        position = found.end()
        value = found[2] or ""
        if not found[2] and (string := STRING.match(text, position)) is not None:
            value, position = unescape(string[0][1:-1]), string.end()
        said[found[1]] = value
        if text[position : position + 1] != ",":
            break
        position += 1
    return said


def _from_arguments(said: dict[str, str]) -> StoredCookie:
    rest = said.get("rest", "").lower()
    return StoredCookie(
        said.get("name", ""),
        said.get("value", ""),
        said.get("domain", ""),
        said.get("path", ""),
        said.get("expires", ""),
        is_host_only=said.get("domain_specified") == "False",
        is_http_only="httponly" in rest,
        is_secure=said.get("secure") == "True",
    )
