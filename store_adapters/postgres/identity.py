"""Which PostgreSQL server an address leads to: the cluster's own number, the same for its standbys."""

from __future__ import annotations

import contextlib

from store_adapters.errors import StoreError
from store_adapters.identity import IDENTITY_LIMITS, StoreIdentity, identify_path, places_of
from store_adapters.options import StoreAddress
from store_adapters.postgres.link import PostgresLink


def identify(address: StoreAddress) -> StoreIdentity:
    """Ask the server for the number that its cluster was made with. Blocks."""
    link, told = PostgresLink(address, IDENTITY_LIMITS), frozenset[str]()
    with contextlib.suppress(StoreError):
        told = frozenset(
            {f"cluster {row[0]}" for row in link.rows("SELECT system_identifier FROM pg_control_system()")}
        )
    link.close()
    places = places_of(address, 5432)
    if socket := address.options.get("host", ""):
        places |= identify_path(socket).places if socket.startswith("/") else frozenset({f"name {socket}"})
    return StoreIdentity(told, places)
