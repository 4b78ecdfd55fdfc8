"""The figures of RELIABILITY.md that are counted, not timed: lost updates, resurrected sessions, moved expiries, stray bytes.

The suite runs a small number of each; `FAULTS_FULL=1` runs what is published, and prints it.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bson
import pytest

from inspector.codecs import decode, encode, parse_json
from inspector.core.edits import SetValue, apply_edit
from inspector.core.node import Kind, Node
from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Delete, RawRecord, Replace, SessionStore, Write
from store_adapters.errors import OutcomeUnknown, RecordChanged, RecordMissing
from store_adapters.mongo.bson_bytes import find_value_end
from store_adapters.registry import open_store
from tests.faults.mongo.rigs import ENDS, MongoRig
from tests.faults.mongo.test_together import LATER
from tests.faults.redis.rigs import HOUR_MS, Rig
from tests.servers import ROOT, die_with_parent

IS_FULL = bool(os.environ.get("FAULTS_FULL"))
pytestmark = pytest.mark.timeout(1800 if IS_FULL else 120)


def full(number: int, small: int) -> int:
    return number if IS_FULL else small


def add_one(store: SessionStore, sid: str, mark: bytes) -> int:
    """Count the number after `mark` up by one; return how many conflicts it took."""
    conflicts = 0
    while True:
        record = store.read(store.ref_for(sid))
        number = int(record.payload.split(mark)[1][:7])
        try:
            store.replace(record, record.payload.replace(mark + b"%07d" % number, mark + b"%07d" % (number + 1)))
        except RecordChanged:
            conflicts += 1
            continue
        return conflicts


def test_mongo_edits_of_four_threads_lose_none(any_mongo_rig: MongoRig) -> None:
    rig = any_mongo_rig
    wanted, threads = full(2000, 120), 4
    rig.put_document(bson.encode({"_id": "a", "expires": ENDS, "session": '{"cookie":{},"n":"1000000"}'}))
    conflicts: list[int] = []

    def work() -> None:
        store = open_store(rig.url)
        for _ in range(wanted // threads):
            conflicts.append(add_one(store, "a", b'"n":"'))
        store.close()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = int(json.loads((rig.stored() or b"").decode())["n"]) - 1_000_000
    way = "transaction" if rig.is_replica_set else "filter"
    print(f"figure: lost updates, MongoDB by {way}: {wanted - found} in {wanted} ({sum(conflicts)} conflicts)")
    assert found == wanted


class Application(threading.Thread):
    """Counts sessions up and deletes some, at once with us. `numbers`: what each holds by its word; `deleted`: by it alone."""

    def __init__(self, rig: MongoRig, count: int) -> None:
        super().__init__()
        self.rig, self.count = rig, count
        self.numbers = [1_000_000] * count
        self.deleted: set[int] = set()
        self.is_over = threading.Event()

    def run(self) -> None:
        turn = 0
        while not self.is_over.is_set():
            turn += 1
            place = turn * 7 % self.count
            own = {"_id": f"s{place}"}
            if turn % 50 == 0:
                if self.rig.collection.delete_one(own).deleted_count:
                    self.deleted.add(place)
            elif self.rig.collection.update_one(own, {"$set": {"session": str(self.numbers[place] + 1)}}).matched_count:
                self.numbers[place] += 1


def marked(record: RawRecord) -> bytes:
    fields = bson.decode(record.payload)
    return bson.encode({**fields, "session": fields["session"] + "!"})


WRITES: dict[str, Callable[[RawRecord], Write]] = {
    "delete": Delete,
    "expire": lambda record: ChangeExpiry(record, LATER),
    "save": lambda record: Replace(record, marked(record)),
}


@pytest.mark.parametrize("kind", WRITES)
def test_no_write_of_the_application_is_lost_to_many_writes(
    lone_rig: MongoRig, open_at: Callable[[str], SessionStore], kind: str
) -> None:
    store, count = open_at(lone_rig.url), 60
    done = changed = 0
    for _round in range(full(250, 25)):
        lone_rig.collection.drop()
        lone_rig.collection.insert_many(
            [{"_id": f"s{place}", "expires": ENDS, "session": str(1_000_000)} for place in range(count)]
        )
        application = Application(lone_rig, count)
        application.start()
        records = store.read_many([store.ref_for(f"s{place}") for place in range(count)])
        bases = [one for one in records if isinstance(one, RawRecord)]
        results = store.write_many([WRITES[kind](one) for one in bases])
        application.is_over.set()
        application.join()
        for base, result in zip(bases, results, strict=True):
            place = int(base.ref.key.decode()[1:])
            if isinstance(result, RecordChanged):
                changed += 1
            elif result is None:
                done += 1
                assert place not in application.deleted
                assert str(application.numbers[place]).encode() in base.payload
            elif isinstance(result, RawRecord):
                done += 1
                assert (result.expires_at_ms == LATER) == (kind == "expire")
        there = {one["_id"]: one["session"] for one in lone_rig.collection.find()}
        for place, number in enumerate(application.numbers):
            assert there.get(f"s{place}", str(number)).rstrip("!") == str(number)
    print(
        f"figure: writes of the application lost to many of ours, MongoDB by filter: 0 ({done} done, {changed} refused)"
    )
    assert done > 0
    assert changed > 0


APPLICATION = """
import json, os, sys, time
path, pause = sys.argv[1], float(sys.argv[2])
last = lost = writes = 0
while not os.path.exists(path + ".stop"):
    record = json.load(open(path))
    lost += record["app"] < last
    last = record["app"] = max(last, record["app"]) + 1
    with open(path + ".app", "w") as file:
        json.dump(record, file)
    os.rename(path + ".app", path)
    writes += 1
    time.sleep(pause)
