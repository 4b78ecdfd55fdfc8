"""Two windows of one person write the same files: each change is made to what is there, and nothing of the other's is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from inspector.core.secret import Secret
from inspector.services.settings import safe_file
from inspector.services.settings.profiles import Environment, Profile, ProfileBook
from inspector.services.settings.recovery import Recovery, UnsavedEdit
from inspector.services.settings.safe_file import locked
from inspector.services.settings.sealed_file import SealedFile
from inspector.services.settings.secrets import SecretStore

PASSPHRASE = "a passphrase of the tests"
PUT_SECRETS = """
import sys
from pathlib import Path
from inspector.services.settings.sealed_file import SealedFile
sealed = SealedFile(Path(sys.argv[1]) / "secrets.sealed")
sealed.unlock(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    sealed.put(f"{sys.argv[2]}-{number}", "x")
"""
PUT_PROFILES = """
import sys
from pathlib import Path
from msgspec.structs import replace
from inspector.services.settings.profiles import Profile, ProfileBook
book = ProfileBook(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    book.put(Profile(id=f"{sys.argv[2]}-{number}", name="x", url="memory:"))
    book.remember_store(f"{sys.argv[2]}-{number}")
    if number % 4 == 3:
        book.remove(f"{sys.argv[2]}-{number}")
book.change_settings(replace(book.settings, **{sys.argv[3]: True}))
"""
EDIT = UnsavedEdit(
    profile_id="p", container="", key=b"k", before=b"{}", after=b"{1}", expires_at_ms=None, read_at_ms=1, edited_at_ms=2
)  # fmt: skip


def run_two(code: str, folder: Path, first: tuple[str, ...], second: tuple[str, ...]) -> None:
    """Run the code in two processes that begin at the same time, and see both end well."""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for arguments in (first, second)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in both:
        process.communicate(timeout=90)
        assert process.returncode == 0


def test_secrets_that_two_processes_put_into_the_sealed_file_are_all_there(tmp_path: Path) -> None:
    sealed = SealedFile(tmp_path / "secrets.sealed")
    sealed.create(PASSPHRASE)
    run_two(PUT_SECRETS, tmp_path, ("a", PASSPHRASE), ("b", PASSPHRASE))
    missing = [f"{who}-{number}" for who in "ab" for number in range(40) if sealed.get(f"{who}-{number}") is None]
    assert missing == []


def test_stores_that_two_processes_add_and_remove_are_all_as_each_left_them(tmp_path: Path) -> None:
    run_two(PUT_PROFILES, tmp_path, ("a", "live_by_default"), ("b", "list_drops"))
    book = ProfileBook(tmp_path)
    expected = {f"{who}-{number}" for who in "ab" for number in range(40) if number % 4 != 3}
    assert {profile.id for profile in book.profiles} == expected
    assert (book.settings.live_by_default, book.settings.list_drops) == (True, True)
    assert book.troubles == ()


@pytest.fixture
def books(tmp_path: Path) -> tuple[ProfileBook, ProfileBook]:
    mine = ProfileBook(tmp_path)
    mine.put(Profile(id="shop", name="shop", url="memory:", secret_ids=("old", "kept")))
    return mine, ProfileBook(tmp_path)


def shop_of(book: ProfileBook) -> Profile:
    found = book.find("shop")
    assert found is not None
    return found


def test_two_changes_of_one_store_are_both_kept_field_by_field(books: tuple[ProfileBook, ProfileBook]) -> None:
    mine, other = books
    other.put(replace(shop_of(other), environment=Environment.PRODUCTION, secret_ids=("kept", "theirs")))
    mine.put(replace(shop_of(mine), name="our shop", secret_ids=("old", "kept", "mine")))
    merged = shop_of(ProfileBook(mine.folder))
    assert (merged.name, merged.environment) == ("our shop", Environment.PRODUCTION)
    assert merged.secret_ids == ("kept", "theirs", "mine")
    assert shop_of(mine) == merged


def test_other_windows_change_is_learnt_and_an_older_look_is_not_taken(books: tuple[ProfileBook, ProfileBook]) -> None:
    mine, other = books
    other.put(Profile(id="new", name="new", url="memory:"))
    found = mine.read_again()
    assert found is not None
    assert mine.take(found)
    assert mine.find("new") is not None
    assert not mine.take(found)
    older = mine.read_again()
    assert older is not None
    mine.put(Profile(id="later", name="later", url="memory:"))
    assert not mine.take(older)
    assert mine.find("later") is not None


def test_file_that_became_a_newer_versions_meanwhile_is_not_overwritten(books: tuple[ProfileBook, ProfileBook]) -> None:
    mine, _ = books
    path = mine.folder / "profiles.json"
    path.write_bytes(b'{"version": 2, "profiles": []}')
    assert mine.read_again() is None
    with pytest.raises(OSError, match="left unchanged"):
        mine.put(Profile(id="new", name="new", url="memory:"))
    assert path.read_bytes() == b'{"version": 2, "profiles": []}'


def test_file_that_another_window_never_lets_go_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_file, "_LOCK_S", 0.05)
    book = ProfileBook(tmp_path)
    with locked(tmp_path / "profiles.json"), pytest.raises(OSError, match="another window"):
        book.put(Profile(id="new", name="new", url="memory:"))
    book.put(Profile(id="new", name="new", url="memory:"))
    assert ProfileBook(tmp_path).find("new") is not None


@pytest.fixture
def keeper(tmp_path: Path) -> SealedFile:
    sealed = SealedFile(tmp_path / "secrets.sealed")
    sealed.create(PASSPHRASE)
    return sealed


def test_edits_left_behind_are_offered_by_one_window_only(tmp_path: Path, keeper: SealedFile) -> None:
    crashed = Recovery(tmp_path, SecretStore(sealed=keeper))
    assert crashed.keep([EDIT])
    path = next((tmp_path / "unsaved").glob("*.sealed"))
    kept = path.read_bytes()
    crashed.close()
    path.write_bytes(kept)  # as a crash leaves it: the lock is gone
    one, two = (Recovery(tmp_path, SecretStore(sealed=keeper)) for _ in range(2))
    assert one.find_left() == (EDIT,)
    assert two.find_left() == ()
    one.close()  # "Later"
    assert two.find_left() == (EDIT,)
    two.forget_left()
    assert not path.exists()


def test_key_that_another_window_made_meanwhile_is_used(tmp_path: Path, keeper: SealedFile) -> None:
    class Slow(SecretStore):
        """Another window makes the key between our look and our lock."""

        def __init__(self) -> None:
            super().__init__(sealed=keeper)
            self.other: Recovery | None = Recovery(tmp_path, SecretStore(sealed=keeper))

        def get(self, secret_id: str) -> Secret | None:
            found = super().get(secret_id)
            other, self.other = self.other, None
            if other is not None:
                other.keep([EDIT])
            return found

    slow = Slow()
    assert Recovery(tmp_path, slow).keep([EDIT])
    files = sorted((tmp_path / "unsaved").glob("*.sealed"))
    opened = [Recovery(tmp_path, SecretStore(sealed=keeper)).read(path) for path in files]
    assert opened == [[EDIT], [EDIT]]
