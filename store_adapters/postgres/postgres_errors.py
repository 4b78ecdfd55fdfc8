"""PostgreSQL's errors in our words, by SQLSTATE: its own text can quote values. Knows no table."""

from __future__ import annotations

from typing import Any

from store_adapters.errors import (
    NotConnected,
    RecordExists,
    RecordUnreadable,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
    TimedOut,
)

_TRY_AGAIN = "Try again in a moment."
_BY_STATE: dict[str, tuple[type[StoreError], str, str]] = {
    "28P01": (StoreRefused, "The server refused the user or the password.", "Check both."),
    "28000": (StoreRefused, "The server doesn't let this user in from here.", "Check pg_hba.conf, the user and TLS."),
    "3D000": (StoreRefused, "The server has no such database.", "Check the name after the host in the address."),
    "3F000": (StoreRefused, "The database has no such schema.", "Check ?schema= in the address."),
    "42P01": (StoreRefused, "The table no longer exists.", "Connect again."),
    "42703": (StoreRefused, "A column of the table no longer exists.", "Connect again."),
    "42501": (StoreRefused, "This user isn't allowed to do that to the table; nothing was written.", "GRANT it, or use another user."),
    "53300": (StoreUnreachable, "The server has no connection left.", _TRY_AGAIN),
    "53100": (StoreRefused, "The server's disk is full; nothing was written.", "Free some space, then try again."),
    "53200": (StoreRefused, "The server is out of memory; nothing was written.", _TRY_AGAIN),
    "57P03": (StoreUnreachable, "The server is starting up or recovering.", _TRY_AGAIN),
    "57P01": (StoreUnreachable, "The server is shutting down.", _TRY_AGAIN),
    "57P02": (StoreUnreachable, "The server crashed and is recovering.", _TRY_AGAIN),
    "57014": (TimedOut, "The server stopped the statement after its time limit; nothing was written.", _TRY_AGAIN),
    "55P03": (StoreUnreachable, "The row is locked by another transaction; nothing was written.", _TRY_AGAIN),
    "40001": (StoreUnreachable, "Another transaction came between; nothing was written.", _TRY_AGAIN),
    "40P01": (StoreUnreachable, "Two transactions waited for each other; nothing was written.", _TRY_AGAIN),
    "25006": (StoreReadOnly, "This server takes no writes: it's a standby, or read-only.", "Connect to the primary."),
    "23505": (RecordExists, "A session with this ID already exists.", "Choose another ID."),
    "23502": (StoreRefused, "Another column needs a value; nothing was written.", "Let the application create the session."),
    "23503": (StoreRefused, "A foreign key forbids it; nothing was written.", "Change it there first."),
    "23514": (StoreRefused, "A check of the table refuses this value; nothing was written.", "Look at the table's constraints."),
    "22001": (StoreRefused, "The value is longer than its column; nothing was written.", "Make it shorter."),
    "22P02": (StoreRefused, "PostgreSQL refuses this text as JSON; nothing was written.", "jsonb takes no lone surrogates."),
    "22P05": (StoreRefused, "PostgreSQL's jsonb can't hold \\u0000; nothing was written.", "Remove that character."),
    "22021": (StoreRefused, "The server's encoding can't hold this text; nothing was written.", "Remove those characters."),
    "22008": (StoreRefused, "The time is out of the column's range; nothing was written.", "Choose an earlier one."),
    "22003": (StoreRefused, "The number is out of the column's range; nothing was written.", "Choose an earlier time."),
    "25P02": (StoreUnreachable, "The transaction was broken off; nothing was written.", _TRY_AGAIN),
    "25P03": (StoreUnreachable, "The transaction stood idle for too long; nothing was written.", _TRY_AGAIN),
    "54000": (RecordUnreadable, "The value is larger than PostgreSQL allows.", ""),
}  # fmt: skip

# What libpq says before there is a SQLSTATE, in the order in which they are looked for.
_BY_WORDS: tuple[tuple[str, type[StoreError], str, str], ...] = (
    ("password authentication failed", StoreRefused, *_BY_STATE["28P01"][1:]),
    ("no password supplied", StoreRefused, "The server wants a password.", "Give it, or set PGPASSWORD."),
    ("SSL encryption", StoreRefused, *_BY_STATE["28000"][1:]),
    ("no encryption", StoreRefused, "The server wants TLS here.", "Use sslmode=require, or check pg_hba.conf."),
    ("no pg_hba.conf entry", StoreRefused, *_BY_STATE["28000"][1:]),
    ("authentication failed", StoreRefused, *_BY_STATE["28000"][1:]),
    ("root certificate file", StoreRefused, "No certificate can be read where sslrootcert points.", "Check the path in sslrootcert."),
    ("certificate verify failed", StoreRefused, "No trusted CA signed its certificate.", "Name its CA: sslrootcert=/path/ca.pem"),
    ("does not match host name", StoreRefused, "The certificate is for another host.", "Use that host's name, or sslmode=verify-ca."),
    ("server does not support SSL", StoreRefused, "The server doesn't speak TLS.", "Use sslmode=prefer, or turn on ssl at the server."),
    ("SSL error", StoreRefused, "The TLS connection failed.", "Check sslmode and the certificates."),
    ("role ", StoreRefused, "The server has no such user.", "Check the user in the address."),
    ("database ", StoreRefused, *_BY_STATE["3D000"][1:]),
    ("too many clients", StoreUnreachable, *_BY_STATE["53300"][1:]),
    ("starting up", StoreUnreachable, *_BY_STATE["57P03"][1:]),
    ("definition of service", StoreRefused, "There is no such service in the service file.", "Check service= and ~/.pg_service.conf."),
    ("could not translate host name", NotConnected, "The host in the address has no IP address.", "Check its spelling."),
    ("Connection refused", NotConnected, "Nobody listens at this host and port.", "Is PostgreSQL running there?"),
    ("No such file or directory", NotConnected, "There is no such socket.", "Is PostgreSQL running? Check host=/path in the address."),
    ("timeout expired", NotConnected, "The server didn't answer in time.", "Check the host, the port and the firewall."),
)  # fmt: skip


def describe_error(error: Any, *, is_connecting: bool = False) -> StoreError:
    """Return our words for a `psycopg.Error`."""
    state = error.sqlstate or ""
    if state in _BY_STATE:
        kind, message, remedy = _BY_STATE[state]
        return kind(message, remedy)
    if not state or state.startswith("08"):
        text = str(error)
        for words, kind, message, remedy in _BY_WORDS if is_connecting else ():
            if words in text:
                return kind(message, remedy)
        if is_connecting:
            return NotConnected("The server can't be reached.", "Check the host, the port and the TLS options.")
        return StoreUnreachable("The connection to the server broke.", _TRY_AGAIN)
    return StoreRefused(
        f"PostgreSQL refused it (SQLSTATE {state}); nothing was written.", "Check the table and the address."
    )
