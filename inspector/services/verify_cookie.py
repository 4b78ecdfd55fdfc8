"""From pasted text to a verdict per cookie and the chain from cookie to session; knows no window."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from enum import Enum

from inspector.codecs import CodecError, parse_json
from inspector.cookies import (
    Cookie,
    CookieError,
    Status,
    Verdict,
    edit_payload,
    is_default_id,
    judge,
    read_cookies,
    signed_value,
)
from inspector.cookies import resign as resign_value
from inspector.core.display import escape_display, format_time, parse_time
from inspector.core.expiry import format_duration
from inspector.core.node import Kind, Node, member, text_of
from inspector.core.secret import Secret
from inspector.services.open_session import OpenedSession, open_session
from store_adapters.contract import RecordRef, SessionStore
from store_adapters.errors import BadStoreAddress, RecordMissing, RecordUnreadable, StoreError


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


NAMES = ("Format", "Session ID", "Signature", "Store key", "Record", "Expiry", "Attributes")
_COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


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
    reports = []
    for cookie in read_cookies(text):
        verdict = judge(cookie, secrets, now_ms)
        chain = _Chain(cookie, verdict, len(secrets), store, store_name or "this store", now_ms, is_production)
        reports.append(chain.follow())
    return tuple(reports)


class _Chain:
    """The chain of one cookie, built link by link; a broken link makes the later ones skipped."""

    def __init__(
        self,
        cookie: Cookie,
        verdict: Verdict,
        secret_count: int,
        store: SessionStore | None,
        store_name: str,
        now_ms: int,
        is_production: bool,
    ) -> None:
        self._cookie = cookie
        self._verdict = verdict
        self._secret_count = secret_count
        self._store = store
        self._store_name = store_name
        self._now_ms = now_ms
        self._is_production = is_production
        self._links: list[ChainLink] = []
        self._opened: OpenedSession | None = None

    def follow(self) -> CookieReport:
        """Return the report of the cookie."""
        self._follow_format()
        if not self._broken():
            if self._verdict.payload is not None:
                self._follow_carrier()
            else:
                self._follow_session_id()
        for name in NAMES[len(self._links) : -1]:
            self._put(name, LinkState.SKIPPED, "Not reached: an earlier link is broken.")
        self._follow_attributes()
        record = self._opened.raw.ref if self._opened is not None else None
        return CookieReport(self._cookie, self._verdict, tuple(self._links), self._broken(), record)

    def _put(self, name: str, state: LinkState, text: str) -> None:
        self._links.append(ChainLink(name, state, text))

    def _broken(self) -> str:
        return next((link.text for link in self._links if link.state is LinkState.BROKEN), "")

    def _follow_format(self) -> None:
        cookie, verdict = self._cookie, self._verdict
        if cookie.shadowed:
            words = f"An earlier cookie is also named {_shown(cookie.name)}: Express reads that one and never sees this one."
            self._put("Format", LinkState.BROKEN, words)
        elif verdict.status is Status.UNKNOWN or (not verdict.session_id and verdict.payload is None):
            self._put("Format", LinkState.BROKEN, verdict.detail)
        elif verdict.scheme == "express-session" and not cookie.value.startswith("s:"):
            self._put("Format", LinkState.BROKEN, f"{verdict.detail} {verdict.hint}".strip())
        else:
            label = {"flask": "Flask", "starlette": "Starlette"}.get(verdict.scheme, verdict.scheme)
            named = f" named {_shown(cookie.name)}" if cookie.name else ""
            self._put("Format", LinkState.OK, f"A cookie of {label}{named}, {verdict.encoding}.")

    def _follow_carrier(self) -> None:
        """Follow a cookie that carries its session: there is no record to find."""
        inside = "The session is inside the cookie, not in a store."
        self._put("Session ID", LinkState.OK, inside)
        self._follow_signature()
        if self._broken():
            return
        for name in ("Store key", "Record"):
            self._put(name, LinkState.SKIPPED, inside)
        age = format_duration(self._now_ms - (self._verdict.issued_at_ms or self._now_ms))
        self._put("Expiry", LinkState.OK, f"Signed {age} ago; the application's settings say how old it may be.")

    def _follow_session_id(self) -> None:
        session_id = self._verdict.session_id or ""
        if is_default_id(session_id):
            words = "24 random bytes, as express-session makes them."
        else:
            words = "Not of express-session's default form: the application has a genid of its own."
        self._put("Session ID", LinkState.OK, f"{_shown(session_id)}: {words[0].lower()}{words[1:]}")
        self._follow_signature()
        if self._broken():
            return
        if self._store is None:
            for name in ("Store key", "Record", "Expiry"):
                self._put(name, LinkState.SKIPPED, "Open a store to look the session up.")
            return
        self._follow_record(self._store, session_id)

    def _follow_signature(self) -> None:
        verdict = self._verdict
        words = f"{verdict.detail} {verdict.hint}".strip()
        if verdict.status is Status.VALID:
            is_old = (verdict.secret_index or 0) > 0
            self._put("Signature", LinkState.WARNING if is_old else LinkState.OK, words)
        elif verdict.status is Status.UNSIGNED and self._secret_count == 0:
            # Not checked is not broken: the rest of the chain is still worth knowing.
            self._put("Signature", LinkState.SKIPPED, words)
        else:
            self._put("Signature", LinkState.BROKEN, words)

    def _follow_record(self, store: SessionStore, session_id: str) -> None:
        try:
            ref = store.ref_for(session_id)
        except BadStoreAddress as error:
            self._put("Store key", LinkState.BROKEN, f"{error.message} {error.remedy}".strip())
            return
        key = _shown(ref.key.decode("utf-8", "surrogateescape"))
        self._put("Store key", LinkState.OK, f"{key} in {self._store_name}.")
        try:
            self._opened = open_session(store, ref)
        except RecordMissing:
            words = (
                f"No record {key} in {self._store_name}: logged out, expired, or another prefix or database. "
                "Express starts a new session and leaves this cookie as it is."
            )
            self._put("Record", LinkState.BROKEN, words)
        except RecordUnreadable as error:
            self._put("Record", LinkState.BROKEN, f"{error.message} {error.remedy}".strip())
        except StoreError as error:
            self._put("Record", LinkState.BROKEN, f"{self._store_name}: {error.message} {error.remedy}".strip())
        else:
            self._put(*_record_link(self._opened))
            if not self._broken():
                self._put(*_expiry_link(self._opened, self._now_ms))

    # --- attributes ---------------------------------------------------------------------------------------------

    def _follow_attributes(self) -> None:
        found: list[tuple[LinkState, str]] = []
        if self._cookie.origin == "set-cookie":
            found += _judge_set_cookie(self._cookie, self._now_ms, self._is_production)
        if self._opened is not None and self._opened.decoded is not None:
            found += _judge_stored(self._opened.decoded.root, self._is_production)
        if not found and self._cookie.origin != "set-cookie" and self._opened is None:
            words = "A Cookie header says nothing of them. Paste the Set-Cookie line to have them judged."
            self._put("Attributes", LinkState.SKIPPED, words)
            return
        states = [state for state, _ in found]
        worst = LinkState.OK
        if LinkState.BROKEN in states:
            worst = LinkState.BROKEN
        elif states:
            worst = LinkState.WARNING
        self._put("Attributes", worst, " ".join(words for _, words in found) or "Nothing to object to.")


def _shown(text: str) -> str:
    return escape_display(text, 80)


def _record_link(opened: OpenedSession) -> tuple[str, LinkState, str]:
    if opened.decoded is None:
        words = "The record is there, but no known format reads it: Express answers with an error or a new session."
        return "Record", LinkState.WARNING, words
    if opened.decoded.root.kind is not Kind.OBJECT or member(opened.decoded.root, "cookie") is None:
        return (
            "Record",
            LinkState.BROKEN,
            "The record has no cookie object: Express answers every request with an error.",
        )
    summary = opened.summary
    who = f"{_shown(summary.user)} {_shown(summary.role)}".strip() if summary.signed_in else "nobody signed in"
    return "Record", LinkState.OK, f"Found: {summary.format}, {who}, {summary.keys} fields beside the cookie."


def _expiry_link(opened: OpenedSession, now_ms: int) -> tuple[str, LinkState, str]:
    ends = opened.raw.expires_at_ms
    if ends is None:
        return "Expiry", LinkState.WARNING, "The record never expires: the store grows without limit."
    when = format_time(ends)
    if ends <= now_ms:
        return "Expiry", LinkState.BROKEN, f"The record expired at {when}: Express no longer finds it."
    return "Expiry", LinkState.OK, f"Lives for another {format_duration(ends - now_ms)}, until {when}."


def _judge_set_cookie(cookie: Cookie, now_ms: int, is_production: bool) -> list[tuple[LinkState, str]]:
    values = {one.name.lower(): one.value for one in cookie.attributes}
    found: list[tuple[LinkState, str]] = []
    same_site = (values.get("samesite") or "").lower()
    if same_site == "none" and "secure" not in values:
        found.append((LinkState.BROKEN, "SameSite=None without Secure: browsers refuse this cookie."))
    if cookie.name.startswith(("__Host-", "__Secure-")) and "secure" not in values:
        found.append((LinkState.BROKEN, f"The name {_shown(cookie.name)} demands Secure: browsers refuse this cookie."))
    if cookie.name.startswith("__Host-") and ("domain" in values or values.get("path") != "/"):
        found.append((LinkState.BROKEN, "A __Host- cookie needs Path=/ and no Domain: browsers refuse this one."))
    if is_production and "secure" not in values:
        found.append((LinkState.WARNING, "Secure is missing: the cookie also travels over plain http."))
    if "httponly" not in values:
        found.append((LinkState.WARNING, "HttpOnly is missing: scripts on the page can read the cookie."))
    if (path := values.get("path")) and path != "/":
        found.append((LinkState.WARNING, f"Path={_shown(path)}: other pages do not get the cookie."))
    expires_at_ms = _http_date(values.get("expires"))
    if (values.get("max-age") or "1").strip().startswith(("0", "-")):
        found.append((LinkState.BROKEN, "Max-Age is over at once: the browser drops the cookie."))
    elif expires_at_ms is not None and expires_at_ms <= now_ms and "max-age" not in values:
        found.append((LinkState.BROKEN, "Expires is in the past: the browser drops the cookie."))
    return found


def _http_date(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return round(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return None


def _judge_stored(root: Node, is_production: bool) -> list[tuple[LinkState, str]]:
    """Judge what Express sends next: the cookie's attributes are taken from the record."""
    cookie = member(root, "cookie")
    if cookie is None or cookie.kind is not Kind.OBJECT:
        return []
    found: list[tuple[LinkState, str]] = []
    secure, same_site = member(cookie, "secure"), (text_of(member(cookie, "sameSite")) or "").lower()
    is_secure = secure is not None and secure.scalar is True
    if same_site == "none" and not is_secure:
        found.append(
            (LinkState.WARNING, "The record says sameSite none without secure: browsers refuse the next cookie.")
        )
    if is_production and not is_secure:
        found.append((LinkState.WARNING, "The record says secure: false: set cookie.secure for production."))
    if (http_only := member(cookie, "httpOnly")) is not None and http_only.scalar is False:
        found.append((LinkState.WARNING, "The record says httpOnly: false: scripts can read the next cookie."))
    return found


