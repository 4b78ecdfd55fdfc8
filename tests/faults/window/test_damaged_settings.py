"""Settings and profiles that are damaged, of another version or open to others: kept, told, never overwritten (F60)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.services.settings.profiles import Environment, Profile, ProfileBook, guard_from_demo

NEWER = b'{"version": 2, "profiles": [{"id": "a", "name": "of tomorrow", "url": "redis://h", "moods": ["new"]}]}'


def book_with_two(folder: Path) -> ProfileBook:
    book = ProfileBook(folder)
    book.put(Profile(id="one", name="one", url="redis://localhost"))
    book.put(Profile(id="two", name="two", url="redis://localhost"))
    return book


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"\0" * len(data),
        lambda _data: b"",
        lambda _data: b"[" * 100_000,
        lambda _data: b'{"version": 1, "profiles": [{"id": 7}]}',
        lambda data: data.replace(b"development", b"daydreaming"),
        lambda _data: b"\xff\xfe{}",
    ],
    ids=["truncated", "zero-filled", "empty", "too deep", "wrong types", "unknown word", "no UTF-8"],
)
def test_f60_damaged_profiles_are_kept_and_told_and_the_backup_is_read(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    book_with_two(tmp_path)
    path = tmp_path / "profiles.json"
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    book = ProfileBook(tmp_path)
    assert [profile.id for profile in book.profiles] == ["one"]
    assert "damaged" in book.troubles[0]
    book.put(Profile(id="three", name="three", url="redis://localhost"))
    kept = next(tmp_path.glob("profiles.json.broken-*"))
    assert kept.read_bytes() == broken
    assert str(kept) in book.troubles[0]
    assert [profile.id for profile in ProfileBook(tmp_path).profiles] == ["one", "three"]


def test_f60_newer_file_is_told_and_stays_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "profiles.json"
    path.write_bytes(NEWER)
    path.chmod(0o600)
    book = ProfileBook(tmp_path)
    assert "newer version" in book.troubles[0]
    assert len(book.profiles) == 0
    with pytest.raises(OSError, match="left unchanged"):
        book.put(Profile(id="mine", name="mine", url="redis://localhost"))
    assert book.find("mine") is not None
    assert path.read_bytes() == NEWER
    assert not (tmp_path / "profiles.bak").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_f60_file_that_may_not_be_read_is_not_overwritten(tmp_path: Path) -> None:
    book_with_two(tmp_path)
    path = tmp_path / "profiles.json"
    before = path.read_bytes()
    path.chmod(0)
    book = ProfileBook(tmp_path)
    assert "cannot be read" in book.troubles[0]
    with pytest.raises(OSError):
        book.put(Profile(id="mine", name="mine", url="redis://localhost"))
    path.chmod(0o600)
    assert path.read_bytes() == before


def test_f60_something_else_in_the_place_of_the_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "settings.json").mkdir()
    book = ProfileBook(tmp_path)
    assert "cannot be read" in book.troubles[0]
    with pytest.raises(OSError, match="left unchanged"):
        book.change_settings(book.settings)
    assert (tmp_path / "settings.json").is_dir()


def test_f60_file_that_others_could_read_is_narrowed_and_told(tmp_path: Path) -> None:
    book_with_two(tmp_path)
    path = tmp_path / "profiles.json"
    path.chmod(0o644)
    book = ProfileBook(tmp_path)
    assert len(book.profiles) == 2
    assert "other users" in book.troubles[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_f60_profiles_of_the_first_version_are_read(tmp_path: Path) -> None:
    path = tmp_path / "profiles.json"
    path.write_bytes(b'[{"id": "old", "name": "old", "url": "redis://localhost"}]')
    path.chmod(0o600)
    book = ProfileBook(tmp_path)
    assert [profile.id for profile in book.profiles] == ["old"]
    assert book.troubles == ()


def test_f60_killed_while_writing_leaves_the_old_or_the_new_file_and_no_leftover(tmp_path: Path) -> None:
    book_with_two(tmp_path)
    leftover = tmp_path / ".profiles.json.0123abcd"
    leftover.write_bytes(b"half")
    os.utime(leftover, (0, 0))
    assert len(ProfileBook(tmp_path).profiles) == 2
    assert not leftover.exists()


@pytest.mark.parametrize(
    "spelling", ["redis://localhost:6379/3?prefix=x:", "redis://127.0.0.1", "rediss://LOCALHOST:6379"]
)
def test_f66_store_marked_as_production_is_refused_however_it_is_spelled(spelling: str) -> None:
    marked = Profile(id="p", name="live", url="redis://localhost:6379/0", environment=Environment.PRODUCTION)
    assert "live is marked as production" in guard_from_demo([marked], spelling)


def test_f66_read_only_store_is_refused_and_another_is_not() -> None:
    marked = Profile(id="p", name="look", url="file:///srv/sessions", read_only=True)
    assert "read-only" in guard_from_demo([marked], "file:///srv/sessions?ttl=60")
    assert guard_from_demo([marked], "file:///srv/other") == ""
    assert guard_from_demo([marked], "redis://localhost") == ""
