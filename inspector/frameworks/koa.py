"""koa-session 7 with a store of the application's own: `_expire` and `_maxAge`, or `_session`, beside the data."""

from __future__ import annotations

from inspector.core.edits import RemoveEntry, apply_edit
from inspector.core.finding import Finding, Severity
from inspector.core.node import TRUE, Kind, Node, Path, find_member, member, number_node, number_of, object_node
from inspector.frameworks.far_dates import judge_far_dates
from inspector.frameworks.framework import Certainty, ExpiryRules, Framework, Recognition, Rules, StoredRecord
from inspector.frameworks.javascript import judge_values
from inspector.frameworks.members import set_member

_OWN = ("_expire", "_maxAge", "_session")
_DROPPED = frozenset(("length", "populated", "externalKey", "isNew"))


def recognise_koa(record: StoredRecord) -> Recognition | None:
    """Recognise koa-session's own fields in a record without a cookie."""
    root = record.decoded.root if record.decoded is not None else None
    if root is None or root.kind is not Kind.OBJECT or member(root, "cookie") is not None:
        return None
    own = [name for name in _OWN if member(root, name) is not None]
    return Recognition(Certainty.LIKELY, f"{' and '.join(own)}, and no cookie") if own else None


def judge_koa(root: Node, _kind: str) -> list[Finding]:
    """Return what is odd in a record of koa-session."""
    found: list[Finding] = []
    if root.kind is not Kind.OBJECT:
        return found
    for position, entry in enumerate(root.entries):
        key = entry.key or ""
        if key in _DROPPED or (key.startswith("_") and key not in _OWN):
            words = f"koa-session does not keep {key}: it is gone with the next save."
            found.append(Finding(Severity.WARNING, (position,), words, "Use another name."))
        elif key == "maxAge":
            words = "koa-session doesn't keep maxAge as data: it sets the cookie's lifetime."
            found.append(Finding(Severity.WARNING, (position,), words, "Use another name."))
    place = find_member(root, "_expire")
    if place is None and member(root, "_session") is None:
        words = "There is no _expire: koa-session never lets this session expire."
        found.append(Finding(Severity.WARNING, (), words, "Set _expire to the end in epoch milliseconds."))
    elif place is not None and root.entries[place].value.kind is not Kind.NUMBER:
        words = "_expire isn't a number: koa-session never lets this session expire."
        found.append(Finding(Severity.REFUSED, (place,), words, "Write it as epoch milliseconds."))
    return found + judge_far_dates(root)


def koa_end(root: Node) -> tuple[Path, int] | None:
    """Return where a session of koa-session says when it ends, and that time."""
    place = find_member(root, "_expire") if root.kind is Kind.OBJECT else None
    number = number_of(root.entries[place].value) if place is not None else None
    return ((place,), round(number)) if place is not None and number is not None and abs(number) < 1e16 else None


def move_koa_end(root: Node, expires_at_ms: int | None, now_ms: int) -> Node | None:
    """Return the session with another end: koa-session has either an end, or `_session` for one that lasts as long as the browser's."""
    if root.kind is not Kind.OBJECT:
        return None
    fields: dict[str, Node] = {"_session": TRUE}
    if expires_at_ms is not None:
        fields = {"_expire": number_node(expires_at_ms), "_maxAge": number_node(max(1, expires_at_ms - now_ms))}
    for name in ("_expire", "_maxAge", "_session"):
        place = find_member(root, name)
        if name in fields:
            root = set_member(root, (), name, fields[name])
        elif place is not None:
            root = apply_edit(root, RemoveEntry((place,)))[0]
    return root


def new_koa_session(max_age_ms: int | None, now_ms: int) -> Node:
    """Return what koa-session writes for a new session."""
    if max_age_ms is None:
        return object_node(("_session", TRUE))
    return object_node(("_expire", number_node(now_ms + max_age_ms)), ("_maxAge", number_node(max_age_ms)))


KOA = Framework(
    "koa-session",
    documentation="https://github.com/koajs/session",
    recognise=recognise_koa,
    expiry=ExpiryRules(end_inside=koa_end, move=move_koa_end),
    rules=Rules(tree=judge_koa, values=judge_values),
    new_session=new_koa_session,
    schemes=("koa-session",),
)
