"""Rows F52 to F56 and the file's part of F62: writers beside us, odd things in the folder, hostile IDs, full and closed disks."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.services.sessions.save_session import SaveState
from store_adapters import portability
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import (
    BadStoreAddress,
    RecordChanged,
    RecordMissing,
    RecordUnreadable,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.files import folder, open_file
from store_adapters.files import store as file_store
from tests.faults.files.acts import REFUSED, SAVED
from tests.faults.files.rigs import MOUNT, do, open_folder
from tests.faults.redis.rigs import HOUR_MS, assert_told, edit, look, new_role, read_list, session_bytes, told

__all__ = ["open_folder"]
pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]


@pytest.fixture
def store(tmp_path: Path, open_at: Opener) -> SessionStore:
    return open_at(f"file://{tmp_path}")


def put(path: Path, content: bytes | None = None) -> bytes:
    """Write as write-file-atomic does: a sibling, renamed over."""
    content = session_bytes() if content is None else content
    sibling = path.with_name(f"{path.name}.app")
    sibling.write_bytes(content)
    os.replace(sibling, path)
    return content


def assert_usable(store: SessionStore, path: Path) -> None:
    before = put(path.with_name("usable.json"))
    edit(store, look(store, "usable"))
    assert path.with_name("usable.json").read_bytes() == new_role(before)
    assert b"usable.json" in read_list(store)
    assert [name for name in os.listdir(path.parent) if "inspector-tmp" in name] == []


# --- F52: another writer ----------------------------------------------------------------------------------------


def test_f52_file_replaced_since_it_was_read_is_a_conflict(store: SessionStore, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    put(path)
    base = store.read(store.ref_for("a"))
    newer = put(path, session_bytes(n=2))
    for write in (lambda: store.replace(base, new_role(base.payload)), lambda: store.delete(base)):
        with pytest.raises(RecordChanged) as changed:
            write()
        assert_told(told(changed.value), "changed after it was read; nothing was written")
        assert path.read_bytes() == newer
    assert_usable(store, path)


@pytest.mark.parametrize("newer_writes", [1, 2, 3])
def test_f52_write_between_the_look_and_the_exchange_is_put_back(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer_writes: int
) -> None:
    """The application's rename falls exactly before the exchange, and again before each exchange back."""
    path = tmp_path / "a.json"
    put(path)
    base = store.read(store.ref_for("a"))
    real, calls = portability._renameat2, []
    assert real is not None

    def exchange(*arguments: object) -> int:
        calls.append(1)
        if len(calls) <= newer_writes:
            put(path, session_bytes(n=len(calls)))
        return int(real(*arguments))

    monkeypatch.setattr(portability, "_renameat2", exchange)
    with pytest.raises(RecordChanged):
        store.replace(base, new_role(base.payload))
    assert path.read_bytes() == session_bytes(n=newer_writes)
    assert_usable(store, path)


