"""The journal from one run to the next: sealed, bounded, dropped where it is not wanted or cannot be sealed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.services.sessions.journal import Journal
from inspector.services.sessions.journal_file import JournalFile, Keeping
from inspector.services.settings.sealed_file import SealedFile
from inspector.services.settings.secrets import SecretStore
from store_adapters.clock import now_ms
from store_adapters.contract import RawRecord, RecordRef

REF = RecordRef("0", b"sess:session0")
VALUE = b'{"token":"tok-in-the-history"}'


def do_now(work: Callable[[], None]) -> None:
    work()


def keeper(folder: Path) -> SecretStore:
    sealed = SealedFile(folder / "keeper.sealed")
    sealed.unlock("a passphrase") if sealed.exists else sealed.create("a passphrase")
    return SecretStore(sealed=sealed)


def run(folder: Path, secrets: SecretStore | None = None, *, is_wanted: bool = True) -> tuple[Journal, JournalFile]:
    journal = Journal()
    file = JournalFile(journal, folder, secrets or keeper(folder), lambda: is_wanted, do_now)
    file.take_up()
    return journal, file


def edit(journal: Journal, payload: bytes = VALUE, what: str = "token") -> None:
    before, after = RawRecord(REF, payload, 5, 1), RawRecord(REF, b"{}", None, 2)
    journal.record("redis://shop", REF, "edited", what, before, after)


def sealed_files(folder: Path) -> list[Path]:
    return list((folder / "history").glob("*.sealed"))


def test_entries_come_back_as_they_were_and_are_nowhere_in_the_clear(tmp_path: Path) -> None:
    journal, file = run(tmp_path)
    edit(journal, what="a field \ud800")
    journal.record("redis://shop", REF, "deleted", "", RawRecord(REF, VALUE, None, 3), None)
    assert [path.stat().st_mode & 0o777 for path in sealed_files(tmp_path)] == [0o600]
    assert all(b"tok-in" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    file.close()
    again, later = run(tmp_path)
    assert [(one.action, one.what, one.before, one.after, one.at_ms) for one in again.entries("redis://shop", REF)] == [
        (one.action, one.what, one.before, one.after, one.at_ms) for one in journal.entries()
    ]
    assert len(sealed_files(tmp_path)) == 1, "taken over into the file of this run"
    later.close()


def test_window_that_still_runs_keeps_its_own(tmp_path: Path) -> None:
    journal, file = run(tmp_path)
    edit(journal)
    second, other = run(tmp_path)
    assert second.entries() == ()
    edit(second)
    for one in (file, other):
        one.close()
    third, last = run(tmp_path)
    assert len(third.entries()) == 2
    last.close()


def test_turned_off_it_is_gone_and_stays_gone(tmp_path: Path) -> None:
    journal, file = run(tmp_path)
    edit(journal)
    file.close()
    off, later = run(tmp_path, is_wanted=False)
    edit(off)
    assert later.keeping is Keeping.OFF
    assert sealed_files(tmp_path) == []
    later.close()


def test_without_a_place_for_the_key_nothing_is_written(tmp_path: Path) -> None:
    journal, file = run(tmp_path, SecretStore(use_keyring=False))
    edit(journal)
    assert file.keeping is Keeping.NO_PLACE
    assert not file.holds(10)
    assert sealed_files(tmp_path) == []
    file.close()


def test_place_that_goes_away_takes_the_file_with_it(tmp_path: Path) -> None:
    secrets = keeper(tmp_path)
    journal, file = run(tmp_path, secrets)
    edit(journal)
    secrets.move_to(use_keyring=False)
    file.keep()
    assert sealed_files(tmp_path) == []
    file.close()


def test_large_entry_is_not_promised_and_pushes_no_other_out(tmp_path: Path) -> None:
    journal, file = run(tmp_path)
    edit(journal)
    edit(journal, b"x" * (9 << 20))
    assert file.holds(len(VALUE))
    assert not file.holds(9 << 20)
    file.close()
    again, later = run(tmp_path)
    assert [one.before.payload for one in again.entries() if one.before] == [VALUE]
    later.close()


@pytest.mark.parametrize("damage", [b"", b"\0" * 200, b"session-inspector history 1\n" + b"x" * 60])
def test_damaged_file_does_not_stop_the_start(tmp_path: Path, damage: bytes) -> None:
    journal, file = run(tmp_path)
    edit(journal)
    file.close()
    sealed_files(tmp_path)[0].write_bytes(damage)
    again, later = run(tmp_path)
    assert again.entries() == ()
    later.close()


def test_file_that_cannot_be_opened_is_swept_after_a_week(tmp_path: Path) -> None:
    journal, file = run(tmp_path)
    edit(journal)
    file.close()
    (path,) = sealed_files(tmp_path)
    path.write_bytes(b"damaged")
    os.utime(path, (0, now_ms() / 1000 - 8 * 86_400))
    run(tmp_path)[1].close()
    assert sealed_files(tmp_path) == []


def test_entry_older_than_a_week_is_dropped() -> None:
    journal = Journal()
    edit(journal)
    (entry,) = journal.entries()
    week_ms = 7 * 86_400_000
    journal.adopt([replace(entry, at_ms=now_ms() - age_ms) for age_ms in (week_ms + 1000, week_ms - 60_000)])
    assert len(journal.entries()) == 2


def test_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "history").write_bytes(b"a file in the folder's place")
    journal, file = run(tmp_path)
    edit(journal)
    assert file.keeping is Keeping.FAILED
    file.close()
