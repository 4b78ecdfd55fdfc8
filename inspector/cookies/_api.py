"""What a cookie and a verdict on it are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from inspector.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Attribute:
    """A Set-Cookie attribute as written: `Attribute("Max-Age", "60")`, `Attribute("HttpOnly", None)`."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie as it was pasted. `raw` is the value exactly as written, `value` after quotes and percent-decoding
    as the `cookie` package does it. `origin`: "value", "cookie", "set-cookie" or "curl" (any command). `shadowed`: an earlier cookie
    has the same name, so Express never sees this one. `url`: from a command or program text, else "". `signature`: the raw value of the
    cookie `<name>.sig` beside it, None without one; `signs`: for such a `.sig` cookie, the name of the one it signs. `is_spaced`:
    white space stands beside its value or its signature, which some libraries take for a part of it. `chunks`: for a cookie that was
    put together from several, which ones. `jar`: cookies of one request, one answer or one site have the same number; those of others
    neither shadow nor sign them. `unsaid`: attributes, in lower case, of which the form it was pasted in says nothing.
    `folded_into`: the name of the cookie in whose Set-Cookie line it stands after a comma.
    """

    name: str
    raw: str
    value: str
    origin: str
    attributes: tuple[Attribute, ...] = ()
    shadowed: bool = False
    url: str = ""
    signature: str | None = None
    signs: str = ""
    is_spaced: bool = False
    chunks: Chunks | None = None
    jar: int = 0
    unsaid: frozenset[str] = frozenset()
    folded_into: str | None = None


@dataclass(frozen=True, slots=True)
class Chunks:
    """The cookies that one value was spread over, in the order in which the `library` joins them.

    `fault`: what keeps the library from joining them to what was written, "" for nothing. `note`: what is odd and does no harm.
    `doubt`: what may be wrong where the value does not open.
    """

    library: str
    parts: tuple[Cookie, ...]
    fault: str = ""
    note: str = ""
    doubt: str = ""


class Status(Enum):
    VALID = "valid"
    INVALID = "invalid"  # the scheme is known and the signature does not fit
    UNVERIFIED = "not verified"  # signed or sealed, and nothing was given to check it with
    BY_DESIGN = "unsigned by design"  # there is no signature, and there never is one
    UNSIGNED = "unsigned"  # there is no signature to check
    UNKNOWN = "unknown"  # not a session cookie of any known scheme


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scheme says of a cookie.

    `scheme`: "express-session", "flask", "starlette", … or "" when unknown. `secret_index`: 0-based place of the
    fitting secret, None when none fits or none was given. `session_id`: for schemes with a store. `payload`: the
    decoded data as JSON text for schemes that keep it in the cookie (None otherwise). `issued_at_ms`: signed time, where there is one.
    `detail`: one sentence. `hint`: what to do, or the usual mistake that explains a bad signature ("the secret with its trailing
    newline removed fits"), else "". `encoding`: "percent-encoded", "plain", "quoted", … `expires_at_ms`: the end that is written
    inside the cookie, where there is one. `is_sealed`: the data is encrypted and no key was given that opens it. `salt`: what the
    secret was stretched with to the key, b"" where it is the key itself, None for schemes without. `outer_secret`: what signed around
    the sealed value, where that is not the library's default. `grace_ms`: how long past its end the library still accepts it.
    `caution`: what refuses it though a secret fits: other versions, or the library's defaults. `also`: the other libraries whose
    cookies have this form, and where a secret fits, this signature. `looks_like`: for UNKNOWN, whose form it has, unchecked here.
    """

    scheme: str
    status: Status
    detail: str
    secret_index: int | None = None
    session_id: str | None = None
    payload: str | None = None
    issued_at_ms: int | None = None
    hint: str = ""
    encoding: str = "plain"
    expires_at_ms: int | None = None
    is_sealed: bool = False
    salt: bytes | None = field(default=None, repr=False)
    outer_secret: Secret | None = field(default=None, repr=False)
    grace_ms: int = 0
    caution: str = ""
    also: tuple[str, ...] = ()
    looks_like: str = ""


class Scheme(Protocol):
    """One way to make a session cookie. `recognise` is cheap and needs no secret.

    `shares_form`: the other libraries that write cookies of this form; `shares_signature`: those of them which its secret fits too.
    """

    name: str
    label: str
    shares_form: tuple[str, ...]
    shares_signature: tuple[str, ...]

    def recognise(self, cookie: Cookie) -> bool: ...

    def verify(self, cookie: Cookie, secrets: Sequence[Secret], now_ms: int) -> Verdict: ...


class CookieError(ValueError):
    """The text cannot be read as a cookie, or the data not signed; says what to do. Holds no secret."""
