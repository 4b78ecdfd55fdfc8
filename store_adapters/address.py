"""Store URLs to addresses and back; opens nothing, and never quotes a URL, which may hold a password."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote

from store_adapters.errors import BadStoreAddress
from store_adapters.options import StoreAddress

_SCHEME = re.compile(r"([a-z][a-z0-9+]*):(//)?", re.IGNORECASE)
_MONGO_OPTIONS = frozenset(
    [
        "authSource",
        "authMechanism",
        "replicaSet",
        "tls",
        "tlsInsecure",
        "tlsCAFile",
        "tlsCertificateKeyFile",
        "directConnection",
        "readPreference",
        "retryWrites",
        "w",
        "ssl",
    ]
)
MONGO_OWN_OPTIONS = frozenset(("collection", "prefix", "idField", "expiresKey"))
"""What is ours and not the driver's."""
OPTIONS: dict[str, frozenset[str]] = {
    "redis": frozenset({"prefix", "db"}),
    "rediss": frozenset({"prefix", "db"}),
    "redis+sentinel": frozenset({"prefix", "db"}),
    "unix": frozenset({"prefix", "db"}),
    "mongodb": _MONGO_OPTIONS | MONGO_OWN_OPTIONS,
    "mongodb+srv": _MONGO_OPTIONS | MONGO_OWN_OPTIONS,
    "file": frozenset({"extension", "ttl"}),
    "sqlite": frozenset({"table", "dialect"}),
    "memory": frozenset(),
}
_EXAMPLES = {
    "redis": "redis://localhost:6379/0?prefix=sess:",
    "rediss": "rediss://host:6380/0?prefix=sess:",
    "redis+sentinel": "redis+sentinel://host:26379,other:26379/mymaster/0?prefix=sess:",
    "unix": "unix:///run/redis.sock?prefix=sess:",
    "mongodb": "mongodb://localhost:27017/app?collection=sessions",
    "mongodb+srv": "mongodb+srv://cluster.example/app?collection=sessions",
    "file": "file:///srv/app/sessions?extension=.json",
    "sqlite": "sqlite:///srv/app/sessions.db?table=sessions",
    "memory": "memory:",
}
_ALIASES = {
    "mongo": "mongodb",
    "sqlite3": "sqlite",
    "redis+unix": "unix",
    "redis+socket": "unix",
    "valkey": "redis",
    "valkeys": "rediss",
}


def parse_address(url: str) -> StoreAddress:
    """Take a store URL apart; `BadStoreAddress` (never quoting the URL) says what is wrong with it.

    `redis://[user:pass@]host:port/db?prefix=sess:`, `rediss://…`, `redis+sentinel://host:port,…/service/db`, `unix:///path/to/socket?db=0&prefix=…`,
    `mongodb://…/db?collection=sessions`, `mongodb+srv://…`, `file:///folder?extension=.json&ttl=3600`,
    `sqlite:///file.db?table=sessions`, `memory:`.
    """
    match = _SCHEME.match(url.strip())
    if match is None:
        raise BadStoreAddress("A store address begins with a scheme.", f"For example {_EXAMPLES['redis']}")
    scheme = _ALIASES.get(match[1].lower(), match[1].lower())
    if scheme not in OPTIONS:
        raise BadStoreAddress(
            "This kind of store is not known.",
            f"Known are {', '.join(sorted(OPTIONS))}: for example {_EXAMPLES['redis']}",
        )
    rest, _, query = url.strip()[match.end() :].partition("?")
    options = _parse_options(scheme, query)
    if scheme == "memory":
        return StoreAddress(scheme, path=unquote(rest), options=options)
    if scheme in ("file", "unix", "sqlite"):
        path = unquote(rest)
        if not path:
            raise BadStoreAddress("The address names no path.", f"For example {_EXAMPLES[scheme]}")
        return StoreAddress(scheme, path=path, options=options)
    if not match[2]:
        raise BadStoreAddress("Two slashes are missing after the scheme.", f"For example {_EXAMPLES[scheme]}")
    authority, _, path = rest.partition("/")
    credentials, _, hosts = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    address = StoreAddress(
        scheme, _parse_hosts(scheme, hosts), unquote(path.strip("/")), unquote(user), unquote(password), options
    )
    if scheme.startswith("redis"):
        redis_database(address)
    if scheme == "redis+sentinel" and not sentinel_service(address):
        raise BadStoreAddress("The address names no service of Sentinel.", f"For example {_EXAMPLES[scheme]}")
    return address


def sentinel_service(address: StoreAddress) -> str:
    """Return the name under which Sentinel knows the master."""
    return address.path.partition("/")[0]


def redis_database(address: StoreAddress) -> int:
    """Return the database number of a Redis address. `BadStoreAddress`."""
    path = "" if address.scheme == "unix" else address.path
    if address.scheme == "redis+sentinel":
        path = path.partition("/")[2]
    text = address.options.get("db") or path or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise BadStoreAddress(
            "The database of a Redis address is a number.", f"For example {_EXAMPLES[address.scheme]}"
        )
    return int(text)


def _parse_options(scheme: str, query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in OPTIONS[scheme]:
            known = ", ".join(sorted(OPTIONS[scheme])) or "none"
            raise BadStoreAddress(
                f"The address has an option which {scheme} stores do not have.", f"Known are: {known}."
            )
        options[name] = value
    return options


def _parse_hosts(scheme: str, text: str) -> tuple[str, ...]:
    hosts = tuple(host for host in text.split(",") if host)
    if not hosts:
        hosts = ("localhost",)
    for host in hosts:
        name, port = split_host(host, 0)
        if not name or port > 65535:
            raise BadStoreAddress("The address has no usable host and port.", f"For example {_EXAMPLES[scheme]}")
    return hosts


def split_host(host: str, default_port: int) -> tuple[str, int]:
    """Return name and port of "host:port" or "[::1]:port". `BadStoreAddress`."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:\[\]]+))(?::(\d{1,5}))?", host)
    if match is None:
        raise BadStoreAddress(
            "The host in the address cannot be read.", "Write host:port, an IPv6 address in brackets."
        )
    return match[1] or match[2], int(match[3]) if match[3] else default_port


def format_address(address: StoreAddress, *, with_password: bool = False) -> str:
    """Return the URL of an address; without the password unless asked."""
    query = "&".join(f"{name}={quote(value, safe=':/.')}" for name, value in address.options.items())
    tail = f"?{query}" if query else ""
    if address.scheme == "memory":
        return f"memory:{quote(address.path)}{tail}"
    if address.scheme in ("file", "unix", "sqlite"):
        return f"{address.scheme}://{quote(address.path)}{tail}"
    user = quote(address.user, safe="")
    if with_password and address.password:
        user += ":" + quote(address.password, safe="")
    login = f"{user}@" if user else ""
    path = f"/{quote(address.path)}" if address.path else "/" if tail else ""
    return f"{address.scheme}://{login}{','.join(address.hosts)}{path}{tail}"
