"""Rules about what stands in sessions of express-session. Source: insight.md 1.3."""

from __future__ import annotations

from collections import Counter

from inspector.core.store_facts import MINUTE_MS, NEVER, Mark, StoreFacts, StoreRule, enough
from inspector.core.store_finding import Fix, StoreFinding, Weight
from inspector.frameworks.express.doctor.fixes import command, library_of, session_line

_SLACK_MS = 1500  # a TTL is rounded up to seconds
_YOUNG_MS = 2 * MINUTE_MS
_FEW = 10


def _empty_sessions(facts: StoreFacts) -> StoreFinding | None:
    living = facts.living(Mark.READ)
    found = facts.where(facts.living(Mark.READ | Mark.EMPTY))
    # passport 0.6 leaves an empty one at each logout: 7 % of a healthy store
    if not enough(len(found), len(living), 0.2, 50):
        return None
    share = 100 * len(found) / len(living)
    return StoreFinding(
        "empty-sessions",
        Weight.HIGH if share >= 60 else Weight.MEDIUM,
        f"{share:.0f} % of sessions hold nothing but their cookie ({len(found):,} of {len(living):,})",
        "Every bot and health check leaves one.",
        len(found),
        len(living),
        (
            session_line("resave: false, saveUninitialized: false"),
            command("session-inspector delete STORE --filter finding:empty-sessions"),
        ),
        found,
        links=(
            "https://github.com/expressjs/session/issues/511",
            "https://github.com/jdesboeufs/connect-mongo/issues/110",
        ),
    )


def _cookie_never_returned(facts: StoreFacts) -> StoreFinding | None:
    if library_of(facts) != "connect-redis":
        return None  # only its touch moves the store's end and leaves the cookie's
    old = [
        row
        for row in facts.living(Mark.COOKIE)
        if facts.max_age[row] > 0
        and facts.cookie_ends[row]
        and facts.ends[row] < NEVER
        and facts.now_ms - (facts.cookie_ends[row] - facts.max_age[row]) > _YOUNG_MS
    ]
    unused = [row for row in old if abs(facts.ends[row] - facts.cookie_ends[row]) <= _SLACK_MS]
    if not enough(len(unused), len(old), 0.8, _FEW):
        return None
    signed_in = [row for row in unused if facts.users[row] >= 0]
    sessions_of = Counter(facts.users[row] for row in signed_in)
    # A healthy resave: true looks alike, and so does a monitor that logs in: those are many people, or one.
    of_many = sum(number for number in sessions_of.values() if number >= 3)
    if len(sessions_of) < 2 or of_many < 0.5 * len(signed_in):
        return None
    is_secure = sum(_is_secure(facts, row) for row in unused) >= 0.9 * len(unused)
    fix = Fix("express", "app.set('trust proxy', 1)")
    if not is_secure:
        fix = Fix("browser", "fetch(url, {credentials: 'include'})")
    return StoreFinding(
        "cookie-never-returned",
        Weight.HIGH,
        f"{len(unused):,} sessions of {len(sessions_of):,} users were never used again",
        "The browser does not send the cookie back: each login leaves another session."
        + (" The cookie is Secure, and behind a proxy that isn't trusted it is never set." if is_secure else ""),
        len(unused),
        len(old),
        (fix,),
        facts.where(unused),
        links=(
            "https://github.com/expressjs/session/issues/251",
            "https://github.com/expressjs/session/issues/281",
            "https://github.com/expressjs/session/issues/983",
        ),
    )


def _is_secure(facts: StoreFacts, row: int) -> bool:
    code = facts.cookie_codes[row]
    return code >= 0 and facts.cookies[code].secure is True


def _breaks_requests(facts: StoreFacts) -> StoreFinding | None:
    found = facts.where(facts.rows(Mark.BREAKS), lambda row: not facts.marks[row] & Mark.UNREADABLE)
    if not len(found):
        return None
    return StoreFinding(
        "breaks-requests",
        Weight.HIGH,
        f"{len(found):,} {'record answers 500 or hangs' if len(found) == 1 else 'records answer 500 or hang'}",
        "Each request with such a session fails. Only deleting it ends that.",
        len(found),
        facts.all_rows,
        (command("session-inspector delete STORE --filter finding:breaks-requests"),),
        found,
        links=("https://github.com/jdesboeufs/connect-mongo/issues/393",),
    )


def _reserved_name(facts: StoreFacts) -> StoreFinding | None:
    found = facts.where(facts.living(Mark.RESERVED))
    if not len(found):
        return None
    return StoreFinding(
        "reserved-name",
        Weight.MEDIUM,
        f"{len(found):,} sessions have a member with a name of express-session's own",
        "It is dropped on load, and erased from the store at the same request.",
        len(found),
        len(facts.living()),
        (
            Fix(
                "application",
                "req.session.userId = …  // any name but id, req, save, touch, reload, destroy, regenerate",
            ),
        ),
        found,
    )


def _flash_piles_up(facts: StoreFacts) -> StoreFinding | None:
    living = facts.living(Mark.READ)
    found = facts.where(facts.living(Mark.READ | Mark.FLASH))
    if not enough(len(found), len(living), 0.01, 3):
        return None
    return StoreFinding(
        "flash-piles-up",
        Weight.MEDIUM,
        f"{len(found):,} sessions collect messages that nobody reads",
        "Each request reads and writes them all again.",
        len(found),
        len(living),
        (Fix("connect-flash", "res.render('page', {messages: req.flash()})"),),
        found,
        links=("https://github.com/expressjs/flash/issues/6",),
    )


CONTENTS = (
    StoreRule("empty-sessions", _empty_sessions),
    StoreRule("cookie-never-returned", _cookie_never_returned),
    StoreRule("breaks-requests", _breaks_requests),
    StoreRule("reserved-name", _reserved_name),
    StoreRule("flash-piles-up", _flash_piles_up),
)
