"""A store that stops answering says so everywhere, says since when, and is found again by itself."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
from pytestqt.qtbot import QtBot

from inspector.ui.stores.open_store import OpenStore, StoreState
from inspector.ui.window.main_window import MainWindow
from store_adapters.errors import StoreUnreachable
from store_adapters.registry import open_store
from tests.servers import Server, missing, redis_binary, start_redis
from tests.stalls import Heartbeat, assert_smooth
from tests.ui.conftest import WAIT_MS, OpenWindow

SESSION = b'{"cookie":{"originalMaxAge":null,"path":"/"},"user":"ann"}'


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """Start a Redis of this test's own; each after the first on the same port."""
    binary = redis_binary()
    if binary is None:
        missing("redis-server")
    running: list[Server] = []

    def start() -> Server:
        port = running[0].port if running else None
        running.append(start_redis(str(binary), str(tmp_path), port=port))
        with redis.Redis(port=running[0].port) as client:
            client.set("sess:a", SESSION, ex=9000)
        return running[-1]

    yield start
    for server in running:
        server.stop()


def test_killed_server_is_seen_in_panel_list_and_status_bar_and_found_again(
    qtbot: QtBot, make_window: OpenWindow, own_redis: Callable[[], Server], heartbeat: Heartbeat
) -> None:
    server = own_redis()
    window = make_window(f"redis://127.0.0.1:{server.port}/0?prefix=sess:")
    store = shown_store(window)
    row = window.stores_panel.rows[store.profile.id]
    assert "last answer" in window.status.store_label.toolTip() + window.status.store_label.text()
    server.signal(signal.SIGKILL)
    look_until(qtbot, store, lambda: store.is_silent)
    assert row.count_label.text() == "no answer"
    assert "not answering, last answer" in row.toolTip()
    assert "not answering, last answer" in window.sessions_page.head.count_label.text()
    assert window.sessions_page.head.reconnect_button.isVisible()
    assert window.status.reconnect_button.isVisible()
    server.stop()
    own_redis()
    look_until(qtbot, store, lambda: not store.is_silent and store.progress.is_complete)
    assert store.state is StoreState.OPEN
    assert row.count_label.text() == "1"
    assert not window.status.reconnect_button.isVisible()
    assert_smooth(heartbeat)


def test_reconnect_finds_the_server_that_came_back(
    qtbot: QtBot, make_window: OpenWindow, own_redis: Callable[[], Server]
) -> None:
    server = own_redis()
    window = make_window(f"redis://127.0.0.1:{server.port}/0?prefix=sess:")
    store = shown_store(window)
    server.stop()
    look_until(qtbot, store, lambda: store.is_silent)
    own_redis()
    window.actions_book["reconnect"].trigger()
    qtbot.waitUntil(lambda: not store.is_silent and store.progress.is_complete, timeout=WAIT_MS)


def test_session_that_could_not_be_read_is_read_when_the_server_is_back(
    qtbot: QtBot, make_window: OpenWindow, own_redis: Callable[[], Server]
) -> None:
    server = own_redis()
    window = make_window(f"redis://127.0.0.1:{server.port}/0?prefix=sess:")
    store = shown_store(window)
    server.stop()
    window.go_to_session(b"sess:a")
    qtbot.waitUntil(lambda: store.is_silent, timeout=WAIT_MS)
    own_redis()
    look_until(qtbot, store, lambda: window.panel.opened is not None)


@pytest.mark.parametrize("kind", ["folder", "sqlite"])
def test_store_on_disk_that_vanished_is_told_and_found_again(
    qtbot: QtBot, make_window: OpenWindow, tmp_path: Path, kind: str
) -> None:
    place, url = make_store(tmp_path, kind)
    window = make_window(url)
    store = shown_store(window)
    aside = place.with_name("aside")
    place.rename(aside)
    look_until(qtbot, store, lambda: store.is_silent)
    assert "list incomplete" not in window.sessions_page.head.count_label.text()
    assert store.catalogue is not None
    assert len(store.catalogue) == 1
    aside.rename(place)
    look_until(qtbot, store, lambda: not store.is_silent and store.progress.is_complete)


