"""Measures the Redis tools that run here beside ours, on the same sessions, and prints the table of docs/comparison.md.

By hand: `make peers` (SIZE=100000 sessions, ROUNDS=3; ARGS=FOLDER keeps the installed peers there for the next time). The
peers come from their registries, newest version, into a temporary folder; nothing of them is part of this repository.

Each round starts every tool in a process of its own, asks it for what a person would, and ends it; the best of all rounds
counts, for everybody. Web tools are asked as their pages ask them, without a browser: what it would take to draw the
keys, and its memory, is not in their figures. Our window is measured until its rows are painted (offscreen).
Afterwards a session is saved with each tool, three times: nobody else writes; the application writes after it was
opened; the user logs out after it was opened. What is in Redis then is looked at. Where the system allows, all
processes measured run at real-time priority, so that other work on the machine does not count.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import redis

from inspector import __version__
from tests.bench.peers.install import install_peers
from tests.bench.peers.iredis import IRedis
from tests.bench.peers.ours import OurWindow
from tests.bench.peers.p3x import P3x
from tests.bench.peers.peer import PREFIX, Listed, Peer
from tests.bench.peers.redis_commander import RedisCommander
from tests.bench.redis_sessions import filled_redis
from tests.bench.report import SIZE
from tests.bench.sessions import session_text

ROUNDS = int(os.environ.get("ROUNDS", "3"))
_LIFETIME_MS = 3_600_000
_REPLAYED = f"{PREFIX}replayed-by-the-peers-bench"


@dataclass(slots=True)
class Figures:
    """The best of all rounds of one tool, and what became of its saves."""

    name: str
    comes_with: str
    note: str
    starts_s: list[float] = field(default_factory=list)
    firsts: list[Listed] = field(default_factory=list)
    alls: list[Listed] = field(default_factory=list)
    finds: list[Listed] = field(default_factory=list)
    memories: list[int] = field(default_factory=list)
    saves: list[str] = field(default_factory=list)
    trouble: str = ""


def measure_round(peer: Peer, figures: Figures, wanted: str) -> None:
    """Start a tool, list, look at its memory, search, and end it. What it could not do is its trouble."""
    try:
        figures.starts_s.append(peer.start())
        figures.firsts.append(peer.list_first())
        figures.alls.append(peer.list_all())
        figures.memories.append(peer.memory_bytes())
        if (found := peer.find(wanted)) is not None:
            figures.finds.append(found)
    except (RuntimeError, OSError) as error:
        figures.trouble = f"could not be driven: {error}"
    finally:
        peer.stop()


def replay_saves(peer: Peer, figures: Figures, client: redis.Redis) -> None:
    """Save a session alone, after the application wrote, and after a log-out; keep what became of each, in words."""
    opened = {"cookie": {"originalMaxAge": _LIFETIME_MS}, "role": "user", "views": 1}
    edited = json.dumps({**opened, "role": "admin"}, separators=(",", ":"))
    written = json.dumps({**opened, "views": 2}, separators=(",", ":"))

    def put(text: str) -> None:
        client.set(_REPLAYED, text, px=_LIFETIME_MS)

    def save_after(between: Callable[[], object]) -> str:
        put(json.dumps(opened, separators=(",", ":")))
        peer.open_session(_REPLAYED)
        between()
        return f' ("{peer.save(_REPLAYED, edited)}")'

    try:
        peer.start()
        said = save_after(lambda: None)
        figures.saves.append(_expiry_words(client) + said)
        said = save_after(lambda: put(written))
        figures.saves.append(_merge_words(client) + said)
        said = save_after(lambda: client.delete(_REPLAYED))
        is_back = client.exists(_REPLAYED)
        figures.saves.append((f"back, expiry {_expiry_words(client)}" if is_back else "stays logged out") + said)
    except (RuntimeError, OSError) as error:
        figures.trouble = f"could not be driven: {error}"
    finally:
        peer.stop()
        client.delete(_REPLAYED)


def _expiry_words(client: redis.Redis) -> str:
    left_ms = int(client.pttl(_REPLAYED))
    if left_ms == -1:
        return "lost: never expires"
    return "kept" if left_ms > _LIFETIME_MS - 60_000 else f"changed to {left_ms} ms"


def _merge_words(client: redis.Redis) -> str:
    stored = json.loads(str(client.get(_REPLAYED) or "{}"))
    if stored.get("views") == 2:
        return "both kept" if stored.get("role") == "admin" else "the application's kept, the edit refused"
    return "the application's write is lost"


def find_user() -> str:
    """Return the e-mail address of one user among the sessions."""
    for number in range(SIZE // 2, SIZE):
        record = json.loads(session_text(number, 0)[0])
        if "user" in record:
            return str(record["user"]["email"])
    sys.exit("SIZE is too small: no session has a user")


def raise_priority(redis_pid: int) -> str:
    """Let this process, its children and the server go before others; return in words whether it was allowed."""
    try:
        for pid in (0, redis_pid):
            os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(10))
    except (AttributeError, PermissionError):
        return "ordinary priority"
    return "real-time priority"


def print_table(tools: list[Figures]) -> None:
    """Print the table in Markdown."""

    def seconds(listed: list[Listed]) -> str:
        best = min(listed, key=lambda one: one.seconds)
        return f"{best.seconds:.3f} s ({best.keys:,})"

    rows: list[tuple[str, Callable[[Figures], str]]] = [
        ("driven through", lambda tool: tool.note),
        ("start until it can be asked", lambda tool: f"{min(tool.starts_s):.2f} s"),
        ("first keys (how many)", lambda tool: seconds(tool.firsts)),
        ("all keys (how many)", lambda tool: seconds(tool.alls)),
        ("each key comes with", lambda tool: tool.comes_with),
        ("one user's session by text in the values", lambda tool: seconds(tool.finds) if tool.finds else "not offered"),
        ("memory after listing", lambda tool: f"{min(tool.memories) / 1e6:.0f} MB"),
        ("a save: the expiry is", lambda tool: tool.saves[0]),
        ("… the application wrote meanwhile", lambda tool: tool.saves[1]),
        ("… the user logged out meanwhile", lambda tool: tool.saves[2]),
    ]
    print("| | " + " | ".join(tool.name for tool in tools) + " |")
    print("|---" * (len(tools) + 1) + "|")
    for head, cell in rows:
        print(f"| {head} | " + " | ".join(tool.trouble or cell(tool) for tool in tools) + " |")


def measure(folder: Path, home: Path) -> int:
    """Install, fill, measure, print; return 1 when a tool could not be driven."""
    versions = install_peers(folder)
    wanted = find_user()
    with filled_redis(SIZE) as server:
        priority = raise_priority(server.pid)
        port = server.port
        makers: list[Callable[[], Peer]] = [
            lambda: OurWindow(port),
            lambda: RedisCommander(folder, home, port),
            lambda: P3x(folder, home, port),
            lambda: IRedis(folder, home, port, SIZE),
        ]
        tools = [Figures(peer.name, peer.comes_with, peer.note) for peer in (make() for make in makers)]
        pairs = list(zip(tools, makers, strict=True))
        with redis.Redis(port=port, decode_responses=True) as client:
            print(f"Redis {client.info('server')['redis_version']}, {client.dbsize():,} sessions", file=sys.stderr)
            for number in range(ROUNDS):
                for tool, make in pairs:
                    measure_round(make(), tool, wanted)
                    print(f"round {number + 1}: {tool.name} {tool.trouble}", file=sys.stderr)
            for tool, make in pairs:
                replay_saves(make(), tool, client)
    names = ", ".join(f"{name} {version}" for name, version in versions.items())
    print(f"{datetime.now(UTC):%Y-%m-%d}, {SIZE:,} sessions, best of {ROUNDS}, {priority}, {os.cpu_count()} cores")
    print(f"Session Inspector {__version__}, Python {platform.python_version()}; {names}\n")
    print_table(tools)
    return 1 if any(tool.trouble for tool in tools) else 0


def main() -> int:
    """Measure in a temporary folder, or in the one named, which is then kept."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
        kept = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        return measure(kept.resolve(), Path(home))


if __name__ == "__main__":
    sys.exit(main())
