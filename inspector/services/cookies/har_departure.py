"""What a request of an HTTP archive carried under one name, set beside what the browser held, and which one the server reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inspector.cookies import Cookie, Exchange, Status
from inspector.cookies.browser.jar import BrowserJar, StoredCookie, Withheld, in_header_order, withheld
from inspector.core.display import escape_display
from inspector.services.cookies.har_reader import CookieReader
from inspector.services.cookies.har_words import describe_missing, describe_place, describe_withheld

_STATIC = frozenset(("image", "style", "script", "font", "video", "audio", "manifest", "track"))
_STATIC_NAME = re.compile(r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|mp4)\Z", re.I)
_SCOPE = frozenset((Withheld.HOST, Withheld.PATH))
REPAIR = (
    "Set every cookie of this name with the same Domain and Path, and clear the old one with its own, or give the new one "
    "another name."
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request carried under one name."""

    all: tuple[Cookie, ...]
    read: Cookie | None
    """The one that the server reads."""
    held: StoredCookie | None
    """What the browser held and should have sent, or sent."""
    missing: str
    """Why a cookie that is held did not go, "" where none is missed."""
    is_scope: bool
    """Whether that is its Domain or Path, which may be meant."""
    doubt: str
    """What is wrong with several of one name, "" where nothing is."""


class Departures:
    """Reads each request once, in time order, and keeps the jar true to what was sent.

    `dropped`: the number of the exchange whose cookie was refused, by host and name, until another is stored.
    """

    def __init__(self, jar: BrowserJar, reader: CookieReader) -> None:
        self._jar = jar
        self._reader = reader
        self.dropped: dict[tuple[str, str], int] = {}

    def read(self, exchange: Exchange, name: str) -> Sent:
        """Return what went under the name; what the archive says was sent wins over the rules."""
        now_ms, request = exchange.started_at_ms, exchange.request
        sent = tuple(one for one in exchange.sent if one.name == name)
        held = self._jar.named(name, exchange.host)
        reasons = {one.order: withheld(one, request, now_ms) for one in held}
        expected = [one for one in held if reasons[one.order] is None]
        matched = [self._match(cookie, held) or self._jar.observe(cookie, request, now_ms) for cookie in sent]
        if sent:
            # Another value under this name: a script, another tab or the person replaced it.
            for one in expected:
                if one not in matched:
                    self._jar.remove(one)
            read = self._reader.choose(sent)
            return Sent(sent, read, matched[sent.index(read)], "", False, self._doubt(exchange, sent, read, matched))
        if expected:
            known = [one for one in in_header_order(expected) if one.is_known]
            for one in expected:
                self._jar.remove(one)
            missing = describe_missing(known[0], exchange) if known else ""
            return Sent((), None, (known or expected)[0], missing, False, "")
        return self._missing(exchange, name, [(one, why) for one in held if (why := reasons[one.order]) is not None])

    def _missing(self, exchange: Exchange, name: str, reasons: list[tuple[StoredCookie, Withheld]]) -> Sent:
        """Return what a request without the cookie lacks by the rules: nearest first."""
        near = [(one, why) for one, why in reasons if why not in _SCOPE and one.is_known]
        for one, why in near:
            if why is Withheld.EXPIRED:
                self._jar.remove(one)
        scoped = [(one, why) for one, why in reasons if why in _SCOPE and one.is_known and not _is_static(exchange)]
        scoped.sort(key=lambda item: item[1] is Withheld.HOST)
        if not near and not scoped:
            return self._never_stored(exchange, name)
        stored, why = (near or scoped)[0]
        return Sent((), None, stored, describe_withheld(why, stored, exchange), not near, "")

    def _never_stored(self, exchange: Exchange, name: str) -> Sent:
        number = self.dropped.get((exchange.host, name))
        words = f"The browser has no such cookie: it did not store the one of request {number}." if number else ""
        return Sent((), None, None, words, False, "")

    def _match(self, cookie: Cookie, held: Sequence[StoredCookie]) -> StoredCookie | None:
        return next((one for one in held if one.cookie.raw == cookie.raw), None)

    def _doubt(self, exchange: Exchange, sent: Sequence[Cookie], read: Cookie, matched: Sequence[StoredCookie]) -> str:
        if len({one.raw for one in sent}) < 2:
            return ""
        newest = max(matched, key=lambda one: one.set_by)
        if newest.is_known and newest.cookie.raw == read.raw:
            return ""
        verdict = self._reader.judge(read, exchange.started_at_ms)
        refused = f" {verdict.detail}" if verdict.status is Status.INVALID else ""
        others = [
            f"{self._reader.show(one)} ({_origin(held)})"
            for one, held in zip(sent, matched, strict=True)
            if one.raw != read.raw
        ]
        return (
            f"The browser sent {len(sent)} cookies named {escape_display(read.name, 40)}. {self._reader.describe_choice(sent)}, "
            f"{self._reader.show(read)} ({_origin(matched[sent.index(read)])}), and never sees {' or '.join(others)}.{refused} {REPAIR}"
        )


def _origin(held: StoredCookie) -> str:
    return f"set by request {held.set_by}, {describe_place(held)}" if held.is_known else describe_place(held)


def _is_static(exchange: Exchange) -> bool:
    return exchange.resource in _STATIC or bool(_STATIC_NAME.search(exchange.address.path))
