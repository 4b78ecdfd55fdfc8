"""`s:j:<JSON>.<signature>` and `j:<JSON>`: what Express's res.cookie makes of an object and cookie-parser reads; keeps no session.

There is no session ID in such a cookie and no record of it in a store. cookieSession of Express 3 kept the session this way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from inspector.cookies._api import Cookie, Status, Verdict
from inspector.cookies.pasted.header import decode_value, encode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.mistakes import find_mistake
from inspector.cookies.schemes.payload import MOST_BYTES, check_json, compact_bytes
from inspector.cookies.schemes.signature import sign, unsign
from inspector.core.secret import Secret

_SIGNED, _JSON = "s:", "j:"


class ResCookie:
    """The scheme of res.cookie with an object."""

    name = "res-cookie"
    label = "res.cookie (cookie-parser)"
    shares_form: tuple[str, ...] = ("cookieSession of Express 3",)
    shares_signature: tuple[str, ...] = shares_form

    def recognise(self, cookie: Cookie) -> bool:
        return _payload(cookie.value) is not None

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        payload, encoding = _payload(cookie.value), decode_value(cookie.raw)[1]
        verdict = Verdict(self.name, Status.INVALID, "", payload=payload, encoding=encoding)
        if cookie.value.startswith(_JSON):
            words = "A JSON cookie of res.cookie without a signature: anyone can change it. It is in req.cookies."
            return _with(verdict, Status.UNSIGNED, words)
        signed = cookie.value[len(_SIGNED) :]
        if not _is_signature(signed.rpartition(".")[2]):
            words = "There is no signature after its last dot: cookie-parser puts false into req.signedCookies."
            return _with(verdict, Status.INVALID, words)
        if not secrets:
            words = "A signed JSON cookie of res.cookie, readable by anyone. Give the secret of cookie-parser to check the signature."
            return _with(verdict, Status.UNVERIFIED, words)
        index = next((place for place, secret in enumerate(secrets) if unsign(signed, (secret,)) is not None), None)
        if index is not None:
            words = f"Secret {index + 1} of {len(secrets)} made this signature: the data is in req.signedCookies."
            return _with(verdict, Status.VALID, words, index)
        mistake = find_mistake(secrets, lambda secret: unsign(signed, (secret,)) is not None)
        hint = f" Secret {mistake.index + 1} fits {mistake.words}." if mistake else ""
        words = "None of the secrets made this signature: cookie-parser puts false into req.signedCookies."
        return _with(verdict, Status.INVALID, words + hint)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return the value with the JSON `text` in it, signed. `CookieError`."""
        return encode_value(_SIGNED + sign(_JSON + compact_bytes(check_json(text)).decode(), secret))


def _with(verdict: Verdict, status: Status, words: str, index: int | None = None) -> Verdict:
    return Verdict(
        verdict.scheme, status, words, secret_index=index, payload=verdict.payload, encoding=verdict.encoding
    )


def _payload(value: str) -> str | None:
    """Return the JSON text in the value, None for any other form."""
    if len(value) > MOST_BYTES:
        return None
    if value.startswith(_JSON):
        return _json_text(value[len(_JSON) :])
    if not value.startswith(_SIGNED + _JSON):
        return None
    text = value[len(_SIGNED + _JSON) :]
    return _json_text(text.rpartition(".")[0]) or _json_text(text)


def _json_text(text: str) -> str | None:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    return text


def _is_signature(text: str) -> bool:
    return len(text) >= 1 and not text.endswith(("}", "]", '"'))


_RES_COOKIE = ResCookie()
RES_COOKIE = CookieScheme.of(
    _RES_COOKIE,
    seal=lambda cookie, _verdict, text, secret, at_ms: _RES_COOKIE.sign_payload(cookie, text, secret, at_ms),
)
