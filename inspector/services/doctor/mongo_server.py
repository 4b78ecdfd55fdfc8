"""Rules about MongoDB itself: its TTL indexes, and space that it keeps. Source: insight.md 1.3."""

from __future__ import annotations

from inspector.core.display import escape_display, format_size, format_span
from inspector.core.row_set import RowSet
from inspector.core.store_facts import Mark, StoreFacts, StoreRule, enough
from inspector.core.store_finding import Fix, StoreFinding, Weight
from inspector.services.doctor.server_finding import server_finding

_DAY_S = 86_400
_GIB = 1 << 30


def _ttl_index_missing(facts: StoreFacts) -> StoreFinding | None:
    if facts.say("ttl_field"):
        return None
    ended = [row for row in facts.rows(Mark.READ) if 1 < facts.ends[row] < facts.now_ms - 150 * 60_000]
    if not enough(len(ended), len(facts.rows(Mark.READ)), 0.005, 5):
        return None  # autoRemove: 'interval' needs none
    field = escape_display(facts.say("expires_field"), 40)
    return server_finding(
        "ttl-index-missing",
        Weight.HIGH,
        f"No TTL index on {field}, and {len(ended):,} sessions that ended are still there",
        "MongoDB removes nothing without one.",
        Fix("mongosh", f"db.sessions.createIndex({{{field}: 1}}, {{expireAfterSeconds: 0}})"),
        rows=RowSet(ended),
        links=(
            "https://github.com/jdesboeufs/connect-mongo/issues/56",
            "https://github.com/jdesboeufs/connect-mongo/issues/160",
        ),
    )


def _ttl_index_odd(facts: StoreFacts) -> StoreFinding | None:
    indexes, field = facts.say("ttl_indexes"), facts.say("expires_field")
    odd = {name: seconds for name, seconds in indexes.items() if name != field or seconds > _DAY_S}
    if not odd:
        return None
    name, seconds = next(iter(odd.items()))
    shown = escape_display(name, 40)
    return server_finding(
        "ttl-index-odd",
        Weight.MEDIUM,
        f"A TTL index on {shown} removes records {format_span(seconds * 1000)} after that time",
        "Sessions in use are removed too." if name != field else "Sessions that ended stay for that long.",
        Fix("mongosh", f"db.sessions.dropIndex({{{shown}: 1}})"),
        Fix("mongosh", f"db.sessions.createIndex({{{escape_display(field, 40)}: 1}}, {{expireAfterSeconds: 0}})"),
        links=("https://github.com/jdesboeufs/connect-mongo/issues/459",),
    )


def _ttl_monitor_off(facts: StoreFacts) -> StoreFinding | None:
    if facts.say("ttl_monitor"):
        return None
    return server_finding(
        "ttl-monitor-off",
        Weight.HIGH,
        "MongoDB's TTL monitor is off",
        "Sessions that end are not removed.",
        Fix("mongosh", "db.adminCommand({setParameter: 1, ttlMonitorEnabled: true})"),
    )


def _expiry_not_a_date(facts: StoreFacts) -> StoreFinding | None:
    facts.say("expires_field")
    found = facts.where(facts.rows(Mark.NO_TIME))
    if not len(found):
        return None
    return StoreFinding(
        "expiry-not-a-date",
        Weight.HIGH,
        f"{len(found):,} {'document is' if len(found) == 1 else 'documents are'} invisible to the application",
        "Their expiry isn't a date: their users are logged out, and MongoDB never removes them.",
        len(found),
        facts.all_rows,
        (Fix("session-inspector", "session-inspector delete STORE --filter finding:expiry-not-a-date"),),
        found,
    )


def _space_not_given_back(facts: StoreFacts) -> StoreFinding | None:
    free, stored = facts.say("free_bytes"), facts.say("stored_bytes")
    if free <= _GIB or free < stored / 2:
        return None
    return server_finding(
        "space-not-given-back",
        Weight.LOW,
        f"{format_size(free)} of the collection's {format_size(stored)} are free and not given back",
        "The disk stays full although the sessions are gone.",
        Fix("mongosh", "db.runCommand({compact: 'sessions'})"),
        links=("https://github.com/jdesboeufs/connect-mongo/issues/42",),
    )


MONGO_SERVER = (
    StoreRule("ttl-index-missing", _ttl_index_missing, ("ttl_field",)),
    StoreRule("ttl-index-odd", _ttl_index_odd, ("ttl_indexes",)),
    StoreRule("ttl-monitor-off", _ttl_monitor_off, ("ttl_monitor",)),
    StoreRule("expiry-not-a-date", _expiry_not_a_date, ("expires_field",)),
    StoreRule("space-not-given-back", _space_not_given_back, ("free_bytes",)),
)
