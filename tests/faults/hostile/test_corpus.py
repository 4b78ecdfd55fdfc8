"""Hostile records are shown as data: nothing is unpickled, evaluated, compiled or started, nothing fills memory or the stack."""

from __future__ import annotations

import json
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.codecs import CodecError, decode, encode, format_json, parse_like, plain_data, summarise
from inspector.cookies import read_har
from inspector.core.edits import SetValue, apply_edit
from inspector.core.merge import diff
from inspector.core.node import MAX_DEPTH, Kind, number_node
from inspector.services.cookies.har_report import follow_session
from inspector.services.sessions.decoder import DECODER, IN_PROCESS_BYTES, decode_record
from tests.fuzz.hostile import COOKIES, DEEP, OWNED, RECORDS
from tests.fuzz.targets import SECRETS, TARGETS

KINDS = ("redis", "file", "mongo", "sqlite", "memory")
# What running foreign code needs at least one of.
EVENTS = (
    "pickle.find_class", "marshal.load", "exec", "compile", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork",
    "os.spawn", "os.startfile", "code.__new__", "function.__new__", "import", "ctypes.", "socket.connect", "socket.bind", "open",
    "webbrowser.open", "shutil.", "os.remove", "os.rename", "os.mkdir", "cpython.run_",
)  # fmt: skip
MOST_S = 2.0  # of the processor: what others take of it meanwhile is not ours
MOST_MB = 64


class Ear:
    """Hears audit events of this thread while it listens; an audit hook can never be taken away."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.is_on = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, _args: tuple[object, ...]) -> None:
        if self.is_on and event.startswith(EVENTS):
            self.heard.append(event)


EAR = Ear()


@pytest.fixture
def ear() -> Iterator[Ear]:
    EAR.heard.clear()
    yield EAR
    EAR.is_on = False


def read(payload: bytes, kind: str) -> str:
    """Do with a record all that the program does; return what it says of it."""
    words = summarise(payload, kind, (), SECRETS).format
    plain_data(payload, kind)
    try:
        decoded = decode(payload, kind, SECRETS, "k" * 32, max_bytes=IN_PROCESS_BYTES, is_quick=True)
    except CodecError as error:
        return f"{words} {error} {' '.join(tried.reason for tried in error.attempts)}"
    return f"{words} {decoded.label}"


def test_the_ear_hears(ear: Ear) -> None:
    ear.is_on = True
    eval("1 + 1")
    ear.is_on = False
    assert {"compile", "exec"} <= set(ear.heard)


@pytest.mark.parametrize("name", RECORDS)
def test_f46_f47_hostile_record_is_only_looked_at(ear: Ear, name: str) -> None:
    for kind in KINDS:
        read(RECORDS[name], kind)  # imports what it needs
        ear.is_on = True
        began = time.thread_time()
        assert read(RECORDS[name], kind)
        took_s = time.thread_time() - began
        ear.is_on = False
        assert ear.heard == []
        assert took_s < MOST_S
    assert not Path(OWNED).exists()


@pytest.mark.parametrize("name", TARGETS)
def test_f46_f47_no_parser_does_more_than_parse(ear: Ear, name: str) -> None:
    if name == "profile-file":
        pytest.skip("reads files, which is what it is for")
    run = TARGETS[name].run
    run(TARGETS[name].seeds[0])
    slowest = 0.0
    for record in RECORDS.values():
        run(record)
        ear.is_on = True
        began = time.thread_time()
        run(record)
        slowest = max(slowest, time.thread_time() - began)
        ear.is_on = False
    assert ear.heard == []
    assert slowest < MOST_S


@pytest.mark.parametrize("name", COOKIES)
def test_f45_hostile_cookie_takes_little_time_and_memory(ear: Ear, name: str) -> None:
    run = TARGETS["pasted"].run
    run(COOKIES[name].encode())
    tracemalloc.start()
    ear.is_on = True
    began = time.thread_time()
    run(COOKIES[name].encode())
    took_s = time.thread_time() - began
    ear.is_on = False
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ear.heard == []
    assert peak < MOST_MB << 20
    assert took_s < 2 * MOST_S  # tracing takes its time too


@pytest.mark.parametrize("name", ["gzip-bomb", "zlib-bomb", "zlib-in-zlib"])
def test_f45_bomb_in_a_record_is_refused_by_the_decoder(name: str) -> None:
    tracemalloc.start()
    with pytest.raises(CodecError, match=r"unpacks to more than 16,384 KB|isn't JSON|looks like|not UTF-8"):
        decode_record(RECORDS[name], "redis")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST_MB << 20
    assert DECODER.pid is not None or name == "zlib-in-zlib"


@pytest.mark.parametrize("name", [name for name in RECORDS if "deep" in name])
def test_f44_deep_record_is_refused_in_words(name: str) -> None:
    kind = "mongo" if name.startswith("bson") else "redis"
    with pytest.raises(CodecError) as caught:
        decode_record(RECORDS[name], kind)
    if name.startswith(("json", "bson")):
        assert f"deeper than {MAX_DEPTH} levels" in " ".join(tried.reason for tried in caught.value.attempts)
    assert DEEP == 100_000


@pytest.mark.parametrize("levels", [MAX_DEPTH - 2, MAX_DEPTH - 10, 50])
def test_f44_deepest_record_that_is_read_can_be_edited(levels: int) -> None:
    raw = b'{"cookie":{},"d":' + b'{"k":' * levels + b"1" + b"}" * levels + b"}"
    decoded = decode(raw, "redis")
    root, _ = apply_edit(decoded.root, SetValue((1, *(0,) * levels), number_node(2)))

    def use() -> None:
        assert root != decoded.root
        assert encode(decoded, root) == raw.replace(b"1", b"2")
        assert len(diff(decoded.root, root)) == 1
        assert parse_like(format_json(root), decoded.root) == root

    _below(150, use)  # as far down as a slot of the window is


def _below(calls: int, act: object) -> None:
    if calls:
        _below(calls - 1, act)
    else:
        assert callable(act)
        act()


def test_f47_foreign_formats_are_named_not_opened() -> None:
    assert "pickle" in read(RECORDS["pickle-4"], "redis")
    assert "Java" in read(RECORDS["java"], "redis")
    assert decode(RECORDS["node-serialize"], "redis").root.entries[1].value.kind is Kind.STRING
    prototype = decode(RECORDS["prototype"], "redis").root
    assert [entry.key for entry in prototype.entries] == ["cookie", "__proto__", "constructor"]


@pytest.mark.parametrize(
    "url", ["https://shop.examp]e/a", "http://[::1", "http://[v1.x]/", "//\u2100/", "", "http://a:99999999/"]
)
def test_f67_archive_with_what_is_no_url_is_read(url: str) -> None:
    """What atheris found: Python's urlsplit raises ValueError for some of these."""
    cookie = [{"name": "Cookie", "value": "connect.sid=s%3Aa.b"}]
    answer = {
        "status": 200,
        "headers": [{"name": "Set-Cookie", "value": "connect.sid=s%3Aa.b; Path=/; Domain=x; Secure"}],
    }
    request = {"method": "GET", "url": url, "headers": cookie}
    entries = [
        {"startedDateTime": f"2026-11-24T12:00:0{number}Z", "request": request, "response": answer} for number in (1, 2)
    ]
    report = follow_session(read_har(json.dumps({"log": {"entries": entries}}).encode()), SECRETS)
    assert report.summary
