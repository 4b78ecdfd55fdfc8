"""From pasted text to cookies: bare values, Cookie and Set-Cookie headers, commands, program text; knows no signature.

A Cookie header is read as `cookie` 0.7 does, which express-session uses: split at `;`, the first of equal names wins,
one pair of quotes comes off, percent-decoding only where a `%` is, and the raw text stays where it fails.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote, unquote_to_bytes

from inspector.cookies._api import Attribute, Cookie, CookieError
from inspector.cookies.chunks import join_chunks
from inspector.cookies.pasted.code import CodeCookies, is_powershell, read_code
from inspector.cookies.pasted.curl import is_command, read_command

MOST_CHARACTERS = 256 * 1024
MOST_COOKIES = 500
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z:]+\Z")
_HEADER = re.compile(r"\s*[<>]?\s*(cookie|set-cookie)\s*:\s*(.*)\Z", re.I | re.S)
_SIGNED = re.compile(r"s(:|%3a|%253a)", re.I)
_ATTRIBUTES = frozenset(
    {"path", "expires", "max-age", "httponly", "secure", "samesite", "domain", "partitioned", "priority"}
)
_BARE_NAME = ""
_SIGNATURE = ".sig"


def read_cookies(text: str) -> tuple[Cookie, ...]:
    """Read every cookie in any pasted text, in order. `CookieError` when there is none, or far too much."""
    text = text.strip()
    if not text:
        raise CookieError("Paste a cookie value, a Cookie or Set-Cookie header, or a request copied as cURL or fetch.")
    if len(text) > MOST_CHARACTERS:
        raise CookieError("This is longer than 256 KB. Paste the cookie or the header alone.")
    if is_command(text) and not is_powershell(text):
        cookies = _from_command(text)
    elif (code := read_code(text)) is not None:
        cookies = _from_code(code)
    elif headers := _headers(text):
        cookies = [cookie for name, value in headers for cookie in _from_header(name, value)]
    else:
        cookies = _from_bare(text)
    if not cookies:
        raise CookieError(
            "There is no cookie in this text. Paste a value, a header such as Cookie: …, or a curl or fetch command."
        )
    if len(cookies) > MOST_COOKIES:
        raise CookieError(f"There are more than {MOST_COOKIES} cookies in this text. Paste fewer.")
    return _pair_up(_mark_shadowed(cookies))


def split_header(header: str) -> list[tuple[str, str]]:
    """Return the (name, raw value) pairs of a Cookie header's text, equal names included."""
    pairs = []
    for part in header.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            pairs.append((name.strip(" \t"), value.strip(" \t")))
    return pairs


def decode_value(raw: str) -> tuple[str, str]:
    """Return a raw value decoded, and how it was written: "plain", "quoted", "percent-encoded" or both."""
    value, ways = raw, []
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
        ways.append("quoted")
    if "%" in value:
        decoded = _decode_uri_component(value)
        if decoded is not None:
            value = decoded
            ways.append("percent-encoded")
    return value, ", ".join(ways) or "plain"


def encode_value(text: str) -> str:
    """Percent-encode as JavaScript's `encodeURIComponent`; a lone surrogate, where that throws, becomes U+FFFD."""
    return quote(text, safe="-_.!~*'()", errors="replace")


def _decode_uri_component(text: str) -> str | None:
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        return None
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeError:  # no UTF-8, or a lone surrogate, which no header holds
        return None


def _headers(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.splitlines():
        match = _HEADER.match(line)
        if match:
            found.append((match[1].lower(), match[2].strip()))
    return found


def _from_header(name: str, value: str) -> list[Cookie]:
    return read_set_cookie(value) if name == "set-cookie" else _from_pairs(value, "cookie")


def _from_pairs(header: str, origin: str, url: str = "") -> list[Cookie]:
    # HTTP takes the white space off both ends of a header, and off nothing inside it.
    written = [part.partition("=") for part in header.strip().split(";")]
    spaced = [value.strip(" \t") != value for _, equals, value in written if equals]
    return [
        Cookie(name, raw, decode_value(raw)[0], origin, url=url, is_spaced=is_spaced)
        for (name, raw), is_spaced in zip(split_header(header), spaced, strict=True)
    ]


def read_cookie_header(value: str) -> tuple[Cookie, ...]:
    """Return the cookies of one Cookie header's value, equal names and signatures marked."""
    return _pair_up(_mark_shadowed(_from_pairs(value, "cookie")[:MOST_COOKIES]))


def read_set_cookie(line: str) -> list[Cookie]:
    """Return the cookie of one Set-Cookie header's value; none for what is no cookie."""
    first, *rest = line.split(";")
    name, equals, raw = first.partition("=")
    if not equals:
        return []
    attributes = []
    for part in rest:
        key, has_value, value = part.partition("=")
        if key.strip():
            attributes.append(Attribute(key.strip(), value.strip() if has_value else None))
    raw = raw.strip(" \t")
    return [Cookie(name.strip(" \t"), raw, decode_value(raw)[0], "set-cookie", tuple(attributes))]


def _from_bare(text: str) -> list[Cookie]:
    name, equals, _ = text.partition("=")
    if not equals or _SIGNED.match(text) or not _TOKEN.match(name.strip()):
        if any(character.isspace() for character in text) and not _SIGNED.match(text):
            return []
        return [Cookie(_BARE_NAME, text, decode_value(text)[0], "value")]
    _, *rest = text.split(";")
    words = {part.partition("=")[0].strip().lower() for part in rest if part.strip()}
    if words & _ATTRIBUTES and words <= _ATTRIBUTES:
        return read_set_cookie(text)
    return _from_pairs(re.sub(r"[ \t\r]*\n[ \t]*", ";", text), "cookie")


def _from_command(text: str) -> list[Cookie]:
    command = read_command(text)
    cookies = [
        replace(cookie, origin="curl") for header in command.cookies for cookie in _from_pairs(header, "", command.url)
    ]
    if not cookies:
        raise CookieError(f"This {command.tool} command sends no cookie: it has no option or header with one.")
    return cookies


def _from_code(code: CodeCookies) -> list[Cookie]:
    found = [cookie for name, value in code.headers for cookie in _from_header(name, value)]
    return [replace(cookie, url=code.url) for cookie in found]


def _pair_up(cookies: tuple[Cookie, ...]) -> tuple[Cookie, ...]:
    """Note beside each cookie the signature that stands in the `.sig` cookie of its name (Keygrip's way)."""
    signatures = {one.name: one for one in reversed(cookies) if one.name.endswith(_SIGNATURE)}
    names = {one.name for one in cookies}
    paired = []
    for cookie in cookies:
        partner = cookie.name.removesuffix(_SIGNATURE)
        is_signature = partner != cookie.name and partner in names
        signature = signatures.get(cookie.name + _SIGNATURE)
        found = replace(cookie, partner=partner if is_signature else "")
        if signature is not None:
            found = replace(found, pair=signature.raw, is_spaced=cookie.is_spaced or signature.is_spaced)
        paired.append(found)
    return join_chunks(paired)


def _mark_shadowed(cookies: list[Cookie]) -> tuple[Cookie, ...]:
    seen: set[tuple[str, str]] = set()
    marked = []
    for cookie in cookies:
        # Set-Cookie lines are no request: a later one of the same name replaces the earlier in the browser.
        identity = (cookie.origin, cookie.name)
        is_shadowed = cookie.origin != "set-cookie" and identity in seen
        seen.add(identity)
        marked.append(replace(cookie, shadowed=is_shadowed))
    return tuple(marked)
