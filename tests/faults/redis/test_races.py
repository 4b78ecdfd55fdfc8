"""Rows F33–F37 and F65: the application, a second window, or expiry between opening and saving."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from inspector.codecs import json_bytes
from inspector.core.merge import Choice
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.save_session import Persistence, SaveState, save_session, verify_saved
from store_adapters.contract import SessionStore
from store_adapters.errors import RecordChanged, RecordUnreadable
from store_adapters.registry import open_store
from tests.faults.redis.rigs import (
    HOUR_MS,
    Rig,
    assert_told,
    assert_usable,
    edit,
    edit_of,
    look,
    new_role,
    told,
    wait_for,
)
from tests.servers import ROOT

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]
EDITS = 10_000 if os.environ.get("FAULTS_FULL") else 1000
EXPIRIES = 1000 if os.environ.get("FAULTS_FULL") else 60
THREADS = 8


def test_f33_conflict_shows_both_versions_and_merges(rig: Rig, open_at: Opener) -> None:
    rig.put("a", visits=1)
    store = open_at(rig.url)
    opened = look(store)
    theirs = rig.put("a", role="guest", visits=2)
    outcome = edit(store, opened)
    assert outcome.state is SaveState.CONFLICT
    assert_told(outcome.message, "you and the application both changed role", "choose")
    assert rig.stored("a") == theirs
    assert outcome.review is not None
    (conflict,) = outcome.review.conflicts
    assert [json_bytes(one) for one in (conflict.base, conflict.theirs, conflict.mine) if one is not None] == [
        b'"user"', b'"guest"', b'"admin"',
    ]  # fmt: skip
    decided = save_session(store, opened, edit_of(opened), Journal(), {"role": Choice.MINE})
    assert decided.state is SaveState.SAVED
    assert_told(decided.message, "saved role", "kept the application's visits")
    assert rig.stored("a") == theirs.replace(b'"guest"', b'"admin"')
    assert_usable(store, rig)


@pytest.mark.parametrize("how", ["expired", "logged out"])
def test_f34_session_that_ended_is_not_brought_back(rig: Rig, open_at: Opener, how: str) -> None:
    rig.put("a")
    store = open_at(rig.url)
    opened = look(store)
    if how == "expired":
        rig.client.pexpire("sess:a", 50)
        wait_for(lambda: not rig.client.exists("sess:a"))
    else:
        rig.client.delete("sess:a")
    outcome = edit(store, opened)
    assert outcome.state is SaveState.GONE
    assert_told(outcome.message, "no longer in the store", "not brought back")
    assert rig.client.exists("sess:a") == 0
    assert_usable(store, rig)


def test_f34_expiries_while_saving_bring_none_back(rig: Rig, open_at: Opener) -> None:
    store = open_at(rig.url)
    dice, states = random.Random(34), dict.fromkeys(SaveState, 0)
    for number in range(EXPIRIES):
        sid = f"short{number}"
        rig.put(sid)
        opened = look(store, sid)
        rig.client.pexpire(f"sess:{sid}", dice.randint(1, 3))
        states[edit(store, opened).state] += 1
        wait_for(partial(_is_gone, rig, sid))
    print({state.value: number for state, number in states.items() if number})
    assert states[SaveState.SAVED] + states[SaveState.GONE] + states[SaveState.BUSY] == EXPIRIES
    assert rig.client.keys("sess:short*") == []


def _is_gone(rig: Rig, sid: str) -> bool:
    return not rig.client.exists(f"sess:{sid}")


def test_f35_write_right_after_ours_is_noticed(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.url)
    outcome = edit(store, look(store))
    rig.client.set("sess:a", before, px=HOUR_MS)  # a request that held the older copy
    assert outcome.record is not None
    report = verify_saved(store, outcome)
    assert report.state is Persistence.OVERWRITTEN
    assert_told(report.message, "the application overwrote role", "save again")
    assert_usable(store, rig)


def test_f35_write_in_the_very_moment_of_ours_is_noticed_too(rig: Rig, open_at: Opener) -> None:
    # Between our write and whatever the adapter reads after it: that must not pass for what we wrote.
    before = rig.put("a")
    store = open_at(rig.url)
    opened = look(store)
    link: Any = store._link  # type: ignore[attr-defined]
    pipe = link.pipe

    def pipe_then_application(commands: Any, **options: Any) -> Any:
        replies = pipe(commands, **options)
        if commands[0][0] == "EVAL":
            rig.client.set("sess:a", before, px=HOUR_MS)
        return replies

    link.pipe = pipe_then_application
    outcome = edit(store, opened)
    link.pipe = pipe
    assert outcome.record is not None
    assert outcome.record.raw.payload == new_role(before)
    assert verify_saved(store, outcome).state is Persistence.OVERWRITTEN


def test_f36_key_that_became_a_hash_is_left_alone(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    store = open_at(rig.url)
    opened = look(store)
    rig.client.delete("sess:a")
    rig.client.hset("sess:a", "field", "kept")
    with pytest.raises(RecordUnreadable) as caught:
        edit(store, opened)
    assert_told(told(caught.value), "doesn't hold a string")
    with pytest.raises(RecordUnreadable) as caught:
        store.replace(opened.raw, new_role(before))
    assert_told(told(caught.value), "doesn't hold a string", "nothing was written")
    assert rig.client.hgetall("sess:a") == {b"field": b"kept"}
    assert_usable(store, rig)


@pytest.mark.parametrize("way", ["script", "IFEQ", "WATCH"])
def test_f37_concurrent_edits_lose_none(rig: Rig, valkey_rig: Rig, way: str) -> None:
    rig = valkey_rig if way == "IFEQ" else rig
    rules = {"script": ("+@all",), "IFEQ": ("+@all", "-eval"), "WATCH": ("+@all", "-eval")}[way]
    url = rig.at(rig.port, rig.acl("editor", *rules))
    rig.client.set("sess:a", b'{"n":0}', px=HOUR_MS)
    conflicts: list[int] = []

    def add(count: int) -> None:
        store, seen = open_store(url), 0
        ref = store.ref_for("a")
        for _ in range(count):
            while True:
                record = store.read(ref)
                number = json.loads(record.payload)["n"]
                try:
                    store.replace(record, b'{"n":%d}' % (number + 1))
                except RecordChanged:
                    seen += 1
                    continue
                break
        conflicts.append(seen)
        store.close()

    started = time.monotonic()
    threads = [threading.Thread(target=add, args=(EDITS // THREADS,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = json.loads(rig.stored("a") or b"")["n"]
    print(
        f"{way}: {EDITS:,} edits by {THREADS} threads: {EDITS - found} lost, {sum(conflicts):,} conflicts, "
        f"{time.monotonic() - started:.1f} s"
    )
    assert len(conflicts) == THREADS
    assert found == EDITS
    left: Any = rig.client.pttl("sess:a")
    assert 0 < left <= HOUR_MS


_SECOND = """
import sys
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.save_session import save_session
from store_adapters.registry import open_store
from tests.services.sessions.test_save_session import edited

store = open_store(sys.argv[1])
opened = open_session(store, store.ref_for("a"))
print("opened", flush=True)
sys.stdin.readline()
outcome = save_session(store, opened, edited(opened, "role", '"' + sys.argv[2] + '"'), Journal())
print(outcome.state.value, flush=True)
"""


def test_f65_two_processes_that_edit_one_session_have_one_conflict(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    names = ("first", "second")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _SECOND, rig.url, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "opened\n"
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    said = [one.communicate(timeout=30)[0].strip() for one in started]
    assert sorted(said) == ["conflict", "saved"]
    assert rig.stored("a") == new_role(before, names[said.index("saved")])
    assert_usable(open_at(rig.url), rig)
