"""Rules about the server that holds the sessions: memory, disk, rights, clocks, other keys. Source: insight.md 1.3.

Each needs facts by name (`SessionStore.server_facts`), so that it applies to every kind of store that has them.
"""

from __future__ import annotations

import ipaddress
from collections import Counter

from inspector.core.display import escape_display, format_size, format_span
from inspector.core.row_set import RowSet
from inspector.core.store_facts import Mark, StoreFacts, StoreRule, enough
from inspector.core.store_finding import Fix, StoreFinding, Weight

_SLACK_MS = 2000
_DAY_S = 86_400
_GIB, _MIB = 1 << 30, 1 << 20
_MANY_FILES = 50_000


def _finding(
    identity: str,
    weight: Weight,
    title: str,
    text: str,
    *fixes: Fix,
    rows: RowSet | None = None,
    links: tuple[str, ...] = (),
) -> StoreFinding:
    return StoreFinding(identity, weight, title, text, fixes=fixes, rows=rows or RowSet(), links=links)


def _clock_of_this_computer(facts: StoreFacts) -> StoreFinding | None:
    off_ms = facts.say("server_ms") - facts.say("asked_ms")
    if abs(off_ms) <= _SLACK_MS + facts.say("round_trip_ms"):
        return None
    way = "behind" if off_ms > 0 else "ahead of"
    return _finding(
        "clock-of-this-computer",
        Weight.LOW,
        f"This computer's clock is {format_span(abs(off_ms))} {way} the server's",
        "Countdowns shown here are off by that; the sessions are not.",
        Fix("systemd", "timedatectl set-ntp true"),
    )


# --- Redis ---------------------------------------------------------------------------------------------------------


def _evicted(facts: StoreFacts) -> StoreFinding | None:
    number = facts.say("evicted_keys")
    if not number:
        return None
    days = facts.server.get("uptime_in_seconds", 0) / _DAY_S
    return _finding(
        "evicted",
        Weight.HIGH,
        f"Redis threw {number:,} keys away in the {days:.1f} days since it started",
        "Sessions may be among them: users are logged out for no reason. volatile-lru is no cure, since sessions have a TTL "
        "and go as well.",
        Fix("redis", "CONFIG SET maxmemory 2gb"),
        links=("https://github.com/hitesh22rana/chronoverse/issues/149",),
    )


