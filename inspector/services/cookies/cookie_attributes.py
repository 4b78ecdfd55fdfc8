"""What is wrong with a cookie's attributes, in a Set-Cookie line and in the record; knows no signature."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from inspector.cookies import BROWSER_BYTES, Cookie
from inspector.core.display import escape_display
from inspector.core.node import Kind, Node, member, text_of
from inspector.services.cookies.cookie_chain import LinkState


def judge_set_cookie(cookie: Cookie, now_ms: int, is_production: bool) -> list[tuple[LinkState, str]]:
    values = {one.name.lower(): one.value for one in cookie.attributes}
    said = values.keys() | cookie.unsaid
    found: list[tuple[LinkState, str]] = []
    size = len((cookie.name + cookie.raw).encode("utf-8", "replace"))
    if size > BROWSER_BYTES:
        words = f"Name and value have {size:,} bytes: browsers refuse a cookie above {BROWSER_BYTES:,}."
        found.append((LinkState.BROKEN, words))
    if "partitioned" in values and "secure" not in said:
        found.append((LinkState.BROKEN, "Partitioned without Secure: browsers refuse this cookie."))
    same_site = (values.get("samesite") or "").lower()
    if same_site == "none" and "secure" not in said:
        found.append((LinkState.BROKEN, "SameSite=None without Secure: browsers refuse this cookie."))
    if cookie.name.startswith(("__Host-", "__Secure-")) and "secure" not in said:
        found.append((LinkState.BROKEN, f"The name {_shown(cookie.name)} demands Secure: browsers refuse this cookie."))
    if cookie.name.startswith("__Host-") and (
        "domain" in values or values.get("path", "/" if "path" in cookie.unsaid else "") != "/"
    ):
        found.append((LinkState.BROKEN, "A __Host- cookie needs Path=/ and no Domain: browsers refuse this one."))
    if is_production and "secure" not in said:
        found.append((LinkState.WARNING, "Secure is missing: the cookie also travels over plain http."))
    if "httponly" not in said:
        found.append((LinkState.WARNING, "HttpOnly is missing: scripts on the page can read the cookie."))
    if (path := values.get("path")) and path != "/":
        found.append((LinkState.WARNING, f"Path={_shown(path)}: other pages do not get the cookie."))
    expires_at_ms = _http_date(values.get("expires"))
    if (values.get("max-age") or "1").strip().startswith(("0", "-")):
        found.append((LinkState.BROKEN, "Max-Age is over at once: the browser drops the cookie."))
    elif expires_at_ms is not None and expires_at_ms <= now_ms and "max-age" not in values:
        found.append((LinkState.BROKEN, "Expires is in the past: the browser drops the cookie."))
    return found


def _http_date(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return round(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return None


def judge_stored(root: Node, is_production: bool) -> list[tuple[LinkState, str]]:
    """Judge what Express sends next: the cookie's attributes are taken from the record."""
    cookie = member(root, "cookie")
    if cookie is None or cookie.kind is not Kind.OBJECT:
        return []
    found: list[tuple[LinkState, str]] = []
    secure, same_site = member(cookie, "secure"), (text_of(member(cookie, "sameSite")) or "").lower()
    is_secure = secure is not None and secure.scalar is True
    if same_site == "none" and not is_secure:
        found.append(
            (LinkState.WARNING, "The record says sameSite none without secure: browsers refuse the next cookie.")
        )
    if is_production and not is_secure:
        found.append((LinkState.WARNING, "The record says secure: false: set cookie.secure for production."))
    if (http_only := member(cookie, "httpOnly")) is not None and http_only.scalar is False:
        found.append((LinkState.WARNING, "The record says httpOnly: false: scripts can read the next cookie."))
    return found


def _shown(text: str) -> str:
    return escape_display(text, 80)
