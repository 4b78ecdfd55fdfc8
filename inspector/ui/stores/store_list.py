"""The stores of the window: each is made when it is first wanted, as a profile book may hold thousands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from inspector.services.settings.profiles import Profile
from inspector.ui.stores.open_store import OpenStore


class StoreList(Mapping[str, OpenStore]):
    """Stores by profile id, in the book's order. `make` makes one from its profile."""

    def __init__(self, make: Callable[[Profile], OpenStore], profiles: Sequence[Profile]) -> None:
        self._make = make
        self._profiles = {profile.id: profile for profile in profiles}
        self._made: dict[str, OpenStore] = {}

    def __getitem__(self, profile_id: str) -> OpenStore:
        if profile_id not in self._made:
            self._made[profile_id] = self._make(self._profiles[profile_id])
        return self._made[profile_id]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._profiles))

    def __len__(self) -> int:
        return len(self._profiles)

    def __contains__(self, profile_id: object) -> bool:
        return profile_id in self._profiles

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The profiles of all, made or not."""
        return tuple(self._profiles.values())

    @property
    def made(self) -> tuple[OpenStore, ...]:
        """The stores that were wanted so far: no other can be open."""
        return tuple(self._made.values())

    def find_made(self, profile_id: str) -> OpenStore | None:
        return self._made.get(profile_id)

    def put(self, profile: Profile) -> OpenStore | None:
        """Add a profile or change the one with its id, in its place; return the store that was made of the old one."""
        self._profiles[profile.id] = profile
        return self._made.pop(profile.id, None)

    def pop(self, profile_id: str) -> OpenStore:
        """Remove a store and return it."""
        store = self[profile_id]
        del self._profiles[profile_id], self._made[profile_id]
        return store