def _eviction_near(facts: StoreFacts) -> StoreFinding | None:
    limit, used, policy = facts.say("maxmemory"), facts.say("used_memory"), facts.say("maxmemory_policy")
    if not limit or policy == "noeviction" or used < 0.75 * limit:
        return None
    return _finding(
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
    return _finding(
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
    return _finding(
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
    return _finding(
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
    return _finding(
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
        return _finding(
            "shared-database",
            Weight.HIGH,
            f"{len(found):,} keys here are no sessions, and the prefix is empty",
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
    return _finding(
        "shared-database",
        Weight.LOW,
        f"{about:,} other keys: {first}",
        "A FLUSHDB for them logs everybody out, and where memory is short they push sessions out.",
        Fix("redis", "a database or a server of its own: redis://host:6379/1"),
        links=("https://github.com/statamic/v2-hub/issues/2190",),
    )


def _flushed(facts: StoreFacts) -> StoreFinding | None:
    number = facts.say("flushes")
    if not number:
        return None
    return _finding(
        "flushed",
        Weight.MEDIUM,
        f"Somebody ran FLUSHDB or FLUSHALL {number:,} {'time' if number == 1 else 'times'} since the server started",
        "Each logged everybody out.",
        Fix("redis", "ACL SETUSER default -flushdb -flushall"),
        links=("https://github.com/statamic/v2-hub/issues/2190",),
    )


# --- MongoDB -------------------------------------------------------------------------------------------------------


def _ttl_index_missing(facts: StoreFacts) -> StoreFinding | None:
    if facts.say("ttl_field"):
        return None
    ended = [row for row in facts.rows(Mark.READ) if 1 < facts.ends[row] < facts.now_ms - 150 * 60_000]
    if not enough(len(ended), len(facts.rows(Mark.READ)), 0.005, 5):
        return None  # autoRemove: 'interval' needs none
    field = escape_display(facts.say("expires_field"), 40)
    return _finding(
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
    return _finding(
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
    return _finding(
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
        "Their expiry is no date: their users are logged out, and MongoDB never removes them.",
        len(found),
        facts.all_rows,
        (Fix("session-inspector", "session-inspector delete STORE --filter finding:expiry-not-a-date"),),
        found,
    )


def _space_not_given_back(facts: StoreFacts) -> StoreFinding | None:
    free, stored = facts.say("free_bytes"), facts.say("stored_bytes")
    if free <= _GIB or free < stored / 2:
        return None
    return _finding(
        "space-not-given-back",
        Weight.LOW,
        f"{format_size(free)} of the collection's {format_size(stored)} are free and not given back",
        "The disk stays full although the sessions are gone.",
        Fix("mongosh", "db.runCommand({compact: 'sessions'})"),
        links=("https://github.com/jdesboeufs/connect-mongo/issues/42",),
    )


# --- SQLite --------------------------------------------------------------------------------------------------------


def _journal_mode(facts: StoreFacts) -> StoreFinding | None:
    mode = facts.say("journal_mode")
    if mode == "wal":
        return None
    return _finding(
        "journal-mode",
        Weight.INFO,
        f"The journal mode is {escape_display(mode, 20)}, not WAL",
        "A reader makes writers wait: “database is locked”.",
        Fix("sqlite3", "PRAGMA journal_mode=WAL"),
        links=("https://github.com/rawberg/connect-sqlite3/issues/15",),
    )


def _free_pages(facts: StoreFacts) -> StoreFinding | None:
    free, pages, size = facts.say("freelist_count"), facts.say("page_count"), facts.say("page_size")
    if pages * size < 100 * _MIB or free < pages / 2:
        return None
    return _finding(
        "space-not-given-back",
        Weight.LOW,
        f"{format_size(free * size)} of the file's {format_size(pages * size)} are free and not given back",
        "The disk stays full although the sessions are gone.",
        Fix("sqlite3", "VACUUM"),
    )


# --- folders -------------------------------------------------------------------------------------------------------


def _folder_writable(facts: StoreFacts) -> StoreFinding | None:
    if not facts.say("is_writable_by_others"):
        return None
    return _finding(
        "folder-writable",
        Weight.HIGH,
        "Anyone on this machine may write into the session folder",
        "So anyone can forge a login.",
        Fix("shell", "chmod 700 FOLDER"),
    )


def _folder_readable(facts: StoreFacts) -> StoreFinding | None:
    if not facts.say("is_readable_by_others"):
        return None
    return _finding(
        "folder-readable",
        Weight.LOW,
        "Anyone on this machine may list the session folder",
        "A file name is a session ID.",
        Fix("shell", "chmod 700 FOLDER"),
    )


def _folder_served(facts: StoreFacts) -> StoreFinding | None:
    part = facts.say("served_part")
    if not part:
        return None
    return _finding(
        "folder-served",
        Weight.HIGH,
        f"The session folder lies in {escape_display(part, 30)}",
        "The web server may hand out session files.",
        Fix("session-file-store", "new FileStore({path: '/var/lib/app/sessions'})"),
    )


def _several_owners(facts: StoreFacts) -> StoreFinding | None:
    owners = Counter(facts.say("owners"))
    if len(owners) < 2:
        return None
    (first, _), *others = owners.most_common()
    count = sum(number for _name, number in others)
    names = ", ".join(escape_display(name, 20) for name, _number in others[:3])
    return _finding(
        "several-owners",
        Weight.HIGH,
        f"{count:,} session {'file belongs' if count == 1 else 'files belong'} to {names}, the others to {escape_display(first, 20)}",
        "The application cannot rewrite them: those users get errors.",
        Fix("shell", f"chown {escape_display(first, 20)} FOLDER/*.json"),
        links=("https://github.com/valery-barysok/session-file-store/issues/98",),
    )


def _temporary_leftovers(facts: StoreFacts) -> StoreFinding | None:
    names = facts.say("leftovers")
    if not names:
        return None
    return _finding(
        "temporary-leftovers",
        Weight.LOW,
        f"{len(names):,} {'file is' if len(names) == 1 else 'files are'} left of writes that were cut off",
        "They hold whole sessions, and nothing removes them.",
        Fix("shell", "find FOLDER -name '*.json.[0-9]*' -mmin +60 -delete"),
    )


def _disk_nearly_full(facts: StoreFacts) -> StoreFinding | None:
    free, total = facts.say("free_disk_bytes"), facts.say("disk_bytes")
    if free >= min(_GIB, 0.05 * total) or not total:
        return None
    return _finding(
        "disk-nearly-full",
        Weight.HIGH,
        f"{format_size(free)} are left on the disk of the session folder",
        "Once it is full, every login fails.",
        Fix("shell", "df -h FOLDER"),
    )


def _inodes_nearly_out(facts: StoreFacts) -> StoreFinding | None:
    free, total = facts.say("free_inodes"), facts.say("inodes")
    if not total or free >= 0.05 * total:
        return None
    return _finding(
        "inodes-nearly-out",
        Weight.HIGH,
        f"{free:,} of {total:,} inodes are left on the disk of the session folder",
        "Each session takes one; once they are used up, every login fails.",
        Fix("shell", "df -i FOLDER"),
    )


def _too_many_files(facts: StoreFacts) -> StoreFinding | None:
    number = facts.say("files")
    if number < _MANY_FILES:
        return None
    return _finding(
        "too-many-files",
        Weight.LOW,
        f"{number:,} files in one folder",
        "session-file-store reads them all each hour to find what ended.",
        Fix("express-session", "session({store: new RedisStore({client})})"),
        links=("https://github.com/valery-barysok/session-file-store/issues/41",),
    )


SERVER = (
    StoreRule("clock-of-this-computer", _clock_of_this_computer, ("server_ms",)),
    StoreRule("evicted", _evicted, ("evicted_keys",)),
    StoreRule("eviction-near", _eviction_near, ("maxmemory",)),
    StoreRule("memory-full", _memory_full, ("maxmemory",)),
    StoreRule("disk-write-fails", _disk_write_fails, ("rdb_last_bgsave_status",)),
    StoreRule("not-persistent", _not_persistent, ("save",)),
    StoreRule("no-password", _no_password, ("is_open",)),
    StoreRule("shared-database", _shared_database, ("foreign_names",)),
    StoreRule("flushed", _flushed, ("flushes",)),
    StoreRule("ttl-index-missing", _ttl_index_missing, ("ttl_field",)),
    StoreRule("ttl-index-odd", _ttl_index_odd, ("ttl_indexes",)),
    StoreRule("ttl-monitor-off", _ttl_monitor_off, ("ttl_monitor",)),
    StoreRule("expiry-not-a-date", _expiry_not_a_date, ("expires_field",)),
    StoreRule("space-not-given-back", _space_not_given_back, ("free_bytes",)),
    StoreRule("journal-mode", _journal_mode, ("journal_mode",)),
    StoreRule("space-not-given-back", _free_pages, ("freelist_count",)),
    StoreRule("folder-writable", _folder_writable, ("is_writable_by_others",)),
    StoreRule("folder-readable", _folder_readable, ("is_readable_by_others",)),
    StoreRule("folder-served", _folder_served, ("served_part",)),
    StoreRule("several-owners", _several_owners, ("owners",)),
    StoreRule("temporary-leftovers", _temporary_leftovers, ("leftovers",)),
    StoreRule("disk-nearly-full", _disk_nearly_full, ("free_disk_bytes",)),
    StoreRule("inodes-nearly-out", _inodes_nearly_out, ("free_inodes",)),
    StoreRule("too-many-files", _too_many_files, ("files",)),
)
