"""The exchanges of an HTTP archive in time, set beside what a browser holds: one row for each that says something of a session.

What the archive says was sent is the truth; the rules say what should have been, and why not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from inspector.cookies import Cookie, Exchange, Status
from inspector.cookies.browser.jar import BrowserJar, Outcome, StoredCookie, in_header_order
from inspector.cookies.browser.set_cookie import path_matches, read_rules
from inspector.cookies.browser.sites import domain_matches, site_of
from inspector.core.display import escape_display
from inspector.core.secret import Secret
from inspector.services.cookies.har_departure import REPAIR, Departures, Sent
from inspector.services.cookies.har_reader import CookieReader
from inspector.services.cookies.har_row import TROUBLE, Event, HarRow
from inspector.services.cookies.har_words import describe_place, describe_stillborn

_LOGIN = re.compile(r"(?:^|[/_-])(?:log|sign)-?in(?:$|[/_.-])", re.I)
_DENIED = frozenset((401, 403))
_LOOK_AHEAD = 500
_DAY_MS = 24 * 3600 * 1000


class Timeline:
    """One walk through the exchanges. `remark`: what isn't certainly a fault but is worth a word."""

    def __init__(
        self, exchanges: Sequence[Exchange], names: Sequence[tuple[str, str]], secrets: Sequence[Secret]
    ) -> None:
        self._exchanges = exchanges
        self._by_number = {one.number: one for one in exchanges}
        self._reader = CookieReader(secrets)
        self._jar = BrowserJar()
        self._departures = Departures(self._jar, self._reader)
        self._names: dict[str, list[str]] = {}
        for host, name in names:
            known = self._names.setdefault(site_of(host), [])
            if name not in known:
                known.append(name)
        self._last_sent = {
            (exchange.host, one.name, one.raw): exchange.number for exchange in exchanges for one in exchange.sent
        }
        self._set_here: set[tuple[str, str]] = set()
        self._sent: dict[tuple[int, str], Sent] = {}
        self.remark = ""

    def follow(self) -> tuple[HarRow, ...]:
        """Return the rows, in the order of the requests."""
        moments = [(one.started_at_ms, one.number, False, one) for one in self._exchanges if one.is_judged]
        moments += [(one.answered_at_ms, one.number, True, one) for one in self._exchanges if one.is_judged]
        rows: list[HarRow] = []
        for _, _, is_answer, exchange in sorted(moments, key=lambda moment: moment[:3]):
            for name in self._names.get(site_of(exchange.host), ()):
                if not is_answer:
                    self._sent[exchange.number, name] = self._departures.read(exchange, name)
                elif (row := self._answer(exchange, name, self._sent[exchange.number, name])) is not None:
                    rows.append(row)
        return tuple(sorted(rows, key=lambda row: row.exchange.number))

    def _answer(self, exchange: Exchange, name: str, sent: Sent) -> HarRow | None:
        received = [one for one in exchange.received if one.name == name]
        if not received:
            return self._untouched(exchange, name, sent)
        outcomes = [self._receive(exchange, cookie) for cookie in received]
        row = self._received(exchange, received[-1], outcomes[-1], sent)
        if sent.doubt and row.event not in TROUBLE:
            return replace(row, event=Event.DOUBLED, text=sent.doubt)
        return row

    def _untouched(self, exchange: Exchange, name: str, sent: Sent) -> HarRow | None:
        if sent.read is None:
            if not sent.missing or (sent.is_scope and not self._is_fault(exchange, sent)):
                self._note(exchange, sent)
                return None
            return self._row(exchange, name, sent, None, Event.LOST, sent.missing)
        if sent.doubt:
            return self._row(exchange, name, sent, None, Event.DOUBLED, sent.doubt)
        verdict = self._reader.judge(sent.read, exchange.started_at_ms)
        # What the server itself set is good, whatever secrets were given here.
        is_own = (name, sent.read.raw) in self._set_here
        if verdict.status is Status.INVALID and not is_own:
            words = f"The application does not accept this cookie, and set no other. {verdict.detail}"
            return self._row(exchange, name, sent, None, Event.REFUSED, words)
        words = f"The answer left it as it is.{self._fixation(exchange, sent)}"
        return self._row(exchange, name, sent, None, Event.KEPT, words)

    def _note(self, exchange: Exchange, sent: Sent) -> None:
        if sent.missing and not self.remark:
            self.remark = f"Request {exchange.number} went without it: {sent.missing}"

    def _is_fault(self, exchange: Exchange, sent: Sent) -> bool:
        """Return whether a cookie that is for another path or host was wanted here."""
        is_denied = exchange.status in _DENIED or (
            300 <= exchange.status < 400 and bool(_LOGIN.search(exchange.location))
        )
        if is_denied or sent.held is None:
            return is_denied
        if sent.held.domain != exchange.host and exchange.request.is_navigation is not True:
            return False
        setter = self._by_number.get(sent.held.set_by)
        return setter is not None and (setter.method.upper() == "POST" or bool(_LOGIN.search(setter.address.path)))

    def _receive(self, exchange: Exchange, cookie: Cookie) -> Outcome:
        now_ms, place = exchange.answered_at_ms, (exchange.host, cookie.name)
        self._set_here.add((cookie.name, cookie.raw))
        outcome = self._jar.receive(
            cookie, exchange.request, now_ms, set_by=exchange.number, server_ms=exchange.server_ms
        )
        if outcome.refusal is not None:
            self._departures.dropped[place] = exchange.number
            return outcome
        self._departures.dropped.pop(place, None)
        for one in self._jar.named(cookie.name, exchange.host):
            # Of a cookie whose attributes are not known, only a later request tells whether it was another one.
            if not one.is_known and one.domain == exchange.host and not self._is_sent_after(exchange, one.cookie):
                self._jar.remove(one)
        return outcome

    def _is_sent_after(self, exchange: Exchange, cookie: Cookie) -> bool:
        return self._last_sent.get((exchange.host, cookie.name, cookie.raw), 0) > exchange.number

    def _received(self, exchange: Exchange, cookie: Cookie, outcome: Outcome, sent: Sent) -> HarRow:
        name = cookie.name
        if outcome.refusal is not None:
            was_kept = self._is_sent_after(exchange, cookie) and (sent.read is None or sent.read.raw != cookie.raw)
            words = outcome.refusal.text
            if not was_kept:
                return self._row(exchange, name, sent, cookie, Event.DROPPED, words, is_stored=False)
            more = f"A later request sent it, so this client stored it; browsers that follow the current rules would not. {words}"
            return self._row(exchange, name, sent, cookie, Event.SET, more)
        others = self._others(exchange, name, outcome)
        if outcome.stored is None and self._is_stillborn(exchange, cookie):
            words = describe_stillborn(read_rules(cookie))
            self._departures.dropped[exchange.host, name] = exchange.number
            return self._row(exchange, name, sent, cookie, Event.DROPPED, words, is_stored=False)
        if outcome.stored is None:
            return self._deleted(exchange, name, sent, outcome, others)
        row = self._renewed(exchange, cookie, sent)
        rival = next((one for one in others if self._reader.identify(one.cookie) != row.received), None)
        if rival is None:
            return row
        return replace(row, event=Event.DOUBLED, text=self._rivalry(exchange, outcome.stored, rival))

    def _is_stillborn(self, exchange: Exchange, cookie: Cookie) -> bool:
        """Return whether a line that ends its cookie at once was meant to keep it: a session is in it, and no 1970 beside it."""
        rules = read_rules(cookie)
        is_idiom = rules.expires_at_ms is not None and rules.expires_at_ms < _DAY_MS
        return not is_idiom and bool(self._reader.judge(cookie, exchange.started_at_ms).scheme)

    def _others(self, exchange: Exchange, name: str, outcome: Outcome) -> list[StoredCookie]:
        """Return the cookies of the name that stay beside what the answer set, and meet it in some request."""
        now_ms, found = exchange.answered_at_ms, []
        for one in self._jar.named(name, exchange.host):
            is_over = one.end_ms is not None and one.end_ms <= now_ms
            is_here = domain_matches(exchange.host, one.domain) if not one.is_host_only else one.domain == exchange.host
            if one is not outcome.stored and not is_over and is_here:
                found.append(one)
        if outcome.stored is None:
            return found
        new = outcome.stored
        return [one for one in found if path_matches(one.path, new.path) or path_matches(new.path, one.path)]

    def _deleted(
        self, exchange: Exchange, name: str, sent: Sent, outcome: Outcome, others: list[StoredCookie]
    ) -> HarRow:
        left = [one for one in others if sent.read is None or one.cookie.raw in {cookie.raw for cookie in sent.all}]
        if outcome.replaced is None and left:
            words = (
                f"The answer tries to delete the cookie but deletes nothing: the browser's cookie is another one "
                f"({describe_place(left[0])}). Clear it with the same Domain and Path as it was set with."
            )
            return self._row(exchange, name, sent, None, Event.UNDELETED, words, is_stored=False)
        words = "The answer deletes the cookie: a logout, or an empty session."
        return self._row(exchange, name, sent, None, Event.CLEARED, words)

    def _renewed(self, exchange: Exchange, cookie: Cookie, sent: Sent) -> HarRow:
        received_id = self._reader.identify(cookie)
        event, words = Event.SET, "The first cookie of this session."
        if sent.read is None:
            if sent.missing and (sent.held is None or self._reader.identify(sent.held.cookie) != received_id):
                event = Event.LOST
                words = f"The request came without the cookie, so the application began a new session. {sent.missing}"
        elif self._reader.identify(sent.read) == received_id:
            event = Event.RENEWED
            words = f"The same session, with a new lifetime or signature.{self._fixation(exchange, sent)}"
        elif (verdict := self._reader.judge(sent.read, exchange.started_at_ms)).status is Status.INVALID:
            event = Event.REFUSED
            words = f"The application did not accept the cookie and began a new session. {verdict.detail}"
        else:
            event = Event.REPLACED
            words = "A new session ID: a login renews it; otherwise the old record was gone (expired, logged out, another store)."
        return self._row(exchange, cookie.name, sent, cookie, event, words)

    def _rivalry(self, exchange: Exchange, new: StoredCookie, rival: StoredCookie) -> str:
        """Say what a second cookie of one name leads to; what later requests sent decides which comes first."""
        name = new.cookie.name
        raws = (new.cookie.raw, rival.cookie.raw)
        after = (self._by_number.get(exchange.number + ahead) for ahead in range(1, _LOOK_AHEAD))
        later = next((one for one in after if one is not None and _carries(one, name, raws)), None)
        sent = [new.cookie if one is new else rival.cookie for one in in_header_order((new, rival))]
        if later is not None:
            sent = [one for one in later.sent if one.name == name and one.raw in raws]
        read = self._reader.choose(sent)
        when = (
            f"From request {later.number} on the browser sends both"
            if later is not None
            else "Where both belong it sends both"
        )
        fate = (
            "so this answer's session never arrives" if read.raw == rival.cookie.raw else "and the other one elsewhere"
        )
        differs = "Domain or Path is another" if not rival.is_known else _difference(new, rival)
        return (
            f"The browser now holds two cookies named {escape_display(name, 40)}: this one ({describe_place(new)}) "
            f"does not replace {self._reader.show(rival.cookie)} ({describe_place(rival)}), whose {differs}. "
            f"{when}; {self._reader.describe_choice(sent)}, {self._reader.show(read)}, {fate}. {REPAIR}"
        )

    def _fixation(self, exchange: Exchange, sent: Sent) -> str:
        """Return what a login that keeps the session ID is open to, "" where this isn't one, or the session is in the cookie."""
        if sent.read is None or not self._reader.judge(sent.read, exchange.started_at_ms).session_id:
            return ""
        if exchange.method.upper() != "POST" or exchange.status >= 400 or not _LOGIN.search(exchange.address.path):
            return ""
        return (
            " A login that keeps the session ID: anyone who planted it beforehand is logged in as well (session fixation). "
            "Call req.session.regenerate() there."
        )

    def _row(
        self,
        exchange: Exchange,
        name: str,
        sent: Sent,
        received: Cookie | None,
        event: Event,
        text: str,
        *,
        is_stored: bool | None = None,
    ) -> HarRow:
        return HarRow(
            exchange,
            name,
            self._reader.identify(sent.read) if sent.read is not None else "",
            self._reader.identify(received) if received is not None else "",
            event,
            text,
            tuple(self._reader.identify(one) for one in sent.all),
            received is not None or None if is_stored is None else is_stored,
        )


def _difference(new: StoredCookie, rival: StoredCookie) -> str:
    return (
        "Path is another"
        if (new.domain, new.is_host_only) == (rival.domain, rival.is_host_only)
        else "Domain is another"
    )


def _carries(exchange: Exchange, name: str, raws: tuple[str, str]) -> bool:
    return set(raws) <= {one.raw for one in exchange.sent if one.name == name}
