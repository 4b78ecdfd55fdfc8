"""From a store URL to the application's side of that store; drivers are imported when first needed."""

from __future__ import annotations

from pathlib import Path

from store_adapters.address import parse_address
from store_adapters.application.contract import ApplicationStore
from store_adapters.errors import BadStoreAddress
from store_adapters.options import Limits


def open_application_store(url: str, *, limits: Limits | None = None, keeps_forever: bool = False) -> ApplicationStore:
    """Open the store at `url` as an Express application would; the URLs are those of `open_store`.

    `keeps_forever`: records get no expiry, as with disableTTL; in memory they always follow their cookie.
    A folder is made when there is none. `BadStoreAddress`, `StoreUnreachable`, `StoreRefused`.
    """
    address = parse_address(url)
    limits = limits or Limits()
    match address.scheme:
        case "redis" | "rediss" | "unix":
            from store_adapters.application.connect_redis import ConnectRedisStore

            return ConnectRedisStore.open(address, limits, keeps_forever=keeps_forever)
        case "mongodb" | "mongodb+srv":
            from store_adapters.application.connect_mongo import ConnectMongoStore

            return ConnectMongoStore.open(address, limits, keeps_forever=keeps_forever)
        case "file":
            from store_adapters.application.session_file_store import SessionFileApplicationStore

            extension = address.options.get("extension", ".json")
            ttl_s = _ttl_s(address.options.get("ttl", ""))
            return SessionFileApplicationStore(Path(address.path), extension, ttl_s, keeps_forever=keeps_forever)
        case "memory":
            from store_adapters.application.memory import MemoryApplicationStore

            return MemoryApplicationStore(address.path)
        case _:
            raise BadStoreAddress(
                "The demo server does not write to this kind of store.", "Choose Redis, MongoDB, a folder or memory."
            )


def _ttl_s(text: str) -> float:
    try:
        ttl_s = float(text or 3600)
    except ValueError:
        ttl_s = -1
    if not 0 < ttl_s < 1e12:
        raise BadStoreAddress(
            "The ttl of a folder is a number of seconds.", "For example file:///srv/sessions?ttl=3600"
        )
    return ttl_s
