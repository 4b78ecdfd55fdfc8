"""Which MongoDB deployment an address leads to: the processes of its hosts, and the members of its replica set."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from store_adapters.errors import StoreError
from store_adapters.identity import IDENTITY_LIMITS, StoreIdentity, places_of, places_of_host
from store_adapters.mongo.link import MongoLink
from store_adapters.options import StoreAddress

_LOGIN_OPTIONS = frozenset({"authSource", "authMechanism", "authMechanismProperties"})


def identify(address: StoreAddress) -> StoreIdentity:
    """Ask each host for its process and the members of its replica set. Blocks."""
    options = {name: value for name, value in address.options.items() if name not in _LOGIN_OPTIONS}
    plain = replace(address, user="", password="", options=options)  # the greeting needs no login
    if address.scheme == "mongodb+srv":
        return StoreIdentity(_told(plain), frozenset({f"name {address.hosts[0].lower()}"}))
    direct = {name: value for name, value in options.items() if name not in ("replicaSet", "loadBalanced")}
    direct["directConnection"] = "true"
    told = [_told(replace(plain, hosts=(host,), options=direct)) for host in address.hosts]
    return StoreIdentity(frozenset().union(*told), places_of(address, 27017))


def _told(address: StoreAddress) -> frozenset[str]:
    """Return what a server calls its own process, and the members of its replica set."""
    link = MongoLink(address, IDENTITY_LIMITS)
    hello: dict[str, Any] = {}
    try:
        with contextlib.suppress(StoreError), link.errors():
            hello = link.client.admin.command("hello")
    finally:
        link.close()
    told = {f"process {hello['topologyVersion']['processId']}"} if "topologyVersion" in hello else set()
    for member in (*hello.get("hosts", ()), *hello.get("passives", ())):
        told |= {f"member {place}" for place in places_of_host(member, 27017)}
    return frozenset(told)
