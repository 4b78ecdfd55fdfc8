"""What express-session and its stores make of a record: which shapes break the application, and which are traps.

The rules are those of express-session 1.19, connect-redis, connect-mongo and session-file-store.
"""

from __future__ import annotations

import re

from inspector.core.display import parse_time
from inspector.core.finding import Finding, Severity, article
from inspector.core.node import Kind, Node, child, find_member, member, number_of, text_of
from inspector.frameworks.express.verdict import judge_value
from store_adapters.record_form import ExpiryClock

RESERVED_KEYS = frozenset(
    [
        "id",
        "req",
        "touch",
        "resetMaxAge",
        "save",
        "reload",
        "destroy",
        "regenerate",
        "constructor",
        "toString",
        "toLocaleString",
        "valueOf",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "__proto__",
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
    ]
)
"""Top-level keys which express-session drops on load and then erases from the store."""

_SAME_SITE = frozenset({"strict", "lax", "none"})
_SLACK_MS = 60_000
_ROUNDING_MS = 1500
"""connect-redis rounds the TTL up to seconds."""
_SET_COOKIE_RULES = {
    "path": re.compile(r"[ -:=-~]*"),
    "domain": re.compile(r"\.?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|", re.I),
    "priority": re.compile("low|medium|high|", re.I),
}
"""What the cookie package takes; with anything else it throws where express-session writes Set-Cookie."""


def judge_express(root: Node, kind: str) -> list[Finding]:
    """Return what is odd in a session object of express-session in a store of that kind."""
    verdict = judge_value(root)
    found = _judge_cookie(root, kind)
    if verdict.is_refused:
        found = [Finding(Severity.REFUSED, verdict.path, verdict.text, verdict.remedy), *found]
    if root.kind is not Kind.OBJECT:
        return found
    found += _judge_keys(root)
    if kind == "file":
        found += _judge_last_access(root)
    if kind == "mongo":
        found += _judge_last_modified(root)
    if [entry.key for entry in root.entries if entry.key != "__lastAccess"] == ["cookie"]:
        words = (
            "This session holds nothing but its cookie: with saveUninitialized every visitor and every bot leaves one."
        )
        found.append(Finding(Severity.NOTE, (), words, "Set saveUninitialized: false in the application."))
    return found


def judge_change(before: Node, after: Node) -> list[Finding]:
    """Return what an edit of the cookie will not do, where both trees are sessions."""
    old, new = member(before, "cookie"), member(after, "cookie")
    place = find_member(after, "cookie")
    if old is None or new is None or place is None or new.kind is not Kind.OBJECT or old.kind is not Kind.OBJECT:
        return []
    ends = find_member(new, "expires")
    is_moved = ends is not None and member(old, "expires") != new.entries[ends].value
    if not is_moved or ends is None or member(old, "originalMaxAge") != member(new, "originalMaxAge"):
        return []
    words = "A change of cookie.expires alone has no effect: the next request works it out from originalMaxAge."
    remedy = "Change the expiry (Ctrl+E), which sets both and the store's."
    return [Finding(Severity.WARNING, (place, ends), words, remedy)]


_FIXED_LIFETIME = frozenset(("connect-sqlite3", "better-sqlite3", "knex"))
"""Libraries whose touch does nothing where maxAge is not set."""


def judge_lifetime(root: Node, kind: str, library: str, expires_at_ms: int, now_ms: int) -> list[Finding]:
    """Return what is odd where the store's expiry is set beside what the cookie says of the lifetime."""
    place = find_member(root, "cookie")
    cookie = root.entries[place].value if place is not None else None
    if cookie is None or place is None or cookie.kind is not Kind.OBJECT or kind == "file":
        return []
    position = find_member(cookie, "originalMaxAge")
    value = cookie.entries[position].value if position is not None else None
    max_age = number_of(value)
    if position is None or value is None:
        return []
    if value.kind is Kind.NULL and library in _FIXED_LIFETIME:
        words = "Without maxAge this store ends a session 24 hours after its last save, however often it is used."
        return [Finding(Severity.NOTE, (place, position), words, "Set cookie.maxAge in the application.")]
    found = []
    left = expires_at_ms - now_ms
    ends = text_of(member(cookie, "expires"))
    saved_to_ms = parse_time(ends) if ends else None
    if (
        kind == "redis"
        and saved_to_ms is not None
        and 0 <= expires_at_ms - saved_to_ms + _ROUNDING_MS <= 2 * _ROUNDING_MS
    ):
        secure = find_member(cookie, "secure")
        if secure is not None and cookie.entries[secure].value == Node(Kind.BOOL, True):
            words = "secure is true and no request has touched this session since it was saved: perhaps its cookie was never sent."
            remedy = 'If many sessions are like this, the proxy is not trusted: app.set("trust proxy", 1).'
            found.append(Finding(Severity.NOTE, (place, secure), words, remedy))
    if max_age is None or max_age <= 0 or left <= max_age * 1.02 + _SLACK_MS:
        return found
    words = "The store keeps this session longer than originalMaxAge: a lifetime that only cookie.maxAge or another tool has set."
    remedy = "The next request brings it back to originalMaxAge. Change data together with the lifetime, or set it with Ctrl+E."
    return [*found, Finding(Severity.WARNING, (place, position), words, remedy)]


