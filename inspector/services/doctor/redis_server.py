"""Rules about Redis itself: memory, disk, rights, other keys. Source: insight.md 1.3."""

from __future__ import annotations

import ipaddress
from collections import Counter

from inspector.core.display import escape_display
from inspector.core.store_facts import Mark, StoreFacts, StoreRule, enough
from inspector.core.store_finding import Fix, StoreFinding, Weight
from inspector.services.doctor.server_finding import server_finding

_DAY_S = 86_400


def _evicted(facts: StoreFacts) -> StoreFinding | None:
    number = facts.say("evicted_keys")
    if not number:
        return None
    days = facts.server.get("uptime_in_seconds", 0) / _DAY_S
    return server_finding(
        "evicted",
        Weight.HIGH,
        f"Redis threw {number:,} keys away in the {days:.1f} days since it started",
        "Sessions may be among them: users are logged out for no reason. volatile-lru doesn't help, since sessions have a TTL "
        "and go as well.",
        Fix("redis", "CONFIG SET maxmemory 2gb"),
        links=("https://github.com/hitesh22rana/chronoverse/issues/149",),
    )


def _eviction_near(facts: StoreFacts) -> StoreFinding | None:
    limit, used, policy = facts.say("maxmemory"), facts.say("used_memory"), facts.say("maxmemory_policy")
    if not limit or policy == "noeviction" or used < 0.75 * limit:
        return None
    return server_finding(
        "eviction-near",
        Weight.MEDIUM,
        f"Redis uses {100 * used / limit:.0f} % of its memory, and then throws keys away ({escape_display(policy, 30)})",
        "Sessions will be among them: users are logged out for no reason.",
        Fix("redis", "CONFIG SET maxmemory 2gb"),
    )


def _memory_full(facts: StoreFacts) -> StoreFinding | None:
    limit, used, policy = facts.say("maxmemory"), facts.say("used_memory"), facts.say("maxmemory_policy")
    if not limit or policy != "noeviction" or used < 0.8 * limit:
        return None
    return server_finding(
        "memory-full",
        Weight.HIGH,
        f"Redis uses {100 * used / limit:.0f} % of its memory, and then refuses writes",
        "Every login fails then, and the application may not say why.",
        Fix("redis", "CONFIG SET maxmemory 2gb"),
        links=("https://github.com/cuttle-cards/cuttle/issues/1365",),
    )


def _disk_write_fails(facts: StoreFacts) -> StoreFinding | None:
    states = {name: facts.say(name) for name in ("rdb_last_bgsave_status", "aof_last_write_status")}
    if all(state == "ok" for state in states.values()):
        return None
    return server_finding(
        "disk-write-fails",
        Weight.HIGH,
        "Redis cannot save to disk and refuses writes",
        "No login works until it can.",
        Fix("shell", "df -h $(redis-cli CONFIG GET dir | tail -1)"),
        links=("https://github.com/redis/redis/issues/9913",),
    )


def _not_persistent(facts: StoreFacts) -> StoreFinding | None:
    is_kept = facts.say("save") or facts.say("aof_enabled") or facts.say("connected_slaves")
    signed_in = [row for row in facts.living() if facts.users[row] >= 0]
    if is_kept or not signed_in:
        return None
    users = len({facts.users[row] for row in signed_in})
    return server_finding(
        "not-persistent",
        Weight.MEDIUM,
        f"A restart logs {users:,} {'user' if users == 1 else 'users'} out",
        "Redis keeps these sessions in memory alone: no snapshot, no append-only file, no replica.",
        Fix("redis", "CONFIG SET appendonly yes"),
        links=("https://github.com/sourcegraph/sourcegraph-public-snapshot/issues/41203",),
    )


def _no_password(facts: StoreFacts) -> StoreFinding | None:
    if not facts.say("is_open"):
        return None
    weight = Weight.LOW
    if "bind" in facts.server and not _is_loopback(facts.server["bind"]):
        weight = Weight.HIGH if facts.server.get("protected_mode") == "no" else Weight.MEDIUM
    return server_finding(
        "no-password",
        weight,
        "Anyone who reaches the server may read and write its sessions",
        "It takes whoever comes without a password.",
        Fix("redis", "ACL SETUSER sessions on >PASSWORD ~sess:* +@read +@write +@connection")
        if "bind" in facts.server
        else Fix("mongod", "security: {authorization: enabled}"),
        links=("https://github.com/redis/redis/issues/7592",),
    )


def _is_loopback(bind: str) -> bool:
    """True where a server listens on this machine's own addresses alone."""
    places = [place.lstrip("-") for place in bind.split()]

    def is_own(place: str) -> bool:
        try:
            return ipaddress.ip_address(place).is_loopback
        except ValueError:
            return False

    return bool(places) and all(map(is_own, places))


def _shared_database(facts: StoreFacts) -> StoreFinding | None:
    keys, names, prefix = facts.say("keys"), facts.say("foreign_names"), facts.say("prefix")
    if not prefix:
        found = facts.where(facts.rows(Mark.OTHER_TYPE))
        if not enough(len(found), facts.all_rows, 0.001, 3):
            return None
        return server_finding(
            "shared-database",
            Weight.HIGH,
            f"{len(found):,} keys here aren't sessions, and the prefix is empty",
            "A clear() of the session store deletes them all.",
            Fix("connect-redis", "new RedisStore({client, prefix: 'sess:'})"),
            rows=found,
            links=("https://github.com/redis-store/redis-store/issues/82",),
        )
    seen = facts.say("names_seen")
    others = sum(names.values())
    if not enough(others, max(1, seen), 0.001, 3):
        return None
    about = round(others / seen * keys) if seen < keys else others
    first = ", ".join(f"{escape_display(name, 20)} ({number:,})" for name, number in Counter(names).most_common(3))
    return server_finding(
        "shared-database",
        Weight.LOW,
        f"{about:,} other keys: {first}",
        "A FLUSHDB for them logs everybody out, and where memory is short they push sessions out.",
        Fix("redis", "a separate database or server: redis://host:6379/1"),
        links=("https://github.com/statamic/v2-hub/issues/2190",),
    )


def _flushed(facts: StoreFacts) -> StoreFinding | None:
    number = facts.say("flushes")
    if not number:
        return None
    return server_finding(
        "flushed",
        Weight.MEDIUM,
        f"Somebody ran FLUSHDB or FLUSHALL {number:,} {'time' if number == 1 else 'times'} since the server started",
        "Each logged everybody out.",
        Fix("redis", "ACL SETUSER default -flushdb -flushall"),
        links=("https://github.com/statamic/v2-hub/issues/2190",),
    )


REDIS_SERVER = (
    StoreRule("evicted", _evicted, ("evicted_keys",)),
    StoreRule("eviction-near", _eviction_near, ("maxmemory",)),
    StoreRule("memory-full", _memory_full, ("maxmemory",)),
    StoreRule("disk-write-fails", _disk_write_fails, ("rdb_last_bgsave_status",)),
    StoreRule("not-persistent", _not_persistent, ("save",)),
    StoreRule("no-password", _no_password, ("is_open",)),
    StoreRule("shared-database", _shared_database, ("foreign_names",)),
    StoreRule("flushed", _flushed, ("flushes",)),
)
