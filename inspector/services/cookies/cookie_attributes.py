"""What is wrong with a cookie's attributes, in a Set-Cookie line and in the record."""

from __future__ import annotations

from inspector.cookies import Cookie
from inspector.cookies.browser.set_cookie import ignored_attributes, read_rules, refusals_of_form
from inspector.core.display import escape_display
from inspector.core.node import Kind, Node, member, text_of
from inspector.services.cookies.cookie_chain import LinkState


def judge_set_cookie(cookie: Cookie, now_ms: int, is_production: bool) -> list[tuple[LinkState, str]]:
    """Judge a Set-Cookie line by the browser's rules, wherever it comes from."""
    rules = read_rules(cookie)
    found = [(LinkState.BROKEN, refusal.text) for refusal in refusals_of_form(cookie)]
    if is_production and not rules.is_secure:
        found.append((LinkState.WARNING, "Secure is missing: the cookie also travels over plain http."))
    if not rules.is_http_only:
        found.append((LinkState.WARNING, "HttpOnly is missing: scripts on the page can read the cookie."))
    if rules.path not in (None, "/"):
        words = f"Path={escape_display(rules.path or '', 80)}: other pages do not get the cookie."
        found.append((LinkState.WARNING, words))
    found += [(LinkState.WARNING, text) for text in ignored_attributes(cookie)]
    end_ms = rules.end_ms(now_ms)
    if rules.max_age_s is not None and rules.max_age_s <= 0:
        found.append((LinkState.BROKEN, "Max-Age is over at once: the browser drops the cookie."))
    elif end_ms is not None and end_ms <= now_ms:
        found.append((LinkState.BROKEN, "Expires is in the past: the browser drops the cookie."))
    return found


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
