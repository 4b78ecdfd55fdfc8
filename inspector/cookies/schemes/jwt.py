"""JSON Web Tokens in cookies: signed (JWS) and encrypted (JWE, as Auth.js makes them), by joserfc; keeps no session.

Header and claims of a signed token are readable without a key. `alg: none` is never accepted, whatever the key.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inspector.cookies._api import Cookie, CookieError, Status, Verdict
from inspector.cookies.pasted.header import decode_value
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.mistakes import find_mistake
from inspector.cookies.schemes.payload import MOST_BYTES, check_object, json_bytes, loose_base64, number_of, object_text
from inspector.core.display import escape_display, format_time
from inspector.core.secret import Secret

_COMPACT = re.compile(r"ey[\w-]+(?:\.[\w-]*){0,4}\Z")
_SIGNED_PARTS, _SEALED_PARTS = 3, 5
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
    "Ed25519",
)
_WRAPPING = {"dir": 0, "A128KW": 16, "A192KW": 24, "A256KW": 32, "A128GCMKW": 16, "A192GCMKW": 24, "A256GCMKW": 32}
"""The bytes of the key that each takes; `dir` takes it as the encryption's own."""
_KEY_BYTES = {
    "A128GCM": 16, "A192GCM": 24, "A256GCM": 32, "A128CBC-HS256": 32, "A192CBC-HS384": 48, "A256CBC-HS512": 64,
}  # fmt: skip
_SEALING = (*_WRAPPING, *_KEY_BYTES)
_TIMES = ("exp", "nbf", "iat")
_SIZES = (16, 24, 32, 48, 64)


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a library makes its key from its secret, by HKDF-SHA256. `{name}` stands for the cookie's name in `salt` and `info`;
    `grace_ms`: by how much it lets clocks differ."""

    library: str
    salt: str
    info: str
    size: int
    grace_ms: int = 15_000


_RECIPES = (
    _Recipe("Auth.js 5", "{name}", "Auth.js Generated Encryption Key ({name})", 64),
    _Recipe("next-auth 4", "", "NextAuth.js Generated Encryption Key", 32),
    _Recipe("next-auth 4 with its salt option", "{name}", "NextAuth.js Generated Encryption Key ({name})", 32),
    _Recipe("better-auth", "better-auth-session", "BetterAuth.js Generated Encryption Key", 64),
    _Recipe("nextjs-auth0 or express-openid-connect", "", "JWE CEK", 32),
    _Recipe("@hono/session", "", "session jwe cek", 32, 0),
)


class _Token:
    name: str
    label: str
    shares_form: tuple[str, ...]
    shares_signature: tuple[str, ...]
    parts: int

    def recognise(self, cookie: Cookie) -> bool:
        """True for a token, and for one of which the end was cut off: its header tells."""
        if len(cookie.value) >= MOST_BYTES or _COMPACT.match(cookie.value) is None:
            return False
        header, number = _header(cookie.value), cookie.value.count(".") + 1
        is_whole, algorithm = number == self.parts, header.get("alg")
        return (
            bool(algorithm)
            and bool(header.get("enc")) == (self.parts == _SEALED_PARTS)
            and (is_whole or (number < self.parts and algorithm in (*_SIGNING, *_SEALING)))
        )

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict:
        number = cookie.value.count(".") + 1
        if number < self.parts:
            words = f"It is cut off: such a token has {self.parts} parts, and here {'is' if number == 1 else 'are'} {number}."
            return Verdict(self.name, Status.INVALID, words, encoding=decode_value(cookie.raw)[1])
        # Auth0's libraries keep the times in the header, where they can be read without the key, and allow nothing for the clocks.
        header = _header(cookie.value)
        verdict = self._verify(cookie, secrets)
        if self.parts == _SEALED_PARTS and "exp" in header:
            return self._times(replace(verdict, grace_ms=0), json.dumps(header), now_ms)
        return self._times(verdict, verdict.payload, now_ms)

    def _verify(self, cookie: Cookie, secrets: Sequence[Secret]) -> Verdict:
        raise NotImplementedError

    def _times(self, verdict: Verdict, told: str | None, now_ms: int) -> Verdict:
        """Return the verdict with exp, nbf and iat judged, which a library does after the signature."""
        ends, begins, issued = (number_of(told, one) for one in _TIMES)
        found = replace(
            verdict,
            expires_at_ms=round(ends * 1000) if ends is not None else None,
            issued_at_ms=round(issued * 1000) if issued is not None else None,
        )
        is_over = ends is not None and ends * 1000 + found.grace_ms <= now_ms
        if found.status is not Status.VALID:
            # The claims of a token can be read without its key, and an end that has passed counts whatever the key.
            words = f" Whatever the key: it expired at {format_time(round((ends or 0) * 1000))}." if is_over else ""
            return replace(found, detail=f"{found.detail}{words}")
        data = json.loads(told or "{}")
        if odd := next(
            (one for one in _TIMES if not isinstance(data.get(one, 0), int | float) or data.get(one) is True), ""
        ):
            words = f"{found.detail} But {odd} isn't a number: libraries refuse it."
            return replace(found, status=Status.INVALID, detail=words)
        if is_over:
            words = f"{found.detail} It expired at {format_time(round((ends or 0) * 1000))}, so it is refused."
            return replace(found, status=Status.INVALID, detail=words)
        if begins is not None and begins * 1000 > now_ms:
            words = f"{found.detail} It holds from {format_time(round(begins * 1000))} only: check the clocks."
            return replace(found, status=Status.INVALID, detail=words)
        return found


class SignedToken(_Token):
    """A JWS in compact form."""

    name = "jwt"
    label = "JSON Web Token"
    shares_form: tuple[str, ...] = ()
    shares_signature: tuple[str, ...] = ()

    parts = _SIGNED_PARTS

    def _verify(self, cookie: Cookie, secrets: Sequence[Secret]) -> Verdict:
        header, encoding = _header(cookie.value), decode_value(cookie.raw)[1]
        algorithm = str(header["alg"])
        payload = object_text(loose_base64(cookie.value.split(".")[1]))
        named = f"{escape_display(algorithm, 20)}{_key_words(header)}"
        verdict = Verdict(self.name, Status.UNVERIFIED, "", payload=payload, encoding=encoding)
        if algorithm not in _SIGNING:
            words = f"Its algorithm is {named}: unsigned, or not known here. Such a token is never accepted."
            return replace(verdict, status=Status.INVALID, detail=words)
        if payload is None:
            return replace(
                verdict,
                status=Status.INVALID,
                detail=f"A token signed with {named}, whose payload isn't a JSON object.",
            )
        if not secrets:
            words = f"A token signed with {named}, readable by anyone. Give the secret or public key (PEM, JWK) to check it."
            return replace(verdict, detail=words)
        for index, secret in enumerate(secrets):
            if _is_signed(cookie.value, secret, algorithm):
                words = f"Signed with {named}; key {index + 1} of {len(secrets)} fits.{_weakness(algorithm, secret)}"
                return replace(verdict, status=Status.VALID, detail=words, secret_index=index)
        if algorithm[:2] != "HS" and not any(_is_key(secret, algorithm) for secret in secrets):
            words = f"A token signed with {named}. Nothing given is a key of that kind: give its public key (PEM, JWK) to check it."
            return replace(verdict, detail=words)
        mistake = (
            find_mistake(secrets, lambda secret: _is_signed(cookie.value, secret, algorithm))
            if algorithm[:2] == "HS"
            else None
        )
        hint = f"Key {mistake.index + 1} fits {mistake.words}." if mistake else ""
        words = f"None of the keys fits this {named} signature, or the token was changed or cut off."
        return replace(verdict, status=Status.INVALID, detail=words, hint=hint)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return a token with the same header over the new claims. `CookieError` for a public key."""
        from joserfc import jws
        from joserfc.errors import JoseError

        check_object(text, self.label)
        header = _header(cookie.value)
        key = _import_key(secret, str(header.get("alg")))
        try:
            with _quietly():
                return jws.serialize_compact(header, json_bytes(text), key, algorithms=list(_SIGNING))
        except (JoseError, ValueError, TypeError):
            raise CookieError("This key cannot sign such a token: a private key or a secret is needed.") from None


