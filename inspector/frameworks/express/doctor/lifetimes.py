"""Rules about when sessions end: how the store's end, the cookie's and `originalMaxAge` fit together. Source: insight.md 1.3."""

from __future__ import annotations

from inspector.core.display import format_span
from inspector.core.store_facts import DAY_MS, HOUR_MS, MINUTE_MS, NEVER, Mark, StoreFacts, StoreRule, enough, median
from inspector.core.store_finding import Fix, StoreFinding, Weight
from inspector.frameworks.express.doctor.fixes import (
    clean_up_lines,
    command,
    cookie_line,
    ending_lines,
    library_of,
    no_ttl_lines,
    ttl_lines,
)

_FAR_MS = 400 * DAY_MS  # browsers cap a cookie's life there
_SHORT_MS = MINUTE_MS  # 15-minute banks are far above
_LONG_MS = 180 * DAY_MS
_SECOND_MS = 1000
# How long ended records stand in a healthy store: by what cleans up, and for Mongo by whether it has a TTL index.
_GRACE_MS = {
    "connect-redis": 5 * MINUTE_MS,
    "connect-mongo": 150 * MINUTE_MS,  # autoRemove: 'interval'
    "session-file-store": 2 * HOUR_MS,
    "better-sqlite3-session-store": 45 * MINUTE_MS,
    "connect-sqlite3": 26 * HOUR_MS,  # it cleans once a day
    "connect-session-knex": 10 * MINUTE_MS,
    "connect-pg-simple": 45 * MINUTE_MS,
    "express-mysql-session": 45 * MINUTE_MS,
}
_WITH_TTL_INDEX_MS = 5 * MINUTE_MS
_LONGEST_GRACE_MS = 26 * HOUR_MS
_TOUCHES_WITH_MAX_AGE = frozenset(("connect-sqlite3", "better-sqlite3-session-store"))


def grace_ms(facts: StoreFacts) -> int:
    """Return for how long the store's own clean-up may leave what has ended."""
    if facts.server.get("ttl_field"):
        return _WITH_TTL_INDEX_MS
    return _GRACE_MS.get(library_of(facts), _LONGEST_GRACE_MS)


def _no_expiry(facts: StoreFacts) -> StoreFinding | None:
    if NEVER not in facts.ends:
        return None
    sessions = Mark.READ if facts.ends_inside else Mark.READ | Mark.SEALED
    rows = [row for row in facts.rows() if facts.ends[row] == NEVER and facts.marks[row] & sessions]
    of = len(facts.living())
    if not rows:
        return None
    is_rare = len(rows) < 10 or len(rows) < 0.001 * of
    return StoreFinding(
        "no-expiry",
        Weight.MEDIUM if is_rare else Weight.HIGH,
        f"{len(rows):,} of {of:,} sessions never expire",
        "They stay until somebody deletes them, and the store only grows.",
        len(rows),
        of,
        (*ending_lines(facts), command("session-inspector expire STORE --filter finding:no-expiry --in 24h")),
        facts.where(rows),
        links=("https://github.com/tj/connect-redis/issues/315", "https://github.com/tj/connect-redis/issues/316"),
    )


def _ttl_unit(facts: StoreFacts) -> StoreFinding | None:
    living = facts.living(Mark.COOKIE)
    far, ends, ages = facts.now_ms + _FAR_MS, facts.ends, facts.max_age
    found = facts.where([row for row in living if far < ends[row] < NEVER and ages[row] < _FAR_MS])
    if not enough(len(found), len(living), 0.0, 3):
        return None
    left = format_span(median([facts.ends[row] - facts.now_ms for row in found.spread(999)]))
    return StoreFinding(
        "ttl-unit",
        Weight.HIGH,
        f"{len(found):,} sessions end in {left}",
        "The store's ttl is counted in seconds: 86400000 are 2.7 years, where a day was meant.",
        len(found),
        len(living),
        ttl_lines(facts),
        found,
        links=("https://github.com/tj/connect-redis/issues/239", "https://github.com/tj/connect-redis/issues/351"),
    )


