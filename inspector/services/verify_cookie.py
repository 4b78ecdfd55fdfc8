"""From pasted text to a verdict per cookie and the chain from cookie to session; knows no window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from inspector.cookies import Cookie, Verdict
from inspector.core.secret import Secret
from store_adapters.contract import RecordRef, SessionStore


class LinkState(Enum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    SKIPPED = "skipped"  # an earlier link is broken, or nothing to check it against


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One link: "Format", "Session ID", "Signature", "Store key", "Record", "Expiry", "Attributes"."""

    name: str
    state: LinkState
    text: str


@dataclass(frozen=True, slots=True)
class CookieReport:
    """All that is known of one cookie. `broken` is the first broken link's text, "" when none is.

    `record`: where the session is in the given store when it was found there.
    """

    cookie: Cookie
    verdict: Verdict
    chain: tuple[ChainLink, ...]
    broken: str
    record: RecordRef | None


def inspect_cookies(
    text: str,
    secrets: Sequence[Secret],
    store: SessionStore | None,
    *,
    now_ms: int,
    store_name: str = "",
    is_production: bool = False,
) -> tuple[CookieReport, ...]:
    """Read any pasted text, judge every cookie in it, and follow the chain into `store` where one is given.

    Reads the store (a lane's thread, never the GUI's). `CookieError` when there is no cookie in the text.
    Trouble with the store becomes a broken "Record" link, not an exception.
    """
    raise NotImplementedError


def signed_cookie_value(session_id: str, secret: Secret) -> str:
    """Return the percent-encoded express-session value `s%3A<id>.<signature>`."""
    raise NotImplementedError


def cookie_header(name: str, session_id: str, secret: Secret) -> str:
    """Return `name=s%3A…` as a Cookie header's text."""
    raise NotImplementedError


def set_cookie_line(name: str, session_id: str, secret: Secret, cookie_json: str, now_ms: int) -> str:
    """Return the Set-Cookie line express-session would send for a record whose `cookie` member is `cookie_json`."""
    raise NotImplementedError


def curl_command(name: str, session_id: str, secret: Secret, url: str) -> str:
    """Return a POSIX-shell-safe `curl` command which sends the signed cookie."""
    raise NotImplementedError


def edit_cookie(report: CookieReport, payload: str, secret: Secret, now_ms: int) -> str:
    """Return the cookie value of a client-side scheme (Flask, Starlette) with `payload` (JSON text) in it, signed."""
    raise NotImplementedError


def resign_cookie(report: CookieReport, secret: Secret) -> str:
    """Return the cookie's value signed with `secret`, as it stands in a header."""
    raise NotImplementedError
