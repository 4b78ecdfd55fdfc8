"""From a store URL to an open store; adapters and drivers are imported when first needed."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from store_adapters.address import format_address, parse_address
from store_adapters.contract import SessionStore
from store_adapters.kinds import load
from store_adapters.known_kinds import scheme_named
from store_adapters.options import Limits
from store_adapters.read_only import ReadOnlyStore

__all__ = ["format_address", "load_driver", "open_store", "parse_address"]


def load_driver(url: str) -> None:
    """Import what opening `url` needs, so that it does not wait for that. `BadStoreAddress`."""
    scheme = scheme_named(parse_address(url).scheme)
    load(scheme.opener)
    for name in scheme.drivers:
        import_module(name)


def open_store(url: str, *, read_only: bool = False, limits: Limits | None = None) -> SessionStore:
    """Open the store at `url`. Does the first round trip, so a wrong address or password is told here.

    `read_only` refuses every write below the window with `StoreReadOnly`. `BadStoreAddress`, `StoreUnreachable`,
    `StoreRefused`.
    """
    address = parse_address(url)
    store: SessionStore = load(scheme_named(address.scheme).opener)(address, limits or Limits(), read_only=read_only)
    # It takes the place of a store and has no method that writes; asking for one says why.
    return cast(SessionStore, ReadOnlyStore(store)) if read_only else store
