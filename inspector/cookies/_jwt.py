"""JSON Web Tokens in cookies: signed (JWS) and encrypted (JWE, as Auth.js makes them), by joserfc; keeps no session.

Header and claims of a signed token are readable without a key. `alg: none` is never accepted, whatever the key.
"""

from __future__ import annotations

import functools
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from inspector.cookies._api import Cookie, CookieError, Status, Verdict
from inspector.cookies._header import decode_value
from inspector.cookies._mistakes import find_mistake
from inspector.cookies._payload import MOST_BYTES, check_object, loose_base64, number_of, object_text
from inspector.core.display import escape_display, format_time
from inspector.core.secret import Secret

_JWS = re.compile(r"ey[\w-]+\.[\w-]*\.[\w-]*\Z")
_JWE = re.compile(r"ey[\w-]+(?:\.[\w-]*){4}\Z")
_SIGNING = (
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
_SEALING = ("dir", "A128KW", "A256KW", "A128GCMKW", "A256GCMKW", "A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512")
_KEY_BYTES = {"A128GCM": 16, "A256GCM": 32, "A128CBC-HS256": 32, "A256CBC-HS512": 64}
_AUTH_JS = (
    ("Auth.js Generated Encryption Key ({name})", True, 64),  # Auth.js 5: the cookie's name is the salt
    ("NextAuth.js Generated Encryption Key", False, 32),  # next-auth 4
    ("NextAuth.js Generated Encryption Key ({name})", True, 32),
)


class _Token:
    name: str
    label: str

    def _times(self, verdict: Verdict, now_ms: int) -> Verdict:
        """Return the verdict with exp, nbf and iat judged, which a library does after the signature."""
        ends, begins, issued = (number_of(verdict.payload, one) for one in ("exp", "nbf", "iat"))
        found = replace(
            verdict,
            expires_at_ms=round(ends * 1000) if ends is not None else None,
            issued_at_ms=round(issued * 1000) if issued is not None else None,
        )
        if found.status is not Status.VALID:
            return found
        if ends is not None and ends * 1000 <= now_ms:
            words = f"{found.detail} It expired at {format_time(round(ends * 1000))}, so it is refused."
            return replace(found, status=Status.INVALID, detail=words)
        if begins is not None and begins * 1000 > now_ms:
            words = f"{found.detail} It holds from {format_time(round(begins * 1000))} only: check the clocks."
            return replace(found, status=Status.INVALID, detail=words)
        return found


class SignedToken(_Token):
    """A JWS in compact form."""

    name = "jwt"
    label = "JSON Web Token"

    def recognise(self, cookie: Cookie) -> bool:
        return (
            _JWS.match(cookie.value) is not None
            and len(cookie.value) < MOST_BYTES
            and bool(_header(cookie.value).get("alg"))
        )

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        header, encoding = _header(cookie.value), decode_value(cookie.raw)[1]
        algorithm = str(header["alg"])
        payload = object_text(loose_base64(cookie.value.split(".")[1]))
        named = f"{escape_display(algorithm, 20)}{_key_words(header)}"
        verdict = Verdict(self.name, Status.UNSIGNED, "", payload=payload, encoding=encoding)
        if algorithm not in _SIGNING:
            words = f"Its algorithm is {named}: unsigned, or not known here. Such a token is never accepted."
            return self._times(replace(verdict, status=Status.INVALID, detail=words), now_ms)
        if payload is None:
            return replace(
                verdict, status=Status.INVALID, detail=f"A token signed with {named}, whose payload is no JSON object."
            )
        if not secrets:
            words = f"A token signed with {named}, readable by anyone. Give the secret or public key (PEM, JWK) to check it."
            return self._times(replace(verdict, detail=words), now_ms)
        for index, secret in enumerate(secrets):
            if _is_signed(cookie.value, secret, algorithm):
                words = f"Signed with {named}; key {index + 1} of {len(secrets)} fits.{_weakness(algorithm, secret)}"
                return self._times(replace(verdict, status=Status.VALID, detail=words, secret_index=index), now_ms)
        mistake = (
            find_mistake(secrets, lambda secret: _is_signed(cookie.value, secret, algorithm))
            if algorithm[:2] == "HS"
            else None
        )
        hint = f"Key {mistake.index + 1} fits {mistake.words}." if mistake else ""
        words = f"None of the keys fits this {named} signature."
        return self._times(replace(verdict, status=Status.INVALID, detail=words, hint=hint), now_ms)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return a token with the same header over the new claims. `CookieError` for a public key."""
        from joserfc import jws
        from joserfc.errors import JoseError

        check_object(text, self.label)
        header = _header(cookie.value)
        key = _import_key(secret, str(header.get("alg")))
        try:
            return jws.serialize_compact(header, text.strip().encode(), key, algorithms=list(_SIGNING))
        except (JoseError, ValueError, TypeError):
            raise CookieError("This key cannot sign such a token: a private key or a secret is needed.") from None


class SealedToken(_Token):
    """A JWE in compact form; Auth.js and next-auth derive its key from their secret."""

    name = "jwe"
    label = "encrypted JSON Web Token"

    def recognise(self, cookie: Cookie) -> bool:
        return (
            _JWE.match(cookie.value) is not None
            and len(cookie.value) < MOST_BYTES
            and bool(_header(cookie.value).get("enc"))
        )

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        header, encoding = _header(cookie.value), decode_value(cookie.raw)[1]
        named = escape_display(f"{header.get('alg')}, {header.get('enc')}", 40)
        verdict = Verdict(self.name, Status.UNSIGNED, "", encoding=encoding, is_sealed=True)
        if not secrets:
            words = f"A token encrypted with {named}. Give its key, or the AUTH_SECRET of Auth.js, to open it."
            return replace(verdict, detail=words)
        for index, secret in enumerate(secrets):
            for key, words in _seal_keys(secret, cookie.name):
                text = object_text(_decrypt(cookie.value, key))
                if text is not None:
                    detail = f"Encrypted with {named}; key {index + 1} of {len(secrets)} opens it{words}."
                    found = replace(
                        verdict, status=Status.VALID, detail=detail, secret_index=index, payload=text, is_sealed=False
                    )
                    return self._times(found, now_ms)
        words = f"None of the keys opens this token ({named}). Auth.js mixes in the cookie's name: was it renamed?"
        return replace(verdict, status=Status.INVALID, detail=words)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return a token with the same header over the new claims. `CookieError`."""
        from joserfc import jwe
        from joserfc.errors import JoseError
        from joserfc.jwk import OctKey

        check_object(text, self.label)
        keys = [key for key, _ in _seal_keys(secret, cookie.name)]
        # The key that opened it; else one of the size its encryption wants, what was given before what Auth.js derives.
        wanted = _KEY_BYTES.get(str(_header(cookie.value).get("enc")), 32)
        fitting = [one for one in reversed(keys) if len(one) == wanted]
        key = next((one for one in keys if _decrypt(cookie.value, one) is not None), fitting[0] if fitting else b"")
        try:
            return jwe.encrypt_compact(
                _header(cookie.value), text.strip().encode(), OctKey.import_key(key), algorithms=list(_SEALING)
            )
        except (JoseError, ValueError, TypeError):
            raise CookieError("This key cannot encrypt such a token.") from None


def _header(value: str) -> dict[str, Any]:
    text = object_text(loose_base64(value.partition(".")[0]))
    return json.loads(text) if text else {}


def _key_words(header: dict[str, Any]) -> str:
    return f", key id {escape_display(str(header['kid']), 40)}" if header.get("kid") else ""


def _weakness(algorithm: str, secret: Secret) -> str:
    if algorithm[:2] == "HS" and len(secret.reveal()) * 8 < int(algorithm[2:]):
        return f" The secret is shorter than the {int(algorithm[2:]) // 8} bytes {algorithm} wants: it can be guessed."
    return ""


def _import_key(secret: Secret, algorithm: str) -> Any:
    """Return a PEM or JWK key as such, else the bytes as an HMAC secret. `CookieError` where it cannot be used."""
    from joserfc import jwk
    from joserfc.errors import JoseError

    value = secret.reveal()
    kinds: dict[str, Any] = {"RS": jwk.RSAKey, "PS": jwk.RSAKey, "ES": jwk.ECKey, "Ed": jwk.OKPKey}
    try:
        with warnings.catch_warnings():
            # A weak key is told in our own words, beside the verdict.
            warnings.simplefilter("ignore")
            return _read_key(jwk, kinds.get(algorithm[:2]), value)
    except (JoseError, ValueError, TypeError):
        raise CookieError("This key cannot be read as the token's algorithm wants it.") from None


def _read_key(jwk: Any, kind: Any, value: bytes) -> Any:
    if value.lstrip().startswith(b"{"):
        return jwk.import_key(json.loads(value))
    if kind is not None:
        return kind.import_key(value)
    if value.lstrip().startswith(b"-----BEGIN"):
        # A public key taken for an HMAC secret is the classic forgery.
        raise CookieError("A PEM key is no secret of an HMAC signature.")
    return jwk.OctKey.import_key(value)


def _is_signed(value: str, secret: Secret, algorithm: str) -> bool:
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        jws.deserialize_compact(value, _import_key(secret, algorithm), algorithms=[algorithm])
    except (JoseError, CookieError, ValueError, TypeError):
        return False
    return True


def _seal_keys(secret: Secret, name: str) -> Iterator[tuple[bytes, str]]:
    value = secret.reveal()
    for info, is_salted, size in _AUTH_JS:
        yield _derive(secret, name if is_salted else "", info.format(name=name), size), " (a key of Auth.js)"
    if len(value) in (16, 32, 64):
        yield value, ""
    decoded = loose_base64(value.decode("latin-1").strip())
    if decoded is not None and len(decoded) in (16, 32, 64):
        yield decoded, ""


@functools.lru_cache(128)
def _derive(secret: Secret, salt: str, info: str, size: int) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key: bytes = HKDF(SHA256(), size, salt.encode("utf-8", "replace"), info.encode("utf-8", "replace")).derive(
        secret.reveal()
    )
    return key


def _decrypt(value: str, key: bytes) -> bytes | None:
    from joserfc import jwe
    from joserfc.errors import JoseError
    from joserfc.jwk import OctKey

    try:
        return jwe.decrypt_compact(value, OctKey.import_key(key), algorithms=list(_SEALING)).plaintext
    except (JoseError, ValueError, TypeError):
        return None
