"""Values of every size, and many of them: the window shows what can be shown, and goes on answering."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import redis
from pytestqt.qtbot import QtBot

from inspector.ui.window.main_window import MainWindow
from store_adapters.errors import RecordTooLarge
from store_adapters.options import HEAD_BYTES, Limits
from store_adapters.registry import open_store
from tests.servers import Server, missing, redis_binary, start_redis
from tests.stalls import Heartbeat, assert_smooth, let_paint
from tests.ui.conftest import WAIT_MS, OpenWindow, heartbeat, is_written, make_window, profile

__all__ = ["heartbeat", "make_window"]  # fixtures

MB = 1024 * 1024


def one_line(size: int) -> bytes:
    return b'{"cookie":{"path":"/"},"user":"ann","note":"' + b"n" * (size - 60) + b'"}'


def many_values(size: int) -> bytes:
    item = {"id": 1, "name": "x" * 30, "tags": ["a", "b"]}
    return json.dumps({"cookie": {}, "items": [item] * (size // 62)}).encode()


def soup(size: int) -> bytes:
    """Bidi controls and combining marks, which take longest to lay out."""
    return json.dumps({"cookie": {}, "note": "\u202e\u0301\u0627\u2066" * (size // 9)}, ensure_ascii=False).encode()


VALUES = {
    "1 MB in one line": one_line(MB),
    "4 MB in one line": one_line(4 * MB - 100),
    "12 MB in one line": one_line(12 * MB),
    "1.5 MB of values": many_values(MB * 3 // 2),
    "200 KB of values": many_values(200 * 1024),
    "200 KB in one line": one_line(200 * 1024),
    "100 KB of bidi and marks": soup(100 * 1024),
    "1 MB of no JSON": b"<" * MB,
    "1 MB of random bytes": bytes(range(256)) * 4096,
}


@pytest.fixture
def debug_redis(tmp_path: Path) -> Iterator[Server]:
    """A Redis that fills itself."""
    binary = redis_binary()
    if binary is None:
        missing("redis-server")
    server = start_redis(str(binary), str(tmp_path), "--enable-debug-command", "yes")
    yield server
    server.stop()


@pytest.mark.parametrize("name", VALUES)
def test_f39_large_values_are_shown_without_a_freeze(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, heartbeat: Heartbeat, name: str
) -> None:
    payload = VALUES[name]
    with redis.Redis.from_url(redis_url) as client:
        client.set("sess:large", payload, ex=9000)
        client.set("sess:small", b'{"cookie":{}}', ex=9000)
    window = make_window(f"{redis_url}?prefix=sess:")
    window.go_to_session(b"sess:large")
    qtbot.waitUntil(partial(_is_shown, window, "large"), timeout=60_000)
    for tab in range(window.panel.tabs.count()):
        if window.panel.tabs.isTabEnabled(tab):
            window.panel.tabs.setCurrentIndex(tab)
            let_paint(qtbot, heartbeat)
            qtbot.waitUntil(partial(is_written, window), timeout=WAIT_MS)
            let_paint(qtbot, heartbeat)
    window.go_to_session(b"sess:small")
    qtbot.waitUntil(partial(_is_shown, window, "small"), timeout=WAIT_MS)
    assert_smooth(heartbeat)
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("sess:large") == payload


def test_f39_value_of_512_mb_never_crosses_the_wire(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, heartbeat: Heartbeat
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.setrange("sess:huge", 512 * MB - 1, b"x")
        client.set("sess:small", b'{"cookie":{}}', ex=9000)
        sent = _sent(client)
        window = make_window(f"{redis_url}?prefix=sess:")
        window.go_to_session(b"sess:huge")
        qtbot.waitUntil(partial(_is_told, window), timeout=30_000)
        assert _sent(client) - sent < 20 * MB
        window.go_to_session(b"sess:small")
        qtbot.waitUntil(partial(_is_shown, window, "small"), timeout=WAIT_MS)
        assert_smooth(heartbeat)
        assert client.strlen("sess:huge") == 512 * MB
        client.delete("sess:huge")


def test_f39_first_bytes_of_what_is_too_large_are_shown_as_plain_text(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, heartbeat: Heartbeat
) -> None:
    head = '{"note":"<b>bold</b>\u202e","more":"'.encode()
    with redis.Redis.from_url(redis_url) as client:
        client.set("sess:huge", head + b"n" * (65 * MB), ex=9000)
        client.set("sess:small", b'{"cookie":{}}', ex=9000)
        window = make_window(f"{redis_url}?prefix=sess:")
        empty = window.panel.empty
        window.go_to_session(b"sess:huge")
        qtbot.waitUntil(lambda: empty.excerpt.isVisible(), timeout=30_000)
        assert empty.headline.text() == f"The record is {len(head) + 65 * MB:,} bytes, too large to open."
        assert "its first 65,536 bytes" in empty.sentence.text()
        lines = empty.excerpt.toPlainText().split("\n")
        assert lines[0].startswith('{"note":"<b>bold</b>‹U+202E›","more":"nnn')
        assert max(map(len, lines)) <= 2000
        assert empty.excerpt.isReadOnly()
        assert window.panel.opened is None
        window.go_to_session(b"sess:small")
        qtbot.waitUntil(partial(_is_shown, window, "small"), timeout=WAIT_MS)
        window.panel.show_session(window.current, None)
        assert not empty.excerpt.isVisible()
        assert empty.excerpt.toPlainText() == ""
        client.delete("sess:huge")
    assert_smooth(heartbeat)


@pytest.mark.parametrize("kind", ["redis", "file", "sqlite"])
def test_f39_record_that_is_too_large_tells_its_size_and_first_bytes(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    payload = b'{"cookie":{},"private":"' + b"n" * 3 * MB + b'"}'
    if kind == "redis":
        url = f"{request.getfixturevalue('redis_url')}?prefix=sess:"
        with redis.Redis.from_url(url.partition("?")[0]) as client:
            client.set("sess:a", payload, ex=9000)
    elif kind == "file":
        (tmp_path / "a.json").write_bytes(payload)
        url = f"file://{tmp_path}"
    else:
        with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as base, base:
            base.execute("CREATE TABLE sessions (sid PRIMARY KEY, expired, sess)")
            base.execute("INSERT INTO sessions VALUES ('a', 4102444800000, ?)", (payload.decode(),))
        url = f"sqlite://{tmp_path}/a.db"
    small = Limits(max_record_bytes=2 * MB)
    with contextlib.closing(open_store(url, limits=small)) as store, pytest.raises(RecordTooLarge) as refused:
        store.read(store.ref_for("a"))
    assert refused.value.size == len(payload)
    assert refused.value.head == payload[:HEAD_BYTES]
    assert "private" not in str(refused.value) + repr(refused.value)


@pytest.mark.timeout(600)
def test_f40_many_keys_in_many_namespaces_do_not_hold_the_window(
    qtbot: QtBot, make_window: OpenWindow, debug_redis: Server, heartbeat: Heartbeat
) -> None:
    others, namespaces = (1_000_000, 10_000) if os.environ.get("FAULTS_FULL") else (50_000, 5_000)
    redis_url = f"{debug_redis.url}/0"
    with redis.Redis.from_url(redis_url, socket_timeout=60) as client:
        client.execute_command("DEBUG", "POPULATE", others, "other", 300)
        with client.pipeline(transaction=False) as pipe:
            for number in range(namespaces):
                pipe.set(f"ns{number}:sess:{number}", b'{"cookie":{}}')
            pipe.set("sess:wanted", b'{"cookie":{}}')
            pipe.execute()
    window = make_window(f"{redis_url}?prefix=sess:")
    assert window.sessions_page.model.match_count == 1
    window.put_profile(profile(f"{redis_url}?prefix=", "everything"), keep=False)
    began = time.monotonic()
    qtbot.waitUntil(partial(_has_listed, window, others + namespaces + 1), timeout=300_000)
    print(f"listed {others + namespaces + 1:,} keys in {time.monotonic() - began:.1f} s")
    page = window.sessions_page
    page.filter_edit.setText("wanted")
    qtbot.waitUntil(lambda: page.model.match_count == 1, timeout=60_000)
    page.filter_edit.clear()
    qtbot.waitUntil(lambda: page.model.match_count == others + namespaces + 1, timeout=60_000)
    assert_smooth(heartbeat)


def test_f41_hostile_prefix_is_text_not_a_pattern(redis_url: str) -> None:
    from store_adapters.contract import CancelToken

    with redis.Redis.from_url(redis_url) as client:
        client.set("a[b]*?\\c:one", b'{"cookie":{}}')
        client.set("ab*?\\c:two", b'{"cookie":{}}')
        client.set("abx:three", b'{"cookie":{}}')
        for number in range(1000):
            client.set(f"other{number}", b"x")
    store = open_store(f"{redis_url}?prefix=a%5Bb%5D%2A%3F%5Cc%3A")
    began = time.monotonic()
    keys = [key for batch in store.list_records(CancelToken()) for key in batch.keys]
    store.close()
    assert keys == [b"a[b]*?\\c:one"]
    assert time.monotonic() - began < 5


def _is_shown(window: MainWindow, session_id: str) -> bool:
    return window.panel.opened is not None and window.panel.opened.session_id == session_id


def _has_listed(window: MainWindow, count: int) -> bool:
    store = window.current
    return store is not None and store.progress.is_complete and window.sessions_page.model.match_count == count


def _is_told(window: MainWindow) -> bool:
    """True when the window shows the record or says why not."""
    empty = window.panel.empty
    return _is_shown(window, "huge") or (empty.isVisible() and "too large to open" in empty.headline.text())


def _sent(client: redis.Redis) -> int:
    return int(client.info("stats")["total_net_output_bytes"])
