"""From pasted text to a verdict per cookie and the chain from cookie to session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inspector.cookies import (
    Chunks,
    Cookie,
    Status,
    Verdict,
    edit_payload,
    find_scheme,
    is_default_id,
    judge,
    read_cookies,
    scheme_label,
)
from inspector.cookies import resign as resign_value
from inspector.core.display import escape_display, format_time
from inspector.core.expiry import format_duration
from inspector.core.secret import Secret
from inspector.core.verdict import Effect
from inspector.frameworks import EXPRESS, UNKNOWN, with_scheme
from inspector.services.cookies.cookie_attributes import judge_set_cookie, judge_stored
from inspector.services.cookies.cookie_chain import NAMES, ChainLink, CookieReport, LinkState
from inspector.services.sessions.open_session import PLAIN, DecodeContext, OpenedSession, describe_record, open_session
from store_adapters.contract import RecordRef, SessionStore
from store_adapters.errors import BadStoreAddress, RecordMissing, RecordUnreadable, StoreError


def inspect_cookies(
    text: str,
    secrets: Sequence[Secret],
    store: SessionStore | None,
    *,
    now_ms: int,
    store_name: str = "",
    is_production: bool = False,
    reading: DecodeContext | None = None,
) -> tuple[CookieReport, ...]:
    """Read any pasted text, judge every cookie in it, and follow the chain into `store` where one is given.

    `reading`: how the store's records are read, as wherever else they are shown; `secrets` are tried on them as well.
    Reads the store (a lane's thread, never the GUI's). `CookieError` when there is no cookie in the text.
    Trouble with the store becomes a broken "Record" link, not an exception.
    """
    reports = []
    for cookie in read_cookies(text):
        if cookie.signs:
            continue  # the signature of another cookie here, judged with it
        verdict = judge(cookie, secrets, now_ms)
        known = reading or PLAIN
        how = replace(known, secrets=(*known.secrets, *(one for one in secrets if one not in known.secrets)))
        chain = _Chain(cookie, verdict, len(secrets), store, store_name or "this store", now_ms, is_production, how)
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
        reading: DecodeContext,
    ) -> None:
        self._cookie = cookie
        self._verdict = verdict
        self._secret_count = secret_count
        self._store = store
        self._store_name = store_name
        self._now_ms = now_ms
        self._is_production = is_production
        self._links: list[ChainLink] = []
        self._reading = reading
        self._opened: OpenedSession | None = None
        self._seen: RecordRef | None = None

    def follow(self) -> CookieReport:
        """Return the report of the cookie."""
        self._follow_format()
        if not self._broken() and not self._verdict.looks_like:
            if self._verdict.payload is not None or self._verdict.is_sealed:
                self._follow_carrier()
            else:
                self._follow_session_id()
        if self._broken() and self._opened is None:
            self._look_aside()
        words = "Not reached: an earlier link is broken." if self._broken() else "Not checked for such a cookie."
        for name in NAMES[len(self._links) : -1]:
            self._put(name, LinkState.SKIPPED, words)
        self._follow_attributes()
        record = self._opened.raw.ref if self._opened is not None else self._seen
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
        elif cookie.folded_into is not None:
            words = (
                f"It stands behind a comma in the Set-Cookie line of {_shown(cookie.folded_into) or 'another cookie'}. Browsers do not "
                "split at commas, so they never store this cookie. Send a Set-Cookie header for each; what joined them is code "
                "or a proxy that joins headers of one name, as Headers.get does."
            )
            self._put("Format", LinkState.BROKEN, words)
        elif verdict.looks_like:
            # What is not checked here is not broken for that.
            is_damaged = cookie.chunks is not None and bool(cookie.chunks.fault)
            self._put("Format", LinkState.BROKEN if is_damaged else LinkState.SKIPPED, verdict.detail)
        elif verdict.status is Status.UNKNOWN or not (
            verdict.session_id or verdict.payload is not None or verdict.is_sealed
        ):
            self._put("Format", LinkState.BROKEN, verdict.detail)
        elif (scheme := find_scheme(verdict.scheme)) is not None and scheme.lacks_form(cookie):
            self._put("Format", LinkState.BROKEN, f"{verdict.detail} {verdict.hint}".strip())
        else:
            label = scheme_label(verdict.scheme)
            named = f" named {_shown(cookie.name)}" if cookie.name else ""
            joined = f" {_joined_words(cookie.chunks)}" if cookie.chunks is not None else ""
            self._put(
                "Format",
                LinkState.OK,
                f"A cookie of {label}{named} ({_how_sure(verdict)}), {verdict.encoding}.{joined}",
            )

    def _follow_carrier(self) -> None:
        """Follow a cookie that carries its session: there is no record to find."""
        inside = "There is none: the data is inside the cookie, not in a store."
        if self._verdict.is_sealed:
            inside = "There is none to see: the data is inside the cookie, encrypted."
        self._put("Session ID", LinkState.OK, inside)
        self._follow_signature()
        if self._broken() and self._verdict.expires_at_ms is None:
            return
        for name in ("Store key", "Record"):
            self._put(name, LinkState.SKIPPED, inside)
        self._put(*_inner_expiry(self._verdict, self._now_ms))

    def _follow_session_id(self) -> None:
        session_id = self._verdict.session_id or ""
        scheme = find_scheme(self._verdict.scheme)
        words = "Not in the library's default form: the application generates its own IDs."
        if is_default_id(session_id):
            words = f"24 random bytes, as {scheme_label(self._verdict.scheme)} makes them."
        elif scheme is not None and scheme.id_words:
            words = scheme.id_words
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
            is_doubtful = (verdict.secret_index or 0) > 0 or bool(verdict.caution)
            state = LinkState.WARNING if is_doubtful else LinkState.OK
            self._put("Signature", state, f"{words} {verdict.caution}".strip())
        elif verdict.status is Status.BY_DESIGN:
            self._put("Signature", LinkState.OK, words)
        elif verdict.status is Status.UNVERIFIED or (verdict.status is Status.UNSIGNED and self._secret_count == 0):
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
            self._opened = self._open(store, ref)
        except RecordMissing:
            words = (
                f"No record {key} in {self._store_name}: logged out, expired, or another prefix or database. "
                f"{(with_scheme(self._verdict.scheme) or EXPRESS).words.missing}"
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

    def _open(self, store: SessionStore, ref: RecordRef) -> OpenedSession:
        """Read the record; where nothing in it tells whose it is, a valid cookie does."""
        opened = open_session(store, ref, self._reading)
        verdict = self._verdict
        framework = with_scheme(verdict.scheme) if verdict.status in (Status.VALID, Status.BY_DESIGN) else None
        if opened.origin.framework is not UNKNOWN or framework is None:
            return opened
        return describe_record(store, opened.raw, replace(self._reading, framework=framework))

    def _look_aside(self) -> None:
        """Say whether there is a record for the ID as it stands, where the application does not come so far."""
        session_id, names = self._verdict.session_id, NAMES[len(self._links) :]
        if self._store is None or not session_id or names[:2] != ("Store key", "Record"):
            return
        try:
            ref = self._store.ref_for(session_id)
            opened = self._open(self._store, ref)
        except RecordMissing:
            words = "For information: there is no record for this ID either."
        except StoreError as error:
            words = f"For information: {error.message} {error.remedy}".strip()
        else:
            self._seen = ref
            _, _, said = _record_link(opened)
            ends = opened.expiry.summary
            words = f"For information: the ID as it stands has a record. {said} It {ends}. The application does not look for it."
        self._put("Store key", LinkState.SKIPPED, "Not reached: an earlier link is broken.")
        self._put("Record", LinkState.SKIPPED, words)

    # --- attributes ---------------------------------------------------------------------------------------------

    def _follow_attributes(self) -> None:
        found: list[tuple[LinkState, str]] = []
        if self._cookie.origin == "set-cookie":
            found += judge_set_cookie(self._cookie, self._now_ms, self._is_production)
        if self._opened is not None and self._opened.decoded is not None:
            found += judge_stored(self._opened.decoded.root, self._is_production)
        if not found and self._cookie.origin != "set-cookie" and self._opened is None:
            words = "A Cookie header doesn't carry them. Paste the Set-Cookie line to have them judged."
            self._put("Attributes", LinkState.SKIPPED, words)
            return
        states = [state for state, _ in found]
        worst = LinkState.OK
        if LinkState.BROKEN in states:
            worst = LinkState.BROKEN
        elif states:
            worst = LinkState.WARNING
        self._put("Attributes", worst, " ".join(words for _, words in found) or "No problems found.")


def _how_sure(verdict: Verdict) -> str:
    """Return what the scheme is known from, and the libraries that this does not tell it from."""
    if verdict.secret_index is None:
        others = f"; or of {_listed(verdict.also)}" if verdict.also else ""
        return f"likely: its form{others}"
    others = f"; {_listed(verdict.also)} would fit as well" if verdict.also else ""
    return f"certain: a secret fits{others}"


def _listed(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def _joined_words(chunks: Chunks) -> str:
    names = [_shown(part.name) for part in chunks.parts]
    joined = f"Joined from {len(names)} cookies, {names[0]} to {names[-1]}." if len(names) > 1 else ""
    return f"{joined} {chunks.note}".strip()


def _shown(text: str) -> str:
    return escape_display(text, 80)


def _record_link(opened: OpenedSession) -> tuple[str, LinkState, str]:
    verdict, summary = opened.verdict, opened.summary
    if verdict.is_refused and not verdict.is_over:
        return "Record", LinkState.BROKEN, f"The record is there. {verdict.text} {verdict.remedy}".strip()
    if opened.is_sealed:
        return "Record", LinkState.OK, f"Found: {summary.format}. Add its secret to the store to read it."
    if verdict.effect is Effect.UNKNOWN:
        return "Record", LinkState.WARNING, f"The record is there ({summary.format}). {verdict.text}"
    return "Record", LinkState.OK, _found_words(opened)


def _found_words(opened: OpenedSession) -> str:
    summary = opened.summary
    who = f"{_shown(summary.user)} {_shown(summary.role)}".strip() if summary.signed_in else "nobody signed in"
    return f"Found: {summary.format}, {who}, {summary.keys} field{'s' * (summary.keys != 1)} beside the cookie."


def _inner_expiry(verdict: Verdict, now_ms: int) -> tuple[str, LinkState, str]:
    """Return the Expiry link of a cookie that carries its session."""
    ends, issued = verdict.expires_at_ms, verdict.issued_at_ms
    if ends is not None and ends + verdict.grace_ms <= now_ms:
        return "Expiry", LinkState.BROKEN, f"It expired at {format_time(ends)}."
    if ends is not None and ends <= now_ms:
        words = f"It expired at {format_time(ends)}; {scheme_label(verdict.scheme)} still accepts it for "
        words += f"{format_duration(ends + verdict.grace_ms - now_ms)} (clocks may differ by {format_duration(verdict.grace_ms)})."
        return "Expiry", LinkState.WARNING, words
    if ends is not None:
        return "Expiry", LinkState.OK, f"Lives for another {format_duration(ends - now_ms)}, until {format_time(ends)}."
    if verdict.is_sealed:
        return "Expiry", LinkState.SKIPPED, "It is inside what is encrypted."
    if issued is None:
        words = "It carries no time: whoever has a copy can use it for as long as the keys hold."
        return "Expiry", LinkState.WARNING, words
    return (
        "Expiry",
        LinkState.OK,
        f"Signed {format_duration(now_ms - issued)} ago; the application's settings say how old it may be.",
    )


def _expiry_link(opened: OpenedSession, now_ms: int) -> tuple[str, LinkState, str]:
    ends, verdict = opened.raw.expires_at_ms, opened.verdict
    if verdict.is_over:
        return "Expiry", LinkState.BROKEN, f"{verdict.text} {verdict.remedy}"
    if ends is None and opened.is_sealed:
        return "Expiry", LinkState.SKIPPED, opened.expiry.summary.capitalize() + "."
    if ends is None:
        return "Expiry", LinkState.WARNING, "The record never expires: the store grows without limit."
    if ends <= now_ms and opened.expiry.is_outlived:
        words = f"Its end passed {format_duration(now_ms - ends)} ago; the application accepts it until its row is swept away."
        return "Expiry", LinkState.WARNING, words
    return "Expiry", LinkState.OK, f"Lives for another {format_duration(ends - now_ms)}, until {format_time(ends)}."


def edit_cookie(report: CookieReport, payload: str, secret: Secret, now_ms: int) -> str:
    """Return what follows `<name>=` in a Cookie header for a cookie that carries its session, with `payload` (JSON text)
    in it, signed or sealed now. `CookieError` when it isn't a JSON object or the cookie carries no data.
    """
    return edit_payload(report.cookie, report.verdict, payload, secret, now_ms)


def resign_cookie(report: CookieReport, secret: Secret) -> str:
    """Return what follows `<name>=` in a Cookie header, signed with `secret`; its time stays. `CookieError`."""
    return resign_value(report.cookie, report.verdict, secret)
