"""What is large or risky is read in a process of its own: limits hold, it comes back, and the window and commands go on."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from functools import partial

import msgspec
import pytest
import redis
from pytestqt.qtbot import QtBot

from inspector.cli._arguments import parse_arguments
from inspector.cli._output import Output
from inspector.cli._run import run_command
from inspector.cli._signals import Signals
from inspector.codecs import CodecError, OpeningKeys, SealedError, decode, pack_decoded, pack_error, read_answer
from inspector.codecs._wire import CLASSES
from inspector.services.sessions import decoder
from inspector.services.sessions.decoder import DECODER, IN_PROCESS_BYTES, DecoderProcess, decode_record
from inspector.ui.window.main_window import MainWindow
from tests.codecs.test_fuzz import SAMPLES, SECRETS
from tests.faults.hostile.bad_decoder import CRASH, EAT, HANG, RAISE
from tests.servers import ROOT
from tests.stalls import Heartbeat, assert_smooth
from tests.ui.conftest import WAIT_MS, OpenWindow, heartbeat, make_window

__all__ = ["heartbeat", "make_window"]  # fixtures

BAD = [sys.executable, "-m", "tests.faults.hostile.bad_decoder"]
LIMIT_S = 3.0
COOKIE = b'"cookie":{"originalMaxAge":null,"path":"/"}'
PADDING = b',"note":"' + b"n" * (IN_PROCESS_BYTES + 1) + b'"'
GOOD = b"{" + COOKIE + PADDING + b"}"


def evil(act: bytes) -> bytes:
    return act + b"," + COOKIE + PADDING + b"}"


WORDS = {
    HANG: "longer than 3 s",
    EAT: "more memory than 1024 MB",
    CRASH: "ended the decoder",
    RAISE: "UnboundLocalError",
}
NAMES = {HANG: "hangs", EAT: "takes-3-GB", CRASH: "segfaults", RAISE: "raises"}


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Iterator[DecoderProcess]:
    """The program's decoder is one that misbehaves."""
    process = DecoderProcess(BAD, LIMIT_S)
    monkeypatch.setattr(decoder, "DECODER", process)
    yield process
    process.close()


@pytest.mark.parametrize("act", WORDS, ids=NAMES.get)
def test_f48_decoder_that_misbehaves_is_an_error_in_words_and_comes_back(bad: DecoderProcess, act: bytes) -> None:
    if act == EAT and sys.platform != "linux":
        pytest.skip("only Linux holds a process to RLIMIT_AS")
    assert decode_record(GOOD, "redis").root.entries[1].key == "note"
    first, began = bad.pid, time.monotonic()
    with pytest.raises(CodecError, match=WORDS[act]) as caught:
        decode_record(evil(act), "redis")
    assert time.monotonic() - began < LIMIT_S + 5
    assert "s3cr3t" not in str(caught.value)
    assert decode_record(GOOD, "redis").payload == GOOD
    assert (bad.pid == first) is (act == RAISE)


def test_f48_window_goes_on_while_the_decoder_hangs_and_crashes(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, bad: DecoderProcess, heartbeat: Heartbeat
) -> None:
    records = {"hang": evil(HANG), "crash": evil(CRASH), "good": GOOD}
    _put(redis_url, records)
    window = make_window(f"{redis_url}?prefix=sess:")
    for session_id, words in (("hang", "longer than 3 s"), ("crash", "ended the decoder"), ("good", "")):
        window.go_to_session(f"sess:{session_id}".encode())
        qtbot.waitUntil(partial(_is_shown, window, session_id), timeout=WAIT_MS)
        opened = window.panel.opened
        assert opened is not None
        assert opened.raw.payload == records[session_id]
        assert opened.is_editable is (words == "")
        assert words in " ".join(tried.reason for tried in opened.attempts)
    assert_smooth(heartbeat)


