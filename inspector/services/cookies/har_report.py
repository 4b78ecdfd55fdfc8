"""A session ID followed through the requests of an HTTP archive: where it was set, renewed, lost or refused; reads no store."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from pathlib import Path

from inspector.cookies import HAR_MOST_BYTES as MOST_BYTES
from inspector.cookies import Cookie, CookieError, Exchange, Status, Verdict, judge, read_har, split_chunks
from inspector.core.display import escape_display
from inspector.core.secret import Secret

_LOGIN = re.compile(r"(?:^|[/_-])(?:log|sign)-?in(?:$|[/_.-])", re.I)
_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))


class Event(Enum):
    SET = "set"
    RENEWED = "renewed"
    REPLACED = "new ID"
    KEPT = "sent"
    CLEARED = "cleared"
    REFUSED = "refused"
    LOST = "lost"
    DROPPED = "not kept"


TROUBLE = frozenset((Event.REFUSED, Event.LOST, Event.DROPPED))


@dataclass(frozen=True, slots=True)
class HarRow:
    """What happened to one cookie in one exchange. `sent`, `received`: the session IDs, "" for none."""

    exchange: Exchange
    cookie_name: str
    sent: str
    received: str
    event: Event
    text: str


@dataclass(frozen=True, slots=True)
class HarReport:
    """`rows` in time order; `summary` says where the first trouble is."""

    rows: tuple[HarRow, ...]
    summary: str


@dataclass(slots=True)
class _Jar:
    """What the browser should hold of one cookie of one host."""

    session_id: str
    cookie: Cookie
    set_by: int
    expires_at_ms: int | None


def follow_session(exchanges: Sequence[Exchange], secrets: Sequence[Secret]) -> HarReport:
    """Follow every session cookie of every host through the exchanges."""
    names = _session_cookies(exchanges, secrets)
    rows: list[HarRow] = []
    jars: dict[tuple[str, str], _Jar] = {}
    for exchange in exchanges:
        for host, name in names:
            if exchange.host == host:
                row = _Step(exchange, name, jars, secrets).take()
                if row is not None:
                    rows.append(row)
    trouble = [row for row in rows if row.event in TROUBLE]
    if not names:
        summary = "No session cookie of a known scheme is in this archive."
    elif not trouble:
        count = len({row.exchange.number for row in rows})
        summary = f"No session was lost: {count} requests carried or set {_listed(names)}."
    else:
        first = trouble[0]
        summary = f"Request {first.exchange.number}, {first.exchange.method} {_path(first.exchange)}: {first.text}"
    return HarReport(tuple(rows), summary)


def follow_file(path: Path, secrets: Sequence[Secret]) -> HarReport:
    """Read a HAR file and follow its sessions. `CookieError` for a file that cannot be read or is something else."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CookieError(f"The file cannot be read: {error.strerror}.") from None
    return follow_session(read_har(data), secrets)


