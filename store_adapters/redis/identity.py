"""Which Redis or Valkey server an address leads to: its run ID, and where it listens."""

from __future__ import annotations

import contextlib

from store_adapters.errors import StoreError
from store_adapters.identity import IDENTITY_LIMITS, StoreIdentity, identify_path, places_of
from store_adapters.options import StoreAddress
from store_adapters.redis.link import RedisLink
from store_adapters.redis.sentinel import Sentinels


def identify(address: StoreAddress) -> StoreIdentity:
    """Ask the server, or the master that Sentinel names, for its run. Blocks."""
    sentinels = Sentinels(address, IDENTITY_LIMITS) if address.scheme == "redis+sentinel" else None
    link = RedisLink(address, IDENTITY_LIMITS, sentinels.find_master if sentinels else None)
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
        return StoreIdentity(told, places_of(address, 26379 if sentinels else 6379))
    socket_file = identify_path(address.path)
    places = socket_file.places | socket_file.told
    port = facts.get("tcp_port", "0")
    return StoreIdentity(told, places | ({f"here {port}"} if port != "0" else frozenset()))


def _facts(reply: object) -> dict[str, str]:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else ""
    pairs = (line.strip().partition(":") for line in text.splitlines())
    return {name: value for name, _, value in pairs if value}