class SealedToken(_Token):
    """A JWE in compact form; Auth.js and next-auth derive its key from their secret."""

    name = "jwe"
    label = "encrypted JSON Web Token"
    shares_form: tuple[str, ...] = ("Auth.js and next-auth", "better-auth", "Auth0's SDKs", "@hono/session")
    shares_signature: tuple[str, ...] = ()

    parts = _SEALED_PARTS

    def _verify(self, cookie: Cookie, secrets: Sequence[Secret]) -> Verdict:
        header, encoding = _header(cookie.value), decode_value(cookie.raw)[1]
        named = escape_display(f"{header.get('alg')}, {header.get('enc')}", 40)
        verdict = Verdict(self.name, Status.UNVERIFIED, "", encoding=encoding, is_sealed=True)
        if header.get("alg") not in _WRAPPING or header.get("enc") not in _KEY_BYTES:
            words = f"A token encrypted with {named}, which is not opened here: only its application can tell whether it is good."
            return replace(verdict, detail=words)
        if not secrets:
            words = (
                f"A token encrypted with {named}. Give its key, or the secret of the library that made it, to open it."
            )
            return replace(verdict, detail=words)
        for index, secret in enumerate(secrets):
            for key, recipe in _seal_keys(secret, cookie.name):
                text = object_text(_decrypt(cookie.value, key))
                if text is not None:
                    library = recipe.library if recipe is not None else ""
                    derived = f" (a key of {library})" if library else ""
                    detail = f"Encrypted with {named}; key {index + 1} of {len(secrets)} opens it{derived}."
                    return replace(
                        verdict,
                        status=Status.VALID,
                        detail=detail,
                        secret_index=index,
                        payload=text,
                        is_sealed=False,
                        grace_ms=recipe.grace_ms if recipe is not None else 0,
                        caution=_auth_js_caution(cookie.name, library, index),
                    )
        words = f"None of the keys opens this token ({named}), or it was changed or cut off. "
        words += "Auth.js 5 mixes in the cookie's name: was it renamed?"
        return replace(verdict, status=Status.INVALID, detail=words)

    def sign_payload(self, cookie: Cookie, text: str, secret: Secret, issued_at_ms: int) -> str:
        """Return a token with the same header over the new claims. `CookieError`."""
        from joserfc import jwe
        from joserfc.errors import JoseError
        from joserfc.jwk import OctKey

        check_object(text, self.label)
        keys = [key for key, _ in _seal_keys(secret, cookie.name)]
        # The key that opened it; else one of the size its algorithm wants, what was given before what Auth.js derives.
        header = _header(cookie.value)
        wanted = _WRAPPING.get(str(header.get("alg"))) or _KEY_BYTES.get(str(header.get("enc")), 32)
        fitting = [one for one in reversed(keys) if len(one) == wanted]
        key = next((one for one in keys if _decrypt(cookie.value, one) is not None), fitting[0] if fitting else b"")
        try:
            registry = jwe.JWERegistry(algorithms=list(_SEALING), strict_check_header=False)
            return jwe.encrypt_compact(header, json_bytes(text), OctKey.import_key(key), registry=registry)
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


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep joserfc from warning: a weak key is told in our own words, beside the verdict; EdDSA is old, not wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _import_key(secret: Secret, algorithm: str) -> Any:
    """Return a PEM or JWK key as such, else the bytes as an HMAC secret. `CookieError` where it cannot be used."""
    from joserfc import jwk
    from joserfc.errors import JoseError

    value = secret.reveal()
    kinds: dict[str, Any] = {"RS": jwk.RSAKey, "PS": jwk.RSAKey, "ES": jwk.ECKey, "Ed": jwk.OKPKey}
    try:
        with _quietly():
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
        raise CookieError("A PEM key can't be the secret of an HMAC signature.")
    return jwk.OctKey.import_key(value)


