"""cookie-session 2 and koa-session 7: `<name>` with the session or its key, and `<name>.sig` by Keygrip; keeps no session.

The signature is base64url of HMAC-SHA1 over `name=value` as they stand in the header: the `cookies` package decodes no percent
signs. A Keygrip of an application's own may hash and encode otherwise. cookie-session carries no time; koa-session carries
`_expire` (ms) and `_maxAge`, or `_session` for the browser's.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import replace

from inspector.cookies._api import Cookie, Status, Verdict
from inspector.cookies.pasted.header import decode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.mistakes import find_mistake
from inspector.cookies.schemes.payload import base64url, check_object, json_bytes, loose_base64, number_of, object_text
from inspector.core.display import format_time
from inspector.core.secret import Secret

_KOA_NAMES = frozenset(("koa.sess", "koa:sess"))
_KOA_FIELDS = ("_expire", "_maxAge", "_session")
_UUID = re.compile(r"(?:[\w.:-]*:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_BASE64_OBJECT = re.compile(r"(?:ey|e3|ew)[A-Za-z0-9+/_-]*={0,2}\Z")


_USUAL = ("sha1", "base64")
_TELLING = 8
"""This many characters of a signature aren't chance."""


def keygrip_signature(name: str, value: str, secret: Secret, form: tuple[str, str] = _USUAL) -> str:
    """Return Keygrip's signature of `name=value`: HMAC-SHA1 in base64url without padding, or in another hash and encoding."""
    hashing, code = form
    digest = hmac.digest(secret.reveal(), f"{name}={value}".encode("utf-8", "surrogatepass"), hashing)
    return digest.hex() if code == "hex" else base64url(digest)


def _form_like(given: str | None) -> tuple[str, str]:
    """Return the hash and encoding that a signature's characters tell of, as far as they do."""
    size = len(given or "")
    by_size = {
        40: ("sha1", "hex"),
        43: ("sha256", "base64"),
        86: ("sha512", "base64"),
        96: ("sha384", "hex"),
        128: ("sha512", "hex"),
    }
    if size == 64:
        return ("sha256", "hex") if re.fullmatch(r"[0-9a-f]*", given or "") else ("sha384", "base64")
    return by_size.get(size, _USUAL)


