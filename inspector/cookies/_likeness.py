"""What cookies look like whose schemes are not checked here: told by their bytes, and last by their names; verifies nothing."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from inspector.cookies._api import Cookie
from inspector.cookies.schemes.payload import MOST_BYTES, is_laravel, loose_base64, object_text


@dataclass(frozen=True, slots=True)
class Likeness:
    """`label`: whose cookie it may be; `words` complete the sentence "It looks like …; not checked here"."""

    label: str
    words: str


_DJANGO = re.compile(r"(\.?)(?:[A-Za-z0-9_-]+):[0-9A-Za-z]{4,8}:([A-Za-z0-9_-]{27}|[A-Za-z0-9_-]{43})\Z")
_DJANGO_VALUE = re.compile(r".*:[0-9A-Za-z]{4,8}:([A-Za-z0-9_-]{27}|[A-Za-z0-9_-]{43})\Z", re.S)
_DIGESTED = re.compile(r"([A-Za-z0-9+/=\s_-]+)--([0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})\Z")
_RAILS_GCM = re.compile(r"[A-Za-z0-9+/]+={0,2}--[A-Za-z0-9+/]{16}--[A-Za-z0-9+/]{22}==\Z")
_TORNADO = re.compile(r"2\|\d+:\d+\|\d+:\d+\||[A-Za-z0-9+/]+={0,2}\|\d{10}\|[0-9a-f]{40}\Z")
_ADONIS_SEALED = re.compile(r"e:(?:[^.]+\.(?:v1:)?)?[\w-]+\.[\w-]{16,22}\.[\w-]{22,43}\Z")
_ADONIS_SIGNED = re.compile(r"s:(ey[\w-]+)\.[\w-]{43}\Z")
_HONO = re.compile(r".*\.[A-Za-z0-9+/]{43}=\Z", re.S)
_H3 = re.compile(r"Fe26\.2\*\*[^~]*\Z|__chunked__\d+\Z")
_BETTER_AUTH = frozenset(("session", "expiresAt", "signature"))
_ADONIS = frozenset(("message", "purpose", "expiryDate"))
_LITESTAR = b'additional_authenticated_data={"expires_at"'
_RACK = "rack.session"


def likeness(cookie: Cookie) -> Likeness | None:
    """Return what the bytes of a cookie tell for sure: no scheme here writes them."""
    value = cookie.value
    if len(value) >= MOST_BYTES:
        return None
    return next((found for look in _LOOKS if (found := look(cookie)) is not None), None)


def likeness_by_name(cookie: Cookie) -> Likeness | None:
    """Return what is left to a cookie of no scheme: a form that much has, or a known name with an ID of its form."""
    if _HONO.match(cookie.value):
        words = "a value signed with base64 and padding, as Hono, better-auth and better-call sign"
        return Likeness("Hono or better-auth", words)
    for name, form, found in _NAMES:
        if cookie.name.lower() == name and form.match(cookie.value):
            return found
    return None


def _laravel(cookie: Cookie) -> Likeness | None:
    if not is_laravel(_object(cookie.value)):
        return None
    return Likeness("Laravel", "a cookie that Laravel encrypted (iv, value and mac are the envelope, not data)")


def _django(cookie: Cookie) -> Likeness | None:
    found = _DJANGO.match(cookie.value)
    if found is not None and (found[1] or cookie.value.startswith("ey")):
        packed = "compressed and signed" if found[1] else "signed"
        return Likeness("Django", f"Django's signed_cookies session, {packed}: the data is inside, not on the server")
    if _DJANGO_VALUE.match(cookie.value):
        return Likeness("Django", "a signed cookie of Django (set_signed_cookie)")
    return None


def _ruby(cookie: Cookie) -> Likeness | None:
    if _RAILS_GCM.match(cookie.value):
        return Likeness("Rails", "an encrypted cookie of Rails 5.2 and newer (AES-256-GCM)")
    found = _DIGESTED.match(cookie.value)
    if found is None:
        return None
    inside = loose_base64("".join(found[1].split())) or b""
    if b"--" in inside:
        return Likeness("Rails", "an encrypted cookie of Rails before 5.2 (AES-256-CBC)")
    if inside.startswith(b'{"_rails"'):
        return Likeness("Rails", "a signed cookie of Rails")
    if cookie.name.lower() == _RACK:
        how = "Ruby's Marshal" if inside.startswith(b"\x04\x08") else "a custom coder"
        return Likeness("Rack", f"a session of Rack::Session::Cookie (Rack, Sinatra), signed, with {how} inside")
    if inside.startswith(b"\x04\x08"):
        words = "a signed cookie with Ruby's Marshal inside: Rack::Session::Cookie (Rack, Sinatra), or Rails before 4.1"
        return Likeness("Rack or old Rails", words)
    return Likeness("Rack or Rails", "a signed cookie of Rack::Session::Cookie (Rack, Sinatra) or of Rails")


def _adonis(cookie: Cookie) -> Likeness | None:
    if _ADONIS_SEALED.match(cookie.value):
        return Likeness("AdonisJS", "an encrypted cookie of AdonisJS")
    found = _ADONIS_SIGNED.match(cookie.value)
    if found is not None and _keys(found[1]) & {"message"}:
        return Likeness("AdonisJS", "a signed cookie of AdonisJS")
    keys = _keys(cookie.value) if cookie.signature is None else frozenset()
    return Likeness("AdonisJS", "a plain cookie of AdonisJS") if "message" in keys and keys <= _ADONIS else None


def _better_auth(cookie: Cookie) -> Likeness | None:
    if cookie.signature is None and _keys(cookie.value) == _BETTER_AUTH:
        return Likeness("better-auth", "the session_data of better-auth, whose signature is inside")
    return None


def _h3(cookie: Cookie) -> Likeness | None:
    if _H3.match(cookie.value):
        return Likeness(
            "h3", "a sealed session of h3 (Nuxt, nuxt-auth-utils): iron as in iron-session, but another payload"
        )
    return None


def _supabase(cookie: Cookie) -> Likeness | None:
    if cookie.value.startswith(("base64-ey", '{"access_token"')):
        return Likeness("Supabase", "a session of @supabase/ssr: unsigned, with live tokens inside")
    return None


def _python(cookie: Cookie) -> Likeness | None:
    if _TORNADO.match(cookie.value):
        return Likeness("Tornado", "a secure cookie of Tornado")
    if cookie.value.startswith("gAAAA"):
        return Likeness("Fernet", "a Fernet token, as aiohttp-session's EncryptedCookieStorage writes")
    if len(cookie.value) > 60 and _LITESTAR in (loose_base64(cookie.value) or b""):
        return Likeness("Litestar", "an encrypted session of Litestar")
    return None


def _others(cookie: Cookie) -> Likeness | None:
    if cookie.value.startswith("CfDJ8"):
        return Likeness("ASP.NET Core", "a cookie of ASP.NET Core's data protection")
    if cookie.value.startswith("MT") and re.match(rb"\d{10}\|", _prefix(cookie.value)):
        return Likeness("Gorilla", "a session of Go's gorilla/securecookie")
    return None


def _object(value: str) -> str | None:
    return object_text(loose_base64(value)) if value[:2] in ("ey", "e3", "ew") else None


def _keys(value: str) -> frozenset[str]:
    text = _object(value)
    return frozenset(json.loads(text)) if text else frozenset()


def _prefix(value: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(value[:16])
    except (binascii.Error, ValueError):
        return b""


_LOOKS: tuple[Callable[[Cookie], Likeness | None], ...] = (
    _laravel, _django, _ruby, _adonis, _better_auth, _h3, _supabase, _python, _others,
)  # fmt: skip
_ON_SERVER = "the session is on the server, and the cookie is unsigned"
_NAMES = (
    ("phpsessid", re.compile(r"[A-Za-z0-9,-]{22,256}\Z"), Likeness("PHP", f"PHP's session ID: {_ON_SERVER}")),
    (
        "jsessionid",
        re.compile(r"[0-9A-Za-z_.!-]{16,128}\Z"),
        Likeness("Java", f"a Java servlet's session ID: {_ON_SERVER}"),
    ),
    ("sessionid", re.compile(r"[a-z0-9]{32}\Z"), Likeness("Django", f"Django's session ID: {_ON_SERVER}")),
    (
        _RACK,
        re.compile(r"A[V-v]?[A-Za-z0-9+/_-]{60,}={0,2}\Z"),
        Likeness("Rack", "an encrypted session of rack-session 2"),
    ),
)
