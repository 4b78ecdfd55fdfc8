"""From a store URL to the application's side of that store; drivers are imported when first needed."""

from __future__ import annotations

from store_adapters.address import parse_address
from store_adapters.application.contract import ApplicationStore
from store_adapters.errors import BadStoreAddress
from store_adapters.kinds import load
from store_adapters.known_kinds import known_kinds, scheme_named
from store_adapters.options import Limits


def open_application_store(url: str, *, limits: Limits | None = None, keeps_forever: bool = False) -> ApplicationStore:
    """Open the store at `url` as an Express application would; the URLs are those of `open_store`.

    `keeps_forever`: records get no expiry, as with disableTTL; in memory they always follow their cookie.
    A folder is made when there is none. `BadStoreAddress`, `StoreUnreachable`, `StoreRefused`.
    """
    address = parse_address(url)
    opener = scheme_named(address.scheme).application
    if not opener:
        *some, last = [kind.label for kind in known_kinds() if any(scheme.application for scheme in kind.schemes)]
        raise BadStoreAddress(
            "The demo server does not write to this kind of store.", f"Choose {', '.join(some)} or {last}."
        )
    store: ApplicationStore = load(opener)(address, limits or Limits(), keeps_forever=keeps_forever)
    return store


def can_serve(url: str) -> bool:
    """True where the demo server can keep its sessions at `url`."""
    try:
        return bool(scheme_named(parse_address(url).scheme).application)
    except BadStoreAddress:
        return False
