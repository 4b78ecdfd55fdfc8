"""What express-session 1.19 and its stores do with a record: find it, start a new session, fail, hang or end.

The rules are those of express-session's `createSession` and `touch` in JavaScript's own terms (what is falsy, what has members),
of connect-redis, connect-mongo, session-file-store, the three SQLite stores and MemoryStore, held against the real ones by
tests/interop/test_record_verdicts.py; and of connect-pg-simple, connect-session-knex, express-mysql-session,
connect-session-sequelize and connect-typeorm, by tests/interop/test_sql_odd_rows.py.
"""

from __future__ import annotations

from inspector.core.finding import article
from inspector.core.node import Kind, Node, find_member, number_of
from inspector.core.verdict import FOUND, Effect, RecordVerdict

_PUT_BACK = "Delete the session, or restore the record from a backup."
_COOKIE = 'Put "cookie": {"originalMaxAge": null, "expires": null, "httpOnly": true, "path": "/"} back.'
_NUMBER = "Write it as a number of milliseconds, or null."
_SAFE_INTEGER = 2**53
_BROKEN_TEXT = {
    "file": Effect.DELETED,
    "connect-sqlite3": Effect.CRASH,
    "knex": Effect.CRASH,
    "connect-pg-simple": Effect.NEW_SESSION,
}
"""What a store does with text that JSON.parse refuses, where that is not an error 500."""
PARSES_TEXT_AGAIN = frozenset(("connect-pg-simple", "knex"))
"""What parses a text that its driver hands over, even where the driver has parsed the column already."""
_NO_SESSIONS_AFTERWARDS = frozenset(("typeorm",))
"""What takes any error for a lost connection, and never for one that is back."""
_SEES_NO_TEXT = frozenset(("redis", "memory", "better-sqlite3"))
"""Where an empty value isn't a record at all."""
_CONSEQUENCE = {
    Effect.ERROR: "The application answers 500 to every request with this session",
    Effect.DELETED: "session-file-store deletes this file at the next request and answers 500",
    Effect.NEW_SESSION: "connect-pg-simple deletes this row at the next request, and the application starts a new session",
    Effect.CRASH: "The store throws where nobody catches it: the next request with this session ends the application",
}


def judge_value(root: Node) -> RecordVerdict:
    """Return what express-session does with the value that its store hands over."""
    if _is_falsy(root):
        words = f"The record is {_named(root)}: the application starts a new session for it."
        return RecordVerdict(Effect.NEW_SESSION, words, "A session is an object with a cookie member.")
    if root.kind is not Kind.OBJECT:
        words = f"The record is {article(root)}, not an object: the application answers 500 to every request with it."
        return RecordVerdict(Effect.ERROR, words, "A session is an object with a cookie member.")
    place = find_member(root, "cookie")
    if place is None:
        words = "There is no cookie member: the application answers 500 to every request with this session."
        return RecordVerdict(Effect.ERROR, words, _COOKIE)
    cookie = root.entries[place].value
    if cookie.kind is Kind.OBJECT:
        return _judge_cookie(cookie, place)
    # `new Cookie` takes whatever is falsy for its defaults; null has no members to begin with.
    if (
        cookie.kind is Kind.NULL
        or cookie.tag == "undefined"
        or not (_is_falsy(cookie) or _is_javascript_object(cookie))
    ):
        words = f"cookie is {article(cookie)}, not an object: the application answers 500 to every request with it."
        return RecordVerdict(
            Effect.ERROR, words, "Make it an object with originalMaxAge, expires, httpOnly and path.", (place,)
        )
    return FOUND


