"""The values of Cookie and Set-Cookie headers, as browsers and Express read them.

A Cookie header is read as `cookie` 0.7 does, which express-session uses: split at `;`, the first of equal names wins,
one pair of quotes comes off, percent-decoding only where a `%` is, and the raw text stays where it fails.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, unquote_to_bytes

from inspector.cookies._api import Attribute, Cookie
from inspector.cookies.chunks import join_chunks

MOST_COOKIES = 500
_ATTRIBUTES = frozenset(
    {"path", "expires", "max-age", "httponly", "secure", "samesite", "domain", "partitioned", "priority"}
)
_SIGNATURE = ".sig"
# Where a second cookie begins in a Set-Cookie line that was joined by commas, as `Headers.get` and some proxies join them.
_FOLD = re.compile(r"\s*,\s*(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+=)")


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


def read_pairs(header: str, origin: str = "cookie", *, url: str = "", jar: int = 0) -> list[Cookie]:
    """Return the cookies of one Cookie header's value, one by one."""
    # HTTP takes the white space off both ends of a header, and off nothing inside it.
    written = [part.partition("=") for part in header.strip().split(";")]
    spaced = [value.strip(" \t") != value for _, equals, value in written if equals]
    return [
        Cookie(name, raw, decode_value(raw)[0], origin, url=url, is_spaced=is_spaced, jar=jar)
        for (name, raw), is_spaced in zip(split_header(header), spaced, strict=True)
    ]


def read_cookie_header(value: str) -> tuple[Cookie, ...]:
    """Return the cookies of one Cookie header's value, equal names and signatures marked."""
    return relate(read_pairs(value)[:MOST_COOKIES])


def read_set_cookie(line: str) -> list[Cookie]:
    """Return the cookie of one Set-Cookie header's value; none for what isn't a cookie."""
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


def read_set_cookie_line(line: str, *, url: str = "", jar: int = 0) -> list[Cookie]:
    """Return the cookie of a Set-Cookie header's value as a browser reads it, then those folded into it, marked as such."""
    found = read_set_cookie(line)
    for part in _folded(line) if found else ():
        found += [replace(one, folded_into=found[0].name) for one in read_set_cookie(part)]
    return [replace(one, url=url, jar=jar) for one in found]


def read_header(name: str, value: str, *, url: str = "", jar: int = 0) -> list[Cookie]:
    """Return the cookies of a header's value; `name` is "cookie" or "set-cookie" in lower case."""
    read = read_set_cookie_line if name == "set-cookie" else read_pairs
    return read(value, url=url, jar=jar)


def read_unnamed(text: str, *, url: str = "", jar: int = 0) -> list[Cookie]:
    """Return the cookies of a text that may be the value of either header: attributes, and nothing else, behind the first make it a
    Set-Cookie line."""
    return read_header("set-cookie" if has_attributes(text) else "cookie", text, url=url, jar=jar)


def has_attributes(text: str) -> bool:
    """True for the value of a Set-Cookie header that says more than name and value."""
    parts = [part.partition("=")[0].strip().lower() for part in text.split(";")[1:] if part.strip()]
    return bool(parts) and all(part.partition(",")[0].strip() in _ATTRIBUTES for part in parts)


def _folded(line: str) -> list[str]:
    parts = _FOLD.split(line)
    first = parts[0].split(";")
    # In a value alone a comma may be its own (`prefs=a=1,b=2`).
    if len(first) == 1 and "=" in first[0].partition("=")[2].rstrip("="):
        return []
    return parts[1:]


def relate(cookies: Sequence[Cookie]) -> tuple[Cookie, ...]:
    """Note of each cookie what the others of its jar do to it: an equal name before it, a signature beside it."""
    return _pair_up(_mark_shadowed(cookies))


def _pair_up(cookies: Sequence[Cookie]) -> tuple[Cookie, ...]:
    """Note beside each cookie the signature that stands in the `.sig` cookie of its name (Keygrip's way)."""
    signatures = {_place(one, one.name): one for one in reversed(cookies) if one.name.endswith(_SIGNATURE)}
    places = {_place(one, one.name) for one in cookies}
    paired = []
    for cookie in cookies:
        partner = cookie.name.removesuffix(_SIGNATURE)
        is_signature = partner != cookie.name and _place(cookie, partner) in places
        signature = signatures.get(_place(cookie, cookie.name + _SIGNATURE))
        found = replace(cookie, signs=partner if is_signature else "")
        if signature is not None:
            found = replace(found, signature=signature.raw, is_spaced=cookie.is_spaced or signature.is_spaced)
        paired.append(found)
    return join_chunks(paired)


def _mark_shadowed(cookies: Sequence[Cookie]) -> tuple[Cookie, ...]:
    seen: set[tuple[int, str, str]] = set()
    marked = []
    for cookie in cookies:
        # Set-Cookie lines aren't a request: a later one of the same name replaces the earlier in the browser.
        place = _place(cookie, cookie.name)
        marked.append(replace(cookie, shadowed=cookie.origin != "set-cookie" and place in seen))
        seen.add(place)
    return tuple(marked)


def _place(cookie: Cookie, name: str) -> tuple[int, str, str]:
    return cookie.jar, cookie.origin, name