def judge_saved_again(before: Node, after: Node, clock: ExpiryClock) -> list[Finding]:
    """Return what it means that the application wrote a session whose data is the same."""
    if not _is_saved_again(before, after, clock):
        return []
    place = find_member(after, "cookie")
    words = (
        "The application wrote the whole session again without changing its data: resave: true does so at every "
        "request, and writes over an edit saved meanwhile."
    )
    return [Finding(Severity.WARNING, () if place is None else (place,), words, "Set resave: false.")]


def _is_saved_again(before: Node, after: Node, clock: ExpiryClock) -> bool:
    """True where the cookie inside tells of a full save; a touch of a file, or of MemoryStore, writes it as well."""
    old, new = member(before, "cookie"), member(after, "cookie")
    if not clock.moves_alone or old is None or new is None:
        return False
    same_age = member(old, "originalMaxAge") == member(new, "originalMaxAge")
    return same_age and member(old, "expires") != member(new, "expires")


def _judge_cookie(root: Node, kind: str) -> list[Finding]:
    position = find_member(root, "cookie")
    cookie = root.entries[position].value if position is not None else None
    if position is None or cookie is None:
        return []
    if cookie.kind is Kind.OBJECT:
        return _judge_max_age(cookie, position, kind) + _judge_attributes(cookie, position)
    words = f"cookie is {article(cookie)}, not an object: express-session takes its defaults, and forgets the lifetime."
    is_taken = not judge_value(root).is_refused
    return [Finding(Severity.WARNING, (position,), words, "Make it an object.")] if is_taken else []


def _judge_max_age(cookie: Node, at: int, kind: str) -> list[Finding]:
    place = find_member(cookie, "originalMaxAge")
    if place is None:
        if not cookie.entries:
            return [
                Finding(
                    Severity.NOTE,
                    (at,),
                    "cookie is empty: it works, and becomes a browser-session cookie with the store's default lifetime.",
                )
            ]
        if member(cookie, "expires") is not None and member(cookie, "expires") != Node(Kind.NULL):
            return [
                Finding(
                    Severity.WARNING,
                    (at,),
                    "originalMaxAge is missing: the next request falls back to the store's default lifetime.",
                    "Set originalMaxAge to the lifetime in milliseconds.",
                )
            ]
        return []
    value = cookie.entries[place].value
    path = (at, place)
    if value.kind is Kind.NULL and member(cookie, "expires") not in (None, Node(Kind.NULL), Node(Kind.BOOL, False)):
        words = "originalMaxAge is null while expires is set: the next request drops expires, and the store's default lifetime holds."
        return [Finding(Severity.WARNING, path, words, "Set originalMaxAge to the lifetime in milliseconds.")]
    number = number_of(value)
    if number == 0 and kind == "file":
        words = (
            "originalMaxAge is 0: session-file-store takes its ttl option instead, and the browser drops the cookie."
        )
        return [Finding(Severity.WARNING, path, words, "If you want it to end, delete the session instead.")]
    if number is not None and number <= 0:
        return [
            Finding(
                Severity.WARNING,
                path,
                "originalMaxAge is not above zero: the session ends with the next request.",
                "If you want it to end, delete the session instead.",
            )
        ]
    if number is not None and number < 60_000:
        return [
            Finding(
                Severity.WARNING,
                path,
                "originalMaxAge is in milliseconds: with the next request the session lives less than a minute.",
                "One day is 86400000.",
            )
        ]
    return []


