"""From a store URL to an open store: the one list of adapters; drivers are imported when first needed."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from store_adapters.address import format_address, parse_address
from store_adapters.contract import SessionStore
from store_adapters.options import Limits
from store_adapters.read_only import ReadOnlyStore

__all__ = ["format_address", "load_driver", "open_store", "parse_address"]

# The adapter's module and the driver's, which the adapter imports when it connects.
_DRIVERS = {
    **dict.fromkeys(("redis", "unix", "rediss"), ("store_adapters.redis.store", "redis")),
    "redis+sentinel": ("store_adapters.redis.sentinel", "redis"),
    **dict.fromkeys(("mongodb", "mongodb+srv"), ("store_adapters.mongo.store", "pymongo")),
    "file": ("store_adapters.files.store",),
    "sqlite": ("store_adapters.sqlite.store",),
}


def load_driver(url: str) -> None:
    """Import what opening `url` needs, so that it does not wait for that. `BadStoreAddress`."""
    for name in _DRIVERS.get(parse_address(url).scheme, ()):
        import_module(name)


def open_store(url: str, *, read_only: bool = False, limits: Limits | None = None) -> SessionStore:
    """Open the store at `url`. Does the first round trip, so a wrong address or password is told here.

    `read_only` refuses every write below the window with `StoreReadOnly`. `BadStoreAddress`, `StoreUnreachable`,
    `StoreRefused`.
    """
    address = parse_address(url)
    limits = limits or Limits()
    store: SessionStore
    match address.scheme:
        case "redis" | "rediss" | "unix":
            from store_adapters.redis.store import RedisStore

            store = RedisStore.open(address, limits, read_only=read_only)
        case "redis+sentinel":
            from store_adapters.redis.sentinel import SentinelStore

            store = SentinelStore.open(address, limits, read_only=read_only)
        case "mongodb" | "mongodb+srv":
            from store_adapters.mongo.store import MongoStore

            store = MongoStore.open(address, limits)
        case "file":
            from store_adapters.files.store import FileStore

            files = FileStore.open(address, limits)
            if not read_only:
                files.sweep()
            store = files
        case "sqlite":
            from store_adapters.sqlite.store import SqliteStore

            store = SqliteStore.open(address, limits)
        case _:
            from store_adapters.memory_store import MemoryStore

            store = MemoryStore.open(address, limits)
    # It takes the place of a store and has no method that writes; asking for one says why.
    return cast(SessionStore, ReadOnlyStore(store)) if read_only else store
