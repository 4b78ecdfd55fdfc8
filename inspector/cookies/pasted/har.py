"""HTTP archives (HAR 1.2) as Chrome and Firefox export them: the cookies of each request and its answer; judges nothing.

Raw values come from the Cookie and Set-Cookie headers, several Set-Cookie lines from one header value too (Chrome joins them by line
ends). The `cookies` arrays, which browsers decode in ways of their own, are read only where there are no headers.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import msgspec

from inspector.cookies._api import Attribute, Cookie, CookieError
from inspector.cookies.chunks import join_chunks
from inspector.cookies.pasted.header import decode_value, read_cookie_header, read_set_cookie

MOST_BYTES = 100 * 1024 * 1024
MOST_EXCHANGES = 20_000
_MOST_HEADER = 64 * 1024


class _Pair(msgspec.Struct, rename="camel"):
    name: str = ""
    value: str = ""
    path: str | None = None
    domain: str | None = None
    expires: str | None = None
    http_only: bool | None = None
    secure: bool | None = None
    same_site: str | None = None


class _Request(msgspec.Struct):
    method: str = ""
    url: str = ""
    headers: list[_Pair] = []
    cookies: list[_Pair] = []


class _Response(msgspec.Struct):
    status: int = 0
    headers: list[_Pair] = []
    cookies: list[_Pair] = []


class _Entry(msgspec.Struct, rename="camel"):
    request: _Request
    response: _Response
    started_date_time: str = ""


class _Log(msgspec.Struct):
    entries: list[_Entry]


class _Archive(msgspec.Struct):
    log: _Log


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. `number` counts from 1 in time order; `received` are Set-Cookie lines in order."""

    number: int
    started_at_ms: int
    method: str
    url: str
    status: int
    sent: tuple[Cookie, ...]
    received: tuple[Cookie, ...]

    @property
    def host(self) -> str:
        return self.address.hostname or ""

    @property
    def address(self) -> SplitResult:
        """The URL in its parts; empty ones for what is no URL."""
        try:
            return urlsplit(self.url)
        except ValueError:
            return SplitResult("", "", "", "", "")


def read_har(data: bytes) -> tuple[Exchange, ...]:
    """Read an archive; exchanges in time order. `CookieError` says what is wrong and what to export instead."""
    if len(data) > MOST_BYTES:
        raise CookieError("This archive is larger than 100 MB. Record fewer requests, or filter them before exporting.")
    try:
        entries = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Archive).log.entries
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise CookieError("This is no HAR file. In the browser's network tab choose Save all as HAR.") from None
    if len(entries) > MOST_EXCHANGES:
        raise CookieError(f"There are more than {MOST_EXCHANGES} requests in this archive. Record fewer.")
    ordered = sorted(entries, key=lambda entry: _time(entry.started_date_time))
    found = tuple(_exchange(number, entry) for number, entry in enumerate(ordered, 1))
    if not any(one.sent or one.received for one in found):
        raise CookieError(
            "There is no cookie in this archive. Chrome leaves them out unless you choose Export HAR (with sensitive data)."
        )
    return found


def _exchange(number: int, entry: _Entry) -> Exchange:
    request, response = entry.request, entry.response
    lines = [pair.value for pair in request.headers if pair.name.lower() == "cookie"]
    # HTTP/2 sends a header for each cookie.
    sent = read_cookie_header("; ".join(lines)[:_MOST_HEADER]) if lines else _from_pairs(request.cookies, "cookie")
    received: list[Cookie] = []
    for pair in response.headers:
        if pair.name.lower() == "set-cookie":
            received += [one for line in pair.value.splitlines() for one in read_set_cookie(line[:_MOST_HEADER])]
    if not received:
        received = list(_from_pairs(response.cookies, "set-cookie"))
    return Exchange(
        number,
        _time(entry.started_date_time),
        request.method,
        _address(request.url),
        response.status,
        sent,
        join_chunks(received),
    )


def _address(url: str) -> str:
    """Return the URL; one that `urlsplit` refuses (wrong brackets, odd letters in the host) without what it refuses."""
    try:
        urlsplit(url)
    except ValueError:
        return re.sub(r"[^!-~]|[\[\]]", "_", url)
    return url


def _from_pairs(pairs: list[_Pair], origin: str) -> tuple[Cookie, ...]:
    return tuple(
        Cookie(pair.name, pair.value, decode_value(pair.value)[0], origin, tuple(_attributes(pair))) for pair in pairs
    )


def _attributes(pair: _Pair) -> list[Attribute]:
    texts = [("Path", pair.path), ("Domain", pair.domain), ("Expires", pair.expires), ("SameSite", pair.same_site)]
    flags = [Attribute(name, None) for name, on in (("HttpOnly", pair.http_only), ("Secure", pair.secure)) if on]
    return [Attribute(name, text) for name, text in texts if text] + flags


def _time(text: str) -> int:
    try:
        return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0
