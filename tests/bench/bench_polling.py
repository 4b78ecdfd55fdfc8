"""Live on a Redis without keyspace notifications: commands and bytes a minute, beside reading the whole list every 2 s.

Prints; asserts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import redis

from store_adapters.contract import CancelToken, Change
from store_adapters.options import Limits
from store_adapters.registry import open_store
from tests.bench.redis_sessions import filled_redis
from tests.bench.report import SIZE, row

_OLD_PERIOD_S = 2.0
_BOUND = 0.1


@dataclass(frozen=True, slots=True)
class Cost:
    """What the server counted: commands (those in scripts too), packets' bytes out, and its own time."""

    commands: int
    bytes_out: int
    cpu_s: float

    @classmethod
    def read(cls, client: redis.Redis) -> Cost:
        info = client.info()
        cpu_s = info["used_cpu_user"] + info["used_cpu_sys"]
        return cls(info["total_commands_processed"], info["total_net_output_bytes"], cpu_s)

    def since(self, before: Cost) -> Cost:
        return Cost(self.commands - before.commands, self.bytes_out - before.bytes_out, self.cpu_s - before.cpu_s)


def look_once(steps: Iterator[Sequence[Change]]) -> float:
    """Take what is told up to the end of a look; return how often the store is looked at, in seconds."""
    while True:
        for change in next(steps):
            if change.look is not None:
                return change.look.every_s


def main() -> None:
    with filled_redis(SIZE) as server, redis.Redis(port=server.port) as client:
        client.config_set("notify-keyspace-events", "")
        store = open_store(f"{server.url}/0?prefix=sess:", limits=Limits())
        before = Cost.read(client)
        for _batch in store.list_records(CancelToken()):
            pass
        old = Cost.read(client).since(before)
        cancel = CancelToken()
        before = Cost.read(client)
        every_s = look_once(store.watch(cancel))
        new = Cost.read(client).since(before)
        cancel.cancel()
        store.close()
    old_times, times = 60 / _OLD_PERIOD_S, 60 / every_s
    print(f"Live at {SIZE:,} sessions: looks every {every_s:.1f} s")
    for what, reached, against, unit in (
        ("commands", new.commands * times, old.commands * old_times, ""),
        ("bytes", new.bytes_out * times / 1e6, old.bytes_out * old_times / 1e6, " MB"),
        ("server time", new.cpu_s * times, old.cpu_s * old_times, " s"),
    ):
        ratio = reached / against if against else 0.0
        row(
            f"polling {SIZE:,}: {what} a minute",
            f"{reached:,.1f}{unit}",
            f"list every 2 s {against:,.1f}{unit}",
            ratio,
            f"at most {_BOUND:g}",
            holds=ratio <= _BOUND,
        )


if __name__ == "__main__":
    main()
