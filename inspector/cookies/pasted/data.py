"""Cookies and headers in data: exports of EditThisCookie, Playwright, Puppeteer, Selenium, Cypress and cookie jars, events of AWS
Lambda, requests and answers as a program logs them, supertest's arrays, a browser's Copy all; JSON, or as Python and Node print it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.header import has_attributes, read_header, read_unnamed
from inspector.cookies.pasted.literal import Value, read_values
from inspector.cookies.pasted.stored import StoredCookie, as_cookies

LABEL = "data (JSON, or a value that a program printed)"
_PAIR = re.compile(r"\s*[!#$%&'*+\-.^_`|~0-9A-Za-z:]+=")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z:]{1,200}\Z")
_SESSION_NAME = re.compile(r"sid\b|sess", re.I)
_SPACED = re.compile(r"\s")
_HEADERS = frozenset({"cookie", "set-cookie", "setcookie", "set_cookie"})
_COOKIES = re.compile(r"(?:(?:req|request|res|response|signed|all)[ ._]?)?cookies?(?: \(.*\))?\Z", re.I)
_FIELDS = frozenset(
    {"domain", "path", "httponly", "secure", "expires", "expirationdate", "expiry", "samesite", "hostonly", "session"}
)


@dataclass(slots=True)
class _Found:
    """What was found so far. `jar` is that of the headers which come next."""

    cookies: list[Cookie] = field(default_factory=list)
    stored: list[StoredCookie] = field(default_factory=list)
    jar: int = 0


def read(text: str) -> list[Cookie] | None:
    """Return the cookies of every object and list, each header's as its own form says; None for what isn't data alone."""
    values = read_values(text)
    if values is None or (isinstance(values[0], str) and not _is_header(values[0])):
        return None
    return read_data(values)


def read_data(values: Iterable[Value]) -> list[Cookie]:
    """Return the cookies of values that were read."""
    found = _Found()
    for value in values:
        count = len(found.cookies)
        _take(value, found, is_named=False)
        if len(found.cookies) == count and not found.stored and isinstance(value, dict):
            _take_pairs(value, found)
        found.jar += 1
    stored = [replace(one, jar=one.jar + found.jar) for one in as_cookies(found.stored)]
    # A gateway repeats a request's cookies beside its headers.
    return list(dict.fromkeys([*found.cookies, *stored]))


def _is_header(text: str) -> bool:
    return _PAIR.match(text) is not None and "\n" not in text.strip()


def _take(value: Value, found: _Found, is_named: bool) -> None:
    """Take what is in a value. `is_named`: it stood under a name that says it is cookies."""
    if isinstance(value, str):
        if _is_header(value):
            found.cookies += read_unnamed(value, jar=found.jar)
    elif isinstance(value, list):
        _take_list(value, found, is_named)
    elif isinstance(value, dict):
        _take_object(value, found, is_named)


def _take_list(items: list[Value], found: _Found, is_named: bool) -> None:
    texts = [item for item in items if isinstance(item, str)]
    if texts and len(texts) == len(items):
        if any(text.lower() in _HEADERS for text in texts[::2]):  # Node's rawHeaders, or one pair of them
            for name, text in zip(texts[::2], texts[1::2], strict=False):
                _take_header(name, text, found)
        else:
            for text in texts:
                _take(text, found, is_named)
        return
    for item in items:
        count = len(found.cookies)
        if isinstance(item, list | dict):
            _take(item, found, is_named)
        if isinstance(item, dict) and len(found.cookies) > count and "value" not in item:
            found.jar += 1  # each a request of its own


def _take_object(members: dict[str, Value], found: _Found, is_named: bool) -> None:
    lower = {name.lower(): value for name, value in members.items()}
    name, value = lower.get("name", lower.get("key")), lower.get("value")
    if isinstance(name, str) and isinstance(value, str):
        if name.lower() in _HEADERS:
            _take_header(name, value, found)
        elif is_named or _FIELDS & lower.keys():
            _take_cookie(name, value, lower, found)
        return
    # Of an event's two forms of its headers this one is whole.
    whole = "multivalueheaders"
    skipped = "headers" if isinstance(lower.get(whole), dict) and lower[whole] else ""
    is_answer = "statuscode" in lower
    for key, inside in members.items():
        if key.lower() == skipped:
            continue
        if key.lower() in _HEADERS:
            _take_header(key, inside, found)
        elif _COOKIES.match(key.strip()):
            _take_named(inside, found, is_answer or key.lower().startswith("res"))
        elif not _take_member(key, inside, found) and isinstance(inside, list | dict):
            _take(inside, found, is_named)


def _take_member(name: str, value: Value, found: _Found) -> bool:
    """Take a cookie whose name is outside and whose value and fields are inside."""
    if not isinstance(value, dict) or not isinstance(value.get("value"), str):
        return False
    lower = {key.lower(): part for key, part in value.items()}
    if not _FIELDS & lower.keys():
        return False
    _take_cookie(name, str(value["value"]), lower, found)
    return True


def _take_header(name: str, value: Value, found: _Found) -> None:
    header = "set-cookie" if name.lower().startswith("set") else "cookie"
    if isinstance(value, str):
        lines = value.splitlines() if header == "set-cookie" else [value]
        for line in lines:
            found.cookies += read_header(header, line, jar=found.jar)
    elif isinstance(value, list):
        for item in value:
            # CloudFront's headers are objects with a value.
            _take_header(name, item.get("value") if isinstance(item, dict) else item, found)
    elif isinstance(value, dict):
        _take_named(value, found, header == "set-cookie")


def _take_named(value: Value, found: _Found, is_answer: bool) -> None:
    """Take what stands under a name such as `cookies`."""
    if isinstance(value, dict) and not {"name", "value"} <= value.keys():
        for name, inside in value.items():
            if isinstance(inside, dict) and isinstance(inside.get("value"), str):
                lower = {key.lower(): part for key, part in inside.items()}
                _take_cookie(name, str(inside["value"]), lower, found)
            elif isinstance(inside, str) and _NAME.match(name):
                found.cookies += read_header("cookie", f"{name}={inside}", jar=found.jar)
            elif isinstance(inside, list | dict):
                _take(inside, found, is_named=True)
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        for item in value:
            header = "set-cookie" if is_answer or has_attributes(str(item)) else "cookie"
            found.cookies += read_header(header, str(item), jar=found.jar)
    else:
        _take(value, found, is_named=True)


def _take_cookie(name: str, value: str, lower: dict[str, Value], found: _Found) -> None:
    if not _FIELDS & lower.keys():
        found.cookies += read_header("cookie", f"{name}={value}", jar=found.jar)
        return
    domain = _text(lower.get("domain", lower.get("host")))
    host_only = lower.get("hostonly")
    expires = next(
        (lower[key] for key in ("expirationdate", "expires", "expiry", "expires / max-age") if lower.get(key)), ""
    )
    found.stored.append(
        StoredCookie(
            name,
            value,
            domain,
            _text(lower.get("path")),
            "" if lower.get("session") is True else _text(expires),
            _text(lower.get("samesite")),
            is_host_only=host_only if isinstance(host_only, bool) else not domain.startswith("."),
            is_http_only=_flag(lower, "httponly"),
            is_secure=_flag(lower, "secure"),
        )
    )


def _take_pairs(members: dict[str, Value], found: _Found) -> None:
    """Take an object whose members are cookies by name, as `req.cookies` is; any other has no cookie."""
    texts = {name: value for name, value in members.items() if isinstance(value, str)}
    # A cookie of the form `j:{…}` is an object there.
    is_whole = len(texts) == len(members) or any(_SESSION_NAME.search(name) for name in texts)
    if is_whole and all(_NAME.match(name) and not _SPACED.search(value) for name, value in texts.items()):
        for name, value in texts.items():
            found.cookies += read_header("cookie", f"{name}={value}", jar=found.jar)


def _flag(lower: dict[str, Value], name: str) -> bool | None:
    value = lower.get(name)
    return value if isinstance(value, bool) else None


def _text(value: Value) -> str:
    return "" if value is None or isinstance(value, bool | list | dict) else str(value)