def _session_cookies(exchanges: Sequence[Exchange], secrets: Sequence[Secret]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for exchange in exchanges:
        for cookie in (*exchange.sent, *exchange.received):
            place = (exchange.host, cookie.name)
            if place not in found and not cookie.partner and judge(cookie, secrets, exchange.started_at_ms).scheme:
                found[place] = None
    return list(found)


class _Step:
    """One cookie in one exchange, set beside what the browser held before."""

    def __init__(
        self, exchange: Exchange, name: str, jars: dict[tuple[str, str], _Jar], secrets: Sequence[Secret]
    ) -> None:
        self._exchange = exchange
        self._name = name
        self._jars = jars
        self._place = (exchange.host, name)
        self._secrets = secrets
        self._sent = next((one for one in exchange.sent if one.name == name and not one.shadowed), None)
        self._received = next((one for one in reversed(exchange.received) if one.name == name), None)

    def take(self) -> HarRow | None:
        held = self._jars.get(self._place)
        sent_id = _identity(self._judge(self._sent)) if self._sent is not None else ""
        if self._received is not None:
            return self._answered(held, sent_id, self._received)
        if self._sent is not None:
            # What the server itself set is good, whatever secrets were given here.
            verdict = self._judge(self._sent)
            if verdict.status is Status.INVALID and (held is None or held.cookie.raw != self._sent.raw):
                words = f"The application does not accept this cookie, and set no other. {verdict.detail}"
                return self._row(sent_id, "", Event.REFUSED, words)
            if held is None:
                self._jars[self._place] = _Jar(sent_id, self._sent, 0, None)
            return self._row(sent_id, "", Event.KEPT, f"The answer left it as it is.{self._fixation(sent_id)}")
        if held is None:
            return None
        why = self._why_not_sent(held)
        if why is None:
            return None
        del self._jars[self._place]
        return self._row("", "", Event.LOST, why)

    def _answered(self, held: _Jar | None, sent_id: str, received: Cookie) -> HarRow:
        verdict = self._judge(received)
        received_id, ends = _identity(verdict), _end(received, self._exchange.started_at_ms)
        if ends is not None and ends <= self._exchange.started_at_ms:
            self._jars.pop(self._place, None)
            return self._row(
                sent_id, "", Event.CLEARED, "The answer deletes the cookie: a logout, or an empty session."
            )
        reason = self._why_not_kept(received)
        if reason:
            return self._row(sent_id, received_id, Event.DROPPED, reason)
        self._jars[self._place] = _Jar(received_id, received, self._exchange.number, ends)
        if not sent_id:
            words = "The first cookie of this session."
            if held is not None and held.session_id != received_id:
                words = "The request came without the cookie, so the application began a new session."
                return self._row("", received_id, Event.LOST, words)
            return self._row("", received_id, Event.SET, words)
        if sent_id == received_id:
            words = f"The same session, with a new lifetime or signature.{self._fixation(sent_id)}"
            return self._row(sent_id, received_id, Event.RENEWED, words)
        sent = self._judge(self._sent) if self._sent is not None else None
        if sent is not None and sent.status is Status.INVALID:
            words = f"The application did not accept the cookie and began a new session. {sent.detail}"
            return self._row(sent_id, received_id, Event.REFUSED, words)
        words = "A new session ID: a login renews it; otherwise the old record was gone (expired, logged out, another store)."
        return self._row(sent_id, received_id, Event.REPLACED, words)

    def _fixation(self, session_id: str) -> str:
        """Return what a login that keeps the session ID is open to, "" where this is none, or the session is in the cookie."""
        exchange = self._exchange
        if session_id.startswith(("#", "?")):
            return ""
        if exchange.method.upper() != "POST" or exchange.status >= 400 or not _LOGIN.search(exchange.address.path):
            return ""
        return (
            " A login that keeps the session ID: who planted it before is logged in as well (session fixation). "
            "Call req.session.regenerate() there."
        )

    def _why_not_sent(self, held: _Jar) -> str | None:
        """Return why a cookie that is held was not sent; None where that is right for another path or scheme."""
        url, attributes = self._exchange.address, _attributes(held.cookie)
        path = attributes.get("path") or "/"
        if not _fits_path(url.path or "/", path):
            return None
        if held.expires_at_ms is not None and held.expires_at_ms <= self._exchange.started_at_ms:
            return (
                "The cookie's lifetime was over, so the browser no longer sent it. Raise cookie.maxAge, or use rolling."
            )
        if "secure" in attributes and url.scheme == "http" and url.hostname not in _LOCAL:
            return "The cookie is Secure and this request is plain http: browsers keep it back. Use https throughout."
        same_site = (attributes.get("samesite") or "lax").lower()
        if same_site == "strict":
            return "The cookie is SameSite=Strict: it is not sent where another site led here. Use Lax for pages people link to."
        words = "The browser did not send the cookie: a request without credentials (fetch, CORS), another site's frame, or deleted."
        return words if held.set_by else None

    def _why_not_kept(self, received: Cookie) -> str:
        url, attributes = self._exchange.address, _attributes(received)
        if "secure" in attributes and url.scheme == "http" and url.hostname not in _LOCAL:
            return (
                "Set with Secure over plain http: browsers do not keep it. Use https, or secure: 'auto' in development."
            )
        if (attributes.get("samesite") or "").lower() == "none" and "secure" not in attributes:
            return "SameSite=None without Secure: browsers do not keep it."
        domain = (attributes.get("domain") or "").lstrip(".").lower()
        host = self._exchange.host.lower()
        if domain and host != domain and not host.endswith(f".{domain}"):
            return f"Its Domain {escape_display(domain, 60)} is not this host: browsers do not keep it."
        return ""

    def _judge(self, cookie: Cookie) -> Verdict:
        return judge(cookie, self._secrets, self._exchange.started_at_ms)

    def _row(self, sent: str, received: str, event: Event, text: str) -> HarRow:
        return HarRow(self._exchange, self._name, sent, received, event, text)


def exchange_text(exchange: Exchange) -> str:
    """Return the exchange's cookies as header lines, for the cookie inspector."""
    lines = []
    if exchange.sent:
        lines.append("Cookie: " + "; ".join(f"{one.name}={one.raw}" for one in split_chunks(exchange.sent)))
    for cookie in split_chunks(exchange.received):
        parts = [f"{cookie.name}={cookie.raw}"]
        parts += [one.name if one.value is None else f"{one.name}={one.value}" for one in cookie.attributes]
        lines.append("Set-Cookie: " + "; ".join(parts))
    return "\n".join(lines)


def _identity(verdict: Verdict) -> str:
    """Return what tells one session from another: its ID, or what is inside a cookie that carries it."""
    return verdict.session_id or (f"#{zlib.crc32(verdict.payload.encode()):08x}" if verdict.payload else "?")


def _attributes(cookie: Cookie) -> dict[str, str | None]:
    return {one.name.lower(): one.value for one in cookie.attributes}


def _end(cookie: Cookie, now_ms: int) -> int | None:
    attributes = _attributes(cookie)
    age = attributes.get("max-age")
    if age is not None and age.strip().lstrip("-").isdigit() and len(age) < 16:
        return now_ms + int(age) * 1000
    text = attributes.get("expires")
    try:
        return round(parsedate_to_datetime(text).timestamp() * 1000) if text else None
    except (ValueError, TypeError, OverflowError):
        return None


def _fits_path(path: str, wanted: str) -> bool:
    return path == wanted or path.startswith(wanted if wanted.endswith("/") else f"{wanted}/")


def _path(exchange: Exchange) -> str:
    return escape_display(exchange.address.path or "/", 80)


def _listed(names: Sequence[tuple[str, str]]) -> str:
    return ", ".join(escape_display(name, 40) for _, name in names[:3])