# --- from a session to its cookie ----------------------------------------------------------------------------------


def signed_cookie_value(session_id: str, secret: Secret) -> str:
    """Return the percent-encoded express-session value `s%3A<id>.<signature>`. `CookieError`."""
    return signed_value(session_id, secret)


def cookie_header(name: str, session_id: str, secret: Secret) -> str:
    """Return `name=s%3A…` as a Cookie header's text. `CookieError`."""
    return f"{_checked_name(name)}={signed_value(session_id, secret)}"


def set_cookie_line(name: str, session_id: str, secret: Secret, cookie_json: str, now_ms: int) -> str:
    """Return the Set-Cookie line express-session would send for a record whose `cookie` member is `cookie_json`.

    `Expires` is worked out from `originalMaxAge`, as every request does, else taken from `expires`. `CookieError`.
    """
    try:
        cookie = json.loads(cookie_json)
        parse_json(cookie_json)
    except (ValueError, RecursionError, CodecError):
        cookie = None
    if not isinstance(cookie, dict):
        raise CookieError("This session has no cookie object to take the attributes from.")
    parts = [cookie_header(name, session_id, secret)]
    if isinstance(cookie.get("domain"), str) and cookie["domain"]:
        parts.append(f"Domain={_attribute(cookie['domain'])}")
    if isinstance(cookie.get("path"), str) and cookie["path"]:
        parts.append(f"Path={_attribute(cookie['path'])}")
    if (ends := _cookie_end(cookie, now_ms)) is not None:
        parts.append(f"Expires={formatdate(ends // 1000, usegmt=True)}")
    parts += [
        word
        for key, word in (("httpOnly", "HttpOnly"), ("secure", "Secure"), ("partitioned", "Partitioned"))
        if cookie.get(key)
    ]
    if str(cookie.get("priority")).lower() in ("low", "medium", "high"):
        parts.append(f"Priority={str(cookie['priority']).capitalize()}")
    stored = cookie.get("sameSite")
    same_site = "strict" if stored is True else stored.lower() if isinstance(stored, str) else ""
    if same_site in ("strict", "lax", "none"):
        parts.append(f"SameSite={same_site.capitalize()}")
    return "; ".join(parts)


