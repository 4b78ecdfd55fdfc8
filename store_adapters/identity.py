"""What a store is, however its address is spelled: the server's own identity, where it is reached, the file's inode."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from dataclasses import dataclass
from functools import lru_cache

from store_adapters.address import parse_address, split_host
from store_adapters.errors import StoreError
from store_adapters.kinds import Place, load
from store_adapters.known_kinds import kind_of_scheme, scheme_named
from store_adapters.options import Limits, StoreAddress

IDENTITY_LIMITS = Limits(connect_s=1.0, call_s=1.0, deadline_s=1.5)


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """`told`: what the server or the file system says it is, empty where neither could be asked. `places`: where it is."""

    told: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()

    def is_same(self, other: StoreIdentity) -> bool:
        """True where both are one server, one folder or one file; which prefix or collection is meant does not matter."""
        if self.told and other.told:
            return bool(self.told & other.told)
        return bool(self.places & other.places)


def family_of(url: str) -> str:
    """Return the name of the kind of store, "" where it isn't an address: stores of two kinds are never the same."""
    try:
        return kind_of_scheme(parse_address(url).scheme).name
    except StoreError:
        return ""


def identify(url: str) -> StoreIdentity:
    """Find out what the store at `url` is. Looks names up and asks servers: blocks for seconds. `BadStoreAddress`."""
    address = parse_address(url)
    kind = kind_of_scheme(address.scheme)
    if kind.identify:
        found: StoreIdentity = load(kind.identify)(address)
        return found
    if scheme_named(address.scheme).place is Place.PATH:
        return identify_path(address.path)
    return StoreIdentity(places=frozenset(f"{kind.name} {host}" for host in address.hosts or ("",)))


def identify_path(path: str) -> StoreIdentity:
    """Return what a file, folder or socket is, and where."""
    places = frozenset({f"path {os.path.realpath(path)}"})
    with contextlib.suppress(OSError, ValueError):
        found = os.stat(path)
        return StoreIdentity(frozenset({f"inode {found.st_dev} {found.st_ino}"}), places)
    return StoreIdentity(places=places)


def places_of(address: StoreAddress, default_port: int) -> frozenset[str]:
    """Return where the hosts of an address are. Looks names up."""
    return frozenset().union(*(places_of_host(host, default_port) for host in address.hosts))


def places_of_host(host: str, default_port: int) -> frozenset[str]:
    """Return where "host:port" is. Looks names up."""
    if host.lower().startswith("%2f"):
        found = identify_path(parse_address(f"unix://{host}").path)
        return found.places | found.told
    name, port = split_host(host, default_port)
    try:
        found_at = {str(entry[4][0]) for entry in socket.getaddrinfo(name.rstrip("."), port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return frozenset({f"name {name.lower().rstrip('.')} {port}"})
    return frozenset(f"here {port}" if _is_here(address) else f"{address} {port}" for address in found_at)


@lru_cache(maxsize=256)
def _is_here(text: str) -> bool:
    """True for an address of this machine: one that a socket can be bound to."""
    address = ipaddress.ip_address(text.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((str(address), 0))
        return True
    return False
