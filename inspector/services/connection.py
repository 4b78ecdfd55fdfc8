"""A profile made live: its open store, its secrets, its list; knows no window and starts no thread."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.core.secret import Secret
from inspector.services.catalogue import Catalogue
from inspector.services.profiles import Profile
from inspector.services.secrets import SecretStore
from store_adapters.contract import SessionStore, StoreInfo


@dataclass(frozen=True, slots=True)
class Connection:
    profile: Profile
    store: SessionStore
    catalogue: Catalogue
    info: StoreInfo
    secrets: tuple[Secret, ...]


def connect(profile: Profile, secrets: SecretStore) -> Connection:
    """Open the profile's store (read-only when it says so) and learn what it is. Blocks; `StoreError`."""
    raise NotImplementedError


def split_url(url: str) -> tuple[str, Secret | None]:
    """Return the URL without its password, and the password, for a profile to keep apart. `BadStoreAddress`."""
    raise NotImplementedError
