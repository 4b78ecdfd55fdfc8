"""A Set-Cookie line by the browser's rules (RFC 6265bis, sections 5.4 to 5.7): what its attributes mean, and why it is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from inspector.cookies._api import Cookie
from inspector.cookies.browser.dates import read_cookie_date
from inspector.cookies.browser.request import BrowserRequest
from inspector.cookies.browser.sites import canonical_host, domain_matches, is_public_suffix
from inspector.cookies.chunks import split_chunks
from inspector.core.display import escape_display

MOST_BYTES = 4096
MOST_ATTRIBUTE_BYTES = 1024
MOST_LIFETIME_MS = 400 * 24 * 3600 * 1000
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_AGE = re.compile(r"-?\d+\Z", re.A)


class SameSite(Enum):
    DEFAULT = "default"
    NONE = "none"
    LAX = "lax"
    STRICT = "strict"


class Rule(Enum):
    EMPTY = "empty"
    CONTROL = "control character"
    SIZE = "size"
    NONE_SECURE = "SameSite=None without Secure"
    PARTITIONED = "Partitioned without Secure"
    PREFIX = "name prefix"
    PLAIN_HTTP = "Secure over http"
    DOMAIN = "Domain"
    PUBLIC_SUFFIX = "public suffix"
    CROSS_SITE = "SameSite"
    SECURE_HELD = "a Secure cookie is held"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a browser does not store a cookie. `text`: the rule and what to do, as sentences."""

    rule: Rule
    text: str


@dataclass(frozen=True, slots=True)
class CookieRules:
    """The attributes of one Set-Cookie line as a browser takes them: the last of each name, what it cannot read left out."""

    domain: str
    """In lower case without its leading dot; "" for a cookie of this host alone."""
    path: str | None
    """None where the path of the request decides."""
    max_age_s: int | None
    expires_at_ms: int | None
    is_secure: bool
    is_http_only: bool
    is_partitioned: bool
    same_site: SameSite

    def end_ms(self, now_ms: int, server_ms: int | None = None) -> int | None:
        """Return when it expires, None with the browser session. `server_ms`: the server's clock, which Chrome and Firefox
        take off the Expires date, so that a wrong clock does not end a cookie."""
        if self.max_age_s is not None:
            end = now_ms + self.max_age_s * 1000 if self.max_age_s > 0 else 0
        elif self.expires_at_ms is not None:
            end = self.expires_at_ms + (now_ms - server_ms if server_ms is not None else 0)
        else:
            return None
        return min(end, now_ms + MOST_LIFETIME_MS)


def read_rules(cookie: Cookie) -> CookieRules:
    """Return what a browser takes from the attributes."""
    values = dict(_kept(cookie))
    age, path, expires = values.get("max-age", ""), values.get("path", ""), values.get("expires")

    def is_set(name: str) -> bool:
        # What a pasted form does not say is not called missing.
        return name in values or name in cookie.unsaid

    try:
        same_site = SameSite(values.get("samesite", "default").lower())
    except ValueError:
        same_site = SameSite.DEFAULT
    return CookieRules(
        canonical_host(values.get("domain", "").removeprefix(".")),
        path if path.startswith("/") else "/" if "path" in cookie.unsaid else None,
        # 18 digits are 30 thousand million years.
        max(-1, int(age[:18])) if _AGE.match(age) else None,
        read_cookie_date(expires) if expires is not None else None,
        is_set("secure"),
        is_set("httponly"),
        "partitioned" in values,
        same_site,
    )


def _kept(cookie: Cookie) -> Iterator[tuple[str, str]]:
    for attribute in cookie.attributes:
        text = attribute.value or ""
        if _size(text) <= MOST_ATTRIBUTE_BYTES:
            yield attribute.name.lower(), text


def refusals_of_form(cookie: Cookie) -> tuple[Refusal, ...]:
    """Return every rule that the line breaks wherever it comes from."""
    rules = read_rules(cookie)
    return tuple(Refusal(rule, text) for rule, text in _form_faults(cookie, rules))


def _form_faults(cookie: Cookie, rules: CookieRules) -> Iterator[tuple[Rule, str]]:
    name = escape_display(cookie.name, 80)
    size = max(_size(one.name) + _size(one.raw) for one in split_chunks((cookie,)))
    if not cookie.name and not cookie.raw:
        yield Rule.EMPTY, "It has neither a name nor a value: browsers ignore it."
    if any(_CONTROLS.search(text) for text in _texts(cookie)):
        yield (
            Rule.CONTROL,
            "It has a control character in it: browsers refuse it. Encode the value (encodeURIComponent).",
        )
    if size > MOST_BYTES:
        yield (
            Rule.SIZE,
            f"Name and value have {size:,} bytes: browsers refuse a cookie above {MOST_BYTES:,}. Keep the data in a store.",
        )
    if rules.is_partitioned and not rules.is_secure:
        yield Rule.PARTITIONED, "Partitioned without Secure: browsers refuse this cookie. Add Secure."
    if rules.same_site is SameSite.NONE and not rules.is_secure:
        yield Rule.NONE_SECURE, "SameSite=None without Secure: browsers refuse this cookie. Add Secure and use https."
    # A value without a name is sent as it is, so that a server would read the prefix in it.
    prefixed = (cookie.name or cookie.raw).lower()
    if prefixed.startswith(("__host-", "__secure-")):
        if not cookie.name:
            yield Rule.PREFIX, "It has no name, and a value that begins like a protected name: browsers refuse it."
        elif not rules.is_secure:
            yield Rule.PREFIX, f"The name {name} demands Secure: browsers refuse this cookie. Add Secure and use https."
    if cookie.name.lower().startswith("__host-") and (rules.domain or rules.path != "/"):
        yield Rule.PREFIX, "A __Host- cookie needs Path=/ and no Domain: browsers refuse this one."