def _is_key(secret: Secret, algorithm: str) -> bool:
    try:
        _import_key(secret, algorithm)
    except CookieError:
        return False
    return True


def _is_signed(value: str, secret: Secret, algorithm: str) -> bool:
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        with _quietly():
            jws.deserialize_compact(value, _import_key(secret, algorithm), algorithms=[algorithm])
    except (JoseError, CookieError, ValueError, TypeError):
        return False
    return True


def _auth_js_caution(name: str, library: str, index: int) -> str:
    """Return what refuses a token that opens: another version of the library."""
    if library.startswith("next-auth") and "authjs." in name:
        return "Auth.js 5, whose name this cookie has, refuses a token of next-auth 4."
    if library.startswith("next-auth") and index:
        return "next-auth 4 knows one secret only: with another as its first it refuses this token."
    return ""


def _seal_keys(secret: Secret, name: str) -> Iterator[tuple[bytes, _Recipe | None]]:
    value = secret.reveal()
    for one in _RECIPES:
        yield _derive(secret, one.salt.replace("{name}", name), one.info.replace("{name}", name), one.size), one
    if len(value) in _SIZES:
        yield value, None
    decoded = loose_base64(value.decode("latin-1").strip())
    if decoded is not None and len(decoded) in _SIZES:
        yield decoded, None


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
        # Auth0's libraries put their own members into the header, which the strict way refuses.
        registry = jwe.JWERegistry(algorithms=list(_SEALING), strict_check_header=False)
        return jwe.decrypt_compact(value, OctKey.import_key(key), registry=registry).plaintext
    except (JoseError, ValueError, TypeError):
        return None


_SIGNED, _SEALED = SignedToken(), SealedToken()
SIGNED_TOKEN = CookieScheme.of(
    _SIGNED, seal=lambda cookie, _verdict, text, secret, at_ms: _SIGNED.sign_payload(cookie, text, secret, at_ms)
)
SEALED_TOKEN = CookieScheme.of(
    _SEALED, seal=lambda cookie, _verdict, text, secret, at_ms: _SEALED.sign_payload(cookie, text, secret, at_ms)
)
