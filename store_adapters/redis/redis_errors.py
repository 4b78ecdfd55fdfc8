"""Redis's error replies and its driver's exceptions in our words, which quote neither."""

from __future__ import annotations

import re

from store_adapters.errors import NotConnected, RecordUnreadable, StoreError, StoreReadOnly, StoreRefused

_COMMAND = re.compile(r"run the '([\w|-]{1,40})' command")


def describe_connect_error(error: Exception, *, is_tls: bool) -> StoreError:
    """Return our words for redis-py's failure to connect; its own text may hold the password and is not used."""
    import redis

    text = str(error)
    if is_tls and any(words in text for words in ("No such file", "Permission denied", "PEM lib", "NO_CERTIFICATE_OR")):
        return NotConnected(
            "A certificate or key file of the address cannot be read.",
            "Check ssl_ca_certs, ssl_certfile and ssl_keyfile.",
        )
    if "certificate" in text.lower() and "alert" not in text.lower():
        return NotConnected(
            "The server's certificate is not trusted.",
            "Name its CA file with ?ssl_ca_certs=FILE, or accept any certificate with ?ssl_cert_reqs=none",
        )
    if "SSL" in text or (is_tls and isinstance(error, redis.TimeoutError)):
        # A plain Redis waits for the end of what TLS begins with.
        return NotConnected(
            "The TLS connection failed.", "Check that the port uses TLS, and whether it requires a client certificate."
        )
    if isinstance(error, redis.TimeoutError):
        return NotConnected(
            "The Redis server did not answer in time.", "Check host, port and firewall, then try again."
        )
    if "Name or service" in text or "nodename" in text or "resolution" in text:
        return NotConnected("The host name can't be resolved.", "Check the host in the address.")
    return NotConnected(
        "No Redis server answered there.", "Check that it's running, and the host and port in the address."
    )


def describe_reply(error: Exception) -> StoreError:
    """Return our words for an error reply. The reply itself can quote commands and values and is not shown."""
    text = str(error)
    word = text.split(" ", 1)[0].upper()
    if word == "NOPERM" or "has no permissions" in text or "no permissions" in text:
        command = _COMMAND.search(text)
        what = f"the {command[1].upper()} command" if command else "one of the keys or commands needed"
        return StoreRefused(f"This Redis user has no permission for {what}.", "Ask for it in the server's ACL.")
    found: dict[str, StoreError] = {
        "NOAUTH": StoreRefused("Redis requires a password.", "Enter it in the store's settings."),
        "WRONGPASS": StoreRefused("Redis refused the user name or password.", "Check the user and the password."),
        "AUTHENTICATION": StoreRefused("Redis requires a password.", "Enter it in the store's settings."),
        "OOM": StoreRefused("Redis is out of memory (maxmemory): nothing was written.", "Free memory or raise maxmemory."),
        "MISCONF": StoreRefused("Redis cannot save to disk and refuses writes.", "Check the server's log and disk."),
        "LOADING": StoreRefused("Redis is starting up and still loading its data.", "Try again in a moment."),
        "BUSY": StoreRefused("Redis is busy running a long script.", "Try again, or end the script (SCRIPT KILL)."),
        "READONLY": StoreReadOnly("This server is a read-only replica.", "Connect to the master to write."),
        "MASTERDOWN": StoreRefused("This replica has lost its master.", "Connect to the master."),
        "WRONGTYPE": RecordUnreadable("The key doesn't hold a string.", "It isn't a connect-redis session."),
        "NOREPLICAS": StoreRefused(
            "Too few replicas follow this master, so it refuses writes.", "Check the replicas (min-replicas-to-write)."
        ),
        "DENIED": StoreRefused("Redis is in protected mode and refuses other hosts.", "Set a password or bind address."),
        "MOVED": _cluster(), "ASK": _cluster(), "CLUSTERDOWN": _cluster(), "CROSSSLOT": _cluster(),
    }  # fmt: skip
    if word in found:
        return found[word]
    if "Authentication required" in text:
        return found["NOAUTH"]
    if "without any password configured" in text:
        return StoreRefused("The address gives a password, but the server has none.", "Remove it from the settings.")
    if "invalid password" in text:
        return found["WRONGPASS"]
    if "max number of clients" in text:
        return StoreRefused("The Redis server has no connections left.", "Close others or raise maxclients.")
    if "DB index" in text or "invalid DB" in text:
        return StoreRefused("The server has no database with that number.", "Check the number in the address.")
    return StoreRefused("Redis refused the command.", "The server may be too old: version 6 or newer is needed.")


def _cluster() -> StoreError:
    return StoreRefused(
        "This server is part of a Redis Cluster: one node shows only some of the sessions.",
        "Clusters are not supported by this version.",
    )