def _texts(cookie: Cookie) -> Iterator[str]:
    yield from (cookie.name, cookie.raw)
    for attribute in cookie.attributes:
        yield from (attribute.name, attribute.value or "")


def ignored_attributes(cookie: Cookie) -> tuple[str, ...]:
    """Return a sentence for each attribute that a browser does not take as it is written."""
    rules, values = read_rules(cookie), {one.name.lower(): one.value or "" for one in cookie.attributes}
    found = [
        f"{escape_display(one.name, 40)} is longer than {MOST_ATTRIBUTE_BYTES:,} bytes: browsers ignore it."
        for one in cookie.attributes
        if _size(one.value or "") > MOST_ATTRIBUTE_BYTES
    ]
    if "max-age" in values and rules.max_age_s is None:
        found.append("Max-Age is not a whole number of seconds: browsers ignore it.")
    if "expires" in values and rules.expires_at_ms is None:
        found.append("Expires is not a date browsers can read: they ignore it.")
    if (text := values.get("samesite")) is not None and text.lower() not in ("strict", "lax", "none"):
        found.append("SameSite isn't Strict, Lax or None: browsers treat it as Lax.")
    if values.get("path", "/")[:1] != "/":
        found.append("Path does not begin with /: browsers take the folder of the request instead.")
    if rules.domain and is_public_suffix(rules.domain):
        found.append(
            f"Domain {escape_display(rules.domain, 60)} is a public suffix: browsers store it for no host but that one."
        )
    elif rules.domain and is_public_suffix(rules.domain) is None:
        found.append(
            f"If Domain {escape_display(rules.domain, 60)} is a public suffix (like co.uk), browsers refuse this cookie."
        )
    if rules.max_age_s is not None and rules.max_age_s * 1000 > MOST_LIFETIME_MS:
        found.append("Max-Age is longer than 400 days: Chrome ends the cookie after 400.")
    return tuple(found)


def refuse_here(rules: CookieRules, request: BrowserRequest) -> Refusal | None:
    """Return why the answer to this request can't set a cookie with these attributes, None where it can."""
    if rules.is_secure and not request.is_trustworthy:
        text = (
            "Set with Secure over plain http: browsers do not store it. Use https, or secure: 'auto' in development; "
            "behind a proxy that ends TLS the browser's address is what counts."
        )
        return Refusal(Rule.PLAIN_HTTP, text)
    return _refuse_domain(rules.domain, request.host) or _refuse_site(rules, request)


def _refuse_domain(domain: str, host: str) -> Refusal | None:
    if not domain or domain == host:
        return None
    shown = escape_display(domain, 60)
    suffix = is_public_suffix(domain)
    if suffix and domain_matches(host, domain):
        text = (
            f"Its Domain {shown} is a public suffix, shared by strangers: browsers do not store it. Leave Domain out."
        )
        return Refusal(Rule.PUBLIC_SUFFIX, text)
    if not domain_matches(host, domain):
        more = " A Domain holds neither a scheme nor a port." if ":" in domain else ""
        text = (
            f"Its Domain {shown} is not this host, {escape_display(host, 60)}, nor a parent of it: browsers do not store it. "
            f"Leave Domain out, or name a parent domain of the host.{more}"
        )
        return Refusal(Rule.DOMAIN, text)
    return None


def _refuse_site(rules: CookieRules, request: BrowserRequest) -> Refusal | None:
    if rules.same_site is SameSite.NONE or not request.is_cross_subrequest:
        return None
    who = f" from {escape_display(request.initiator, 60)}" if request.initiator else ""
    said = (
        "no SameSite, which means Lax"
        if rules.same_site is SameSite.DEFAULT
        else f"SameSite={rules.same_site.value.title()}"
    )
    text = (
        f"Set with {said}, in the answer to a cross-site request{who}: browsers do not store it. "
        "Set SameSite=None; Secure and serve it over https, or serve both from one site."
    )
    return Refusal(Rule.CROSS_SITE, text)


def default_path(path: str) -> str:
    """Return the Path of a cookie that names none: the folder of the request (RFC 6265bis, section 5.1.4)."""
    return path[: path.rindex("/")] if path.startswith("/") and path.count("/") > 1 else "/"


def path_matches(path: str, wanted: str) -> bool:
    """Return whether a request to `path` carries a cookie of the path `wanted`."""
    return path == wanted or path.startswith(wanted if wanted.endswith("/") else f"{wanted}/")


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
