"""Failures that the demo can produce on purpose, one at a time, to show what they look like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from inspector.core.secret import Secret
from inspector.demo.express_session import SessionOptions

SLOW_S = 1.5
"""How long a page takes between reading the session and saving it, where a failure needs two at once."""
_OTHER = Secret(b"the secret of the other process", "other process")


class Fault(Enum):
    NONE = "none"
    LOST_UPDATE = "lost-update"
    MISSING_TRUST_PROXY = "missing-trust-proxy"
    NO_EXPIRY = "no-expiry"
    WRONG_SECRET = "wrong-secret"
    FLOOD = "save-uninitialized-flood"
    RESAVE = "resave-overwrites-edit"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to call a failure, what to watch for, and how applications avoid it."""

    title: str
    watch: str
    remedy: str


LESSONS = {
    Fault.NONE: Lesson("none", "", ""),
    Fault.LOST_UPDATE: Lesson(
        "lost update",
        "Adding to the cart takes 1.5 s. Add two things in two tabs at the same time: one of them is lost.",
        "express-session saves the whole session and locks nothing: keep what must not be lost in a database.",
    ),
    Fault.MISSING_TRUST_PROXY: Lesson(
        "proxy not trusted",
        "The cookie is never set, so no login persists, and every visit that changes its session leaves another record.",
        'Set app.set("trust proxy", 1), or proxy: true.',
    ),
    Fault.NO_EXPIRY: Lesson(
        "no expiry",
        "No record expires, and the store keeps growing. Look at the No expiry chip.",
        "Keep disableTTL off, and never write a key without its TTL.",
    ),
    Fault.WRONG_SECRET: Lesson(
        "two secrets",
        "Every other request rejects the previous one's cookie: the login comes and goes.",
        "Give all processes the same secret from one place; when you change it, keep the old one as the second.",
    ),
    Fault.FLOOD: Lesson(
        "saveUninitialized flood",
        "Generate visitors or reload / without cookies: each leaves a record with nothing but its cookie.",
        "Set saveUninitialized: false.",
    ),
    Fault.RESAVE: Lesson(
        "resave over an edit",
        "Every page takes 1.5 s. Load one and save an edit here meanwhile: the page overwrites it with its older copy.",
        "Set resave: false.",
    ),
}


def options_of(fault: Fault, options: SessionOptions, number: int) -> SessionOptions:
    """Return the options under which request `number` (from 0) is answered."""
    match fault:
        case Fault.MISSING_TRUST_PROXY:
            return replace(options, cookie=replace(options.cookie, secure=True), proxy=None)
        case Fault.WRONG_SECRET:
            return replace(options, secrets=(_OTHER,)) if number % 2 else options
        case Fault.FLOOD:
            return replace(options, save_uninitialized=True)
        case Fault.RESAVE:
            return replace(options, resave=True)
        case _:
            return options


def delay_s(fault: Fault, method: str, number: int) -> float:
    """Return how long the page of request `number` takes between reading the session and saving it.

    Two at once end one after the other, so that the second can see what it writes over.
    """
    slow_s = SLOW_S * (1 + 0.3 * (number % 2))
    if fault is Fault.LOST_UPDATE:
        return slow_s if method == "POST" else 0.0
    return slow_s if fault is Fault.RESAVE else 0.0
