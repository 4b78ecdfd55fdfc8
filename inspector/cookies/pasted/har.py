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
from inspector.cookies.browser.dates import read_cookie_date
from inspector.cookies.browser.har_request import Traces, describe_request, find_resource, read_initiator, read_text
from inspector.cookies.browser.request import BrowserRequest
from inspector.cookies.chunks import join_chunks
from inspector.cookies.pasted.header import decode_value, read_cookie_header, read_set_cookie

MOST_BYTES = 100 * 1024 * 1024
MOST_EXCHANGES = 20_000
_MOST_HEADER = 64 * 1024
_LONGEST_WAIT_MS = 24 * 3600 * 1000


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


class _Timings(msgspec.Struct, frozen=True):
    receive: float | None = None


class _Entry(msgspec.Struct, rename="camel"):
    request: _Request
    response: _Response
    started_date_time: str = ""
    time: float | None = None
    timings: _Timings = _Timings()
    pageref: str | None = None
    # Chrome's own fields; what others write under these names need not have their form.
    initiator: msgspec.Raw = msgspec.field(name="_initiator", default=msgspec.Raw(b"null"))
    resource_type: msgspec.Raw = msgspec.field(name="_resourceType", default=msgspec.Raw(b"null"))
    from_cache: msgspec.Raw = msgspec.field(name="_fromCache", default=msgspec.Raw(b"null"))


class _Page(msgspec.Struct):
    id: str = ""
    title: str = ""


class _Log(msgspec.Struct):
    entries: list[_Entry]
    pages: list[_Page] | None = None


class _Archive(msgspec.Struct):
    log: _Log


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    number: int
    """Counts from 1 in time order."""
    started_at_ms: int
    answered_at_ms: int
    """When the answer's headers were there: requests that began before could not carry what it set."""
    method: str
    url: str
    status: int
    sent: tuple[Cookie, ...]
    received: tuple[Cookie, ...]
    """The Set-Cookie lines, in order."""
    request: BrowserRequest
    resource: str
    """What it was for in the words of Sec-Fetch-Dest ("document", "image", "empty" for a fetch), "" where that is not told."""
    is_judged: bool
    """False where no cookie travels or none is kept: an answer from the cache, a request that failed, a CORS preflight."""
    location: str
    """Where a redirect leads."""
    server_ms: int | None
    """The server's clock (Date)."""
    allows_credentials: bool
    """Whether the answer lets a script of another origin use cookies (Access-Control-Allow-Credentials)."""

    @property
    def host(self) -> str:
        return self.request.host

    @property
    def address(self) -> SplitResult:
        """The URL in its parts; empty ones for what isn't a URL."""
        try:
            return urlsplit(self.url)
        except ValueError:
            return SplitResult("", "", "", "", "")


def read_har(data: bytes) -> tuple[Exchange, ...]:
    """Read an archive; exchanges in time order. `CookieError` says what is wrong and what to export instead."""
    if len(data) > MOST_BYTES:
        raise CookieError("This archive is larger than 100 MB. Record fewer requests, or filter them before exporting.")
    try:
        log = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Archive).log
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise CookieError("This isn't a HAR file. In the browser's network tab choose Save all as HAR.") from None
    if len(log.entries) > MOST_EXCHANGES:
        raise CookieError(f"There are more than {MOST_EXCHANGES} requests in this archive. Record fewer.")
    ordered = sorted(log.entries, key=lambda entry: _time(entry.started_date_time))
    pages = {page.id: page.title for page in log.pages or []}
    found = tuple(_exchange(number, entry, pages) for number, entry in enumerate(ordered, 1))
    if not any(one.sent or one.received for one in found):
        raise CookieError(
            "There is no cookie in this archive. Chrome leaves them out unless you choose Export HAR (with sensitive data). "
            "If yours has them, the application set none: express-session sets no Secure cookie where it sees plain http "
            "(behind a proxy: app.set('trust proxy', 1))."
        )
    return found


def _exchange(number: int, entry: _Entry, pages: dict[str, str]) -> Exchange:
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
    url, answer = _address(request.url), {pair.name.lower(): pair.value for pair in response.headers}
    asked = {pair.name.lower(): pair.value for pair in request.headers}
    method, started = request.method.upper(), _time(entry.started_date_time)
    traces = Traces(
        asked, read_text(entry.resource_type), read_initiator(entry.initiator), pages.get(entry.pageref or "", "")
    )
    is_preflight = method == "OPTIONS" and "access-control-request-method" in asked
    is_cached = bool(read_text(entry.from_cache))
    return Exchange(
        number,
        started,
        started + _wait(entry),
        request.method,
        url,
        response.status,
        sent,
        join_chunks(received),
        describe_request(url, method, traces),
        find_resource(traces),
        not (is_preflight or is_cached) and (response.status > 0 or bool(sent)),
        answer.get("location", ""),
        read_cookie_date(answer["date"]) if "date" in answer else None,
        answer.get("access-control-allow-credentials", "").lower() == "true",
    )


def _wait(entry: _Entry) -> int:
    wait = (entry.time or 0) - max(0, entry.timings.receive or 0)
    return round(min(max(0, wait), _LONGEST_WAIT_MS))


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