def _max_age_unit(facts: StoreFacts) -> StoreFinding | None:
    living = facts.living(Mark.COOKIE)
    ages = facts.max_age
    found = facts.where([row for row in living if 0 < ages[row] < _SHORT_MS])
    if not enough(len(found), len(living), 0.01, 3):
        return None
    age = median([facts.max_age[row] for row in found.spread(999)])
    return StoreFinding(
        "max-age-unit",
        Weight.HIGH,
        f"{len(found):,} sessions live {age / 1000:g} seconds",
        "cookie.maxAge is in milliseconds: users are logged out between two pages.",
        len(found),
        len(living),
        (cookie_line("maxAge: 3600000"),),
        found,
        links=("https://github.com/tj/connect-redis/issues/228", "https://github.com/hoangvvo/next-session/issues/369"),
    )


def _store_outlives_cookie(facts: StoreFacts) -> StoreFinding | None:
    ends, ages, now_ms = facts.ends, facts.max_age, facts.now_ms
    living = [row for row in facts.living(Mark.COOKIE) if ends[row] < NEVER]
    # koa's 10 seconds on top and a drifting clock stay silent
    late = [row for row in living if ages[row] >= 0 and ends[row] - now_ms > ages[row] * 1.02 + MINUTE_MS]
    found = facts.where(late)
    if not enough(len(found), len(living), 0.01, 3):
        return None
    return StoreFinding(
        "store-outlives-cookie",
        Weight.MEDIUM,
        f"{len(found):,} of {len(living):,} records outlive their cookie",
        "A stolen ID works for longer than the browser keeps it. Or it is a “remember me” that only set cookie.maxAge, "
        "which is lost at the next request.",
        len(found),
        len(living),
        (
            *no_ttl_lines(facts),
            Fix("express-session", "req.session.remember = true; req.session.cookie.maxAge = 2592000000"),
        ),
        found,
        links=("https://github.com/tj/connect-redis/issues/92", "https://github.com/tj/connect-redis/issues/289"),
    )


def _early(facts: StoreFacts) -> tuple[list[int], list[int]]:
    """Return the rows whose store's end is 2 seconds or more before the cookie's, and all that have both ends."""
    ends, cookie_ends = facts.ends, facts.cookie_ends
    both = [row for row in facts.living(Mark.COOKIE) if cookie_ends[row] and ends[row] < NEVER]
    return [row for row in both if ends[row] - cookie_ends[row] < -2 * _SECOND_MS], both


def _store_ends_before_cookie(facts: StoreFacts) -> StoreFinding | None:
    early, both = _early(facts)
    gap = median([facts.cookie_ends[row] - facts.ends[row] for row in early])
    if not enough(len(early), len(both), 0.02, 5) or gap <= 15 * MINUTE_MS:
        return None
    return StoreFinding(
        "store-ends-before-cookie",
        Weight.MEDIUM,
        f"The store forgets {len(early):,} sessions {format_span(gap)} before the browser does",
        "Their users look logged in and are not.",
        len(early),
        len(both),
        no_ttl_lines(facts),
        facts.where(early),
        links=("https://github.com/tj/connect-redis/issues/366", "https://github.com/expressjs/session/issues/227"),
    )


def _application_clock(facts: StoreFacts) -> StoreFinding | None:
    everything, both = _early(facts)
    early = [row for row in everything if facts.cookie_ends[row] - facts.ends[row] <= 15 * MINUTE_MS]
    if not enough(len(early), len(both), 0.02, 5):
        return None
    if median([facts.cookie_ends[row] - facts.ends[row] for row in everything]) > 15 * MINUTE_MS:
        return None  # the store's ttl is shorter: `store-ends-before-cookie`
    ahead = median([facts.cookie_ends[row] - facts.ends[row] for row in early])
    return StoreFinding(
        "application-clock",
        Weight.LOW if ahead < 30 * _SECOND_MS else Weight.MEDIUM,
        f"One application server's clock is {format_span(ahead)} ahead",
        f"It wrote {len(early):,} of these sessions; they end too early or too late by that.",
        len(early),
        len(both),
        (Fix("systemd", "timedatectl set-ntp true"),),
        facts.where(early),
        links=("https://github.com/spring-projects/spring-session/issues/1001",),
    )


def _expired_standing(facts: StoreFacts) -> StoreFinding | None:
    limit, rows = facts.now_ms - grace_ms(facts), facts.rows(Mark.READ)
    ends = facts.ends
    found = facts.where([row for row in rows if 1 < ends[row] < limit])
    if not enough(len(found), len(rows), 0.005, 5):
        return None
    return StoreFinding(
        "expired-standing",
        Weight.HIGH if len(found) >= 0.3 * len(rows) else Weight.MEDIUM,
        f"{len(found):,} of {len(rows):,} sessions ended and are still there",
        "The store grows, and every scan gets slower.",
        len(found),
        len(rows),
        (*clean_up_lines(facts), command("session-inspector delete STORE --filter finding:expired-standing")),
        found,
        links=(
            "https://github.com/jdesboeufs/connect-mongo/issues/42",
            "https://github.com/valery-barysok/session-file-store/issues/59",
            "https://github.com/expressjs/session/issues/325",
        ),
    )


