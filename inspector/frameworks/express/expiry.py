"""The clocks of a session of express-session: the store's, and what the cookie inside says of the lifetime."""

from __future__ import annotations

from inspector.codecs import quick_lifetime
from inspector.core.display import escape_display, format_time, parse_time
from inspector.core.expiry import ExpirySource, format_duration, format_end, store_clock
from inspector.core.node import NULL, Kind, Node, find_member, member, number_node, number_of, text_node, text_of
from inspector.frameworks.framework import ExpiryRules
from inspector.frameworks.members import set_member

_NO_TTL = "The key has no TTL: Redis keeps it until a request touches it (disableTTL, or a SET from elsewhere)."
_ENDLESS = {
    "redis": "Set an expiry here, and remove disableTTL from the application.",
    "mongo": "Set an expiry here; connect-mongo writes one with every save.",
}


def express_clocks(
    kind: str, at_ms: int | None, root: Node | None, envelope: Node | None, now_ms: int
) -> tuple[ExpirySource, ...]:
    """Return every clock of a session, the store's first."""
    sources = (store_clock(kind, at_ms, now_ms, _note(kind, at_ms, root, envelope)),)
    cookie = member(root, "cookie") if root is not None else None
    if cookie is None or cookie.kind is not Kind.OBJECT:
        return sources
    return (*sources, _original_max_age(cookie), _cookie_expires(cookie, kind, now_ms))


def _note(kind: str, at_ms: int | None, root: Node | None, envelope: Node | None) -> str:
    match kind:
        case "redis":
            return _NO_TTL if at_ms is None else "Redis removes the key by itself; every touch sets it again."
        case "mongo":
            return _mongo_note(at_ms, envelope)
        case "file":
            return _file_note(at_ms, root)
        case _:
            return ""


def _mongo_note(at_ms: int | None, envelope: Node | None) -> str:
    if at_ms is not None:
        return "connect-mongo ignores it from then on, and the TTL index removes it; every touch sets it again."
    field = member(envelope, "expires") if envelope is not None else None
    if field is None:
        return "There is no expires field: the session is valid for ever and never removed."
    return "expires is no Date: connect-mongo does not find this session at all. Set the expiry to repair it."


def _file_note(at_ms: int | None, root: Node | None) -> str:
    last_access = member(root, "__lastAccess") if root is not None else None
    if at_ms is None:
        if last_access is None:
            return "There is no __lastAccess: session-file-store never lets it expire."
        return "__lastAccess or originalMaxAge is no number: session-file-store never lets it expire."
    cookie = member(root, "cookie") if root is not None else None
    lifetime = number_of(member(cookie, "originalMaxAge")) if cookie is not None else None
    which = "cookie.originalMaxAge" if lifetime else "the store's ttl option"
    return f"The last request's time plus {which}; an expired file stays until it is reaped."


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
    note = "No lifetime of its own: the cookie ends with the browser, and the store's default TTL holds."
    shown = "missing" if value is None else "null" if value.kind is Kind.NULL else value.kind.value
    return ExpirySource("cookie.originalMaxAge", shown, None, False, note)


def _cookie_expires(cookie: Node, kind: str, now_ms: int) -> ExpirySource:
    value = member(cookie, "expires")
    text = text_of(value) or (value.scalar if value is not None and value.tag == "date" else None)
    at_ms = parse_time(text) if isinstance(text, str) else None
    if at_ms is None:
        shown = (
            "missing" if value is None else "null" if value.kind is Kind.NULL else escape_display(str(value.scalar), 60)
        )
        return ExpirySource("cookie.expires", shown, None, False, "Output only: express-session works it out anew.")
    lifetime = number_of(member(cookie, "originalMaxAge"))
    saved_ms = at_ms - lifetime if lifetime else None
    ago = f", {format_duration(now_ms - saved_ms)} ago" if saved_ms is not None and 0 < saved_ms <= now_ms else ""
    note = f"Output only, from the last full save{ago}. "
    if at_ms <= now_ms and kind != "memory":
        note += "It is in the past, which is normal: a touch moves the store's expiry and leaves this one."
    else:
        note += "A touch moves the store's expiry and leaves this one."
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


def endless_remedy(kind: str) -> str:
    """Return what to do about a session without an end."""
    return _ENDLESS.get(kind, "Set cookie.maxAge in the application.")


EXPRESS_EXPIRY = ExpiryRules(
    sources=express_clocks, move=move_cookie_end, move_quickly=quick_lifetime, endless_remedy=endless_remedy
)
