"""Rows F57 and F58: the Nth system call of a save fails, or the program dies in it. Old or new, never mixed, and told as it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.services.settings.profiles import Profile, ProfileBook
from store_adapters.contract import SessionStore
from tests.faults.files.acts import REFUSED, SAVED, UNKNOWN
from tests.faults.files.rigs import Strace, strace
from tests.faults.redis.rigs import assert_told, edit, look, new_role, read_list, session_bytes

__all__ = ["strace"]
pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]
CALLS = (
    "openat", "read", "write", "fsync", "fchmod", "newfstatat", "flock", "lseek", "flistxattr", "renameat2", "unlinkat", "close",
)  # fmt: skip
KILLED_CALLS = ("openat", "write", "fsync", "fchmod", "renameat2", "unlinkat", "close")
CONFIG_CALLS = ("openat", "write", "fsync", "rename", "close", "unlink")
MOST = 60


def test_f57_every_system_call_of_a_save_may_fail(strace: Strace, open_at: Opener, tmp_path: Path) -> None:
    before = session_bytes()
    path = tmp_path / "a.json"
    counts: dict[str, int] = {}
    for call in CALLS:
        for nth in range(1, MOST):
            path.write_bytes(before)
            is_failed, code, words = strace.run({"act": "save", "folder": str(tmp_path)}, call, "error=EIO", nth)
            where = f"{call} {nth}: {words}"
            after = path.read_bytes()
            assert code in (SAVED, REFUSED, UNKNOWN), where
            assert after in (before, new_role(before)), where
            if code == SAVED:
                assert after == new_role(before), where
            if code == REFUSED:
                assert after == before, where
                if words:
                    assert_told(words, ".")
            left = [name for name in os.listdir(tmp_path) if name != "a.json"]
            assert not left or call in ("unlinkat", "renameat2"), where
            if not is_failed:
                break
            counts[call] = nth
        assert call in counts, f"{call} was never failed"
    print(f"failed one by one: {sum(counts.values())} system calls of a save: {counts}")
    store = open_at(f"file://{tmp_path}")
    assert os.listdir(tmp_path) == ["a.json"]  # what could not be removed went when the store was opened
    path.write_bytes(before)
    edit(store, look(store))
    assert path.read_bytes() == new_role(before)


@pytest.mark.parametrize("act", ["create", "delete"])
def test_f57_every_system_call_of_a_creation_and_a_deletion_may_fail(strace: Strace, tmp_path: Path, act: str) -> None:
    before = session_bytes()
    target = tmp_path / ("made.json" if act == "create" else "a.json")
    for call in ("openat", "write", "fsync", "linkat" if act == "create" else "unlinkat"):
        for nth in range(1, MOST):
            target.unlink(missing_ok=True)
            if act == "delete":
                target.write_bytes(before)
            is_failed, code, words = strace.run({"act": act, "folder": str(tmp_path)}, call, "error=EIO", nth)
            assert code in (SAVED, REFUSED), f"{call} {nth}: {words}"
            is_there = target.exists()
            assert is_there is ((act == "create") is (code == SAVED)), f"{call} {nth}: {words}"
            assert [name for name in os.listdir(tmp_path) if name != target.name] == []
            if not is_failed:
                break


def test_f58_program_killed_at_every_step_of_a_save_leaves_old_or_new(
    strace: Strace, open_at: Opener, tmp_path: Path
) -> None:
    before = session_bytes()
    path = tmp_path / "a.json"
    kills, swept = 0, 0
    for call in KILLED_CALLS:
        for nth in range(1, MOST):
            path.write_bytes(before)
            _, code, _ = strace.run({"act": "save", "folder": str(tmp_path)}, call, "signal=KILL", nth)
            assert path.read_bytes() in (before, new_role(before)), f"{call} {nth}"
            if code >= 0:
                break
            kills += 1
            swept += len(os.listdir(tmp_path)) - 1
            store = open_at(f"file://{tmp_path}")
            assert os.listdir(tmp_path) == ["a.json"], f"{call} {nth}: the next start leaves a temporary file"
            assert read_list(store) == {b"a.json"}
    assert kills > len(KILLED_CALLS)
    assert swept > 0
    print(f"killed {kills} times while saving; {swept} temporary files swept at the next start")


def test_f58_temporary_file_of_a_save_under_way_is_not_swept(open_at: Opener, tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "a.json").write_bytes(session_bytes())
    busy, left = tmp_path / f".{'a' * 16}.inspector-tmp", tmp_path / f".{'b' * 16}.inspector-tmp"
    others = tmp_path / ".other.inspector-tmp"
    for path in (busy, left, others):
        path.write_bytes(b"{}")
    with busy.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        open_at(f"file://{tmp_path}")
        assert (busy.exists(), left.exists(), others.exists()) == (True, False, True)
    open_at(f"file://{tmp_path}")
    assert not busy.exists()


def test_f58_program_killed_at_every_step_of_keeping_settings_leaves_old_or_new(strace: Strace, tmp_path: Path) -> None:
    kills = 0
    for call in CONFIG_CALLS:
        for nth in range(1, MOST):
            folder = tmp_path / f"{call}-{nth}"
            book = ProfileBook(folder)
            book.put(Profile(id="old", name="old", url="memory:old"))
            book.put(Profile(id="older", name="older", url="memory:older"))
            _, code, words = strace.run({"act": "config", "folder": str(folder)}, call, "signal=KILL", nth)
            again = ProfileBook(folder)
            names = [profile.name for profile in again.profiles]
            where = f"{call} {nth}: {words} {again.troubles}"
            assert names in (["old", "older"], ["old", "older", "new"]), where
            assert again.troubles == (), where
            if code == SAVED:
                assert names[-1] == "new", where
            again.put(Profile(id="after", name="after", url="memory:after"))
            assert ProfileBook(folder).profiles[-1].name == "after"
            if code >= 0:
                break
            kills += 1
    assert kills > len(CONFIG_CALLS)
    print(f"killed {kills} times while keeping settings")
