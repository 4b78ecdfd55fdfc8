"""@fastify/session 11: `<session ID>.<signature>` without the `s:` of express-session; keeps no session.

The signature is HMAC-SHA256, or another of the option `algorithm`, in base64 without padding, and with @fastify/cookie 11.1
stands in the header as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from inspector.cookies._api import Cookie, Status, Verdict
from inspector.cookies.pasted.header import decode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.express import EXPRESS_NAMES
from inspector.cookies.schemes.mistakes import find_mistake
from inspector.cookies.schemes.payload import json_inside
from inspector.cookies.schemes.signature import hashing_of, sign, unsign
from inspector.core.secret import Secret

# A signed ID; a JSON Web Token, whose signature may look the same, begins with the base64 of {", AdonisJS with e:.
_SIGNED = re.compile(r"(?!s:|S:|j:|e:|ey[\w-]+\.[\w-]*\.)[^\s;,]{1,200}\.[A-Za-z0-9+/]{27,86}\Z")
_DEFAULT_NAME = "sessionid"
_CUT = re.compile(r"[\w-]{10,32}(?:\.[A-Za-z0-9+/]*)?\Z")
"""What is left of a cookie with the default name, written as Fastify and not as Django writes it."""
_LEAST_SECRET = 32


class FastifySession:
    """The scheme of @fastify/session with its default prefix, which is empty."""

    name = "fastify-session"
    label = "@fastify/session"
    shares_form: tuple[str, ...] = ("setCookie with signed: true (@fastify/cookie)", "cookie-signature on its own")
    shares_signature: tuple[str, ...] = shares_form

    def recognise(self, cookie: Cookie) -> bool:
        name, hashing = cookie.name.lower(), _hashing(cookie.value)
        if hashing is None and cookie.name == "sessionId":
            return _CUT.match(cookie.value) is not None
        if name in EXPRESS_NAMES or hashing is None or _SIGNED.match(cookie.value) is None:
            return False
        if json_inside(cookie.value.rpartition(".")[0]) is not None:
            return False  # React Router's and Remix's: the data is in it, no ID
        return hashing == "sha256" or name == _DEFAULT_NAME

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        session_id, encoding = cookie.value.rpartition(".")[0], decode_value(cookie.raw)[1]
        if _hashing(cookie.value) is None:
            words = "Its signature is cut off or missing: Fastify starts a new session."
            return Verdict(self.name, Status.INVALID, words, session_id=session_id or None, encoding=encoding)
        if "quoted" in encoding:
            words = "It stands in quotes, which @fastify/cookie takes for a part of it from version 11 on: a new session is started."
            return Verdict(self.name, Status.INVALID, words, session_id=session_id, encoding=encoding)
        if not secrets:
            words = "The form is right. Give the application's secret to check the signature."
            return Verdict(self.name, Status.UNVERIFIED, words, session_id=session_id, encoding=encoding)
        hashing = _hashing(cookie.value) or "sha256"
        for index, secret in enumerate(secrets):
            if unsign(cookie.value, (secret,), hashing) is not None:
                words = f"Signed with secret {index + 1} of {len(secrets)}."
                if index:
                    words += " With saveUninitialized: false an unchanged session's cookie is cleared for that: users are logged out."
                if len(secret.reveal()) < _LEAST_SECRET:
                    words += " The secret is shorter than the 32 characters @fastify/session demands."
                return Verdict(self.name, Status.VALID, words, index, session_id, encoding=encoding)
        mistake = find_mistake(secrets, lambda secret: unsign(cookie.value, (secret,), hashing) is not None)
        hint = f"Secret {mistake.index + 1} fits {mistake.words}." if mistake else ""
        words = "None of the secrets made this signature, or the value was changed: Fastify starts a new session."
        return Verdict(self.name, Status.INVALID, words, session_id=session_id, hint=hint, encoding=encoding)


def sign_like(value: str, session_id: str, secret: Secret) -> str:
    """Return the signed ID with the algorithm of another cookie's value."""
    return sign(session_id, secret, _hashing(value) or "sha256")


def _hashing(value: str) -> str | None:
    return hashing_of(value.rpartition(".")[2])


FASTIFY_SESSION = CookieScheme.of(
    FastifySession(),
    sign_id=lambda _name, session_id, secret: sign(session_id, secret),
    resign_id=lambda cookie, session_id, secret: sign_like(cookie.value, session_id, secret),
)