def judge_text(fault: str, kind: str, library: str, *, is_empty: bool = False) -> RecordVerdict:
    """Return what a store does with text that isn't JSON; `fault` says why, in a sentence."""
    names = (library, kind)
    if is_empty and not _SEES_NO_TEXT.isdisjoint(names):
        return RecordVerdict(
            Effect.NEW_SESSION, "It is empty: the application starts a new session for it.", "Delete it."
        )
    effect = next((_BROKEN_TEXT[name] for name in names if name in _BROKEN_TEXT), Effect.ERROR)
    unless = "; with a secret the process ends" if effect is Effect.DELETED else ""
    words = f"{fault} {_CONSEQUENCE[effect]}{unless}, unless the application's own serializer reads it."
    if library in _NO_SESSIONS_AFTERWARDS:
        words += " After the first of them nobody has a session until the application is restarted."
    remedy = (
        "Copy the file elsewhere first, then delete it or restore it from a backup." if kind == "file" else _PUT_BACK
    )
    return RecordVerdict(effect, words.strip(), remedy)


def judge_missing_value() -> RecordVerdict:
    """Return what connect-mongo does with a document that has no session field."""
    words = (
        "The document has no session field: the application answers 500 to every request with it (with stringify: false, "
        "it starts a new session)."
    )
    return RecordVerdict(Effect.ERROR, words, _PUT_BACK)


def judge_text_in_text(kind: str) -> RecordVerdict:
    """Return what happens to a session that was stringified twice: the first parse gives text, which has no cookie."""
    words = (
        "The record is JSON text inside a JSON string, stringified twice: the application answers 500 to every request with "
        "it, unless its own serializer parses it twice."
    )
    remedy = "Store the object itself: what calls the store must not stringify it first."
    if kind == "redis":
        remedy = "Give connect-redis the object; it stringifies it itself."
    return RecordVerdict(Effect.ERROR, words, remedy)


def judge_own_cipher(encoding: str) -> RecordVerdict:
    """Return what session-file-store up to 1.3 does with a file that it encrypted with this `encryptEncoding`."""
    words = (
        f"session-file-store 1.3 and older cannot read what it encrypts with encryptEncoding {encoding}: it deletes this "
        "file at the next request and answers 500."
    )
    return RecordVerdict(Effect.DELETED, words, 'Set encryptEncoding to "hex" in the application, or update to 1.5.')


def judge_hidden(why: str, *, can_repair: bool) -> RecordVerdict:
    """Return that the store's query passes over a record; `why` names what makes it. `can_repair`: another expiry would."""
    words = f"{why} The application does not find this session and starts a new one."
    return RecordVerdict(Effect.NEW_SESSION, words, "Set the expiry (Ctrl+E) to repair it." if can_repair else "")


def _judge_cookie(cookie: Node, place: int) -> RecordVerdict:
    at = find_member(cookie, "maxAge")
    if at is not None and not _is_duration(cookie.entries[at].value):
        value = cookie.entries[at].value
        words = f"cookie.maxAge is {article(value)}: the application answers 500 to every request with this session."
        return RecordVerdict(Effect.ERROR, words, "Remove it; the lifetime is in originalMaxAge.", (place, at))
    at = find_member(cookie, "originalMaxAge")
    if at is None or _is_duration(cookie.entries[at].value):
        return FOUND
    value = cookie.entries[at].value
    words = f"originalMaxAge is {article(value)}: touching the session throws and the request hangs forever."
    return RecordVerdict(Effect.HANGS, words, _NUMBER, (place, at))


def _is_duration(value: Node) -> bool:
    """True for what the setter of `maxAge` takes: a number, a date, or anything falsy."""
    if value.kind is Kind.NUMBER:
        number = number_of(value)
        return value.tag != "int64" or number is None or abs(number) < _SAFE_INTEGER
    return _is_falsy(value) or value.tag in ("date", "double")


def _is_falsy(value: Node) -> bool:
    if value.kind is Kind.NUMBER:
        return number_of(value) == 0
    if value.kind is Kind.OTHER:
        return value.tag == "undefined" or (value.tag == "double" and value.scalar == "NaN")
    return value.kind is Kind.NULL or (value.kind in (Kind.BOOL, Kind.STRING) and not value.scalar)


def _is_javascript_object(value: Node) -> bool:
    return value.kind is Kind.ARRAY or (value.kind is Kind.OTHER and value.tag not in ("double", "symbol"))


def _named(value: Node) -> str:
    return (
        "empty text" if value.kind is Kind.STRING else str(value.scalar).lower() if value.scalar is not None else "null"
    )
