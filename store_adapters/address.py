"""Store URLs to addresses and back. No error quotes a URL: it may hold a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

from store_adapters.address_options import (
    ReadOptions,
    read_options,
    refuse_secret,
    secret_in_address,
    split_query,
    switched_tls,
)
from store_adapters.errors import BadStoreAddress
from store_adapters.kinds import Place
from store_adapters.known_kinds import find_scheme, scheme_named, scheme_names, spelled_scheme
from store_adapters.options import StoreAddress
from store_adapters.pasted_address import absolute_path, read_pasted

_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):(//)?", re.IGNORECASE)
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%[\w.\-%]+)?)\]|([\w.\-]+|%2[Ff][\w.\-%]+))(?::(\d{1,5}))?")
_LOGIN_AHEAD = re.compile(r"(?![A-Za-z]:[\\/])[^/@]*:.*@", re.DOTALL)
"""A user and a password before a path, whatever characters are in them; a Windows drive isn't one."""
_MONGO_NAME = re.compile(r'[^/\\. "$*<>:|?@\0]*')
_REDIS_PATH = re.compile(r"\d{0,6}/?")
_SENTINEL_PATH = re.compile(r"[\w.\-%]*(?:/\d{0,6})?/?")
_ENCODE = "Percent-encode the user and the password: @ as %40, / as %2F, ? as %3F, # as %23, : as %3A."


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to take a URL apart: what stands before the @, and what follows it. `is_usual`: as RFC 3986 has it."""

    user: str
    password: str
    hosts: str
    path: str
    query: str
    is_usual: bool

    def can_be(self, scheme: str) -> bool:
        """True where every part is what it should be; an option need not be one that is known."""
        if re.search(r"[/?#@]", self.user) or split_query(scheme, self.query) is None:
            return False
        if not self.hosts:
            return self.is_usual
        hosts = [host for host in self.hosts.split(",") if host]
        return bool(hosts) and all(map(_is_host, hosts)) and _is_path(scheme, self.path)


def parse_address(url: str) -> StoreAddress:
    """Take a store URL apart; `BadStoreAddress` (never quoting the URL) says what is wrong with it.

    `redis://[user:pass@]host:port/db?prefix=sess:`, `rediss://…`, `redis+sentinel://host:port,…/service/db`, `unix:///path/to/socket?db=0&prefix=…`,
    `mongodb://…/db?collection=sessions`, `mongodb+srv://…`, `file:///folder?extension=.json&ttl=3600`,
    `sqlite:///file.db?table=sessions`, `memory:`. Also what clients and clouds show in their place (`pasted_address.py`). No
    part but `password` can hold a secret: what cannot be taken apart with certainty is refused.
    """
    text = read_pasted(url)
    match = _SCHEME.match(text)
    if match is None:
        raise BadStoreAddress("A store address begins with a scheme.", f"For example {_example('redis')}")
    scheme = spelled_scheme(match[1].lower())
    known = find_scheme(scheme)
    if known is None:
        raise _unknown_scheme(scheme)
    rest = text[match.end() :]
    if known.place is not Place.SERVER:
        address = _parse_path(scheme, rest, has_slashes=bool(match[2]))
    elif not match[2]:
        raise BadStoreAddress("Two slashes are missing after the scheme.", f"For example {_example(scheme)}")
    else:
        address = _parse_hosted(scheme, rest)
    _refuse_secrets(address)
    return address


def _example(scheme: str) -> str:
    return scheme_named(scheme).example


def _unknown_scheme(scheme: str) -> BadStoreAddress:
    if scheme in ("http", "https"):
        return BadStoreAddress(
            "This is the address of a web page or of a REST interface, not of a store.",
            "Use the redis://, rediss:// or mongodb:// address that the same page shows.",
        )
    return BadStoreAddress(
        "Unknown kind of store.",
        f"Known are {', '.join(scheme_names())}: for example {_example('redis')}",
    )


# --- folders, files and sockets --------------------------------------------------------------------------------------


def _parse_path(scheme: str, rest: str, *, has_slashes: bool) -> StoreAddress:
    user = password = ""
    place = scheme_named(scheme).place
    if place is Place.SOCKET and not rest.startswith("/"):
        user, password, rest = _split_socket_login(rest)
    elif place is not Place.NAME and has_slashes:
        rest = re.sub(r"^localhost(?=/)", "", rest, flags=re.IGNORECASE)
        if _LOGIN_AHEAD.match(rest):
            raise secret_in_address()
    path, _, query = rest.partition("?")
    read = read_options(scheme, _pairs(scheme, query))
    path = _decode(path)
    if place is not Place.NAME:
        if not path:
            raise BadStoreAddress("The address has no path.", f"For example {_example(scheme)}")
        # Of file:/// and a path that begins with ~ or a drive, the third slash is the URL's.
        path = absolute_path(re.sub(r"^/(?=~(/|$)|[A-Za-z]:[\\/])", "", path))
    return _with_login(StoreAddress(scheme, path=path, options=read.values), user, password, read)


def _split_socket_login(rest: str) -> tuple[str, str, str]:
    """Return user, password and the rest of `user:password@/path`; where it is not certain which is which, refuse."""
    if "@" not in rest:
        if ":" in rest.partition("?")[0]:
            raise BadStoreAddress("The address of a socket must be a path.", f"For example {_example('unix')}")
        return "", "", rest
    places = [match.start() for match in re.finditer("@(?=/)", rest)]
    user, _, password = rest[: places[0]].partition(":") if len(places) == 1 else ("/", "", "")
    if re.search(r"[/?#@]", user) or "@" in rest[places[0] + 1 :]:
        raise BadStoreAddress("The address of the socket is ambiguous.", _ENCODE)
    return _decode(user), _decode(password), rest[places[0] + 1 :]


# --- servers ---------------------------------------------------------------------------------------------------------


def _parse_hosted(scheme: str, rest: str) -> StoreAddress:
    reading = _choose_reading(scheme, rest)
    pairs = _pairs(scheme, reading.query)
    is_tls = switched_tls(pairs) if scheme.startswith("redis") else None
    if is_tls is False and scheme == "rediss":
        raise BadStoreAddress("The address says rediss:// but turns TLS off.", "Begin it with redis://")
    if is_tls and scheme == "redis+sentinel":
        raise BadStoreAddress("The option tls is not supported behind Sentinel yet.", "Leave it out.")
    scheme = "rediss" if is_tls and scheme == "redis" else scheme
    read = read_options(scheme, pairs)
    hosts = _parse_hosts(scheme, reading.hosts)
    path = _decode(reading.path.strip("/"))
    if scheme == "redis" and hosts[0].lower().startswith("%2f"):
        # A percent-encoded socket in the place of the host.
        options = {**read.values, **({"db": path} if path else {})}
        address = StoreAddress("unix", path=_decode(hosts[0]), options=options)
    else:
        address = StoreAddress(scheme, hosts, path, options=read.values)
    address = _with_login(address, _decode(reading.user), _decode(reading.password), read)
    if scheme.startswith("redis"):
        redis_database(address)
    if scheme == "redis+sentinel" and not sentinel_service(address):
        raise BadStoreAddress("The address doesn't name a Sentinel service.", f"For example {_example(scheme)}")
    if scheme.startswith("mongodb") and not _MONGO_NAME.fullmatch(path):
        raise BadStoreAddress(
            "This isn't a valid MongoDB database name.",
            "The collection has its own option: mongodb://host/app?collection=sessions",
        )
    return address


def _choose_reading(scheme: str, rest: str) -> _Reading:
    """Return the one way to read the address. `BadStoreAddress` where there are several: a password may end anywhere."""
    readings = list(_readings(rest))
    usable = [reading for reading in readings if reading.can_be(scheme)]
    if len(usable) == 1:
        return usable[0]
    if usable:
        raise BadStoreAddress("The address can be read in more than one way.", _ENCODE)
    usual = next((reading for reading in readings if reading.is_usual), readings[0])
    if len(readings) > 2 or "@" in usual.path + usual.query:
        raise BadStoreAddress("The address is ambiguous: where the user and the password end is unclear.", _ENCODE)
    return usual  # what follows says what is wrong with it


def _readings(rest: str) -> Iterator[_Reading]:
    end_of_authority = re.search(r"[/?#]|$", rest)
    usual_at = rest.rfind("@", 0, end_of_authority.start() if end_of_authority else None)
    for at in (-1, *(match.start() for match in re.finditer("@", rest))):
        user, _, password = rest[: max(at, 0)].partition(":")
        match = re.fullmatch(r"([^/?]*)(?:/([^?]*))?(?:\?(.*))?", rest[at + 1 :], re.DOTALL)
        if match is not None:
            yield _Reading(user, password, match[1], match[2] or "", match[3] or "", at == usual_at)


def _with_login(address: StoreAddress, user: str, password: str, read: ReadOptions) -> StoreAddress:
    if (user and read.user and user != read.user) or (password and read.password and password != read.password):
        raise BadStoreAddress("The address has two users or two passwords.", "Give each once.")
    return StoreAddress(
        address.scheme, address.hosts, address.path, user or read.user, password or read.password, address.options
    )


def _pairs(scheme: str, query: str) -> list[tuple[str, str]]:
    pairs = split_query(scheme, query)
    if pairs is None:
        raise BadStoreAddress(
            "An option in the address isn't written as name=value.", f"For example {_example(scheme)}"
        )
    return pairs


def _decode(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def _refuse_secrets(address: StoreAddress) -> None:
    """Refuse an address in whose readable parts a login seems to stand, however it got there. `BadStoreAddress`."""
    if ":" in address.user:
        raise BadStoreAddress("The user name in the address has a colon in it.", "Write user:password@host")
    options = [f"{name}={value}" if "=" in value else value for name, value in address.options.items()]
    for text in (address.path, address.user, *map(_decode, address.hosts), *options):
        refuse_secret(text)
        refuse_secret(_decode(text))


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
            "The database in a Redis address must be a number.", f"For example {_example(address.scheme)}"
        )
    return int(text)


def _is_host(host: str) -> bool:
    match = _HOST.fullmatch(host)
    return match is not None and (match[3] is None or 0 < int(match[3]) < 65536)


def _is_path(scheme: str, path: str) -> bool:
    if scheme.startswith("mongodb"):
        return _MONGO_NAME.fullmatch(_decode(path)) is not None
    if scheme == "redis+sentinel":
        return _SENTINEL_PATH.fullmatch(path) is not None
    return _REDIS_PATH.fullmatch(path) is not None if scheme.startswith("redis") else True


def _parse_hosts(scheme: str, text: str) -> tuple[str, ...]:
    default = scheme_named(scheme).default_host
    hosts = tuple(host for host in text.split(",") if host) or ((default,) if default else ())
    for host in hosts:
        split_host(host, 0)
        if not _is_host(host):
            raise BadStoreAddress("The address has no usable host and port.", f"For example {_example(scheme)}")
    if len(hosts) > 1 and scheme in ("redis", "rediss"):
        raise BadStoreAddress(
            "Several Redis servers in one address are a cluster or replicas.",
            f"Give the one that takes writes, or its Sentinels: {_example('redis+sentinel')}",
        )
    return hosts


def split_host(host: str, default_port: int) -> tuple[str, int]:
    """Return name and port of "host:port" or "[::1]:port". `BadStoreAddress`."""
    match = _HOST.fullmatch(host)
    if match is None:
        raise BadStoreAddress(
            "The host in the address cannot be read.", "Write host:port, an IPv6 address in brackets."
        )
    # The percent sign before the zone of an IPv6 address is encoded in a URL.
    return (match[1] or "").replace("%25", "%") or match[2], int(match[3]) if match[3] else default_port


def with_scheme(address: StoreAddress, scheme: str) -> StoreAddress:
    """Return the same server asked for by another scheme of its kind, without the options that scheme does not have."""
    known = scheme_named(scheme).options
    options = {name: value for name, value in address.options.items() if name in known}
    return StoreAddress(scheme, address.hosts, address.path, address.user, address.password, options)


def format_address(address: StoreAddress, *, with_password: bool = False) -> str:
    """Return the URL of an address; without the password unless asked."""
    query = "&".join(f"{name}={_encode(value, ':/.')}" for name, value in address.options.items())
    tail = f"?{query}" if query else ""
    place = scheme_named(address.scheme).place
    if place is Place.NAME:
        return f"{address.scheme}:{_encode(address.path, '/')}{tail}"
    user = _encode(address.user)
    if with_password and address.password:
        user += ":" + _encode(address.password)
    login = f"{user}@" if user else ""
    if place is not Place.SERVER:
        return f"{address.scheme}://{login}{_encode(address.path, '/')}{tail}"
    path = f"/{_encode(address.path, '/')}" if address.path else "/" if tail else ""
    return f"{address.scheme}://{login}{','.join(address.hosts)}{path}{tail}"


def _encode(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="surrogateescape")
