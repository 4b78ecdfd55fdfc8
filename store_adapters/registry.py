"""From a store URL to an open store: the one list of adapters; drivers are imported when first needed."""

from __future__ import annotations

from store_adapters.contract import SessionStore
from store_adapters.options import Limits, StoreAddress


def parse_address(url: str) -> StoreAddress:
    """Take a store URL apart; `BadStoreAddress` (never quoting the URL) says what is wrong with it.

    `redis://[user:pass@]host:port/db?prefix=sess:`, `rediss://…`, `unix:///path/to/socket?db=0&prefix=…`,
    `mongodb://…/db?collection=sessions`, `mongodb+srv://…`, `file:///folder?extension=.json&ttl=3600`, `memory:`.
    """
    raise NotImplementedError


def format_address(address: StoreAddress, *, with_password: bool = False) -> str:
    """Return the URL of an address; without the password unless asked."""
    raise NotImplementedError


def open_store(url: str, *, read_only: bool = False, limits: Limits | None = None) -> SessionStore:
    """Open the store at `url`. Does the first round trip, so a wrong address or password is told here.

    `read_only` refuses every write below the window with `StoreReadOnly`. `BadStoreAddress`, `StoreUnreachable`, `StoreRefused`.
    """
    raise NotImplementedError
