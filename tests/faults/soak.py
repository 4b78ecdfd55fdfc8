"""`make soak MINUTES=n`: the window lists and reloads, threads edit, the application writes, and servers hang and die under them all.

Real Redis, MongoDB and a folder. Each session has two counters: `n` is only counted up by our saves, `app` only by the application, so
that a counter which goes back is a lost update, whoever lost it. At the end it prints what grew: memory, descriptors, the reference
counts of None and True, which PySide6 6.12.0 runs down. It exits with 1 when an update was lost or a goal was missed.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import bson
import pymongo
import redis
from PySide6.QtCore import QTimer

from inspector.app import Launch, make_application, open_window
from inspector.codecs import parse_json
from inspector.core.edits import SetValue, apply_edit
from inspector.core.node import find_member, member, number_of
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import OpenedSession, open_session
from inspector.services.sessions.save_session import SaveState, save_session
from inspector.services.settings.profiles import Profile
from inspector.services.settings.secrets import SecretStore
from store_adapters.contract import SessionStore
from store_adapters.errors import RecordChanged, StoreError
from store_adapters.registry import open_store
from tests.servers import Server, mongod_binary, redis_binary, start_mongod, start_redis

SESSIONS = 200
RELOAD_MS = 5000
WARM_S = 20.0
MOST_GROWTH_MB = 20.0
FIRST = '{"cookie":{"originalMaxAge":86400000,"path":"/"},"n":0,"app":0,"__lastAccess":%d}'


@dataclass(slots=True)
class Place:
    """One store: its URL, how the application counts `app` up, and the counters as they must be."""

    name: str
    url: str
    count_app_up: Callable[[str], int]
    certain: dict[str, int] = field(default_factory=dict)
    doubtful: dict[str, int] = field(default_factory=dict)
    app: dict[str, int] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)


def edit_one(place: Place, store: SessionStore, sid: str) -> None:
    """Count `n` up by a save, and compare both counters with what they must be."""
    opened = open_session(store, store.ref_for(sid))
    assert opened.decoded is not None
    root = opened.decoded.root
    number = _number(opened, "n")
    least = place.certain.get(sid, 0)
    if not least <= number <= least + place.doubtful.get(sid, 0):
        place.lost.append(f"{place.name} {sid}: n is {number}, not {least}")
    place.certain[sid], place.doubtful[sid] = number, 0
    where = find_member(root, "n")
    assert where is not None
    edited = apply_edit(root, SetValue((where,), parse_json(str(number + 1))))[0]
    outcome = save_session(store, opened, edited, Journal())
    place.outcomes[outcome.state.value] += 1
    if outcome.state is SaveState.SAVED:
        place.certain[sid] = number + 1
    elif outcome.state is SaveState.UNKNOWN:
        place.doubtful[sid] = 1


def _number(opened: OpenedSession, name: str) -> int:
    assert opened.decoded is not None
    found = number_of(member(opened.decoded.root, name))
    assert found is not None
    return int(found)


def keep_editing(place: Place, over: threading.Event, seed: int) -> None:
    dice, store = random.Random(seed), None
    while not over.wait(dice.uniform(0, 0.02)):
        try:
            if store is None:
                store = open_store(place.url)
            edit_one(place, store, f"s{dice.randrange(SESSIONS)}")
        except StoreError as error:
            place.outcomes[type(error).__name__] += 1
    if store is not None:
        store.close()


def keep_writing(place: Place, over: threading.Event, seed: int) -> None:
    """Be the application: its own counter must never be seen to go back."""
    dice = random.Random(seed)
    while not over.wait(dice.uniform(0.002, 0.02)):
        sid = f"s{dice.randrange(SESSIONS)}"
        with contextlib.suppress(redis.RedisError, pymongo.errors.PyMongoError, RecordChanged, StoreError):
            now = place.count_app_up(sid)
            if now < place.app.get(sid, 0):
                place.lost.append(f"{place.name} {sid}: app went back from {place.app[sid]} to {now}")
            place.app[sid] = now


@dataclass(slots=True)
class Servers:
    """Real servers in one folder, which can be stopped, killed and brought back."""

    folder: Path
    redis: Server = field(init=False)
    mongo: Server = field(init=False)

    def start(self) -> None:
        for name in ("redis", "mongo", "files"):
            (self.folder / name).mkdir()
        self.redis = self._redis(None)
        self.mongo = start_mongod(str(mongod_binary()), str(self.folder / "mongo"))

    def _redis(self, port: int | None) -> Server:
        options = ("--appendonly", "yes", "--appendfsync", "always")
        return start_redis(str(redis_binary()), str(self.folder / "redis"), *options, port=port)

    def kill_redis(self) -> None:
        self.redis.process.kill()
        self.redis.process.wait()
        self.redis = self._redis(self.redis.port)

    def kill_mongo(self) -> None:
        self.mongo.process.kill()
        self.mongo.process.wait()
        self.mongo = start_mongod(str(mongod_binary()), str(self.folder / "mongo"), port=self.mongo.port)

    def hang(self, server: Server, seconds: float, over: threading.Event) -> None:
        server.signal(signal.SIGSTOP)
        over.wait(seconds)
        server.signal(signal.SIGCONT)


def keep_breaking(servers: Servers, over: threading.Event, faults: Counter[str]) -> None:
    dice = random.Random(68)
    while not over.wait(dice.uniform(2, 6)):
        kind = dice.choice(("hang redis", "hang mongo", "hang redis", "hang mongo", "kill redis", "kill mongo"))
        faults[kind] += 1
        match kind:
            case "hang redis":
                servers.hang(servers.redis, dice.uniform(0.1, 5), over)
            case "hang mongo":
                servers.hang(servers.mongo, dice.uniform(0.1, 5), over)
            case "kill redis":
                servers.kill_redis()
            case _:
                servers.kill_mongo()


def make_places(servers: Servers) -> list[Place]:
    """Fill the three stores, and return how the application writes to each."""
    text = FIRST % (time.time() * 1000)
    cache = redis.Redis(port=servers.redis.port, socket_timeout=5)
    for number in range(SESSIONS):
        cache.set(f"sess:s{number}", text, px=86_400_000)
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        servers.mongo.url, directConnection=True, timeoutMS=5000
    )
    sessions = client["soak"]["sessions"]
    ends = bson.datetime_ms.DatetimeMS(4_000_000_000_000)
    sessions.insert_many(
        {"_id": f"s{number}", "expires": ends, "session": json.loads(text)} for number in range(SESSIONS)
    )
    files = servers.folder / "files"
    for number in range(SESSIONS):
        (files / f"s{number}.json").write_text(text)

    def count_redis(sid: str) -> int:
        def change(pipe: Any) -> Any:
            record = json.loads(pipe.get(f"sess:{sid}"))
            record["app"] += 1
            pipe.multi()
            pipe.set(f"sess:{sid}", json.dumps(record, separators=(",", ":")), keepttl=True)
            return int(record["app"])

        counted: Any = cache.transaction(change, f"sess:{sid}", value_from_callable=True)
        return int(counted)

    def count_mongo(sid: str) -> int:
        found = sessions.find_one_and_update(
            {"_id": sid}, {"$inc": {"session.app": 1}}, return_document=pymongo.ReturnDocument.AFTER
        )
        assert found is not None
        return int(found["session"]["app"])

    own = open_store(f"file://{files}")

    def count_file(sid: str) -> int:
        # Two writers that both replace files need a comparison on both sides: the application borrows ours.
        base = own.read(own.ref_for(sid))
        record = json.loads(base.payload)
        record["app"] += 1
        own.replace(base, json.dumps(record, separators=(",", ":")).encode())
        return int(record["app"])

    return [
        Place("redis", f"{servers.redis.url}/0?prefix=sess:", count_redis),
        Place("mongo", f"{servers.mongo.url}/soak?directConnection=true&collection=sessions", count_mongo),
        Place("files", f"file://{files}", count_file),
    ]


@dataclass(frozen=True, slots=True)
class Sample:
    rss_mb: float
    descriptors: int
    nones: int
    trues: int

    @staticmethod
    def take() -> Sample:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        size_mb = pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
        return Sample(size_mb, len(os.listdir("/proc/self/fd")), sys.getrefcount(None), sys.getrefcount(True))

    def __str__(self) -> str:
        return f"{self.rss_mb:.0f} MB, {self.descriptors} descriptors, None {self.nones:,}, True {self.trues:,}"


def main(minutes: float) -> int:
    """Run for so many minutes; return the exit code."""
    application = make_application()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        servers = Servers(Path(name))
        servers.start()
        places = make_places(servers)
        window = open_window(Launch(store=places[0].url), Path(name) / "home", SecretStore(use_keyring=False))
        window.show()
        for place in places:
            window.put_profile(Profile(id=place.name, name=place.name, url=place.url), keep=False)
        over, faults, samples = threading.Event(), Counter[str](), list[Sample]()
        threads = [threading.Thread(target=keep_breaking, args=(servers, over, faults))]
        for seed, place in enumerate(places):
            threads += [
                threading.Thread(target=work, args=(place, over, seed)) for work in (keep_editing, keep_writing)
            ]
        for thread in threads:
            thread.start()
        turn = 0

        def reload() -> None:
            nonlocal turn
            turn += 1
            window.choose_store(places[turn % len(places)].name)
            window.refresh()

        started = time.monotonic()
        timers = QTimer(interval=RELOAD_MS), QTimer(interval=1000), QTimer(interval=round(minutes * 60_000))
        timers[0].timeout.connect(reload)
        warm_s = min(WARM_S, minutes * 20)
        timers[1].timeout.connect(
            lambda: samples.append(Sample.take()) if time.monotonic() - started > warm_s else None
        )
        timers[2].timeout.connect(application.quit)
        for timer in timers:
            timer.start()
        application.exec()
        over.set()
        for thread in threads:
            thread.join(30)
        code = report(minutes, places, faults, samples, turn)
        window.close()
        for server in (servers.redis, servers.mongo):
            server.stop()
    return code


def report(minutes: float, places: list[Place], faults: Counter[str], samples: list[Sample], reloads: int) -> int:
    first, last = samples[0], samples[-1]
    print(f"soak of {minutes:g} minutes; faults: {dict(faults)}; {reloads} listings in the window")
    for place in places:
        print(f"  {place.name}: our saves {dict(place.outcomes)}, the application's writes {sum(place.app.values())}")
    print(f"  at first: {first}")
    print(f"  at last:  {last}")
    print(
        f"  most:     {max(sample.rss_mb for sample in samples):.0f} MB, {max(sample.descriptors for sample in samples)} descriptors"
    )
    lost = [entry for place in places for entry in place.lost]
    print(f"  lost updates: {len(lost)}", *lost[:10], sep="\n    ")
    grown = last.rss_mb - first.rss_mb
    is_good = not lost and grown < MOST_GROWTH_MB and last.nones > first.nones // 2 and last.trues > first.trues // 2
    print(f"  memory grew by {grown:.1f} MB (to reach: less than {MOST_GROWTH_MB:g})")
    return 0 if is_good else 1


if __name__ == "__main__":
    status = main(float(sys.argv[1]))
    sys.stdout.flush()
    os._exit(status)  # as the program leaves
