"""connect.sid: `s:<session ID>.<signature>` of express-session 1.19 and cookie-signature; keeps no session.

The signature is compared as text, as the library does: other spellings of the same bytes are refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

from inspector.cookies._api import Cookie, Status, Verdict
from inspector.cookies.pasted.header import decode_value, encode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.mistakes import find_mistake
from inspector.cookies.schemes.signature import sign, unsign
from inspector.core.secret import Secret

EXPRESS_NAMES = frozenset({"connect.sid", "express.sid", "__host-sid", "__secure-sid"})
_DEFAULT_ID = re.compile(r"[A-Za-z0-9_-]{32}\Z")
_SIGNED_ID = re.compile(r"[A-Za-z0-9_-]{32}\.[A-Za-z0-9+/]{43}\Z")

_OTHER_SECRET = (
    "Another process, environment or an older secret made it: give all processes one secret, and keep an old one as "
    "the second."
)
_NOT_WHOLE = "Copy the whole value, or find out which other library sets this cookie."


class ExpressSession:
    """The scheme of express-session."""

    name = "express-session"
    label = "express-session"
    shares_form: tuple[str, ...] = (
        "res.cookie with signed: true (cookie-parser)",
        "@fastify/session with cookiePrefix s:",
    )
    shares_signature: tuple[str, ...] = shares_form

    def recognise(self, cookie: Cookie) -> bool:
        value = cookie.value
        return (
            value[:2].lower() == "s:"
            or value[:4].lower() == "s%3a"
            or cookie.name.lower() in EXPRESS_NAMES
            or _SIGNED_ID.match(value) is not None
        )

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        value, encoding = cookie.value, decode_value(cookie.raw)[1]
        if not value.startswith("s:"):
            return self._without_prefix(value, secrets, encoding)
        session_id, dot, signature = value[2:].rpartition(".")
        if not dot:
            words = "There is no signature: nothing follows a dot after the session ID. Express ignores this cookie."
            return self._verdict(Status.INVALID, words, encoding, session_id=value[2:] or None)
        if not session_id:
            words = "The session ID is empty, which Express treats as no cookie at all."
            return self._verdict(Status.INVALID, words, encoding)
        if not secrets:
            words = "The form is right. Give the application's secret to check the signature."
            return self._verdict(Status.UNVERIFIED, words, encoding, session_id=session_id)
        for index, secret in enumerate(secrets):
            if unsign(value[2:], (secret,)) is not None:
                words = _fit_words(index, len(secrets))
                return self._verdict(Status.VALID, words, encoding, session_id=session_id, secret_index=index)
        hint = _other_spelling(session_id, signature, secrets) or _other_secret(value[2:], secrets) or _OTHER_SECRET
        words = "None of the secrets made this signature. Express ignores the cookie and starts a new session."
        if len(secrets) == 1:
            words = "The secret did not make this signature. Express ignores the cookie and starts a new session."
        return self._verdict(Status.INVALID, words, encoding, session_id=session_id, hint=hint)

    def _without_prefix(self, value: str, secrets: Sequence[Secret], encoding: str) -> Verdict:
        """Say why a value that does not begin with `s:` is ignored."""
        lower = value.lower()
        if lower.startswith("s%3a") and re.search("%(?![0-9a-f]{2})|%[89a-f]", lower):
            words = (
                "The percent-encoding is damaged, so Express decodes nothing of it and misses the s: at its beginning."
            )
            return self._verdict(Status.INVALID, words, encoding)
        if lower.startswith(("s%3a", "s%253a")):
            words = (
                "The value is percent-encoded twice. Express decodes it once and then misses the s: at its beginning."
            )
            return self._verdict(Status.INVALID, words, encoding)
        if lower.startswith("s:"):
            words = "It begins with an upper-case S:. Express wants a lower-case s: and ignores this cookie."
            return self._verdict(Status.INVALID, words, encoding)
        if lower.startswith("j:"):
            words = "It begins like a JSON cookie of res.cookie (j:), but no JSON follows: to Express it is plain text, not a session."
            return self._verdict(Status.UNSIGNED, words, encoding)
        if not value:
            return self._verdict(Status.UNSIGNED, "The value is empty: Express sees no session cookie.", encoding)
        session_id = value.rpartition(".")[0] if "." in value else value
        hint = _NOT_WHOLE
        for index, secret in enumerate(secrets):
            if unsign(value, (secret,)) is not None:
                hint = f"Secret {index + 1} made the signature; the s: is missing, as @fastify/session writes it."
        words = "The value does not begin with s:, so express-session ignores it: it is not signed as it wants."
        return self._verdict(Status.UNSIGNED, words, encoding, session_id=session_id, hint=hint)

    def _verdict(
        self,
        status: Status,
        detail: str,
        encoding: str,
        *,
        session_id: str | None = None,
        secret_index: int | None = None,
        hint: str = "",
    ) -> Verdict:
        return Verdict(
            self.name, status, detail, secret_index=secret_index, session_id=session_id, hint=hint, encoding=encoding
        )


def _fit_words(index: int, number: int) -> str:
    if number == 1:
        return "The secret made this signature."
    if index == 0:
        return f"Signed with the first of {number} secrets, the one that signs new cookies."
    place = ("first", "second", "third", "fourth", "fifth")[index] if index < 5 else f"{index + 1}th"
    return f"Signed with the {place} of {number} secrets: it stops working when that one is removed."


def _other_secret(signed: str, secrets: Sequence[Secret]) -> str:
    mistake = find_mistake(secrets, lambda secret: unsign(signed, (secret,)) is not None)
    return f"Secret {mistake.index + 1} fits {mistake.words}." if mistake else ""


def _other_spelling(session_id: str, signature: str, secrets: Sequence[Secret]) -> str:
    """Return what is wrong with a signature that a secret did make, but that is spelled otherwise."""
    for secret in secrets:
        right = sign(session_id, secret).rpartition(".")[2]
        found = _spelling(session_id, signature, right, secret)
        if found:
            return f"The secret fits, but {found}. Express compares the text, so it refuses."
    return ""


def _spelling(session_id: str, signature: str, right: str, secret: Secret) -> str:
    if not signature:
        return "the signature is empty"
    if signature.rstrip("=") == right:
        return "base64 padding (=) was added to the signature"
    if signature.rstrip("=").replace("-", "+").replace("_", "/") == right:
        return "the signature is in the base64url alphabet"
    if signature.strip() == right or signature.replace(" ", "+") == right:
        return "there is white space in or around the signature (a + that was decoded to a space?)"
    if signature.lower() == base64.b64decode(right + "=").hex():
        return "the signature is in hexadecimal"
    if len(signature) >= 8 and len(signature) < len(right) and right.startswith(signature):
        return "the signature is cut off"
    if len(signature) == len(right) and signature[:-1] == right[:-1]:
        return "the last character of the signature is another one"
    message, key = session_id.encode("utf-8", "surrogatepass"), secret.reveal()
    if signature.rstrip("=") == _mac(message, key, "sha1"):
        return "it was signed with SHA-1 instead of SHA-256"
    if signature.rstrip("=") == _mac(b"s:" + message, key, "sha256"):
        return "the s: was signed with the session ID"
    return ""


def _mac(message: bytes, key: bytes, digest: str) -> str:
    return base64.b64encode(hmac.digest(key, message, getattr(hashlib, digest))).decode().rstrip("=")


def is_default_id(session_id: str) -> bool:
    """True for the form of express-session's default genid: 32 characters of base64url."""
    return _DEFAULT_ID.match(session_id) is not None


def sign_express_id(_name: str, session_id: str, secret: Secret) -> str:
    """Return express-session's value as a header holds it: `s%3A<id>.<signature>`."""
    return encode_value("s:" + sign(session_id, secret))


EXPRESS_SESSION = CookieScheme.of(
    ExpressSession(), sign_id=sign_express_id, lacks_form=lambda cookie: not cookie.value.startswith("s:")
)
