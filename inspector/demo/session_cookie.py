"""The session's `cookie` object and its header lines, as express-session 1.19 and `cookie` 0.7 have them; no session.

Unlike the real setters these read the clock once, so `originalMaxAge` never drifts down by a millisecond.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Literal, TypeAlias

from inspector.cookies import decode_value, encode_value, split_header
from store_adapters.application.javascript_json import JsValue, format_date, parse_date

Clock = Callable[[], int]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_DOMAIN = re.compile(r"\.?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\Z", re.I)
_PATH = re.compile(r"[\x20-\x3A\x3C-\x7E]*\Z")
_KEYS = ("originalMaxAge", "partitioned", "priority", "expires", "secure", "httpOnly", "domain", "path", "sameSite")


class Undefined:
    """JavaScript's `undefined`: a cookie member which is not there."""

    def __bool__(self) -> bool:
        return False


UNDEFINED = Undefined()


@dataclass(frozen=True, slots=True)
class Date:
    """A JavaScript `Date` by its epoch milliseconds; NaN when invalid."""

    epoch_ms: float


CookieValue: TypeAlias = "JsValue | Date | Undefined"


class CookieFault(Exception):
    """express-session or `cookie` would throw a TypeError here, with this text."""


@dataclass(frozen=True, slots=True)
class CookieOptions:
    """The `cookie` option of express-session; None: the key is not given.

    `expires_at_ms` is a fixed `expires`, which `touch` turns into a sliding `originalMaxAge`; `max_age_ms` wins.
    """

    max_age_ms: float | None = None
    expires_at_ms: int | None = None
    secure: bool | Literal["auto"] | None = None
    same_site: bool | str | None = None
    http_only: bool = True
    path: str = "/"
    domain: str | None = None
    priority: str | None = None
    partitioned: bool | None = None

    def members(self) -> dict[str, CookieValue]:
        """Return what would be the JavaScript object."""
        given: dict[str, CookieValue] = {"path": self.path, "httpOnly": self.http_only}
        if self.expires_at_ms is not None:
            given["expires"] = Date(self.expires_at_ms)
        if self.max_age_ms is not None:
            given["maxAge"] = self.max_age_ms
        rest = {"secure": self.secure, "sameSite": self.same_site, "domain": self.domain}
        rest |= {"priority": self.priority, "partitioned": self.partitioned}
        return given | {name: value for name, value in rest.items() if value is not None}


class SessionCookie:
    """The object at `req.session.cookie`, with its setters' side effects."""

    def __init__(self, members: Mapping[str, CookieValue], clock: Clock) -> None:
        self._clock = clock
        self._members: dict[str, CookieValue] = {"path": "/"}
        self.max_age = None
        self._members["httpOnly"] = True
        for name, value in members.items():
            self[name] = value
        if self["originalMaxAge"] is UNDEFINED or self["originalMaxAge"] is None:
            self._members["originalMaxAge"] = self.max_age

    @classmethod
    def inflate(cls, stored: JsValue | Undefined, clock: Clock) -> SessionCookie:
        """Return the cookie of a loaded record, as `Store.createSession` makes it. `CookieFault`."""
        if stored is UNDEFINED or stored is None:
            missing = "null" if stored is None else "undefined"
            raise CookieFault(f"Cannot read properties of {missing} (reading 'expires')")
        if not isinstance(stored, dict):
            if stored and not isinstance(stored, list):
                raise CookieFault("argument options must be a object")
            stored = {}
        cookie = cls(stored, clock)
        expires = stored.get("expires")
        if isinstance(expires, str):
            cookie["expires"] = Date(parse_date(expires))
        cookie._members["originalMaxAge"] = stored.get("originalMaxAge", UNDEFINED)
        return cookie

    def __getitem__(self, name: str) -> CookieValue:
        return self._members.get(name, UNDEFINED)

    def __setitem__(self, name: str, value: CookieValue) -> None:
        if name == "maxAge":
            self.max_age = value
            return
        if name == "data":
            return
        self._members[name] = value
        if name == "expires":
            self._members["originalMaxAge"] = self.max_age

    @property
    def expires(self) -> CookieValue:
        return self["expires"]

    @property
    def expires_at_ms(self) -> int | None:
        """When the cookie expires, in epoch milliseconds; None for a browser session."""
        expires = self.expires
        return int(expires.epoch_ms) if isinstance(expires, Date) and math.isfinite(expires.epoch_ms) else None

    @property
    def max_age(self) -> CookieValue:
        expires = self.expires
        if not isinstance(expires, Date):
            return expires
        return _whole(expires.epoch_ms - self._clock())

    @max_age.setter
    def max_age(self, value: CookieValue) -> None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            now_ms = self._clock()
            # A Date keeps whole milliseconds only.
            epoch_ms = math.trunc(now_ms + value) if math.isfinite(value) else math.nan
            self._members |= {"expires": Date(epoch_ms), "originalMaxAge": _whole(epoch_ms - now_ms)}
            return
        if value and not isinstance(value, Date):
            raise CookieFault("maxAge must be a number or Date")
        self["expires"] = value

    def touch(self) -> None:
        """Let it live for `originalMaxAge` from now. `CookieFault` for text there: the real request would hang."""
        self.max_age = self["originalMaxAge"]

    def to_json(self) -> dict[str, JsValue]:
        """Return the members as they are stored: in this order, without the undefined ones."""
        stored: dict[str, JsValue] = {}
        for name in _KEYS:
            value = self[name]
            if isinstance(value, Date):
                stored[name] = format_date(value.epoch_ms)
            elif not isinstance(value, Undefined):
                stored[name] = value
        return stored

    def serialize(self, name: str, value: str) -> str:
        """Return the Set-Cookie line. `CookieFault` for what `cookie.serialize` refuses."""
        if not _TOKEN.match(name):
            raise CookieFault("argument name is invalid")
        parts = [f"{name}={encode_value(value)}"]
        if domain := self["domain"]:
            parts.append(f"Domain={_matching(domain, _DOMAIN, 'domain')}")
        if path := self["path"]:
            parts.append(f"Path={_matching(path, _PATH, 'path')}")
        if expires := self.expires:
            if not isinstance(expires, Date) or not math.isfinite(expires.epoch_ms):
                raise CookieFault("option expires is invalid")
            parts.append(f"Expires={formatdate(expires.epoch_ms // 1000, usegmt=True)}")
        parts += [word for word in ("HttpOnly", "Secure", "Partitioned") if self[word[0].lower() + word[1:]]]
        if priority := self["priority"]:
            parts.append(f"Priority={_one_of(priority, ('low', 'medium', 'high'), 'priority')}")
        if same_site := self["sameSite"]:
            word = "strict" if same_site is True else same_site
            parts.append(f"SameSite={_one_of(word, ('lax', 'strict', 'none'), 'sameSite')}")
        return "; ".join(parts)


def find_cookie(header: str, name: str) -> str | None:
    """Return the value of the first cookie of that name, as `cookie` 0.7 parses a Cookie header."""
    return next((decode_value(raw)[0] for found, raw in split_header(header) if found == name), None)


def _whole(number: float) -> int | float:
    return int(number) if math.isfinite(number) and number == int(number) else number


def _matching(value: CookieValue, pattern: re.Pattern[str], name: str) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise CookieFault(f"option {name} is invalid")
    return value


def _one_of(value: CookieValue, words: tuple[str, ...], name: str) -> str:
    if not isinstance(value, str) or value.lower() not in words:
        raise CookieFault(f"option {name} is invalid")
    return value.capitalize()
