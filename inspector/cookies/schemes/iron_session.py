"""iron-session 8: the session sealed in the cookie, `Fe26.2*id*salt*iv*ciphertext*expiry*salt*hmac~2`.

Keys are PBKDF2-SHA1 of the password and the salt's text, one round; AES-256-CBC, then HMAC-SHA256 over the first six parts.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets as randomness
from collections.abc import Sequence
from dataclasses import dataclass, replace

from inspector.cookies._api import Cookie, Status, Verdict
from inspector.cookies.pasted.header import decode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.mistakes import find_mistake
from inspector.cookies.schemes.payload import (
    MOST_BYTES,
    base64url,
    check_object,
    compact_bytes,
    loose_base64,
    object_text,
)
from inspector.core.ciphers import open_plain, seal_plain
from inspector.core.secret import Secret

_PREFIX = "Fe26.2"
_LEAST_PASSWORD = 32
_SKEW_MS = 60_000
_EXPIRY = re.compile(r"\d{0,15}\Z")


@dataclass(frozen=True, slots=True)
class _Seal:
    password_id: str
    salt: str
    iv: str
    ciphertext: str
    expiry: str
    mac_salt: str
    mac: str
    version: str

    @property
    def covered(self) -> bytes:
        return "*".join((_PREFIX, self.password_id, self.salt, self.iv, self.ciphertext, self.expiry)).encode(
            "utf-8", "replace"
        )


class IronSession:
    """The scheme of iron-session. Several passwords come as several secrets; one whose name is a number has that id."""

    name = "iron-session"
    label = "iron-session"
    shares_form: tuple[str, ...] = ()
    shares_signature: tuple[str, ...] = ()

    def recognise(self, cookie: Cookie) -> bool:
        return cookie.value.startswith("Fe26.") and len(cookie.value) < MOST_BYTES

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        encoding = decode_value(cookie.raw)[1]
        seal, complaint = _split(cookie.value)
        if seal is None:
            return Verdict(self.name, Status.INVALID, complaint, encoding=encoding, is_sealed=True)
        ends = int(seal.expiry) if seal.expiry else None
        verdict = Verdict(
            self.name, Status.UNVERIFIED, "", encoding=encoding, expires_at_ms=ends, is_sealed=True, grace_ms=_SKEW_MS
        )
        if not secrets:
            words = (
                f"Sealed by iron-session with password {seal.password_id or 'default'}. Give the password to open it."
            )
            return replace(verdict, detail=words)
        index = next((place for place, secret in enumerate(secrets) if _fits(seal, secret)), None)
        if index is None:
            mistake = find_mistake(secrets, lambda secret: _fits(seal, secret))
            hint = f"Password {mistake.index + 1} fits {mistake.words}." if mistake else ""
            words = "None of the passwords made this seal, or it was changed: iron-session starts an empty session."
            return replace(verdict, status=Status.INVALID, detail=words, hint=hint)
        return _judge(verdict, seal, secrets[index], index, now_ms)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return a new seal with the same password id, expiry and version. `CookieError`."""
        data = check_object(text, self.label)
        old, _ = _split(cookie.value)
        plain = compact_bytes(data if old is None or _is_new(old) else {"persistent": data})
        salt, mac_salt, iv = randomness.token_hex(32), randomness.token_hex(32), os.urandom(16)
        sealed = seal_plain("cbc", _key(secret, salt), iv, plain)
        seal = _Seal(
            old.password_id if old else "1", salt, base64url(iv), base64url(sealed), old.expiry if old else "", mac_salt, "",
            old.version if old else "~2",
        )  # fmt: skip
        mac = base64url(hmac.digest(_key(secret, mac_salt), seal.covered, "sha256"))
        return f"{seal.covered.decode()}*{mac_salt}*{mac}{seal.version}"


def _split(value: str) -> tuple[_Seal | None, str]:
    """Return the seal's parts, or why there is none."""
    text, tilde, version = value.partition("~")
    parts = text.split("*")
    if parts[0] != _PREFIX:
        return None, f"It begins with {parts[0][:10]}, not {_PREFIX}: iron-session throws."
    if len(parts) != 8 or not _EXPIRY.match(parts[5]):
        return None, "It has not the eight parts of a seal: cut off, or not from iron-session."
    password_id, salt, iv, ciphertext, expiry, mac_salt, mac = parts[1:]
    return _Seal(password_id, salt, iv, ciphertext, expiry, mac_salt, mac, tilde + version), ""


def _is_new(seal: _Seal) -> bool:
    """The library reads the digits after the tilde; anything but 2 is an old seal to it."""
    return re.match(r"~\s*\+?0*2(?!\d)", seal.version) is not None


def _key(secret: Secret, salt: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha1", secret.reveal(), salt.encode("utf-8", "replace"), 1, 32)


def _fits(seal: _Seal, secret: Secret) -> bool:
    made = base64url(hmac.digest(_key(secret, seal.mac_salt), seal.covered, "sha256"))
    return hmac.compare_digest(made.encode(), seal.mac.encode("utf-8", "replace"))


def _judge(verdict: Verdict, seal: _Seal, secret: Secret, index: int, now_ms: int) -> Verdict:
    plain = open_plain(
        "cbc", _key(secret, seal.salt), loose_base64(seal.iv) or b"", loose_base64(seal.ciphertext) or b""
    )
    text = object_text(plain)
    if text is None:
        return replace(
            verdict, status=Status.INVALID, detail="The seal is valid, but its content isn't JSON.", secret_index=index
        )
    found = replace(verdict, is_sealed=False, secret_index=index, payload=text)
    if _is_new(seal) and seal.version != "~2":
        words = (
            "Something stands after the ~2 at its end: iron-session 8 reads it all the same, 6 starts an empty session."
        )
        return replace(found, status=Status.INVALID, detail=words)
    if not _is_new(seal):
        inner = json.loads(text).get("persistent")
        words = "It does not end in ~2: cut off, or an old seal, in which iron-session reads what is under persistent."
        status = Status.VALID if isinstance(inner, dict) else Status.INVALID
        return replace(
            found, status=status, detail=words, payload=json.dumps(inner) if isinstance(inner, dict) else text
        )
    if secret.name.isdigit() and secret.name != (seal.password_id or "default"):
        words = f"It is sealed with password {seal.password_id}, and the application knows this one as {secret.name}: refused."
        return replace(found, status=Status.INVALID, detail=words)
    if verdict.expires_at_ms is not None and verdict.expires_at_ms + verdict.grace_ms <= now_ms:
        return replace(
            found,
            status=Status.INVALID,
            detail="The seal is right, but it has expired: iron-session starts an empty session.",
        )
    words = f"Sealed with password {seal.password_id or 'default'} of iron-session; the given password {index + 1} opens it."
    if index:
        words += " The library seals it with its newest password at the next save; it stops working when this one is removed."
    if len(secret.reveal()) < _LEAST_PASSWORD:
        words += " It is shorter than the 32 characters iron-session demands."
    return replace(found, status=Status.VALID, detail=words)


_IRON = IronSession()
IRON_SESSION = CookieScheme.of(
    _IRON, seal=lambda cookie, _verdict, text, secret, at_ms: _IRON.sign_payload(cookie, text, secret, at_ms)
)
