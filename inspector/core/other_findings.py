"""What @fastify/session and koa-session make of a record; the rules of their versions 11 and 7."""

from __future__ import annotations

from inspector.core.display import format_time, parse_time
from inspector.core.finding import Finding, Severity
from inspector.core.node import Kind, Node, Path, child, find_member, member, number_of, text_of
from inspector.core.writer import Family

_FASTIFY_RESERVED = frozenset(("sessionId", "encryptedSessionId"))
_KOA_OWN = frozenset(("_expire", "_maxAge", "_session"))
_KOA_DROPPED = frozenset(("length", "populated", "externalKey", "isNew"))


def judge_fastify(root: Node) -> list[Finding]:
    """Return what is odd in a record of @fastify/session, which lives without a cookie and has no touch."""
    text = "@fastify/session writes the whole record at every request (rolling, its default): an edit made during one is lost."
    found = [Finding(Severity.NOTE, (), text, "Save while nobody is browsing with it, and look whether it stuck.")]
    for position, entry in enumerate(root.entries):
        if entry.key in _FASTIFY_RESERVED:
            words = f"{entry.key} is a name of @fastify/session's own: it is dropped on load."
            found.append(Finding(Severity.REFUSED, (position,), words, "Use another name."))
    return found


def judge_koa(root: Node) -> list[Finding]:
    """Return what is odd in a record of koa-session."""
    found: list[Finding] = []
    for position, entry in enumerate(root.entries):
        key = entry.key or ""
        if key in _KOA_DROPPED or (key.startswith("_") and key not in _KOA_OWN):
            words = f"koa-session does not keep {key}: it is gone with the next save."
            found.append(Finding(Severity.WARNING, (position,), words, "Use another name."))
        elif key == "maxAge":
            words = "maxAge is no data for koa-session: it sets the cookie's lifetime."
            found.append(Finding(Severity.WARNING, (position,), words, "Use another name."))
    place = find_member(root, "_expire")
    if place is None and member(root, "_session") is None:
        words = "There is no _expire: koa-session lets this session live for ever."
        found.append(Finding(Severity.WARNING, (), words, "Set _expire to the end in epoch milliseconds."))
    elif place is not None and root.entries[place].value.kind is not Kind.NUMBER:
        words = "_expire is no number: koa-session never lets this session expire."
        found.append(Finding(Severity.REFUSED, (place,), words, "Write it as epoch milliseconds."))
    return found


def end_inside(root: Node, family: Family) -> tuple[Path, int] | None:
    """Return where a record says when it ends, and that time (epoch ms), for libraries that look at it beside the store's expiry:
    koa-session at `_expire`, @fastify/session at `cookie.originalExpires`, else `cookie.expires`.
    """
    if root.kind is not Kind.OBJECT:
        return None
    if family is Family.KOA:
        place = find_member(root, "_expire")
        number = number_of(root.entries[place].value) if place is not None else None
        return ((place,), round(number)) if place is not None and number is not None and abs(number) < 1e16 else None
    at = find_member(root, "cookie")
    if family is not Family.FASTIFY or at is None:
        return None
    cookie = child(root, (at,))
    for name in ("originalExpires", "expires"):
        place = find_member(cookie, name) if cookie.kind is Kind.OBJECT else None
        ends = parse_time(text_of(cookie.entries[place].value) or "") if place is not None else None
        if place is not None and ends is not None:
            return (at, place), ends
    return None


def judge_end(root: Node, family: Family, now_ms: int) -> list[Finding]:
    """Return that a record has ended by what stands in it, which the store does not know."""
    found = end_inside(root, family)
    if found is None or found[1] > now_ms:
        return []
    words = f"The record itself ended at {format_time(found[1])}: {family.value} starts a new session, though the store has it still."
    return [Finding(Severity.WARNING, found[0], words, "Change the expiry (Ctrl+E), which moves this time as well.")]
