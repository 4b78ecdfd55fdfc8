"""Where secrets are kept: keyrings that are absent, locked, throw or are plain (F61), and the file sealed with a passphrase."""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.core.secret import Secret
from inspector.services.connection import PasswordWanted, connect
from inspector.services.settings.profiles import Profile
from inspector.services.settings.sealed_file import SealedFile, SealedFileError, WrongPassphrase
from inspector.services.settings.secrets import SecretStore

PASSPHRASE = "correct horse battery"
VALUE = Secret.from_text("tok-kept-secret", "current")


class Keyring:
    """A keyring for one test; `trouble` is raised by every call."""

    def __init__(self, trouble: Callable[[], Exception] | None = None) -> None:
        self.kept: dict[str, str] = {}
        self._trouble = trouble

    def _stumble(self) -> None:
        if self._trouble is not None:
            raise self._trouble()

    def get_password(self, _service: str, name: str) -> str | None:
        self._stumble()
        return self.kept.get(name)

    def set_password(self, _service: str, name: str, text: str) -> None:
        self._stumble()
        self.kept[name] = text

    def delete_password(self, _service: str, name: str) -> None:
        self._stumble()
        del self.kept[name]


def use(monkeypatch: pytest.MonkeyPatch, backend: object) -> None:
    import keyring

    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)


def locked() -> Exception:
    import keyring.errors

    return keyring.errors.KeyringLocked("tok-kept-secret")


class BusError(Exception):
    """What a backend's bus raises: none of keyring's own errors."""


def test_f61_secret_goes_into_a_working_keyring_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Keyring()
    use(monkeypatch, backend)
    secret_id = SecretStore().put(VALUE)
    found = SecretStore().get(secret_id)
    assert found is not None
    assert found.reveal() == VALUE.reveal()
    SecretStore().remove(secret_id)
    assert backend.kept == {}


@pytest.mark.parametrize(
    "trouble", [locked, lambda: BusError("tok-kept-secret"), lambda: RuntimeError("gone"), lambda: OSError(5, "bus")]
)
def test_f61_keyring_that_is_locked_or_throws_keeps_nothing_and_says_so(
    monkeypatch: pytest.MonkeyPatch, trouble: Callable[[], Exception]
) -> None:
    backend = Keyring(trouble)
    use(monkeypatch, backend)
    store = SecretStore()
    secret_id = store.put(VALUE)
    assert store.get(secret_id) == VALUE
    assert not store.is_persistent
    assert "for this run only" in store.trouble
    assert "tok-kept-secret" not in store.trouble
    assert SecretStore().get(secret_id) is None


def test_f61_looking_for_the_keyring_may_fail_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    def fail() -> object:
        raise BusError

    monkeypatch.setattr(keyring, "get_keyring", fail)
    store = SecretStore()
    store.put(VALUE)
    assert not store.is_persistent
    assert store.trouble


@pytest.mark.parametrize("base", ["keyrings.alt.file", "keyring.backends.null", "keyring.backends.fail"])
def test_f61_plain_text_keyring_is_refused_also_under_another_name(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    plain = type("PlaintextKeyring", (Keyring,), {"__module__": base})
    mine = type("MyKeyring", (plain,), {"__module__": "company.keyring"})()
    use(monkeypatch, types.SimpleNamespace(backends=[mine]))
    store = SecretStore()
    store.put(VALUE)
    assert mine.kept == {}
    assert "no secure keyring" in store.trouble


def test_f61_unknown_password_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Keyring(locked))
    profile = Profile(id="p", name="p", url="memory:", password_id="lost")
    store = SecretStore()
    with pytest.raises(PasswordWanted, match="not known"):
        connect(profile, store)
    store.put_for_this_run(VALUE, "lost")
    connect(profile, store).store.close()


@pytest.fixture
def sealed(tmp_path: Path) -> SealedFile:
    file = SealedFile(tmp_path / "secrets.sealed")
    file.create(PASSPHRASE)
    file.put("one", "tok-first")
    return file


