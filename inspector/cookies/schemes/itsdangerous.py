"""Flask's and Starlette's session cookies, which carry the session themselves; made and checked by itsdangerous.

Flask: `[.]base64url([zlib](tagged JSON)).base64url(time).base64url(HMAC-SHA1)`, key derived by HMAC over
"cookie-session". Starlette: `base64(JSON).time.signature`, salt "itsdangerous.Signer", django-concat.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from itsdangerous import Signer

from inspector.cookies._api import Cookie, Status, Verdict
from inspector.cookies.pasted.header import decode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.mistakes import find_mistake
from inspector.cookies.schemes.payload import MOST_BYTES, check_object, json_bytes, object_text
from inspector.core.display import format_time
from inspector.core.secret import Secret

_PARTS = re.compile(r"(\.?[A-Za-z0-9_\-+/]*={0,2})\.([A-Za-z0-9_-]{4,12})\.([A-Za-z0-9_-]{20,90}={0,2})\Z")
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class _Parts:
    signed: str
    payload: str
    issued_at_ms: int
    signature: str


class _Scheme:
    name: str
    label: str
    shares_form: tuple[str, ...]
    shares_signature: tuple[str, ...]
    salt: bytes
    derivation: str
    life_ms: int
    life_words: str

    def decode(self, payload: str) -> str | None:
        """Return the session as JSON text, None when it isn't of this scheme."""
        raise NotImplementedError

    def encode(self, text: str) -> str:
        raise NotImplementedError

    def recognise(self, cookie: Cookie) -> bool:
        parts = _split(cookie.value)
        return parts is not None and self.decode(parts.payload) is not None

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        parts = _split(cookie.value)
        payload = self.decode(parts.payload) if parts is not None else None
        if parts is None or payload is None:
            return Verdict(self.name, Status.INVALID, f"This isn't a {self.label} session cookie.")
        verdict = Verdict(
            self.name,
            Status.UNVERIFIED,
            "The session is inside the cookie and readable by anyone. Give the secret key to check the signature.",
            payload=payload,
            issued_at_ms=parts.issued_at_ms,
            encoding=decode_value(cookie.raw)[1],
        )
        if not secrets:
            return verdict
        for index, secret in enumerate(secrets):
            if self._fits(parts, secret):
                return self._judge_age(replace(verdict, secret_index=index), len(secrets), now_ms)
        mistake = find_mistake(secrets, lambda secret: self._fits(parts, secret))
        return replace(
            verdict,
            status=Status.INVALID,
            detail=f"None of the secret keys made this signature: {self.label} starts an empty session.",
            hint=f"Secret {mistake.index + 1} fits {mistake.words}." if mistake else "",
        )

    def _judge_age(self, verdict: Verdict, number: int, now_ms: int) -> Verdict:
        issued_at_ms = verdict.issued_at_ms or 0
        when = format_time(issued_at_ms) or "an impossible time"
        if issued_at_ms > now_ms:
            words = f"The signature fits, but was made in the future ({when}), which {self.label} refuses: check the clocks."
            return replace(verdict, status=Status.INVALID, detail=words)
        if now_ms - issued_at_ms > self.life_ms:
            days = (now_ms - issued_at_ms) // _DAY_MS
            words = f"The signature fits, but it is {days} days old: {self.life_words}"
            return replace(verdict, status=Status.INVALID, detail=words)
        which = "The secret key made this signature"
        if number > 1:
            which = f"Signed with secret key {(verdict.secret_index or 0) + 1} of {number}"
        return replace(verdict, status=Status.VALID, detail=f"{which}, at {when}.")

    def _signer(self, secret: Secret) -> Signer:
        return Signer(
            secret.reveal(), salt=self.salt, key_derivation=self.derivation, digest_method=staticmethod(hashlib.sha1)
        )

    def _fits(self, parts: _Parts, secret: Secret) -> bool:
        return self._signer(secret).verify_signature(parts.signed.encode(), parts.signature.encode())

    def sign_payload(self, _cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return the cookie value with the JSON `text` in it. `CookieError` when it isn't a JSON object."""
        check_object(text, self.label)
        seconds = issued_at_ms // 1000
        stamp = base64.urlsafe_b64encode(seconds.to_bytes(max(1, (seconds.bit_length() + 7) // 8), "big"))
        signed = f"{self.encode(text.strip())}.{stamp.decode().rstrip('=')}"
        return f"{signed}.{self._signer(secret).get_signature(signed.encode()).decode()}"


class Flask(_Scheme):
    """Flask and Quart. `SECRET_KEY_FALLBACKS` come as further secrets."""

    name = "flask"
    label = "Flask"
    shares_form: tuple[str, ...] = ("Quart", "URLSafeTimedSerializer of itsdangerous")
    shares_signature: tuple[str, ...] = ("Quart",)
    salt = b"cookie-session"
    derivation = "hmac"
    life_ms = 31 * _DAY_MS
    life_words = "Flask refuses it with its default PERMANENT_SESSION_LIFETIME of 31 days."

    def decode(self, payload: str) -> str | None:
        data = _decode_base64(payload.removeprefix("."), url_safe=True)
        if data is None:
            return None
        if payload.startswith("."):
            unpacker = zlib.decompressobj()
            try:
                data = unpacker.decompress(data, MOST_BYTES)
            except zlib.error:
                return None
            if not unpacker.eof:
                return None
        return object_text(data)

    def encode(self, text: str) -> str:
        data = json_bytes(text)
        packed = zlib.compress(data)
        is_shorter = len(packed) < len(data) - 1
        coded = base64.urlsafe_b64encode(packed if is_shorter else data).decode().rstrip("=")
        return f".{coded}" if is_shorter else coded


class Starlette(_Scheme):
    """Starlette's SessionMiddleware, which FastAPI uses."""

    name = "starlette"
    label = "Starlette"
    shares_form: tuple[str, ...] = ("FastAPI", "starsessions", "TimestampSigner of itsdangerous")
    shares_signature: tuple[str, ...] = ("FastAPI", "starsessions")
    salt = b"itsdangerous.Signer"
    derivation = "django-concat"
    life_ms = 14 * _DAY_MS
    life_words = "Starlette refuses it with its default max_age of 14 days; max_age=None accepts it."

    def decode(self, payload: str) -> str | None:
        if payload.startswith("."):
            return None
        data = _decode_base64(payload, url_safe=False)
        return None if data is None else object_text(data)

    def encode(self, text: str) -> str:
        return base64.b64encode(json_bytes(text)).decode()


def _split(value: str) -> _Parts | None:
    found = _PARTS.match(value)
    if found is None:
        return None
    stamp = _decode_base64(found[2], url_safe=True)
    if not stamp:
        return None
    return _Parts(value.rpartition(".")[0], found[1], int.from_bytes(stamp, "big") * 1000, found[3])


def _decode_base64(text: str, *, url_safe: bool) -> bytes | None:
    if url_safe:
        if "=" in text or "+" in text or "/" in text:
            return None
        text = text.replace("-", "+").replace("_", "/")
        text += "=" * (-len(text) % 4)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


_FLASK, _STARLETTE = Flask(), Starlette()
FLASK = CookieScheme.of(
    _FLASK, seal=lambda cookie, _verdict, text, secret, at_ms: _FLASK.sign_payload(cookie, text, secret, at_ms)
)
STARLETTE = CookieScheme.of(
    _STARLETTE,
    seal=lambda cookie, _verdict, text, secret, at_ms: _STARLETTE.sign_payload(cookie, text, secret, at_ms),
    # Some payloads read as Flask's as well; Starlette's JSON has spaces.
    is_likelier=lambda verdict: '": ' in (verdict.payload or ""),
)
