"""Rules about the server of any kind of store; each needs facts by name, and applies wherever they are told. Source: insight.md 1.3."""

from __future__ import annotations

from inspector.core.display import format_span
from inspector.core.store_facts import StoreFacts, StoreRule
from inspector.core.store_finding import Fix, StoreFinding, Weight
from inspector.services.doctor.folder import FILES
from inspector.services.doctor.mongo_server import MONGO_SERVER
from inspector.services.doctor.redis_server import REDIS_SERVER
from inspector.services.doctor.server_finding import server_finding

_SLACK_MS = 2000


def _clock_of_this_computer(facts: StoreFacts) -> StoreFinding | None:
    off_ms = facts.say("server_ms") - facts.say("asked_ms")
    if abs(off_ms) <= _SLACK_MS + facts.say("round_trip_ms"):
        return None
    way = "behind" if off_ms > 0 else "ahead of"
    return server_finding(
        "clock-of-this-computer",
        Weight.LOW,
        f"This computer's clock is {format_span(abs(off_ms))} {way} the server's",
        "Countdowns shown here are off by that; the sessions are not.",
        Fix("systemd", "timedatectl set-ntp true"),
    )


SERVER = (
    StoreRule("clock-of-this-computer", _clock_of_this_computer, ("server_ms",)),
    *REDIS_SERVER,
    *MONGO_SERVER,
    *FILES,
)