def _fixed_lifetime(facts: StoreFacts) -> StoreFinding | None:
    living = facts.living(Mark.COOKIE)
    found = facts.where(living, lambda row: facts.max_age[row] < 0)
    if library_of(facts) not in _TOUCHES_WITH_MAX_AGE or not enough(len(found), len(living), 0.2, 3):
        return None
    return StoreFinding(
        "fixed-lifetime",
        Weight.MEDIUM,
        f"{len(found):,} sessions end 24 hours after their last change",
        "Even those of users who are active: without maxAge this store's touch extends nothing.",
        len(found),
        len(living),
        (cookie_line("maxAge: 86400000"),),
        found,
        links=("https://github.com/rawberg/connect-sqlite3/issues/2",),
    )


def _long_lifetime(facts: StoreFacts) -> StoreFinding | None:
    signed_in = [row for row in facts.living(Mark.COOKIE) if facts.users[row] >= 0]
    found = facts.where(signed_in, lambda row: facts.max_age[row] > _LONG_MS)
    if not enough(len(found), len(signed_in), 0.05, 1):
        return None
    age = format_span(median([facts.max_age[row] for row in found.spread(999)]))
    return StoreFinding(
        "long-lifetime",
        Weight.LOW,
        f"{len(found):,} logins last {age}",
        "A stolen cookie does too, and every visitor costs memory for as long.",
        len(found),
        len(signed_in),
        (Fix("express-session", "session({rolling: true, cookie: {maxAge: 2592000000}})"),),
        found,
        links=("https://github.com/cuttle-cards/cuttle/issues/1365",),
    )


def _stale_logins(facts: StoreFacts) -> StoreFinding | None:
    signed_in = [row for row in facts.living(Mark.COOKIE) if facts.users[row] >= 0]
    found = facts.where(signed_in, lambda row: _idle_ms(facts, row) > 30 * DAY_MS)
    if not enough(len(found), len(signed_in), 0.05, 1):
        return None
    return StoreFinding(
        "stale-logins",
        Weight.LOW,
        f"{len(found):,} logins were not used for 30 days and still work",
        "Whoever finds such a cookie is signed in.",
        len(found),
        len(signed_in),
        (cookie_line("maxAge: 604800000"),),
        found,
    )


def _privileged_idle(facts: StoreFacts) -> StoreFinding | None:
    admins = facts.living(Mark.COOKIE | Mark.ADMIN)
    found = facts.where(admins, lambda row: _idle_ms(facts, row) > 7 * DAY_MS)
    if not len(found):
        return None
    return StoreFinding(
        "privileged-idle",
        Weight.LOW,
        f"{len(found):,} admin {'login was' if len(found) == 1 else 'logins were'} not used for a week and still work",
        "A stolen one of these opens everything.",
        len(found),
        len(admins),
        (cookie_line("maxAge: 3600000"), command("session-inspector delete STORE --filter finding:privileged-idle")),
        found,
    )


def _idle_ms(facts: StoreFacts, row: int) -> float:
    """Return how long a session was not used: each request puts its end a whole lifetime ahead."""
    if facts.max_age[row] <= 0 or facts.ends[row] == NEVER:
        return 0
    return facts.now_ms - (facts.ends[row] - facts.max_age[row])


LIFETIMES = (
    StoreRule("no-expiry", _no_expiry),
    StoreRule("ttl-unit", _ttl_unit),
    StoreRule("max-age-unit", _max_age_unit),
    StoreRule("store-outlives-cookie", _store_outlives_cookie),
    StoreRule("store-ends-before-cookie", _store_ends_before_cookie),
    StoreRule("application-clock", _application_clock),
    StoreRule("expired-standing", _expired_standing),
    StoreRule("fixed-lifetime", _fixed_lifetime),
    StoreRule("long-lifetime", _long_lifetime),
    StoreRule("stale-logins", _stale_logins),
    StoreRule("privileged-idle", _privileged_idle),
)