def test_sealed_file_comes_back_with_its_passphrase_and_shows_nothing(sealed: SealedFile) -> None:
    again = SealedFile(sealed.path)
    assert not again.is_open
    again.unlock(PASSPHRASE)
    assert again.get("one") == "tok-first"
    data = sealed.path.read_bytes()
    assert b"tok-first" not in data
    assert b"one" not in data
    assert sealed.path.stat().st_mode & 0o777 == 0o600


def test_wrong_passphrase_is_told_and_changes_nothing(sealed: SealedFile) -> None:
    before = sealed.path.read_bytes()
    again = SealedFile(sealed.path)
    with pytest.raises(WrongPassphrase):
        again.unlock("incorrect horse battery")
    assert not again.is_open
    with pytest.raises(SealedFileError):
        again.put("two", "x")
    with pytest.raises(SealedFileError, match="already exists"):
        again.create(PASSPHRASE)
    assert sealed.path.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-40],
        lambda data: b"\0" * len(data),
        lambda _data: b"",
        lambda data: data.replace(b'"rounds": 3', b'"rounds": 4'),
        lambda data: data.replace(b'"sealed": "', b'"sealed": "AAAA'),
    ],
    ids=["truncated", "zero-filled", "empty", "other parameters", "other bytes"],
)
def test_damaged_sealed_file_is_told_from_a_wrong_passphrase_and_never_overwritten(
    sealed: SealedFile, damage: Callable[[bytes], bytes]
) -> None:
    broken = damage(sealed.path.read_bytes())
    sealed.path.write_bytes(broken)
    again = SealedFile(sealed.path)
    with pytest.raises(SealedFileError, match="damaged") as caught:
        again.unlock(PASSPHRASE)
    assert not isinstance(caught.value, WrongPassphrase)
    with pytest.raises(SealedFileError):
        sealed.put("two", "x")
    assert sealed.path.read_bytes() == broken


def test_sealed_file_with_a_matching_digest_still_needs_its_key(sealed: SealedFile) -> None:
    form = json.loads(sealed.path.read_bytes())
    assert form["memory_kib"] >= 64 * 1024
    other = SealedFile(sealed.path.with_name("other.sealed"))
    other.create("another passphrase")
    other.path.replace(sealed.path)
    with pytest.raises(SealedFileError, match="was replaced"):
        sealed.get("one")


def test_two_windows_write_into_one_sealed_file(sealed: SealedFile) -> None:
    second = SealedFile(sealed.path)
    second.unlock(PASSPHRASE)
    second.put("two", "tok-second")
    sealed.put("three", "tok-third")
    assert [second.get(name) for name in ("one", "two", "three")] == ["tok-first", "tok-second", "tok-third"]


def test_secrets_move_into_the_sealed_file_and_are_known_at_the_next_start(tmp_path: Path) -> None:
    store = SecretStore(use_keyring=False)
    secret_id = store.put(VALUE)
    store.put_for_this_run(Secret.from_text("tok-passing"), "passing")
    file = SealedFile(tmp_path / "secrets.sealed")
    file.create(PASSPHRASE)
    store.move_to(sealed=file)
    assert store.is_persistent
    again = SealedFile(file.path)
    locked_store = SecretStore(sealed=again)
    assert not locked_store.is_persistent
    assert "locked" in locked_store.trouble
    again.unlock(PASSPHRASE)
    assert SecretStore(sealed=again).get(secret_id) == VALUE
    assert SecretStore(sealed=again).get("passing") is None


def test_disk_full_while_keeping_a_secret_leaves_the_file_whole(
    sealed: SealedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sealed.path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    store = SecretStore(sealed=sealed)
    with monkeypatch.context() as patch:
        patch.setattr("inspector.services.settings.safe_file.os.fsync", full)
        store.put(VALUE)
    assert "No space left" in store.trouble
    assert sealed.path.read_bytes() == before
    assert list(sealed.path.parent.glob(".secrets.sealed.????????")) == []
