"""What Redis says of itself that bears on the sessions in it: memory, disk, rights, clock, and whose other keys are here.

Source: insight.md 1.1. Asked with INFO, INFO commandstats, DBSIZE, TIME, and where they are allowed CONFIG GET, ACL and SCAN.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import hiredis

from store_adapters.clock import now_ms
from store_adapters.contract import ServerFacts, clock_facts
from store_adapters.redis.link import RedisLink

_MOST_NAMES = 20_000
_SCAN_COUNT = 1000
_NUMBERS = ("evicted_keys", "maxmemory", "used_memory", "connected_slaves", "uptime_in_seconds", "aof_enabled")
_TEXTS = ("maxmemory_policy", "rdb_last_bgsave_status", "aof_last_write_status", "role")
_FIRST_WORD = re.compile(rb"[^:.\-_/]{1,40}")


def server_facts(link: RedisLink, prefix: bytes) -> ServerFacts:
    """Ask what the server allows and return it. `StoreError` where it doesn't answer."""
    values: dict[str, Any] = {}
    refused: dict[str, str] = {}
    asked_ms = now_ms()
    clock, info, statistics, size, *config = link.pipe(
        [
            ("TIME",),
            ("INFO",),
            ("INFO", "commandstats"),
            ("DBSIZE",),
            ("CONFIG", "GET", "save"),
            ("CONFIG", "GET", "bind"),
            ("CONFIG", "GET", "protected-mode"),
            ("ACL", "WHOAMI"),
            ("ACL", "GETUSER", "default"),
        ]
    )
    answered_ms = now_ms()
    if isinstance(clock, list):
        server_ms = int(clock[0]) * 1000 + int(clock[1]) // 1000
        values |= clock_facts(asked_ms, server_ms, answered_ms).values
    else:
        refused["server_ms"] = _why("TIME", clock)
    if isinstance(info, bytes):
        told = _lines(info)
        values |= {name: int(told[name]) for name in _NUMBERS if told.get(name, "").isdigit()}
        values |= {name: told[name] for name in _TEXTS if name in told}
    else:
        refused |= dict.fromkeys((*_NUMBERS, *_TEXTS), _why("INFO", info))
    if isinstance(statistics, bytes):
        calls = {name: re.search(r"calls=(\d+)", text) for name, text in _lines(statistics).items()}
        flushes = (calls.get("cmdstat_flushdb"), calls.get("cmdstat_flushall"))
        values["flushes"] = sum(int(found[1]) for found in flushes if found is not None)
    else:
        refused["flushes"] = _why("INFO commandstats", statistics)
    for name, reply in zip(("save", "bind", "protected_mode"), config, strict=False):
        if isinstance(reply, list) and len(reply) == 2:
            values[name] = reply[1].decode("utf-8", "replace")
        else:
            refused[name] = _why("CONFIG", reply)
    _note_user(config[3], config[4], values, refused)
    if isinstance(size, int):
        values["keys"] = size
        values["foreign_names"], values["names_seen"] = _foreign_names(link, prefix)
        values["prefix"] = prefix.decode("utf-8", "replace")
    else:
        refused["keys"] = refused["foreign_names"] = _why("DBSIZE", size)
    return ServerFacts(values, refused)


def _note_user(name: Any, default: Any, values: dict[str, Any], refused: dict[str, str]) -> None:
    """Say whether we came in without a password, as everybody else would."""
    if isinstance(name, hiredis.ReplyError) or isinstance(default, hiredis.ReplyError):
        refused["is_open"] = _why("ACL", name if isinstance(name, hiredis.ReplyError) else default)
        return
    told = default or []
    flags: list[bytes] = next((told[place + 1] for place in range(0, len(told) - 1, 2) if told[place] == b"flags"), [])
    values["is_open"] = name == b"default" and b"nopass" in flags


def _foreign_names(link: RedisLink, prefix: bytes) -> tuple[dict[str, int], int]:
    """Return how many keys without the prefix begin with which word, of the first names that a scan gives, and how many those are."""
    names: Counter[str] = Counter()
    seen, cursor = 0, b"0"
    while True:
        reply = link.pipe([("SCAN", cursor, "COUNT", _SCAN_COUNT)])[0]
        if not isinstance(reply, list):
            return dict(names), seen
        cursor, keys = reply
        seen += len(keys)
        for key in keys:
            if not key.startswith(prefix):
                word = _FIRST_WORD.match(key)
                names[word[0].decode("utf-8", "replace") if word else "(other)"] += 1
        if cursor == b"0" or seen >= _MOST_NAMES:
            return dict(names), seen


def _lines(text: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in text.decode("utf-8", "replace").splitlines() if ":" in line)
    return {name: value for name, _, value in lines}


def _why(command: str, reply: Any) -> str:
    if isinstance(reply, hiredis.ReplyError) and str(reply).startswith("NOPERM"):
        return f"{command} is not allowed to this user."
    return f"This server doesn't answer {command}."
