"""What two or three reads of one session tell that a single record does not: pitfalls of the application that writes it.

The rules are those of express-session's `resave`, of two requests at once, and of logins; what the program wrote itself is not
given here. Knows no window.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from inspector.core.display import format_clock
from inspector.core.field_path import find_path, parse_field_path
from inspector.core.finding import Finding, Severity
from inspector.core.merge import ORDER_OF, diff
from inspector.core.node import Kind, Node, child
from inspector.services.sessions.journal import JournalEntry
from inspector.services.sessions.open_session import OpenedSession
from store_adapters.record_form import ExpiryClock

_ITEM = re.compile(r"\[\d+\]")
_CLOSE_MS = 60_000
"""Requests that run at the same time end within this."""
_DELETE_AGAIN = "Delete it again, and check after the request has ended."
_OWN = ("cookie", "__lastAccess")
_USER_IDS = ("user.id", "user._id", "user.sub", "passport.user.id", "passport.user._id", "passport.user", "userId", "user_id",
             "userID", "uid", "account.id", "sub")  # fmt: skip
"""Where applications keep who is logged in; a name beside it may change without a login."""


def judge_reads(
    before: OpenedSession,
    now: OpenedSession,
    clock: ExpiryClock,
    *,
    older: OpenedSession | None = None,
    was_gone: bool = False,
) -> tuple[Finding, ...]:
    """Return what the application's write between two reads of a session is a sign of. `older` was read before `before`;
    `was_gone`: the session was found deleted between the two."""
    found = [_came_back()] if was_gone else []
    if now.decoded is None or before.decoded is None or now.raw.payload == before.raw.payload:
        return tuple(found)
    old, new = before.decoded.root, now.decoded.root
    changed = _fields(old, new)
    framework = now.origin.framework
    if not changed and not was_gone:
        found += framework.rules.reads(old, new, clock)
    if before.raw.ref == now.raw.ref and _is_login(before, now):
        words = "Somebody logged in and the session ID stayed the same: anyone who planted that ID beforehand is logged in as well "
        words += "(session fixation)."
        found.append(Finding(Severity.WARNING, (), words, framework.words.login))
    if older is not None and older.decoded is not None and now.raw.read_at_ms - before.raw.read_at_ms < _CLOSE_MS:
        added = _fields(older.decoded.root, old)
        lost = added & changed - _fields(older.decoded.root, new)
        if added and lost == added and changed - added:
            words = f"What the application had just written ({_listed(lost)}) was undone by its next write: two requests at "
            words += "once, of which the last wins."
            remedy = "Keep what must not be lost in a database, not in the session."
            found.append(Finding(Severity.WARNING, (), words, remedy))
    return tuple(found)


def judge_return(entries: Sequence[JournalEntry]) -> tuple[Finding, ...]:
    """Return that a session which is there was deleted here, by what was written to it from here (newest first)."""
    if not entries or entries[0].action != "deleted":
        return ()
    when = format_clock(entries[0].at_ms)
    words = f"You deleted it here at {when}, and it is back: a request that was running wrote its older copy, or another tool did."
    return (Finding(Severity.WARNING, (), words, _DELETE_AGAIN),)


def _is_login(before: OpenedSession, now: OpenedSession) -> bool:
    """True where another person is in the session: by their ID, else where nobody was before."""
    old, new = _user_id(before), _user_id(now)
    return bool(new and new != old) or bool(now.summary.user and not before.summary.user)


def _user_id(opened: OpenedSession) -> str:
    if opened.decoded is None:
        return ""
    root = opened.decoded.root
    for field in _USER_IDS:
        path = find_path(root, parse_field_path(field))
        node = child(root, path) if path is not None else None
        if node is not None and node.kind in (Kind.STRING, Kind.NUMBER, Kind.OTHER) and node.scalar:
            return str(node.scalar)
    return ""


def _came_back() -> Finding:
    words = (
        "This session was gone and is back: a request that was running wrote its older copy, and a logout is undone."
    )
    return Finding(Severity.WARNING, (), words, _DELETE_AGAIN)


def _fields(before: Node, after: Node) -> set[str]:
    """Return the fields of the application's own that differ, a list as one: an item may have another place at each read."""
    fields = {one.field.removeprefix(ORDER_OF) for one in diff(before, after)}
    return {_ITEM.split(field)[0] for field in fields if not field.startswith(_OWN)}


def _listed(fields: set[str]) -> str:
    names = sorted(fields)
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