def test_f52_session_destroyed_before_the_exchange_stays_destroyed(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    put(path)
    base = store.read(store.ref_for("a"))
    real = portability._renameat2
    assert real is not None

    def exchange(*arguments: object) -> int:
        path.unlink()
        return int(real(*arguments))

    monkeypatch.setattr(portability, "_renameat2", exchange)
    with pytest.raises(RecordMissing) as gone:
        store.replace(base, new_role(base.payload))
    assert_told(told(gone.value), "no such session file")
    assert os.listdir(tmp_path) == []


def test_f52_without_exchange_the_file_is_renamed_and_that_is_told(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portability, "_renameat2", None)
    path = tmp_path / "a.json"
    before = put(path)
    outcome = edit(store, look(store))
    assert outcome.state is SaveState.SAVED
    assert_told(outcome.message, "cannot exchange two files")
    assert path.read_bytes() == new_role(before)
    base = store.read(store.ref_for("a"))
    path.unlink()
    with pytest.raises(RecordMissing):
        store.replace(base, before)
    assert os.listdir(tmp_path) == []


def test_f52_writer_in_place_that_holds_a_lock_is_not_written_over(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_file, "_LOCK_S", 0.05)
    path = tmp_path / "a.json"
    before = put(path)
    opened = look(store)
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for write in (lambda: edit(store, opened), lambda: store.delete(opened.raw)):
            with pytest.raises(StoreRefused) as busy:
                write()
            assert_told(told(busy.value), "a request is using the session file", "nothing was written")
        assert path.read_bytes() == before
        file.write(session_bytes(n=3))
        file.truncate()
    assert path.read_bytes() == session_bytes(n=3)
    assert edit(store, opened).state is SaveState.SAVED
    assert path.read_bytes() == new_role(session_bytes(n=3))
    assert_usable(store, path)


def test_f52_lock_that_is_soon_given_back_is_waited_for(store: SessionStore, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    before = put(path)
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        timer = threading.Timer(0.05, fcntl.flock, [file, fcntl.LOCK_UN])
        timer.start()
        assert edit(store, look(store)).state is SaveState.SAVED
        timer.join()
    assert path.read_bytes() == new_role(before)


def test_f52_writer_without_a_lock_that_writes_late_into_what_came_out_is_put_back(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    put(path)
    base = store.read(store.ref_for("a"))
    late = path.open("r+b", buffering=0)
    real = folder.Folder._flush

    def flush(this: folder.Folder) -> str:
        late.write(session_bytes(n=7))
        return real(this)

    monkeypatch.setattr(folder.Folder, "_flush", flush)
    with late, pytest.raises(RecordChanged):
        store.replace(base, new_role(base.payload))
    assert path.read_bytes() == session_bytes(n=7)


def test_f52_mode_and_attributes_stay(store: SessionStore, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    before = put(path)
    path.chmod(0o640)
    try:
        os.setxattr(path, "user.owner", b"shop")
    except OSError:
        pytest.skip("this file system has no attributes of a user's")
    edit(store, look(store))
    assert path.read_bytes() == new_role(before)
    assert path.stat().st_mode & 0o7777 == 0o640
    assert os.getxattr(path, "user.owner") == b"shop"


# --- F53: what is no session file --------------------------------------------------------------------------------


def test_f53_odd_things_are_skipped_with_the_reason_and_never_followed(store: SessionStore, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    secret = outside / "secret.json"
    secret.write_bytes(session_bytes())
    put(tmp_path / "good.json")
    (tmp_path / "link.json").symlink_to(secret)
    (tmp_path / "nowhere.json").symlink_to("/nowhere/at/all")
    (tmp_path / "loop.json").symlink_to("loop.json")
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "hard.json").write_bytes(session_bytes())
    os.link(tmp_path / "hard.json", outside / "hard")
    (tmp_path / "empty.json").touch()
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    skipped: dict[bytes, str] = {}
    keys: set[bytes] = set()
    for batch in store.list_records(CancelToken()):
        keys.update(batch.keys)
        skipped.update({entry.key: entry.reason for entry in batch.skipped})
    assert keys == {b"good.json", b"empty.json"}
    reasons = {
        "link": "symbolic link", "nowhere": "symbolic link", "loop": "symbolic link", "zero": "symbolic link",
        "fifo": "n't a regular file", "folder": "n't a regular file", "hard": "several hard links",
    }  # fmt: skip
    assert set(skipped) == {f"{name}.json".encode() for name in reasons}
    for name, reason in reasons.items():
        assert reason in skipped[f"{name}.json".encode()]
        with pytest.raises(RecordUnreadable) as refused:
            look(store, name)
        assert_told(told(refused.value), reason)
    assert secret.read_bytes() == session_bytes()
    opened = look(store, "empty")
    assert opened.decoded is None  # shown as it is, for a person to see
    assert_usable(store, tmp_path / "x")


def test_f53_device_in_the_folder_is_no_session(store: SessionStore, tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "null.json", 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    with pytest.raises(RecordUnreadable) as refused:
        look(store, "null")
    assert_told(told(refused.value), ".")


def test_f53_file_of_mode_000_is_told(open_folder: Path) -> None:
    path = open_folder / "a.json"
    path.write_bytes(session_bytes())
    path.chmod(0)
    done = do({"act": "read", "folder": str(open_folder), "is_nobody": True})
    assert done.code == REFUSED
    assert_told(done.words, "permission to read the file", "change its mode")


# --- F54: hostile IDs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sid",
    ["../../etc/passwd", "a/b", "a\0b", "a" * 300, "..", ".", ".hidden", "", "/etc/passwd", "a\\b", "\ud800/../x"],
)
def test_f54_hostile_id_never_becomes_a_path(store: SessionStore, tmp_path: Path, sid: str) -> None:
    put(tmp_path / "a.json")
    with pytest.raises(BadStoreAddress) as refused:
        store.ref_for(sid)
    assert_told(told(refused.value), "can't be used as a session file's name")
    assert os.listdir(tmp_path) == ["a.json"]
    assert_usable(store, tmp_path / "x")


# --- F55: no room ------------------------------------------------------------------------------------------------


def test_f55_full_disk_leaves_the_session_as_it_was(open_folder: Path) -> None:
    before = session_bytes().decode()
    order = {"act": "save", "folder": str(open_folder), "content": before, "size": 100_000}
    done = do(order, mount=MOUNT.format(folder=open_folder))
    assert done.code == REFUSED
    assert_told(done.words, "disk is full", "the session is unchanged")
    assert done.files == {"a.json": before}


def test_f55_file_that_may_not_be_so_large_leaves_the_session_as_it_was(open_folder: Path) -> None:
    before = session_bytes().decode()
    order = {"act": "save", "folder": str(open_folder), "content": before, "size": 100_000, "largest": 20_000}
    done = do(order)
    assert done.code == REFUSED
    assert_told(done.words, "exceed the size limit", "the session is unchanged")
    assert done.files == {"a.json": before}
    assert do({"act": "save", "folder": str(open_folder)}).code == SAVED


# --- F56: nothing may be written ---------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["save", "create", "delete"])
def test_f56_folder_without_the_right_to_write_is_told(open_folder: Path, act: str) -> None:
    before = session_bytes()
    (open_folder / "a.json").write_bytes(before)
    (open_folder / "a.json").chmod(0o644)
    open_folder.chmod(0o555)
    done = do({"act": act, "folder": str(open_folder), "is_nobody": True})
    assert done.code == REFUSED
    assert_told(done.words, "this folder isn't writable", "nothing was written")
    assert done.files == {"a.json": before.decode()}


@pytest.mark.parametrize("act", ["save", "create", "delete"])
def test_f56_read_only_mount_is_told(open_folder: Path, act: str) -> None:
    before = session_bytes()
    (open_folder / "a.json").write_bytes(before)
    bind = f"mount --bind {open_folder} {open_folder} && mount -o remount,ro,bind {open_folder}"
    done = do({"act": act, "folder": str(open_folder)}, mount=bind)
    assert done.code == REFUSED
    assert_told(done.words, "file system is read-only", "nothing was written")
    assert done.files == {"a.json": before.decode()}


@pytest.mark.parametrize("is_replaced", [False, True])
def test_f56_folder_that_went_away_while_open_is_told(tmp_path: Path, open_at: Opener, is_replaced: bool) -> None:
    place = tmp_path / "sessions"
    place.mkdir()
    put(place / "a.json")
    store = open_at(f"file://{place}")
    opened = look(store)
    place.rename(tmp_path / "old") if is_replaced else (place / "a.json").unlink()
    if is_replaced:
        place.mkdir()
        (tmp_path / "old" / "a.json").unlink()
    else:
        place.rmdir()
    for act in (lambda: edit(store, opened), lambda: read_list(store), lambda: look(store)):
        with pytest.raises(StoreUnreachable) as gone:
            act()
        assert_told(told(gone.value), "the folder is gone")
    if is_replaced:
        assert os.listdir(place) == []
        assert_usable(open_at(f"file://{place}"), place / "x")


# --- F62: clocks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-1, 1])
def test_f62_wrong_clock_here_moves_no_expiry_of_a_file(
    store: SessionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    last = now_ms()
    put(tmp_path / "a.json", session_bytes(__lastAccess=last))
    monkeypatch.setattr(file_store, "now_ms", lambda: now_ms() + hours * HOUR_MS)
    opened = look(store)
    assert opened.raw.expires_at_ms == last + HOUR_MS
    outcome = edit(store, opened)
    assert outcome.record is not None
    assert outcome.record.raw.expires_at_ms == last + HOUR_MS
    assert (tmp_path / "a.json").read_bytes() == new_role(session_bytes(__lastAccess=last))


def test_every_refusal_of_the_system_has_its_own_sentence() -> None:
    import errno

    for number in (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.EMFILE,
    ):
        error: StoreError = open_file.describe_os_error(OSError(number, "private"))
        assert isinstance(error, StoreRefused | StoreReadOnly)
        assert_told(told(error), ".")
        assert "private" not in told(error)
