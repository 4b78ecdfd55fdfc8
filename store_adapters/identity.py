"""What a store is, however its address is spelled: the server's own identity, where it is reached, the file's inode."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from store_adapters.address import parse_address, split_host
from store_adapters.errors import StoreError
from store_adapters.options import Limits, StoreAddress

_LIMITS = Limits(connect_s=1.0, call_s=1.0, deadline_s=1.5)
_LOGIN_OPTIONS = frozenset({"authSource", "authMechanism", "authMechanismProperties"})
_FAMILIES = {"redis": "redis", "rediss": "redis", "redis+sentinel": "redis", "unix": "redis", "mongodb+srv": "mongodb"}


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
    """Return the kind of server, "" where the address is none: stores of two families are never the same."""
    try:
        scheme = parse_address(url).scheme
    except StoreError:
        return ""
    return _FAMILIES.get(scheme, scheme)


def identify(url: str) -> StoreIdentity:
    """Find out what the store at `url` is. Looks names up and asks servers: blocks for seconds. `BadStoreAddress`."""
    address = parse_address(url)
    match family_of(url):
        case "redis":
            return _identify_redis(address)
        case "mongodb":
            return _identify_mongo(address)
        case "memory":
            return StoreIdentity(places=frozenset({"memory"}))
    return _identify_path(address.path)


def _identify_path(path: str) -> StoreIdentity:
    places = frozenset({f"path {os.path.realpath(path)}"})
    with contextlib.suppress(OSError, ValueError):
        found = os.stat(path)
        return StoreIdentity(frozenset({f"inode {found.st_dev} {found.st_ino}"}), places)
    return StoreIdentity(places=places)


def _identify_redis(address: StoreAddress) -> StoreIdentity:
    from store_adapters.redis.link import RedisLink
    from store_adapters.redis.sentinel import Sentinels

    sentinels = Sentinels(address, _LIMITS) if address.scheme == "redis+sentinel" else None
    link = RedisLink(address, _LIMITS, sentinels.find_master if sentinels else None)
    facts: dict[str, str] = {}
    try:
        with contextlib.suppress(StoreError):
            facts = _facts(link.call("INFO", "server"))
    finally:
        link.close()
        if sentinels is not None:
            sentinels.close()
    told = frozenset({f"run {facts['run_id']}"}) if "run_id" in facts else frozenset[str]()
    if address.scheme != "unix":
        return StoreIdentity(told, _places(address, 26379 if sentinels else 6379))
    socket_file = _identify_path(address.path)
    places = socket_file.places | socket_file.told
    port = facts.get("tcp_port", "0")
    return StoreIdentity(told, places | ({f"here {port}"} if port != "0" else frozenset()))


def _facts(reply: object) -> dict[str, str]:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else ""
    pairs = (line.strip().partition(":") for line in text.splitlines())
    return {name: value for name, _, value in pairs if value}


def _identify_mongo(address: StoreAddress) -> StoreIdentity:
    options = {name: value for name, value in address.options.items() if name not in _LOGIN_OPTIONS}
    plain = replace(address, user="", password="", options=options)  # the greeting needs no login
    if address.scheme == "mongodb+srv":
        return StoreIdentity(_told_by_mongo(plain), frozenset({f"name {address.hosts[0].lower()}"}))
    direct = {name: value for name, value in options.items() if name not in ("replicaSet", "loadBalanced")}
    direct["directConnection"] = "true"
    told = [_told_by_mongo(replace(plain, hosts=(host,), options=direct)) for host in address.hosts]
    return StoreIdentity(frozenset().union(*told), _places(address, 27017))


def _told_by_mongo(address: StoreAddress) -> frozenset[str]:
    """Return what a server calls its own process, and the members of its replica set."""
    from store_adapters.mongo.link import MongoLink

    link = MongoLink(address, _LIMITS)
    hello: dict[str, Any] = {}
    try:
        with contextlib.suppress(StoreError), link.errors():
            hello = link.client.admin.command("hello")
    finally:
        link.close()
    told = {f"process {hello['topologyVersion']['processId']}"} if "topologyVersion" in hello else set()
    for member in (*hello.get("hosts", ()), *hello.get("passives", ())):
        told |= {f"member {place}" for place in _places_of_host(member, 27017)}
    return frozenset(told)


def _places(address: StoreAddress, default_port: int) -> frozenset[str]:
    return frozenset().union(*(_places_of_host(host, default_port) for host in address.hosts))


def _places_of_host(host: str, default_port: int) -> frozenset[str]:
    if host.lower().startswith("%2f"):
        found = _identify_path(parse_address(f"unix://{host}").path)
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
