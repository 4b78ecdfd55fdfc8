"""The lanes of one store, and the connections of all but the first."""

from __future__ import annotations

import time
from collections.abc import Callable

from inspector.ui.base.jobs import Lane
from store_adapters.contract import SessionStore

_NAMES = ("edit", "list", "live", "bulk")


class StoreLanes:
    """Looking up, editing, listing, following and bulk acts never wait for one another. `connect` opens one more connection."""

    def __init__(self, name: str, connect: Callable[[], SessionStore]) -> None:
        self._connect = connect
        self._lanes = {lane: Lane(f"{name} {lane}") for lane in _NAMES}
        self._stores: dict[str, SessionStore] = {}

    def __getitem__(self, name: str) -> Lane:
        return self._lanes[name]

    @property
    def stores(self) -> list[SessionStore]:
        """The connections that are open."""
        return list(self._stores.values())

    def store(self, name: str) -> SessionStore:
        """Return the connection of a lane; to be called there, since it belongs to its lane."""
        if name not in self._stores:
            self._stores[name] = self._connect()
        return self._stores[name]

    def interrupt(self, name: str) -> None:
        """Free a lane that may wait for a server which hangs."""
        if name in self._stores:
            self._stores[name].interrupt()

    def forget(self, name: str) -> None:
        """Have a lane reconnect next time."""
        self._stores.pop(name, None)

    def leave(self, *names: str) -> None:
        """Close the connections of these lanes, each where it belongs: a call may be under way there."""
        for name in names:
            store = self._stores.pop(name, None)
            if store is not None:
                self._lanes[name].put(store.close)

    def close(self) -> None:
        """Let the threads end after what they are doing; waits for nothing."""
        for lane in self._lanes.values():
            lane.put(lambda: None)
            lane.close()

    def join(self, timeout_s: float) -> bool:
        """Wait for the lanes to end; True when they all have."""
        deadline = time.monotonic() + timeout_s
        return all(lane.join(max(0.0, deadline - time.monotonic())) for lane in self._lanes.values())