def _cookie_end(cookie: dict[str, object], now_ms: int) -> int | None:
    max_age = cookie.get("originalMaxAge")
    if isinstance(max_age, int | float) and not isinstance(max_age, bool) and abs(max_age) < 10**15:
        return now_ms + round(max_age)
    expires = cookie.get("expires")
    return parse_time(expires) if isinstance(expires, str) else None


def _attribute(text: str) -> str:
    if not re.fullmatch(r"[\x20-\x3A\x3C-\x7E]*", text):
        raise CookieError("The record's cookie has a domain or path that cannot stand in a header.")
    return text


def _checked_name(name: str) -> str:
    if not _COOKIE_NAME.match(name):
        raise CookieError("This cannot be the name of a cookie. Usually it is connect.sid.")
    return name


def curl_command(name: str, session_id: str, secret: Secret, url: str) -> str:
    """Return a POSIX-shell-safe `curl` command which sends the signed cookie. `CookieError`."""
    return f"curl -i -H {_quoted('Cookie: ' + cookie_header(name, session_id, secret))} {_quoted(url)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def edit_cookie(report: CookieReport, payload: str, secret: Secret, now_ms: int) -> str:
    """Return the cookie value of a client-side scheme (Flask, Starlette) with `payload` (JSON text) in it, signed now.

    `CookieError` when it is no JSON object or the cookie carries no data.
    """
    return edit_payload(report.verdict, payload, secret, now_ms)


def resign_cookie(report: CookieReport, secret: Secret) -> str:
    """Return the cookie's value signed with `secret`, as it stands in a header; its time stays. `CookieError`."""
    return resign_value(report.cookie, report.verdict, secret)
