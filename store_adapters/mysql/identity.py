"""Which MySQL server an address leads to: its own UUID where it has one, and where it is."""

from __future__ import annotations

import contextlib

from store_adapters.errors import StoreError
from store_adapters.identity import IDENTITY_LIMITS, StoreIdentity, identify_path, places_of
from store_adapters.mysql.link import MysqlLink
from store_adapters.options import StoreAddress


def identify(address: StoreAddress) -> StoreIdentity:
    """Ask the server for its UUID; MariaDB has none before 11 and is known by its place and data directory. Blocks."""
    link, told = MysqlLink(address, IDENTITY_LIMITS), frozenset[str]()
    with contextlib.suppress(StoreError):
        rows = link.rows("SELECT @@hostname, @@port, @@datadir, @@server_id")
        told = frozenset({"server " + " ".join(str(value) for value in row) for row in rows})
    link.close()
    if socket := address.options.get("unix_socket"):
        return StoreIdentity(told, identify_path(socket).places)
    return StoreIdentity(told, places_of(address, 3306))
