"""How a store is addressed, bounded and looked at: the parsed URL, the limits, who hears of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A store URL taken apart. `password` never appears in `repr` or in `safe_url`.

    `scheme`: redis, rediss, redis+sentinel, unix, mongodb, mongodb+srv, file, sqlite, memory. `hosts`: "host:port", several
    for MongoDB and Sentinel. `path`: database number, "service/number" of Sentinel, database name, folder, file or
    socket path. `options`: the query, decoded.
    """

    scheme: str
    hosts: tuple[str, ...] = ()
    path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


HEAD_BYTES = 64 * 1024
"""How much is read of a record that is too large."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits in seconds and size limits in bytes for every call of a store.

    `on_command`: hears of every packet just before it is sent, in words without values, on the thread that sends it.
    """

    connect_s: float = 3.0
    call_s: float = 3.0
    deadline_s: float = 5.0
    poll_s: float = 2.0
    max_record_bytes: int = 64 * 1024 * 1024
    list_payload_bytes: int = 1024 * 1024
    on_command: Callable[[str], None] | None = None
