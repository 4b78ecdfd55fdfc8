"""React Router's and Remix's createCookie: `base64(JSON).<signature>`, the JSON being the session, or its ID for a store.

The signature is HMAC-SHA256 over the base64 in base64 without padding; no time and no name is bound in it. cookieSession of
Express 3's first releases wrote the same form.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import replace

from inspector.cookies._api import Cookie, Status, Verdict
from inspector.cookies.pasted.header import decode_value, encode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.mistakes import find_mistake
from inspector.cookies.schemes.payload import MOST_BYTES, check_object, compact_bytes, json_inside
from inspector.cookies.schemes.signature import sign, unsign
from inspector.core.secret import Secret

_FORM = re.compile(r"([A-Za-z0-9+/]+={0,2})\.([A-Za-z0-9+/]{43})(=?)\Z")


class ReactRouter:
    """The scheme of createCookieSessionStorage and createSessionStorage."""

    name = "react-router"
    label = "React Router or Remix (createCookie)"
    shares_form: tuple[str, ...] = ("cookieSession of Express 3", "setCookie with signed: true (@fastify/cookie)")
    shares_signature: tuple[str, ...] = shares_form

    def recognise(self, cookie: Cookie) -> bool:
        found = _FORM.match(cookie.value) if len(cookie.value) < MOST_BYTES else None
        return found is not None and json_inside(found[1]) is not None

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        text, _, signature = cookie.value.rpartition(".")
        signed, inside = f"{text}.{signature.rstrip('=')}", json_inside(text) or "null"
        data = json.loads(inside)
        verdict = Verdict(
            self.name,
            Status.UNVERIFIED,
            "What it holds is readable by anyone. Give the application's secret to check the signature.",
            session_id=data or None if isinstance(data, str) else None,
            payload=None if isinstance(data, str) else inside,
            encoding=decode_value(cookie.raw)[1],
        )
        if not secrets:
            return verdict

        def fits(secret: Secret) -> bool:
            return unsign(signed, (secret,)) is not None

        index = next((place for place, secret in enumerate(secrets) if fits(secret)), None)
        if index is None:
            mistake = find_mistake(secrets, fits)
            hint = f"Secret {mistake.index + 1} fits {mistake.words}." if mistake else ""
            words = "None of the secrets made this signature: React Router and Remix read an empty session."
            return replace(verdict, status=Status.INVALID, detail=words, hint=hint)
        words = f"Signed with secret {index + 1} of {len(secrets)}."
        if index:
            words += " It stops working when that one is removed."
        caution = ""
        if signature.endswith("="):
            caution = "Its signature has padding (=): React Router 7 accepts that, Remix 2 refuses it."
        return replace(verdict, status=Status.VALID, detail=words, secret_index=index, caution=caution)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return the value with the JSON `text` in it, signed. `CookieError`."""
        data = compact_bytes(check_object(text, self.label))
        return encode_value(sign(base64.b64encode(data).decode(), secret))


def sign_again(value: str, secret: Secret) -> str:
    """Return what another cookie's value holds, signed with this secret."""
    return encode_value(sign(value.rpartition(".")[0], secret))


_ROUTER = ReactRouter()
REACT_ROUTER = CookieScheme.of(
    _ROUTER,
    resign_id=lambda cookie, _session_id, secret: sign_again(cookie.value, secret),
    seal=lambda cookie, _verdict, text, secret, at_ms: _ROUTER.sign_payload(cookie, text, secret, at_ms),
)
