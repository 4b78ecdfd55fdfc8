"""The lines to copy, by the library that a store's records are written by. Source: insight.md 1.5."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.core.store_facts import StoreFacts
from inspector.core.store_finding import Fix

LIBRARIES: Mapping[str, str] = {"redis": "connect-redis", "mongo": "connect-mongo", "file": "session-file-store"}
"""The usual library of a kind of store, where the store's own layout doesn't tell it."""
SESSION = "express-session"

_NO_TTL = {
    "connect-redis": "new RedisStore({client})",
    "connect-mongo": "MongoStore.create({mongoUrl})",
    "session-file-store": "new FileStore({})",
}
_TTL = {
    "connect-redis": "new RedisStore({client, ttl: 86400})",
    "connect-mongo": "MongoStore.create({mongoUrl, ttl: 86400})",
    "session-file-store": "new FileStore({ttl: 86400})",
    "connect-pg-simple": "new pgSession({pool, ttl: 86400})",
}
_CLEAN_UP = {
    "connect-mongo": "MongoStore.create({mongoUrl, autoRemove: 'native'})",
    "session-file-store": "new FileStore({reapInterval: 3600})",
    "connect-pg-simple": "new pgSession({pool, pruneSessionInterval: 900})",
    "connect-session-knex": "new KnexSessionStore({knex, clearInterval: 60000})",
    "express-mysql-session": "new MySQLStore({clearExpired: true, checkExpirationInterval: 900000})",
    "better-sqlite3-session-store": "new SqliteStore({client, expired: {clear: true, intervalMs: 900000}})",
}
_ALWAYS_ENDS = {
    "connect-redis": "new RedisStore({client, disableTTL: false})",
    "connect-mongo": "MongoStore.create({mongoUrl, ttl: 86400})",
    "session-file-store": "new FileStore({ttl: 86400})",
}


def library_of(facts: StoreFacts) -> str:
    """Return the session store library that wrote the records."""
    return facts.library or LIBRARIES.get(facts.kind, "")


def session_line(option: str) -> Fix:
    """Return a line that sets one option of express-session."""
    return Fix(SESSION, f"session({{{option}}})")


def cookie_line(option: str) -> Fix:
    return Fix(SESSION, f"session({{cookie: {{{option}}}}})")


def command(line: str) -> Fix:
    """Return a command of this program."""
    return Fix("session-inspector", line)


def _line(lines: Mapping[str, str], facts: StoreFacts) -> tuple[Fix, ...]:
    library = library_of(facts)
    return (Fix(library, lines[library]),) if library in lines else ()


def ttl_lines(facts: StoreFacts) -> tuple[Fix, ...]:
    return _line(_TTL, facts)


def no_ttl_lines(facts: StoreFacts) -> tuple[Fix, ...]:
    return _line(_NO_TTL, facts)


def clean_up_lines(facts: StoreFacts) -> tuple[Fix, ...]:
    return _line(_CLEAN_UP, facts)


def ending_lines(facts: StoreFacts) -> tuple[Fix, ...]:
    return _line(_ALWAYS_ENDS, facts)