def test_f48_command_line_says_that_the_decoder_gave_up(redis_url: str, bad: DecoderProcess) -> None:
    _put(redis_url, {"crash": evil(CRASH)})
    answers, complaints = io.StringIO(), io.StringIO()
    options = parse_arguments(["show", f"{redis_url}?prefix=sess:", "crash"])
    code = run_command(options, Output(answers, complaints, Signals()))
    assert "ended the decoder" in answers.getvalue() + complaints.getvalue()
    assert code in (0, 1)


def test_small_records_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    untouched = DecoderProcess(BAD)
    monkeypatch.setattr(decoder, "DECODER", untouched)
    decode_record(b"{" + COOKIE + b"}", "redis")
    with pytest.raises(CodecError):
        decode_record(b"\x80\x04N.", "redis")
    assert untouched.pid is None


def test_record_that_unpacks_to_more_is_read_by_the_process() -> None:
    packed = base64.b64encode(gzip.compress(GOOD))
    assert len(packed) < 2000
    decoded = decode_record(packed, "redis")
    assert decoded.source == GOOD
    assert decoded.label == "express JSON, base64, gzip"
    assert DECODER.pid is not None


def test_record_of_a_megabyte_is_read_as_in_this_process() -> None:
    record = json.dumps(
        {"cookie": {}, "items": [{"id": number, "name": "x" * 60} for number in range(16_000)]}
    ).encode()
    assert 1_000_000 < len(record) < 4 * 1024 * 1024
    read, here = decode_record(record, "redis"), decode(record, "redis")
    assert pack_decoded(read) == pack_decoded(here)
    assert read.root.entries[-1].value.entries[-1].key_span == here.root.entries[-1].value.entries[-1].key_span


@pytest.mark.parametrize("number", range(0, len(SAMPLES), 7))
def test_every_kind_of_record_crosses_unchanged(number: int) -> None:
    kind, payload = SAMPLES[number]
    keys = OpeningKeys(tuple(SECRETS), "k" * 32, kind)
    try:
        here = decode(payload, kind, SECRETS, keys.session_id)
    except CodecError as error:
        with pytest.raises(CodecError, match=re.escape(str(error))) as crossed:
            read_answer(pack_error(error), payload, keys)
        assert crossed.value.attempts == error.attempts
        assert isinstance(crossed.value, SealedError) is isinstance(error, SealedError)
        return
    assert read_answer(pack_decoded(here), payload, here.keys) == here


def test_lone_surrogates_and_deep_trees_cross_unchanged() -> None:
    deep = b'{"cookie":{},"\\ud800":"\\udfff","d":' + b"[" * 98 + b"]" * 98 + b"}"
    here = decode(deep, "redis")
    crossed = read_answer(pack_decoded(here), deep, here.keys)
    assert pack_decoded(crossed) == pack_decoded(here)
    assert crossed.root.entries[1] == here.root.entries[1]


@pytest.mark.parametrize(
    "answer",
    [
        b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        msgspec.msgpack.encode(
            ["record", "x", "x", "exact", "", [{"class": "Popen", "fields": [["true"]]}], None, [], None]
        ),
        msgspec.msgpack.encode("odd"),
        b"",
    ],
)
def test_answer_can_make_nothing_but_records(answer: bytes) -> None:
    with pytest.raises((ValueError, KeyError, IndexError, msgspec.DecodeError)):
        read_answer(answer, b"", OpeningKeys())


def test_every_layer_has_its_place_in_the_closed_table() -> None:
    folder = ROOT / "inspector" / "codecs"
    layers = {
        name for path in folder.rglob("*.py") for name in re.findall(r"^class (\w+Layer)\b", path.read_text(), re.M)
    }
    assert layers - CLASSES.keys() == set()
    assert len(layers) >= 8


def test_the_process_ends_with_the_program() -> None:
    decode_record(GOOD, "redis")
    pid = DECODER.pid
    assert pid is not None
    DECODER.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _is_shown(window: MainWindow, session_id: str) -> bool:
    return window.panel.opened is not None and window.panel.opened.session_id == session_id


def _put(redis_url: str, records: dict[str, bytes]) -> None:
    with redis.Redis.from_url(redis_url) as client:
        for session_id, payload in records.items():
            client.set(f"sess:{session_id}", payload, ex=86_400)
