"""From a session to its signed cookie: the value, a Cookie header, a Set-Cookie line, a curl command."""

from __future__ import annotations

import json
import re
from email.utils import formatdate

from inspector.codecs import CodecError, parse_json
from inspector.cookies import CookieError, signed_value
from inspector.core.display import is_hidden, parse_time
from inspector.core.secret import Secret

_COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


def signed_cookie_value(session_id: str, secret: Secret) -> str:
    """Return the percent-encoded express-session value `s%3A<id>.<signature>`. `CookieError`."""
    return signed_value(session_id, secret)


def cookie_header(name: str, session_id: str, secret: Secret) -> str:
    """Return `name=s%3A…` as a Cookie header's text. `CookieError`."""
    return f"{_checked_name(name)}={signed_value(session_id, secret)}"


def set_cookie_line(name: str, session_id: str, secret: Secret, cookie_json: str, now_ms: int) -> str:
    """Return the Set-Cookie line express-session would send for a record whose `cookie` member is `cookie_json`.

    `Expires` is worked out from `originalMaxAge`, as every request does, else taken from `expires`. `CookieError`.
    """
    try:
        cookie = json.loads(cookie_json)
        parse_json(cookie_json)
    except (ValueError, RecursionError, CodecError):
        cookie = None
    if not isinstance(cookie, dict):
        raise CookieError("This session has no cookie object to take the attributes from.")
    parts = [cookie_header(name, session_id, secret)]
    if isinstance(cookie.get("domain"), str) and cookie["domain"]:
        parts.append(f"Domain={_attribute(cookie['domain'])}")
    if isinstance(cookie.get("path"), str) and cookie["path"]:
        parts.append(f"Path={_attribute(cookie['path'])}")
    if (ends := _cookie_end(cookie, now_ms)) is not None:
        parts.append(f"Expires={formatdate(ends // 1000, usegmt=True)}")
    parts += [
        word
        for key, word in (("httpOnly", "HttpOnly"), ("secure", "Secure"), ("partitioned", "Partitioned"))
        if cookie.get(key)
    ]
    if str(cookie.get("priority")).lower() in ("low", "medium", "high"):
        parts.append(f"Priority={str(cookie['priority']).capitalize()}")
    stored = cookie.get("sameSite")
    same_site = "strict" if stored is True else stored.lower() if isinstance(stored, str) else ""
    if same_site in ("strict", "lax", "none"):
        parts.append(f"SameSite={same_site.capitalize()}")
    return "; ".join(parts)


def _cookie_end(cookie: dict[str, object], now_ms: int) -> int | None:
    max_age = cookie.get("originalMaxAge")
    if isinstance(max_age, int | float) and not isinstance(max_age, bool) and abs(max_age) < 10**15:
        return now_ms + round(max_age)
    expires = cookie.get("expires")
    return parse_time(expires) if isinstance(expires, str) else None


def _attribute(text: str) -> str:
    if not re.fullmatch(r"[\x20-\x3A\x3C-\x7E]*", text):
        raise CookieError("The record's cookie has a domain or path that isn't valid in a header.")
    return text


def _checked_name(name: str) -> str:
    if not _COOKIE_NAME.match(name):
        raise CookieError("This isn't a valid cookie name. It is usually connect.sid.")
    return name


def curl_command(name: str, session_id: str, secret: Secret, url: str) -> str:
    """Return a POSIX-shell-safe `curl` command which sends the signed cookie. `CookieError`."""
    return curl_line(cookie_header(name, session_id, secret), url)


def curl_line(header: str, url: str) -> str:
    """Return a POSIX-shell-safe `curl` command which sends a Cookie header."""
    return f"curl -i -H {_quoted('Cookie: ' + header)} {_quoted(url)}"


def _quoted(text: str) -> str:
    if not any(is_hidden(char) for char in text):
        return "'" + text.replace("'", "'\\''") + "'"
    # A terminal acts upon control characters while they are pasted, inside quotes as well.
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(_spelled(char) if is_hidden(char) else char for char in plain) + "'"


def _spelled(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