def _judge_attributes(cookie: Node, at: int) -> list[Finding]:
    found = []
    for place, entry in enumerate(cookie.entries):
        value, path = entry.value, (at, place)
        if entry.key == "sameSite":
            text = text_of(value)
            if (text is not None and text.lower() not in _SAME_SITE) or value.kind in (
                Kind.NUMBER, Kind.OBJECT, Kind.ARRAY,
            ):  # fmt: skip
                found.append(
                    Finding(
                        Severity.WARNING,
                        path,
                        "sameSite isn't strict, lax, none, true or false: the next Set-Cookie silently fails.",
                        "Set it to lax.",
                    )
                )
            elif text is not None and text.lower() == "none" and member(cookie, "secure") != Node(Kind.BOOL, True):
                found.append(
                    Finding(
                        Severity.WARNING,
                        path,
                        "sameSite is none without secure: browsers drop the cookie.",
                        "Set secure to true.",
                    )
                )
        elif entry.key == "secure" and value == Node(Kind.BOOL, True):
            found.append(
                Finding(
                    Severity.NOTE,
                    path,
                    "secure is true: over plain HTTP, or behind an untrusted proxy, no Set-Cookie is sent.",
                    'Behind TLS, set "trust proxy" in the application.',
                )
            )
        elif (
            entry.key in _SET_COOKIE_RULES
            and (text := text_of(value)) is not None
            and not _SET_COOKIE_RULES[entry.key].fullmatch(text)
        ):
            words = f"{entry.key} isn't valid in a cookie: the next Set-Cookie silently fails."
            found.append(Finding(Severity.WARNING, path, words, "Correct or remove it."))
        elif entry.key == "secure" and text_of(value) is not None:
            words = "secure is text, which means true to express-session: over plain HTTP no Set-Cookie is sent."
            found.append(Finding(Severity.NOTE, path, words, "A cookie function must return true or false."))
        elif entry.key == "path" and text_of(value) not in (None, "/"):
            words = "Outside this path req.session is undefined: express-session compares the beginning of the URL."
            found.append(Finding(Severity.NOTE, path, words, "Use / unless that is meant."))
        elif entry.key == "expires" and _is_odd_date(value):
            words = "expires isn't a date: express-session tolerates it and calculates it from originalMaxAge again."
            found.append(Finding(Severity.NOTE, path, words))
        elif entry.key == "httpOnly" and value == Node(Kind.BOOL, False):
            found.append(
                Finding(
                    Severity.WARNING,
                    path,
                    "httpOnly is off: scripts in the page can read the cookie.",
                    "Set it to true.",
                )
            )
    return found


def _is_odd_date(value: Node) -> bool:
    if value.kind is Kind.STRING:
        return parse_time(text_of(value) or "") is None
    return value.kind in (Kind.NUMBER, Kind.ARRAY, Kind.OBJECT) and value.tag != "date"


def _judge_keys(root: Node) -> list[Finding]:
    return [
        Finding(
            Severity.REFUSED,
            (position,),
            f"{entry.key} is a reserved name: express-session drops this member on load and erases it from the store.",
            "Use another name.",
        )
        for position, entry in enumerate(root.entries)
        if entry.key in RESERVED_KEYS
    ]


def _judge_last_access(root: Node) -> list[Finding]:
    position = find_member(root, "__lastAccess")
    if position is None:
        return [
            Finding(
                Severity.WARNING,
                (),
                "__lastAccess is missing: session-file-store never lets this session expire.",
                "Set __lastAccess to the time of the last request in epoch milliseconds.",
            )
        ]
    if child(root, (position,)).kind is not Kind.NUMBER:
        return [
            Finding(
                Severity.REFUSED,
                (position,),
                "__lastAccess isn't a number: session-file-store calculates a wrong expiry, or none.",
                "Write it as epoch milliseconds.",
            )
        ]
    return []


def _judge_last_modified(root: Node) -> list[Finding]:
    position = find_member(root, "lastModified")
    if position is None or child(root, (position,)).tag == "date":
        return []
    return [
        Finding(
            Severity.REFUSED,
            (position,),
            "lastModified is connect-mongo's own: a value that isn't a Date makes every request that does not change the session fail.",
            "Use another name.",
        )
    ]
