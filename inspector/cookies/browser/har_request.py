"""Which site began a request of an HTTP archive, and what for: from its Sec-Fetch headers, Origin, Chrome's fields, Referer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import msgspec

from inspector.cookies.browser.request import BrowserRequest, Origin
from inspector.cookies.browser.sites import canonical_host, is_one_site, site_of

_SCHEMES = {"ws": "http", "wss": "https"}
_PORTS = {"http": 80, "https": 443}
# Chrome's _resourceType in the words of Sec-Fetch-Dest.
_RESOURCES = {"xhr": "empty", "fetch": "empty", "stylesheet": "style", "media": "video"}


class _Frame(msgspec.Struct):
    url: str = ""


class _Stack(msgspec.Struct, rename="camel"):
    call_frames: list[_Frame] = []


class _Initiator(msgspec.Struct):
    url: str = ""
    stack: _Stack | None = None


@dataclass(frozen=True, slots=True)
class Traces:
    """What an archive tells of a request's beginning. `headers`: of the request, names in lower case."""

    headers: Mapping[str, str]
    resource_type: str
    initiator_url: str
    page_url: str


def read_initiator(raw: msgspec.Raw) -> str:
    """Return the address that Chrome's `_initiator` names, "" for another form."""
    try:
        initiator = msgspec.json.decode(raw, type=_Initiator | None)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    if initiator is None:
        return ""
    frames = initiator.stack.call_frames if initiator.stack is not None else []
    return initiator.url or next((frame.url for frame in frames if frame.url), "")


def read_text(raw: msgspec.Raw) -> str:
    """Return a text of the archive, "" for anything else."""
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def find_resource(traces: Traces) -> str:
    """Return what the request was for, in the words of Sec-Fetch-Dest, "" where nothing tells."""
    told = traces.headers.get("sec-fetch-dest", "").lower()
    return told or _RESOURCES.get(traces.resource_type, traces.resource_type)


def describe_request(url: str, method: str, traces: Traces) -> BrowserRequest:
    """Return the request as the cookie rules see it."""
    address = urlsplit(url)
    scheme, host = _SCHEMES.get(address.scheme, address.scheme), canonical_host(address.hostname or "")
    is_navigation = _is_navigation(traces)
    starter = _starter(traces, is_navigation)
    page = _parts(traces.page_url) if is_navigation is not True else None
    return BrowserRequest(
        scheme,
        host,
        address.path or "/",
        method,
        _origin(traces.headers, (scheme, host), starter),
        canonical_host(starter.hostname or "") if starter is not None else "",
        is_navigation,
        is_navigation is not True and _is_cross_origin(address, traces.headers),
        site_of(canonical_host(page.hostname or "")) if page is not None else "",
    )


def _is_navigation(traces: Traces) -> bool | None:
    """Return whether the request loads the page in the address bar; a frame's doesn't."""
    headers = traces.headers
    if mode := headers.get("sec-fetch-mode", "").lower():
        return mode == "navigate" and headers.get("sec-fetch-dest", "document").lower() == "document"
    if traces.resource_type:
        return traces.resource_type == "document"
    if "x-requested-with" in headers:
        return False
    # Browsers ask so for pages only.
    if "upgrade-insecure-requests" in headers or headers.get("accept", "").startswith("text/html"):
        return True
    return None


def _starter(traces: Traces, is_navigation: bool | None) -> SplitResult | None:
    """Return the address that began the request; Origin "null" and malformed addresses tell nothing."""
    texts = [traces.headers.get("origin", ""), traces.initiator_url, traces.headers.get("referer", "")]
    if is_navigation is not True:
        texts.append(traces.page_url)
    return next((parts for text in texts if (parts := _parts(text)) is not None), None)


def _origin(headers: Mapping[str, str], target: tuple[str, str], starter: SplitResult | None) -> Origin:
    told = headers.get("sec-fetch-site", "").lower()
    if told == "cross-site":
        return Origin.CROSS_SITE
    if told in ("same-origin", "same-site", "none"):
        return Origin.SAME_SITE
    is_one = _is_one_site(starter, target) if starter is not None else None
    return Origin.UNKNOWN if is_one is None else Origin.SAME_SITE if is_one else Origin.CROSS_SITE


def _is_one_site(starter: SplitResult, target: tuple[str, str]) -> bool | None:
    scheme, host = target
    # http and https of one host are two sites to Chrome, and one to Firefox.
    is_one = is_one_site(canonical_host(starter.hostname or ""), host)
    return None if is_one and starter.scheme != scheme else is_one


def _is_cross_origin(address: SplitResult, headers: Mapping[str, str]) -> bool:
    if (told := headers.get("sec-fetch-site", "").lower()) and headers.get("sec-fetch-mode", "").lower() == "cors":
        return told != "same-origin"
    origin = _parts(headers.get("origin", ""))
    return origin is not None and _place(origin) != _place(address)


def _place(address: SplitResult) -> tuple[str, str, int | None]:
    try:
        port = address.port
    except ValueError:
        port = None
    return address.scheme, address.hostname or "", port or _PORTS.get(address.scheme)


def _parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None
