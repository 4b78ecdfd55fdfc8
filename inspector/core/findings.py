"""What is wrong or odd in a session record and what an edit would break; knows no store connection.

The rules are those of the real libraries: express-session 1.19, connect-redis, connect-mongo, session-file-store.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.core.field_path import format_field_path
from inspector.core.node import Kind, Node, Path, child, find_member, member, number_of, text_of


class Severity(Enum):
    REFUSED = "refused"  # an edit that must not be saved: the application would break
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` says what happens, `remedy` what to do; `path` is the node it is about (in the examined tree)."""

    severity: Severity
    path: Path
    text: str
    remedy: str = ""


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
_MAX_SAFE = 2**53 - 1


def examine(root: Node, kind: str) -> tuple[Finding, ...]:
    """Return what is odd in a stored session of a "redis", "mongo", "file" or "memory" store; never REFUSED."""
    return tuple(
        Finding(Severity.WARNING, found.path, found.text, found.remedy) if found.severity is Severity.REFUSED else found
        for found in _judge(root, kind)
    )


def check_edit(before: Node | None, after: Node, kind: str) -> tuple[Finding, ...]:
    """Return what saving `after` in place of `before` (None: a new record) would break (REFUSED) or risk (WARNING).

    Only what the edit brings in is judged: an oddity that was there before is not the edit's.
    """
    old = {(_where(before, found.path), found.text) for found in _judge(before, kind)} if before is not None else set()
    return tuple(found for found in _judge(after, kind) if (_where(after, found.path), found.text) not in old)


def _where(root: Node, path: Path) -> str:
    return format_field_path(root, path)


def _judge(root: Node, kind: str) -> list[Finding]:
    if root.kind is not Kind.OBJECT:
        return [
            Finding(
                Severity.REFUSED,
                (),
                f"The record is {_article(root)}, not an object: express-session cannot load it.",
                "A session is an object with a cookie member.",
            )
        ]
    found = _judge_cookie(root)
    found += _judge_keys(root)
    found += _judge_values(root)
    if kind == "file":
        found += _judge_last_access(root)
    if kind == "mongo":
        found += _judge_last_modified(root)
    return found


def _judge_cookie(root: Node) -> list[Finding]:
    position = find_member(root, "cookie")
    if position is None:
        return [
            Finding(
                Severity.REFUSED,
                (),
                "There is no cookie member: the application answers 500 to every request with this session.",
                'Put "cookie": {"originalMaxAge": null, "expires": null, "httpOnly": true, "path": "/"} back.',
            )
        ]
    cookie = root.entries[position].value
    if cookie.kind is not Kind.OBJECT:
        return [
            Finding(
                Severity.REFUSED,
                (position,),
                f"cookie is {_article(cookie)}, not an object: the application answers 500 to every request with it.",
                "Make it an object with originalMaxAge, expires, httpOnly and path.",
            )
        ]
    return _judge_max_age(cookie, position) + _judge_attributes(cookie, position)


def _judge_max_age(cookie: Node, at: int) -> list[Finding]:
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
    if value.kind is Kind.STRING:
        return [
            Finding(
                Severity.REFUSED,
                path,
                "originalMaxAge is text: touching the session throws and the request hangs for ever.",
                "Write it as a number of milliseconds, or null.",
            )
        ]
    if value.kind in (Kind.OBJECT, Kind.ARRAY) or value == Node(Kind.BOOL, True):
        return [
            Finding(
                Severity.REFUSED,
                path,
                f"originalMaxAge is {_article(value)}: touching the session throws.",
                "Write it as a number of milliseconds, or null.",
            )
        ]
    number = number_of(value)
    if number is not None and number <= 0:
        return [
            Finding(
                Severity.WARNING,
                path,
                "originalMaxAge is not above zero: the session ends with the next request.",
                "Delete the session instead if that is meant.",
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
                        "sameSite is none of strict, lax, none, true, false: the next Set-Cookie silently fails.",
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
                    "secure is true: over plain HTTP, or behind a proxy which is not trusted, no Set-Cookie is sent.",
                    'Behind TLS, set "trust proxy" in the application.',
                )
            )
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


def _judge_values(root: Node) -> list[Finding]:
    found: list[Finding] = []
    waiting: list[tuple[Node, Path]] = [(root, ())]
    while waiting and len(found) < 50:
        node, path = waiting.pop()
        if node.kind is Kind.NUMBER and isinstance(node.scalar, str) and node.tag in ("", "int64"):
            if node.scalar.lstrip("-").isdigit() and abs(int(node.scalar[:400])) > _MAX_SAFE:
                found.append(
                    Finding(
                        Severity.WARNING,
                        path,
                        f"JavaScript cannot hold this number: the application reads {float(node.scalar):.0f}"
                        if len(node.scalar) < 300
                        else "JavaScript cannot hold this number: the application reads Infinity",
                        "Keep long IDs as text.",
                    )
                )
        elif node.kind is Kind.OBJECT:
            seen: set[str | None] = set()
            for position, entry in enumerate(node.entries):
                if entry.key in seen:
                    found.append(
                        Finding(
                            Severity.WARNING,
                            (*path, position),
                            f"The name {entry.key!r} stands more than once: the application sees the last one only.",
                            "Remove the others.",
                        )
                    )
                seen.add(entry.key)
        waiting.extend((entry.value, (*path, position)) for position, entry in enumerate(node.entries) if entry.value.entries
                       or entry.value.kind is Kind.NUMBER)  # fmt: skip
    return found


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
                "__lastAccess is no number: session-file-store never lets this session expire.",
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
            "lastModified is connect-mongo's own: a value which is no Date makes every request that does not change the session fail.",
            "Use another name.",
        )
    ]


def _article(node: Node) -> str:
    return {
        Kind.ARRAY: "an array", Kind.STRING: "text", Kind.NUMBER: "a number", Kind.BOOL: "true or false", Kind.NULL: "null",
        Kind.OBJECT: "an object", Kind.OTHER: "of another type",
    }[node.kind]  # fmt: skip