class _Pair:
    name: str
    label: str
    shares_form: tuple[str, ...]
    shares_signature: tuple[str, ...]

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        raw = _unquoted(cookie.raw)
        verdict = self._read(cookie, Verdict(self.name, Status.UNSIGNED, "", encoding=decode_value(cookie.raw)[1]))
        if _holds_nothing(raw):
            words = f"It holds no session ({_unquoted(cookie.raw) or 'empty'}): {self.label} starts a new one, whatever the signature."
            return replace(verdict, status=Status.INVALID, detail=words)
        if cookie.signature is None:
            words = (
                f"There is no {cookie.name or 'name'}.sig beside it: it is unsigned, and ignored where signed is on."
            )
            return replace(verdict, detail=words)
        if cookie.is_spaced:
            words = "White space surrounds the value or its signature: the cookies package treats it as part of them, so nothing fits."
            return replace(verdict, status=Status.INVALID, detail=words)
        if not secrets:
            if verdict.payload is None and verdict.session_id is None:
                words = f"Signed as the cookies package signs, but the content isn't a JSON object: not a {self.label} session."
                return replace(verdict, status=Status.INVALID, detail=words)
            return replace(verdict, status=Status.UNVERIFIED, detail="Give the keys to check the signature.")
        given = _unquoted(cookie.signature)

        def fits(secret: Secret) -> bool:
            made = keygrip_signature(cookie.name, raw, secret, _form_like(given))
            return hmac.compare_digest(made.encode(), given.encode("utf-8", "replace"))

        index = next((place for place, secret in enumerate(secrets) if fits(secret)), None)
        if index is None:
            mistake = find_mistake(secrets, fits)
            hint = f"Key {mistake.index + 1} fits {mistake.words}." if mistake else _damage_hint(cookie, secrets, given)
            words = "None of the keys made this signature, or the value was changed: the library clears it and starts an empty session."
            return replace(verdict, status=Status.INVALID, detail=words, hint=hint)
        caution = self._caution(cookie, _form_like(given))
        return self._judge(replace(verdict, secret_index=index, caution=caution), len(secrets), now_ms)

    def _caution(self, cookie: Cookie, form: tuple[str, str]) -> str:
        """Return what refuses a pair whose signature fits, "" for nothing."""
        words = ""
        if _unquoted(cookie.raw) != cookie.raw or _unquoted(cookie.signature or "") != cookie.signature:
            words = (
                "It stands in quotes: the cookies package takes them off from 0.9 on; before (cookie-session 1, koa 2.14 and older) "
                "it takes them for a part of it and refuses the cookie. "
            )
        if form != _USUAL:
            hashing, code = form
            words += (
                f"It is signed with {hashing.upper().replace('SHA', 'SHA-')} in {code}: {self.label}'s defaults (SHA-1 in base64) "
                "refuse that; only an application with its own Keygrip accepts it."
            )
        return words.strip()

    def _read(self, cookie: Cookie, verdict: Verdict) -> Verdict:
        payload = object_text(loose_base64(_unquoted(cookie.raw)))
        # The library compares with < where others take <=: in the very millisecond of its end it is still good.
        return replace(verdict, payload=payload, expires_at_ms=_expire(payload), grace_ms=1)

    def _judge(self, verdict: Verdict, number: int, now_ms: int) -> Verdict:
        index = verdict.secret_index or 0
        words = f"Signed with key {index + 1} of {number}."
        if index:
            words += " The library re-signs it with the first; it stops working when that key is removed."
        if verdict.payload is None and verdict.session_id is None:
            words = "The signature fits, but its content isn't a JSON object: the library starts an empty session."
            return replace(verdict, status=Status.INVALID, detail=words)
        if verdict.expires_at_ms is not None and verdict.expires_at_ms + verdict.grace_ms <= now_ms:
            when = format_time(verdict.expires_at_ms)
            return replace(verdict, status=Status.INVALID, detail=f"The signature fits, but it expired at {when}.")
        return replace(verdict, status=Status.VALID, detail=words)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return the value and its signature: `<value>; <name>.sig=<signature>`. `CookieError`."""
        check_object(text, self.label)
        value = base64.b64encode(json_bytes(text)).decode()
        return paired(cookie.name, value, secret, cookie.signature)


def paired(name: str, value: str, secret: Secret, like: str | None = None) -> str:
    """Return what follows `<name>=` in a Cookie header: the value and the cookie with its signature, in the form of another."""
    return f"{value}; {name}.sig={keygrip_signature(name, value, secret, _form_like(like))}"


class KoaSession(_Pair):
    """koa-session, with the session in the cookie or its key in a store."""

    name = "koa-session"
    label = "koa-session"
    shares_form: tuple[str, ...] = ("cookie-session", "any other signed cookie of the cookies package")
    shares_signature: tuple[str, ...] = shares_form

    def recognise(self, cookie: Cookie) -> bool:
        payload = object_text(loose_base64(_unquoted(cookie.raw))) if _BASE64_OBJECT.match(cookie.raw) else None
        if payload is not None:
            return cookie.name in _KOA_NAMES or any(f'"{name}"' in payload for name in _KOA_FIELDS)
        return cookie.name in _KOA_NAMES or (cookie.signature is not None and _UUID.match(cookie.raw) is not None)

    def _read(self, cookie: Cookie, verdict: Verdict) -> Verdict:
        found = super()._read(cookie, verdict)
        if found.payload is not None or _holds_nothing(_unquoted(cookie.raw)):
            return found
        return replace(found, session_id=_unquoted(cookie.raw))


class CookieSession(_Pair):
    """cookie-session, which keeps everything in the cookie."""

    name = "cookie-session"
    label = "cookie-session"
    shares_form: tuple[str, ...] = (
        "koa-session",
        "any other signed cookie of the cookies package",
        "React Router or Remix without secrets",
    )
    shares_signature: tuple[str, ...] = ("koa-session", "any other signed cookie of the cookies package")

    def recognise(self, cookie: Cookie) -> bool:
        if cookie.signature is not None:
            return True
        return _BASE64_OBJECT.match(cookie.raw) is not None and object_text(loose_base64(cookie.raw)) is not None


def _unquoted(raw: str) -> str:
    return raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] == '"' else raw


def _holds_nothing(raw: str) -> bool:
    """True for what says that there is no session: nothing, null, and JSON that is as good as that to JavaScript."""
    if raw in ("", "null", "undefined"):
        return True
    try:
        return not json.loads((loose_base64(raw) or b"1").decode("utf-8")) and not raw.startswith(("e3", "ew"))
    except (ValueError, RecursionError):
        return False


def _expire(payload: str | None) -> int | None:
    ends = number_of(payload, "_expire")
    return None if ends is None else round(ends)


def _damage_hint(cookie: Cookie, secrets: Sequence[Secret], given: str) -> str:
    whole = [keygrip_signature(cookie.name, _unquoted(cookie.raw), one) for one in secrets]
    if len(given) >= _TELLING and any(one.startswith(given) for one in whole):
        return "A key made it, but the signature is cut off."
    if cookie.value != cookie.raw and any(
        keygrip_signature(cookie.name, cookie.value, one) == given for one in secrets
    ):
        return "It was percent-encoded on the way, which changed it: the cookies package decodes nothing."
    return ""


_KOA, _COOKIE_SESSION = KoaSession(), CookieSession()
KOA_SESSION = CookieScheme.of(
    _KOA,
    sign_id=paired,
    resign_id=lambda cookie, session_id, secret: paired(cookie.name, session_id, secret, cookie.signature),
    seal=lambda cookie, _verdict, text, secret, at_ms: _KOA.sign_payload(cookie, text, secret, at_ms),
    id_words="The key of the record in koa-session's store.",
)
COOKIE_SESSION = CookieScheme.of(
    _COOKIE_SESSION,
    seal=lambda cookie, _verdict, text, secret, at_ms: _COOKIE_SESSION.sign_payload(cookie, text, secret, at_ms),
)
