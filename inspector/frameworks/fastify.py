"""@fastify/session 11, which keeps its records in the stores of express-session and writes the whole record at every request."""

from __future__ import annotations

from inspector.codecs import quick_lifetime
from inspector.core.display import parse_time
from inspector.core.finding import Finding, Severity
from inspector.core.node import Kind, Node, Path, child, find_member, text_of
from inspector.frameworks.express.expiry import express_clocks, move_cookie_end
from inspector.frameworks.express.library_clocks import endless_remedy
from inspector.frameworks.express.new_session import complete_session, new_session
from inspector.frameworks.express.recognition import has_fastify_cookie
from inspector.frameworks.far_dates import judge_far_dates
from inspector.frameworks.framework import Certainty, ExpiryRules, Framework, Recognition, Rules, StoredRecord, Words
from inspector.frameworks.javascript import judge_values

_RESERVED = frozenset(("sessionId", "encryptedSessionId"))


def recognise_fastify(record: StoredRecord) -> Recognition | None:
    """Recognise the cookie as @fastify/session writes it."""
    if record.decoded is None or not has_fastify_cookie(record.decoded):
        return None
    return Recognition(Certainty.LIKELY, "its cookie begins with expires and spells out what is null")


def judge_fastify(root: Node, _kind: str) -> list[Finding]:
    """Return what is odd in a record of @fastify/session, which lives without a cookie and has no touch."""
    if root.kind is not Kind.OBJECT:
        return []
    text = "@fastify/session writes the whole record at every request (rolling, its default): an edit made during one is lost."
    found = [Finding(Severity.NOTE, (), text, "Save while nobody is browsing with it, and look whether it stuck.")]
    for position, entry in enumerate(root.entries):
        if entry.key in _RESERVED:
            words = f"{entry.key} is a name of @fastify/session's own: it is dropped on load."
            found.append(Finding(Severity.REFUSED, (position,), words, "Use another name."))
    return found + judge_far_dates(root)


def fastify_end(root: Node) -> tuple[Path, int] | None:
    """Return where a record says when it ends, and that time: `cookie.originalExpires`, else `cookie.expires`."""
    at = find_member(root, "cookie") if root.kind is Kind.OBJECT else None
    if at is None:
        return None
    cookie = child(root, (at,))
    for name in ("originalExpires", "expires"):
        place = find_member(cookie, name) if cookie.kind is Kind.OBJECT else None
        ends = parse_time(text_of(cookie.entries[place].value) or "") if place is not None else None
        if place is not None and ends is not None:
            return (at, place), ends
    return None


FASTIFY = Framework(
    "@fastify/session",
    documentation="https://github.com/fastify/session",
    recognise=recognise_fastify,
    expiry=ExpiryRules(
        sources=express_clocks,
        end_inside=fastify_end,
        move=move_cookie_end,
        move_quickly=quick_lifetime,
        endless_remedy=endless_remedy,
    ),
    rules=Rules(tree=judge_fastify, values=judge_values),
    new_session=new_session,
    complete=complete_session,
    schemes=("fastify-session",),
    words=Words(login="Call request.session.regenerate() at login."),
)
