"""The clocks of a session of express-session: the store's, and what the cookie inside says of the lifetime."""

from __future__ import annotations

from inspector.codecs import quick_lifetime
from inspector.core.display import escape_display, format_time, parse_time
from inspector.core.expiry import ExpirySource, format_duration, format_end, store_clock
from inspector.core.node import NULL, Kind, Node, find_member, member, number_node, number_of, text_node, text_of
from inspector.frameworks.express.library_clocks import endless_remedy, library_clock
from inspector.frameworks.framework import ExpiryRules
from inspector.frameworks.members import set_member
from store_adapters.record_form import ExpiryClock


def express_clocks(
    clock: ExpiryClock, at_ms: int | None, root: Node | None, envelope: Node | None, now_ms: int
) -> tuple[ExpirySource, ...]:
    """Return every clock of a session, the store's first."""
    cookie = member(root, "cookie") if root is not None else None
    has_own = cookie is not None and number_of(member(cookie, "originalMaxAge"))
    lifetime = "cookie.originalMaxAge" if has_own else "the store's ttl option"
    sources = (library_clock(clock, store_clock(clock, at_ms, root, envelope, now_ms, lifetime)),)
    if cookie is None or cookie.kind is not Kind.OBJECT:
        return sources
    return (*sources, _original_max_age(cookie), _cookie_expires(cookie, clock, now_ms))


def _original_max_age(cookie: Node) -> ExpirySource:
    value = member(cookie, "originalMaxAge")
    number = number_of(value)
    if number is not None:
        note = "The input: each request's touch counts the expiry from now with it."
        return ExpirySource(
            "cookie.originalMaxAge",
            f"{value.scalar if value else ''} ms ({format_duration(number)})",
            None,
            False,
            note,
        )
    note = "It has no lifetime: the cookie ends with the browser session, and the store's default TTL holds."
    shown = "missing" if value is None else "null" if value.kind is Kind.NULL else value.kind.value
    return ExpirySource("cookie.originalMaxAge", shown, None, False, note)


def _cookie_expires(cookie: Node, clock: ExpiryClock, now_ms: int) -> ExpirySource:
    value = member(cookie, "expires")
    text = text_of(value) or (value.scalar if value is not None and value.tag == "date" else None)
    at_ms = parse_time(text) if isinstance(text, str) else None
    if at_ms is None:
        shown = (
            "missing" if value is None else "null" if value.kind is Kind.NULL else escape_display(str(value.scalar), 60)
        )
        return ExpirySource("cookie.expires", shown, None, False, "Output only: express-session recalculates it.")
    lifetime = number_of(member(cookie, "originalMaxAge"))
    saved_ms = at_ms - lifetime if lifetime else None
    ago = f", {format_duration(now_ms - saved_ms)} ago" if saved_ms is not None and 0 < saved_ms <= now_ms else ""
    if not clock.moves_alone:
        note = f"Output only, from the last save or touch{ago}: either rewrites it."
    elif at_ms <= now_ms:
        note = f"Output only, from the last full save{ago}. "
        note += "It is in the past, which is normal: a touch moves the store's expiry and leaves this one."
    else:
        note = f"Output only, from the last full save{ago}. A touch moves the store's expiry and leaves this one."
    return ExpirySource("cookie.expires", format_end(at_ms, now_ms), at_ms, False, note)


def move_cookie_end(root: Node, expires_at_ms: int | None, now_ms: int) -> Node | None:
    """Return the session with the lifetime in its cookie set; None where it has no cookie object."""
    place = find_member(root, "cookie") if root.kind is Kind.OBJECT else None
    if place is None or root.entries[place].value.kind is not Kind.OBJECT:
        return None
    left = None if expires_at_ms is None else max(1, expires_at_ms - now_ms)
    root = set_member(root, (place,), "originalMaxAge", NULL if left is None else number_node(left))
    ends = NULL if expires_at_ms is None else text_node(format_time(expires_at_ms))
    root = set_member(root, (place,), "expires", ends)
    if find_member(root.entries[place].value, "originalExpires") is not None:  # @fastify/session goes by it first
        root = set_member(root, (place,), "originalExpires", ends)
    if find_member(root, "__lastAccess") is not None:
        root = set_member(root, (), "__lastAccess", number_node(now_ms))
    return root


EXPRESS_EXPIRY = ExpiryRules(
    sources=express_clocks, move=move_cookie_end, move_quickly=quick_lifetime, endless_remedy=endless_remedy
)
