"""Which scheme a cookie is of, and signing by the scheme."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from inspector.cookies._api import Cookie, CookieError, Status, Verdict
from inspector.cookies._likeness import Likeness, likeness, likeness_by_name
from inspector.cookies.known_schemes import SCHEMES, find_scheme
from inspector.cookies.pasted.header import decode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.express import EXPRESS_SESSION
from inspector.core.secret import Secret

_HALF_ESCAPE = re.compile("%[0-9A-Fa-f]?\\Z")


def scheme_label(name: str) -> str:
    """Return what people call a scheme."""
    scheme = find_scheme(name)
    return scheme.label if scheme is not None else name


def judge(cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
    """Say what the cookie is and whether one of the secrets signed it. Never raises."""
    if (seen := likeness(cookie)) is not None:
        return _unchecked(cookie, seen)
    verdicts = _verdicts(cookie, secrets, now_ms)
    if not verdicts and (half := _HALF_ESCAPE.search(cookie.raw)) is not None:
        rest = cookie.raw[: half.start()]
        verdicts = _verdicts(replace(cookie, raw=rest, value=decode_value(rest)[0]), secrets, now_ms)
        verdicts = [_cut_off(verdict) for verdict in verdicts]
    if not verdicts:
        return _unchecked(cookie, likeness_by_name(cookie))
    found = next((one for one in verdicts if one.secret_index is not None), _likelier(verdicts))
    return _judge_chunks(cookie, found)


def _unchecked(cookie: Cookie, seen: Likeness | None) -> Verdict:
    """Return the verdict on a cookie of no scheme here: what it looks like, and that this is not checked."""
    words = "This is not a session cookie of a scheme that is known here."
    if seen is not None:
        words = f"It looks like {seen.words}; not checked here."
    verdict = Verdict("", Status.UNKNOWN, words, encoding=decode_value(cookie.raw)[1])
    return _judge_chunks(cookie, replace(verdict, looks_like=seen.label if seen is not None else ""))


def _judge_chunks(cookie: Cookie, verdict: Verdict) -> Verdict:
    """Return the verdict with what the chunks of a cookie add to it: one that is missing or stale says why it does not open."""
    chunks = cookie.chunks
    if chunks is None or verdict.status is Status.VALID:
        return verdict
    if not chunks.fault:
        is_bad = verdict.status in (Status.INVALID, Status.UNKNOWN)
        return replace(verdict, detail=f"{verdict.detail} {chunks.doubt}".strip()) if is_bad else verdict
    if verdict.status is not Status.UNKNOWN:
        return replace(verdict, status=Status.INVALID, detail=f"{chunks.fault} {verdict.detail}".strip())
    if verdict.looks_like:
        return replace(verdict, detail=f"{chunks.fault} {verdict.detail}")
    words = f"These are chunks of one cookie of {chunks.library}. {chunks.fault}"
    return replace(verdict, detail=words, looks_like=chunks.library)


def _verdicts(cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> list[Verdict]:
    return [_shared(one, one.verify(cookie, secrets, now_ms)) for one in SCHEMES if one.recognise(cookie)]


def _shared(scheme: CookieScheme, verdict: Verdict) -> Verdict:
    """Return the verdict with the other libraries that a form, or a form and a signature, cannot be told from."""
    return replace(verdict, also=scheme.shares_form if verdict.secret_index is None else scheme.shares_signature)


def _cut_off(verdict: Verdict) -> Verdict:
    """Return the verdict on a cookie of which half an escape was taken off: it keeps all the others from being undone."""
    more = "" if verdict.status is Status.VALID else f" {verdict.detail}"
    words = f"It is cut off in the middle of an escape (%…), so that it is not decoded at all.{more}"
    return replace(verdict, status=Status.INVALID, secret_index=None, detail=words)


def _likelier(verdicts: list[Verdict]) -> Verdict:
    """Choose where no secret tells."""
    last = find_scheme(verdicts[-1].scheme)
    return verdicts[-1] if last is not None and last.is_likelier(verdicts[-1]) else verdicts[0]


def signed_value(session_id: str, secret: Secret) -> str:
    """Return express-session's value as a header holds it: `s%3A<id>.<signature>`. `CookieError`."""
    return sign_id(EXPRESS_SESSION.name, "", session_id, secret)


def sign_id(scheme: str, name: str, session_id: str, secret: Secret) -> str:
    """Return what follows `<name>=` in a Cookie header for a session in a store. `CookieError`."""
    if not session_id:
        raise CookieError("The session ID is empty, so there is nothing to sign.")
    found = find_scheme(scheme)
    if found is None or found.sign_id is None:
        raise CookieError(f"Cookies of {scheme_label(scheme)} hold no signed session ID.")
    return found.sign_id(name, session_id, secret)


def resign(cookie: Cookie, verdict: Verdict, secret: Secret) -> str:
    """Return what follows `<name>=` in a Cookie header, signed with another secret. `CookieError`."""
    if verdict.session_id:
        scheme = find_scheme(verdict.scheme)
        if scheme is not None and scheme.resign_id is not None:
            return scheme.resign_id(cookie, verdict.session_id, secret)
        return sign_id(verdict.scheme, cookie.name, verdict.session_id, secret)
    if verdict.payload is not None:
        return edit_payload(cookie, verdict, verdict.payload, secret, verdict.issued_at_ms or 0)
    raise CookieError("There is no session ID or data in this cookie to sign.")


def edit_payload(cookie: Cookie, verdict: Verdict, payload: str, secret: Secret, issued_at_ms: int) -> str:
    """Return what follows `<name>=` in a Cookie header with `payload` (JSON) inside, signed or sealed. `CookieError`."""
    scheme = find_scheme(verdict.scheme)
    if scheme is None or scheme.seal is None:
        raise CookieError("This cookie carries no data: the session is in the store.")
    return scheme.seal(cookie, verdict, payload, secret, issued_at_ms)
