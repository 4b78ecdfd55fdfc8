"""What people paste in place of a store URL (a client's command line, Azure's string, host:port, a path) to a URL."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote

from store_adapters.errors import BadStoreAddress

_ASSIGNED = re.compile(
    r"(?:export\s+|set\s+|-e\s+)?[A-Za-z_]\w+\s*(?:=|:\s)\s*(?=['\"]?[a-z][a-z0-9+]*://)", re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"(?:[^:]*:)?<[A-Za-z_][\w -]*>|<[A-Za-z_][\w -]*>:.*")
_BARE_HOST = re.compile(
    r"(?:(?P<login>[^\s/]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[\w.\-]*))(?::(?P<port>\d{1,5}))(?P<rest>[/?].*)?"
)
_COMMAND = re.compile(
    r"(?:[$>#]\s+)?(?:sudo\s+)?(?:[A-Za-z_]\w*=\S*\s+)*(?P<name>redis-cli|valkey-cli|mongosh|mongo)\s"
)
_STACK_EXCHANGE = re.compile(r"[^\s,=/]+(?:,[^\s,=/]+)*,\s*[A-Za-z]\w*=")
_WINDOWS = re.compile(r"(?:[A-Za-z]:[\\/]|\\\\|\.{1,2}\\)")
# The one quoted URL of a program's line, with nothing beside it that would be left out: new Redis("redis://…")
_QUOTED = re.compile(
    r"[\w.\s=({:'\"]*?(?P<quote>['\"`])(?P<url>[a-z][a-z0-9+]*://[^'\"`\s]+)(?P=quote)[\s)};,]*", re.IGNORECASE
)
_SCHEMES = {6379: "redis", 6380: "redis", 16379: "redis", 27017: "mongodb", 27018: "mongodb", 27019: "mongodb"}
_SQLITE_ENDINGS = (".db", ".sqlite", ".sqlite3", ".db3")


def read_pasted(text: str) -> str:
    """Return the URL that a pasted text means, the text itself where it is a URL. `BadStoreAddress`, never quoting it."""
    text = text.strip()
    if command := _COMMAND.match(text):
        return _read_command(text[command.start("name") :], text[: command.start("name")], command["name"])
    if assigned := _ASSIGNED.match(text):
        text = text[assigned.end() :]
    if quoted := _QUOTED.fullmatch(text):
        text = quoted["url"]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        text = text[1:-1].strip()
    if _PLACEHOLDER.fullmatch(text.partition("://")[2].rpartition("@")[0]):
        raise BadStoreAddress("The address still has <…> in place of the user or the password.", "Fill in your own.")
    if _WINDOWS.match(text):
        return _read_path(text)
    if text.startswith(("/", "./", "../", "~")) or text in (".", ".."):
        return _read_path(text)
    bare = _BARE_HOST.fullmatch(text)
    if bare and bare["host"].lower() != "memory":
        return _read_host(text, int(bare["port"]), bare["host"])
    if _STACK_EXCHANGE.match(text):
        return _read_stack_exchange(text)
    return text


def absolute_path(path: str) -> str:
    """Return a path with `~` written out, and from the root. `BadStoreAddress` for one of Windows elsewhere."""
    if _WINDOWS.match(path.lstrip("/")) and os.name != "nt":
        raise BadStoreAddress(
            "This is a Windows path, and this program isn't running on Windows.",
            "Give the path as this machine sees it, for example /mnt/c/srv/sessions",
        )
    if "\0" in path:
        raise BadStoreAddress("There's a NUL character in the path.", "Check what was pasted.")
    if path.startswith("~"):
        path = os.path.expanduser(path)
    if not path or path.startswith("/") or os.name == "nt":
        return path
    return os.path.join(os.getcwd(), re.sub(r"^(?:\./+)+", "", path))


def _read_path(path: str) -> str:
    path = absolute_path(path)
    bare = path.rstrip("/").lower()
    scheme = "unix" if bare.endswith(".sock") else "sqlite" if bare.endswith(_SQLITE_ENDINGS) else "file"
    return f"{scheme}://{quote(path, errors='surrogateescape')}"


def _read_host(text: str, port: int, host: str) -> str:
    named = host.lower() if host.lower() in ("redis", "valkey", "mongodb", "mongo") else ""
    scheme = _SCHEMES.get(port) or {"redis": "redis", "valkey": "redis"}.get(named, "mongodb" if named else "")
    if not scheme:
        raise BadStoreAddress(
            "A host and a port do not say which kind of store it is.",
            "Put redis://, rediss:// (TLS) or mongodb:// before it.",
        )
    return f"{scheme}://{text}"


def _url(start: str, options: list[tuple[str, str]]) -> str:
    """Return a URL with more options; the parser takes logins out of them."""
    query = "&".join(f"{name}={quote(value, safe='', errors='surrogateescape')}" for name, value in options)
    return start + (("&" if "?" in start else "?") + query if query else "")


# --- command lines of clients ----------------------------------------------------------------------------------------

_REDIS_OPTIONS = {
    "-h": "host", "-p": "port", "-s": "socket", "-a": "password", "--pass": "password", "--user": "username", "-u": "uri",
    "-n": "db", "--cacert": "ssl_ca_certs", "--cacertdir": "ssl_ca_path", "--cert": "ssl_certfile",
    "--key": "ssl_keyfile", "--tls-ciphers": "ssl_ciphers", "-t": "", "-r": "", "-i": "", "-d": "",
}  # fmt: skip
_REDIS_SWITCHES_NAMES = """
    --tls --insecure -c --askpass --no-auth-warning --raw --no-raw --csv --json -2 -3 --verbose -x -e