def test_sqlite_file_that_was_deleted_takes_no_write(tmp_path: Path) -> None:
    place, url = make_store(tmp_path, "sqlite")
    with closing(open_store(url)) as store:
        record = store.read(store.ref_for("a"))
        record = store.replace(record, SESSION.replace(b"ann", b"eve"))
        place.unlink()
        with pytest.raises(StoreUnreachable):
            store.replace(record, SESSION)
        with pytest.raises(StoreUnreachable):
            store.read(record.ref)
    assert not place.exists()


def test_user_who_may_not_ping_is_answered(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.acl_setuser(
            "viewer", enabled=True, nopass=True, keys=["*"], commands=["+get", "+scan", "+pttl", "+getrange"]
        )
        with closing(open_store(redis_url.replace("redis://", "redis://viewer:x@"))) as store:
            store.ping()
        client.acl_deluser("viewer")


def test_what_waits_is_told_with_its_time_and_can_be_stopped(
    qtbot: QtBot, make_window: OpenWindow, own_redis: Callable[[], Server], heartbeat: Heartbeat
) -> None:
    server = own_redis()
    window = make_window(f"redis://127.0.0.1:{server.port}/0?prefix=sess:")
    sign = window.status.busy_sign
    assert not sign.isVisible()
    server.signal(signal.SIGSTOP)
    window.go_to_session(b"sess:a")
    qtbot.waitUntil(sign.isVisible, timeout=WAIT_MS)
    assert sign.label.text().startswith("Opening the session … ")
    assert sign.stop_button.isVisible()
    sign.stop_button.click()
    qtbot.waitUntil(lambda: not sign.isVisible(), timeout=WAIT_MS)
    assert "stopped" in window.panel.empty.headline.text()
    server.signal(signal.SIGCONT)
    assert_smooth(heartbeat)


def test_save_that_waits_is_told_and_cannot_be_cut_off(
    qtbot: QtBot, make_window: OpenWindow, own_redis: Callable[[], Server]
) -> None:
    server = own_redis()
    window = make_window(f"redis://127.0.0.1:{server.port}/0?prefix=sess:")
    window.go_to_session(b"sess:a")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.panel.edit_field("user", '"eve"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    server.signal(signal.SIGSTOP)
    assert window.saving.dialog is not None
    window.saving.dialog.save_button.click()
    sign = window.saving.dialog.busy_sign
    qtbot.waitUntil(sign.isVisible, timeout=WAIT_MS)
    assert sign.label.text().startswith("Saving … ")
    assert not sign.stop_button.isVisible()
    server.signal(signal.SIGCONT)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)


def make_store(tmp_path: Path, kind: str) -> tuple[Path, str]:
    """Return where the store is, and its address."""
    if kind == "folder":
        place = tmp_path / "sessions"
        place.mkdir()
        (place / "a.json").write_bytes(SESSION[:-1] + b',"__lastAccess":4000000000000}')
        return place, f"file://{place}"
    place = tmp_path / "sessions.db"
    with closing(sqlite3.connect(place)) as base, base:
        base.execute("CREATE TABLE sessions (sid PRIMARY KEY, expired, sess)")
        base.execute("INSERT INTO sessions VALUES ('a', 4102444800000, ?)", (SESSION.decode(),))
    return place, f"sqlite://{place}"


def shown_store(window: MainWindow) -> OpenStore:
    assert window.current is not None
    return window.current


def look_until(qtbot: QtBot, store: OpenStore, is_so: Callable[[], bool]) -> None:
    """Have the store asked as by its clock, which is slow, until something is so."""

    def look() -> bool:
        store.ping()
        return is_so()

    qtbot.waitUntil(look, timeout=WAIT_MS)