record = json.load(open(path))
print(writes, lost + (record["app"] < last))
"""


def test_saves_of_a_file_lose_no_write_of_an_application_that_pauses(tmp_path: Path) -> None:
    wanted = full(5000, 150)
    path = tmp_path / "a.json"
    path.write_text('{"cookie": {}, "mine": "1000000", "app": 0}')
    application = subprocess.Popen(
        [sys.executable, "-c", APPLICATION, str(path), "0.002"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    store = open_store(f"file://{tmp_path}")
    conflicts = sum(add_one(store, "a", b'"mine": "') for _ in range(wanted))
    (tmp_path / "a.json.stop").touch()
    out, _ = application.communicate(timeout=20)
    store.close()
    writes, lost = map(int, out.split())
    print(
        f"figure: lost writes of the application, files: {lost} of {writes} during {wanted} saves ({conflicts} conflicts)"
    )
    assert lost == 0
    assert writes > 20


def _race(
    store: SessionStore, put: Callable[[], Any], end: Callable[[], Any], is_there: Callable[[], bool], rounds: int
) -> None:
    """Save while the session ends, at every moment of a save; it must not be there afterwards."""
    dice, saved, gone = random.Random(5), 0, 0
    for number in range(rounds):
        put()
        base = store.read(store.ref_for("a"))
        delay_s = dice.uniform(0, 0.004)

        def ends(delay_s: float = delay_s) -> None:
            time.sleep(delay_s)
            end()

        ender = threading.Thread(target=ends)
        ender.start()
        try:
            while ender.is_alive():
                base = store.replace(base, _swapped(base))
                saved += 1
        except (RecordMissing, RecordChanged, OutcomeUnknown):
            gone += 1
        ender.join()
        assert not is_there(), f"round {number}: it came back"
    print(f"figure: sessions resurrected, {store.capabilities.kind}: 0 in {rounds} ({saved} saves, {gone} refused)")


def _swapped(base: RawRecord) -> bytes:
    old, new = (b"user", b"root") if b"user" in base.payload else (b"root", b"user")
    return base.payload.replace(old, new)


def test_no_save_brings_back_a_session_that_ended_in_redis(rig: Rig) -> None:
    store = open_store(rig.url)

    def expire() -> None:
        rig.client.pexpire("sess:a", 2)
        while rig.client.exists("sess:a"):
            time.sleep(0.0002)

    rounds = full(1000, 40)
    _race(store, lambda: rig.put("a"), expire, lambda: bool(rig.client.exists("sess:a")), rounds)
    store.close()


def test_no_save_brings_back_a_session_that_ended_in_mongo(any_mongo_rig: MongoRig) -> None:
    store = open_store(any_mongo_rig.url)
    delete, rounds = any_mongo_rig.collection.delete_one, full(1000, 40)
    _race(store, any_mongo_rig.put, lambda: delete({"_id": "a"}), lambda: any_mongo_rig.stored() is not None, rounds)
    store.close()


def test_no_save_brings_back_a_session_that_ended_in_a_folder(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    path = tmp_path / "a.json"
    content = b'{"cookie":{},"role":"user"}'
    _race(store, lambda: path.write_bytes(content), path.unlink, path.exists, full(1000, 40))
    store.close()


def _moved(store: SessionStore, expiry: Callable[[], int], rounds: int) -> None:
    before = expiry()
    record = store.read(store.ref_for("a"))
    worst = 0
    for _ in range(rounds):
        record = store.replace(record, _swapped(record))
        worst = max(worst, abs(expiry() - before))
    print(f"figure: expiry moved by an edit, {store.capabilities.kind}: {worst} ms at most in {rounds}")
    assert worst == 0


def test_no_edit_moves_an_expiry_in_redis(rig: Rig) -> None:
    rig.put("a", ttl_ms=HOUR_MS)
    store = open_store(rig.url)
    _moved(store, lambda: int(rig.client.pexpiretime("sess:a")), full(10_000, 200))
    store.close()


def test_no_edit_moves_an_expiry_in_mongo(mongo_rig: MongoRig) -> None:
    mongo_rig.put()
    store = open_store(mongo_rig.url)
    _moved(
        store,
        lambda: round(mongo_rig.collection.find_one({"_id": "a"})["expires"].timestamp() * 1000),
        full(10_000, 100),
    )
    store.close()


def test_no_edit_moves_an_expiry_in_a_folder(tmp_path: Path) -> None:
    last = now_ms()
    (tmp_path / "a.json").write_bytes(b'{"cookie":{"originalMaxAge":60000},"role":"user","__lastAccess":%d}' % last)
    store = open_store(f"file://{tmp_path}")
    _moved(store, lambda: store.read(store.ref_for("a")).expires_at_ms or 0, full(10_000, 100))
    store.close()


WORDS = ("a", "role", "x y", "\u00e9", "\U0001f600", 'quote"', "back\\", "1e5", "__proto__", "")
LEAVES: tuple[Any, ...] = (None, True, False, 0, -1, 2**40, 1.5, 1e-7, "", "text", "\u2028", "<b>", [], {})


def _random_value(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.random()
    if depth > 3 or kind < 0.5:
        return dice.choice(LEAVES)
    if kind < 0.75:
        return [_random_value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {dice.choice(WORDS) + str(number): _random_value(dice, depth + 1) for number in range(dice.randrange(5))}


def _leaves(node: Node, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Node]]:
    if node.kind in (Kind.OBJECT, Kind.ARRAY):
        return [leaf for place, entry in enumerate(node.entries) for leaf in _leaves(entry.value, (*path, place))]
    return [(path, node)]


def test_no_random_edit_of_json_changes_a_byte_outside_it() -> None:
    dice, wanted, done = random.Random(11), full(100_000, 1500), 0
    while done < wanted:
        session = {"cookie": {}, "keep": 1, **{f"k{n}": _random_value(dice) for n in range(4)}}
        gap = dice.choice(((",", ":"), (", ", ": "), (" ,\n", "\t: ")))
        payload = json.dumps(session, ensure_ascii=dice.random() < 0.5, separators=gap).encode()
        decoded = decode(payload, "redis")
        path, leaf = dice.choice(_leaves(decoded.root))
        text = json.dumps(dice.choice(("new", 7, False, None, "\u00fc", 2.25)), ensure_ascii=False)
        root = apply_edit(decoded.root, SetValue(path, parse_json(text)))[0]
        assert leaf.span is not None
        start, end = leaf.span
        written = encode(decoded, root)
        assert (written[:start], written[start + len(written) - len(payload) + end - start :]) == (
            payload[:start],
            payload[end:],
        )
        done += 1
    print(f"figure: bytes changed outside the edit, JSON: 0 in {done} random edits")


def test_no_random_edit_of_bson_changes_a_byte_outside_it() -> None:
    """Around the edited value only the lengths of the documents it is in change."""
    dice, wanted, done = random.Random(13), full(100_000, 1500), 0
    odd: tuple[Any, ...] = (
        bson.ObjectId(),
        bson.Decimal128("1.10"),
        bson.Int64(7),
        -0.0,
        bson.Regex("^a", "i"),
        b"\0\1",
    )
    while done < wanted:
        session = {"cookie": {}, "keep": 1, **{f"k{n}": _random_value(dice) for n in range(3)}, "odd": dice.choice(odd)}
        payload = bson.encode({"_id": "a", "expires": ENDS, "session": session})
        decoded = decode(payload, "mongo")
        path, leaf = dice.choice(_leaves(decoded.root))
        if leaf.span is None or leaf.kind not in (Kind.STRING, Kind.NUMBER):
            continue
        new = parse_json('"other"' if leaf.kind is Kind.STRING else "7")
        written = encode(decoded, apply_edit(decoded.root, SetValue(path, new))[0])
        start, end = leaf.span
        grown = len(written) - len(payload)
        assert written[end + grown :] == payload[end:]
        assert _without_lengths(written, start) == _without_lengths(payload, start)
        done += 1
    print(f"figure: bytes changed outside the edit, BSON: 0 in {done} random edits")


def _without_lengths(document: bytes, until: int) -> bytes:
    """Return the bytes before a value, with the lengths of the documents around it, and its own type, blanked."""
    masked, start = bytearray(document[:until]), 0
    while True:
        masked[start : start + 4] = bytes(4)
        position = start + 4
        while True:
            value = document.index(b"\0", position + 1) + 1
            after = find_value_end(document, document[position], value, len(document))
            if value <= until < after:
                break
            position = after
        if value == until:
            masked[position] = 0
            return bytes(masked)
        start = value


def test_every_figure_of_this_file_is_in_the_published_table() -> None:
    """RELIABILITY.md names the tests that hold its promises: none of them may be gone."""
    text = (ROOT / "RELIABILITY.md").read_text()
    names = {word.strip("`,.") for word in text.split() if word.strip("`,.").startswith("test_")}
    known = {
        line for path in (ROOT / "tests").rglob("test_*.py") for line in path.read_text().replace("(", " ").split()
    }
    files = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(names) > 10
    assert sorted(name for name in names if name not in known and name.split("::")[0] not in files) == []
