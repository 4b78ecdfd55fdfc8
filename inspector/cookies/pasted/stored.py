"""Cookies as browsers, tools and libraries keep them, field by field, turned into what Set-Cookie would have said."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.utils import formatdate

from inspector.cookies._api import Attribute, Cookie
from inspector.cookies.pasted.header import decode_value

_NUMBER = re.compile(r"-?\d{1,17}(?:\.\d{1,9})?\Z")
_SESSION = frozenset({"", "session", "-1", "0", "none", "null", "infinity"})
# Chrome's and EditThisCookie's names, and those for "nothing was said".
_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None", "no_restriction": "None"}
_MILLISECONDS_FROM = 100_000_000_000


@dataclass(frozen=True, slots=True)
class StoredCookie:
    """`expires`: as the form has it: a date, seconds or milliseconds since 1970, "Session" … None of a flag: the form does not say."""

    name: str
    raw: str
    domain: str = ""
    path: str = ""
    expires: str = ""
    same_site: str = ""
    is_host_only: bool = True
    is_http_only: bool | None = None
    is_secure: bool | None = None


def as_cookies(stored: Iterable[StoredCookie]) -> list[Cookie]:
    """Return cookies with attributes; those of one domain and path are a jar."""
    jars: dict[tuple[str, str], int] = {}
    return [replace(_cookie(one), jar=jars.setdefault((one.domain, one.path), len(jars))) for one in stored]


def _cookie(stored: StoredCookie) -> Cookie:
    texts = (
        ("Domain", "" if stored.is_host_only else stored.domain),
        ("Path", stored.path),
        ("Expires", _date(stored.expires)),
        ("SameSite", _SAME_SITE.get(stored.same_site.strip().lower(), "")),
    )
    flags = (("HttpOnly", stored.is_http_only), ("Secure", stored.is_secure))
    attributes = [Attribute(name, text) for name, text in texts if text]
    attributes += [Attribute(name, None) for name, is_set in flags if is_set]
    unsaid = {name.lower() for name, is_set in flags if is_set is None}
    unsaid |= set() if stored.path else {"path"}
    return Cookie(
        stored.name,
        stored.raw,
        decode_value(stored.raw)[0],
        "set-cookie",
        tuple(attributes),
        unsaid=frozenset(unsaid),
    )


def _date(text: str) -> str:
    """Return an Expires attribute's text, "" for a cookie that ends with the browser."""
    text = text.strip().strip('"')
    if text.lower() in _SESSION:
        return ""
    if _NUMBER.match(text):
        seconds = float(text)
        if seconds < 0:
            return ""
        return _http_date(seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds) or text
    try:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return _http_date((moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()) or text
    except (ValueError, OverflowError):
        return text


def _http_date(seconds: float) -> str:
    try:
        return formatdate(seconds, usegmt=True)
    except (ValueError, OverflowError, OSError):
        return ""
