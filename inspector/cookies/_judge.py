"""Which scheme a cookie is of, and signing for each; the one list of schemes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inspector.cookies._api import Cookie, CookieError, Scheme, Status, Verdict
from inspector.cookies._express import ExpressSession
from inspector.cookies._header import decode_value, encode_value
from inspector.cookies._itsdangerous import Flask, Starlette
from inspector.cookies._signature import sign
from inspector.core.secret import Secret

_CARRIERS = (Flask(), Starlette())
_SCHEMES: tuple[Scheme, ...] = (ExpressSession(), *_CARRIERS)
_LOOKS = (
    (re.compile(r"eyJ[\w-]+\.[\w-]*\.[\w-]*\Z"), "It looks like a JSON Web Token."),
    (re.compile(r"eyJpdiI6"), "It looks like an encrypted cookie of Laravel."),
    (re.compile(r"Fe26\."), "It looks like a sealed cookie of iron-session."),
    (re.compile(r"CfDJ8"), "It looks like a cookie of ASP.NET Core's data protection."),
    (re.compile(r"[A-Za-z0-9+/=%]+--[0-9a-f]{40,}\Z"), "It looks like a signed cookie of Rails."),
    (re.compile(r"[\w-]+:[\w-]{6}:[\w-]{27,43}\Z"), "It looks like a signed cookie of Django."),
    (re.compile(r"gAAAA"), "It looks like a Fernet token."),
)
_NAMES = {
    "phpsessid": "PHP's session ID: the session is on the server, there is no signature.",
    "jsessionid": "A Java servlet's session ID: the session is on the server, there is no signature.",
    "sessionid": "Django's session ID: the session is on the server, there is no signature.",
}


def judge(cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
    """Say what the cookie is and whether one of the secrets signed it. Never raises."""
    verdicts = [scheme.verify(cookie, secrets, now_ms) for scheme in _SCHEMES if scheme.recognise(cookie)]
    if not verdicts:
        looks = next((words for pattern, words in _LOOKS if pattern.match(cookie.value)), "")
        looks = looks or _NAMES.get(cookie.name.lower(), "")
        words = f"This is not a session cookie of a scheme that is known here. {looks}".strip()
        return Verdict("", Status.UNKNOWN, words, encoding=decode_value(cookie.raw)[1])
    return next((one for one in verdicts if one.secret_index is not None), _likelier(verdicts))


def _likelier(verdicts: list[Verdict]) -> Verdict:
    """Choose where no secret tells: some payloads read as Flask's and as Starlette's, whose JSON has spaces."""
    if verdicts[-1].scheme == Starlette.name and '": ' in (verdicts[-1].payload or ""):
        return verdicts[-1]
    return verdicts[0]


def signed_value(session_id: str, secret: Secret) -> str:
    """Return express-session's value as a header holds it: `s%3A<id>.<signature>`. `CookieError`."""
    if not session_id:
        raise CookieError("The session ID is empty, so there is nothing to sign.")
    return encode_value("s:" + sign(session_id, secret))


def resign(cookie: Cookie, verdict: Verdict, secret: Secret) -> str:
    """Return the cookie's value as a header holds it, signed with another secret. `CookieError`."""
    if verdict.scheme == ExpressSession.name and verdict.session_id:
        return signed_value(verdict.session_id, secret)
    if verdict.payload is not None:
        return edit_payload(verdict, verdict.payload, secret, verdict.issued_at_ms or 0)
    raise CookieError("There is no session ID or data in this cookie to sign.")


def edit_payload(verdict: Verdict, payload: str, secret: Secret, issued_at_ms: int) -> str:
    """Return the value of a cookie that carries its session, with `payload` (JSON) in it, signed. `CookieError`."""
    scheme = next((one for one in _CARRIERS if one.name == verdict.scheme), None)
    if scheme is None:
        raise CookieError("This cookie carries no data: the session is in the store.")
    return scheme.sign_payload(payload, secret, issued_at_ms)