"""
_REDIS_SWITCHES = frozenset(_REDIS_SWITCHES_NAMES.split())
_MONGO_OPTIONS = {
    "--host": "host", "--port": "port", "--username": "username", "-u": "username", "--password": "password", "-p": "password",
    "--authenticationdatabase": "authSource", "--authenticationmechanism": "authMechanism", "--tlscafile": "tlsCAFile",
    "--tlscertificatekeyfile": "tlsCertificateKeyFile", "--sslcafile": "tlsCAFile", "--tlscrlfile": "tlsCRLFile",
    "--sslpemkeyfile": "tlsCertificateKeyFile", "--apiversion": "", "--eval": "", "--file": "", "-f": "",
    "--tlscertificatekeyfilepassword": "tlsCertificateKeyFilePassword",
}  # fmt: skip
_MONGO_SWITCHES = {
    "--tls": "tls", "--ssl": "tls", "--tlsallowinvalidcertificates": "tlsAllowInvalidCertificates",
    "--tlsallowinvalidhostnames": "tlsAllowInvalidHostnames", "--sslallowinvalidcertificates": "tlsAllowInvalidCertificates",
    "--sslallowinvalidhostnames": "tlsAllowInvalidHostnames", "--retrywrites": "retryWrites", "--quiet": "", "--norc": "",
    "--shell": "", "--verbose": "",
}  # fmt: skip


def _read_command(line: str, before: str, name: str) -> str:
    try:
        words = iter(shlex.split(line)[1:])
    except ValueError:
        raise BadStoreAddress(f"This {name} command has an unclosed quote.", "Paste the whole line.") from None
    if name.startswith("mongo"):
        return _read_mongosh(words, name)
    given, switches = _read_redis_words(words, name)
    assigned = re.search(r"REDISCLI_AUTH=(\S+)", before)
    if assigned:
        given.setdefault("password", "".join(shlex.split(assigned[1])))
    return _redis_url(given, switches)


def _read_redis_words(words: Iterator[str], name: str) -> tuple[dict[str, str], set[str]]:
    given: dict[str, str] = {}
    switches: set[str] = set()
    for word in words:
        if not word.startswith("-"):
            break  # the command that was to be run
        option = _REDIS_OPTIONS.get(word)
        if option is not None:
            given[option] = _next(words, word, name)
        elif word in _REDIS_SWITCHES:
            switches.add(word)
        else:
            raise _not_understood(word, name)
    given.pop("", None)
    return given, switches


def _redis_url(given: dict[str, str], switches: set[str]) -> str:
    uri, host, port, socket = (given.pop(name, "") for name in ("uri", "host", "port", "socket"))
    if "--insecure" in switches:
        given["ssl_cert_reqs"] = "none"
    is_tls = "--tls" in switches
    if socket:
        return _url(_read_path(socket).replace("file://", "unix://", 1), list(given.items()))
    if uri:
        scheme, _, rest = uri.partition("://")
        login, at, place = rest.rpartition("@")
        if at and ":" not in login:
            rest = f":{login}@{place}"  # to redis-cli, what stands alone before the @ is the password
        scheme = {"redis": "rediss", "valkey": "rediss"}.get(scheme, scheme) if is_tls else scheme
        return _url(f"{scheme}://{rest}", list(given.items()))
    host = host or "127.0.0.1"
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return _url(f"{'rediss' if is_tls else 'redis'}://{host}:{port or 6379}/", list(given.items()))


def _read_mongosh(words: Iterator[str], name: str) -> str:
    given: dict[str, str] = {}
    place = ""
    for word in words:
        flag, equals, value = word.partition("=")
        option = _MONGO_OPTIONS.get(flag.lower())
        switch = _MONGO_SWITCHES.get(flag.lower())
        if not word.startswith("-"):
            place = place or word
        elif option is not None:
            given[option] = value if equals else _next(words, flag, name)
        elif switch is not None:
            given[switch] = value if equals else "true"
        else:
            raise _not_understood(flag, name)
    given.pop("", None)
    host, port = given.pop("host", ""), given.pop("port", "")
    if "://" in place:
        if host or port:
            raise BadStoreAddress(f"The {name} command gives the host twice.", "Leave --host and --port out.")
        return _url(place, list(given.items()))
    if not host and re.fullmatch(r"[\w.\-]+:\d+(/\S*)?|[\w.\-]+/\S*", place):
        host, _, place = place.partition("/")
    replica_set, slash, hosts = host.rpartition("/")
    if slash:
        given["replicaSet"] = replica_set
    hosts = ",".join(
        one if not port or re.search(r":\d+$", one) else f"{one}:{port}" for one in (hosts or "127.0.0.1").split(",")
    )
    return _url(f"mongodb://{hosts}/{quote(place)}", list(given.items()))


def _next(words: Iterator[str], option: str, name: str) -> str:
    value = next(words, None)
    if value is None or (value.startswith("--") and len(value) > 3):
        raise BadStoreAddress(
            f"The option {option} of {name} has no value.", "Leave it out and put the password in its own field."
        )
    return value


def _not_understood(word: str, name: str) -> BadStoreAddress:
    flag = re.match(r"--?[A-Za-z][\w-]{0,30}", word)
    return BadStoreAddress(
        f"The option {flag[0] if flag else '-'} of {name} isn't recognised.", "Leave it out, or write the address."
    )


# --- StackExchange.Redis, as Azure shows it --------------------------------------------------------------------------

_STACK_OPTIONS = {"password": "password", "user": "username", "defaultdatabase": "db"}
_STACK_UNUSED_NAMES = """
    abortconnect abortonconnectfail allowadmin asynctimeout clientname configcheckseconds connectretry connecttimeout
    heartbeatinterval keepalive name protocol resolvedns responsetimeout setclientlibrary sslprotocols synctimeout
    tiebreaker version writebuffer highprioritysocketthreads configchannel
"""
_STACK_UNUSED = frozenset(_STACK_UNUSED_NAMES.split())


def _read_stack_exchange(text: str) -> str:
    hosts: list[str] = []
    options: list[tuple[str, str]] = []
    is_tls, service = False, ""
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        key = name.lower()
        if not equals:
            hosts += [name] if name else []
        elif key == "ssl":
            is_tls = value.strip().lower() == "true"
        elif key == "servicename":
            service = value
        elif key in _STACK_OPTIONS:
            options.append((_STACK_OPTIONS[key], value))
        elif key not in _STACK_UNUSED:
            named = f"The option {name}" if re.fullmatch(r"[A-Za-z]\w{0,40}", name) else "An option"
            raise BadStoreAddress(f"{named} of this connection string isn't recognised.", "Leave it out.")
    if service:
        return _url(f"redis+sentinel://{','.join(hosts)}/{quote(service)}/", options)
    if len(hosts) > 1:
        raise BadStoreAddress(
            "Several Redis servers in one address are a cluster or replicas.", "Give the one that takes writes."
        )
    port = "" if re.search(r":\d+$", hosts[0]) else ":6380" if is_tls else ":6379"
    return _url(f"{'rediss' if is_tls else 'redis'}://{hosts[0]}{port}/", options)
