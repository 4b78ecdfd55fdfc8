"""MySQL's and MariaDB's errors in our words, by number: their own text can quote values. Knows no table."""

from __future__ import annotations

from typing import Any

from store_adapters.errors import (
    Interrupted,
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
LOST = (2006, 2013, 2055)
_BY_NUMBER: dict[int, tuple[type[StoreError], str, str]] = {
    1045: (StoreRefused, "The server refused the user or the password.", "Check both."),
    1698: (StoreRefused, "The server refused the user or the password.", "Check both; root may have to come by its socket."),
    1044: (StoreRefused, "This user isn't allowed to use that database.", "GRANT it, or use another user."),
    1049: (StoreRefused, "The server has no such database.", "Check the name after the host in the address."),
    1146: (StoreRefused, "The table no longer exists.", "Connect again."),
    1054: (StoreRefused, "A column of the table no longer exists.", "Connect again."),
    1142: (StoreRefused, "This user isn't allowed to do that to the table; nothing was written.", "GRANT it, or use another user."),
    1143: (StoreRefused, "This user isn't allowed to do that to the column; nothing was written.", "GRANT it, or use another user."),
    1227: (StoreRefused, "This user isn't allowed to do that.", "GRANT it, or use another user."),
    1040: (StoreUnreachable, "The server has no connection left.", _TRY_AGAIN),
    1203: (StoreUnreachable, "This user has no connection left.", _TRY_AGAIN),
    1129: (StoreRefused, "The server has blocked this computer after failed connections.", "Run mariadb-admin flush-hosts there."),
    3159: (StoreRefused, "The server takes encrypted connections only.", "Use ssl-mode=required."),
    1130: (StoreRefused, "The server lets nobody in from this computer.", "Check the user's host, and bind-address."),
    1053: (StoreUnreachable, "The server is shutting down.", _TRY_AGAIN),
    1205: (StoreUnreachable, "The row is locked by another transaction; nothing was written.", _TRY_AGAIN),
    1213: (StoreUnreachable, "Two transactions waited for each other; nothing was written.", _TRY_AGAIN),
    1020: (StoreUnreachable, "Another transaction came between; nothing was written.", _TRY_AGAIN),
    1969: (TimedOut, "The server stopped the statement after its time limit; nothing was written.", _TRY_AGAIN),
    3024: (TimedOut, "The server stopped the statement after its time limit; nothing was written.", _TRY_AGAIN),
    1317: (Interrupted, "The call was stopped; nothing was written.", ""),
    1290: (StoreReadOnly, "This server takes no writes: it's a replica, or read-only.", "Connect to the primary."),
    1792: (StoreReadOnly, "This connection is read-only.", "Connect to the primary."),
    1836: (StoreReadOnly, "This server takes no writes: it runs in read-only mode.", "Connect to the primary."),
    1062: (RecordExists, "A session with this ID already exists.", "Choose another ID."),
    1048: (StoreRefused, "Another column needs a value; nothing was written.", "Let the application create the session."),
    1364: (StoreRefused, "Another column needs a value; nothing was written.", "Let the application create the session."),
    1451: (StoreRefused, "A foreign key forbids it; nothing was written.", "Change it there first."),
    1452: (StoreRefused, "A foreign key forbids it; nothing was written.", "Change it there first."),
    4025: (StoreRefused, "The column takes JSON only, and refuses this; nothing was written.", "MariaDB takes no lone surrogates."),
    3140: (StoreRefused, "The column takes JSON only, and refuses this; nothing was written.", "Correct it."),
    1406: (StoreRefused, "The value is longer than its column; nothing was written.", "Make it shorter."),
    1366: (StoreRefused, "The column's character set can't hold this text; nothing was written.", "Remove those characters."),
    1292: (StoreRefused, "The column can't hold this time; nothing was written.", "Choose an earlier one."),
    1264: (StoreRefused, "The number is out of the column's range; nothing was written.", "Choose an earlier time."),
    1114: (StoreRefused, "The server's disk is full; nothing was written.", "Free some space, then try again."),
    1021: (StoreRefused, "The server's disk is full; nothing was written.", "Free some space, then try again."),
    1153: (RecordUnreadable, "The session is larger than the server's max_allowed_packet; nothing was written.", "Raise it there."),
    2002: (NotConnected, "No server answers at this socket.", "Is it running? Check unix_socket in the address."),
    2003: (NotConnected, "No server answers there.", "Check the host and the port, and that it's running."),
    2005: (NotConnected, "The host in the address has no IP address.", "Check its spelling."),
    2026: (StoreRefused, "The TLS connection failed.", "Check ssl-mode, ssl-ca and the certificates."),
}  # fmt: skip


def describe_error(error: Any, *, is_connecting: bool = False, is_plain: bool = False) -> StoreError:
    """Return our words for a `pymysql.Error`, or for what its socket raised. `is_plain`: the address asks for no TLS."""
    is_told = not isinstance(error, OSError) and error.args and isinstance(error.args[0], int)
    number = error.args[0] if is_told else 0
    text = str(error)
    if number == 2003 and "timed out" in text:
        return NotConnected("The server didn't answer in time.", "Check the host, the port and the firewall.")
    if number == 2003 and ("Name or service" in text or "getaddrinfo" in text):
        number = 2005
    if number in (2003, 2013) and "CERTIFICATE_VERIFY_FAILED" in text:
        if "mismatch" in text:
            return StoreRefused("The certificate is for another host.", "Use that host's name, or ssl-mode=verify_ca.")
        return StoreRefused("No trusted CA signed its certificate.", "Name its CA: ssl-ca=/path/ca.pem")
    if number == 2026 and "support" in text:
        return StoreRefused("The server doesn't speak TLS.", "Use ssl-mode=preferred, or turn on TLS at the server.")
    if number == 1045 and is_plain:  # MariaDB's answer to a user who has to use TLS, too
        words = "The server refused the user, the password, or that the connection isn't encrypted."
        return StoreRefused(words, "Check the first two; for TLS, use ssl-mode=required.")
    if number in _BY_NUMBER:
        kind, message, remedy = _BY_NUMBER[number]
        return kind(message, remedy)
    if is_connecting:
        return NotConnected("The server can't be reached.", "Check the host, the port and the TLS options.")
    if number in LOST or not number:
        if "timed out" in text:
            return TimedOut("The server didn't answer in time.", _TRY_AGAIN)
        return StoreUnreachable("The connection to the server broke.", _TRY_AGAIN)
    return StoreRefused(
        f"The server refused it (error {number}); nothing was written.", "Check the table and the address."
    )
