"""A session file that is made here belongs to the application's user and may be read by it, or is refused before it is made."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from inspector.services.bulk.import_sessions import import_sessions
from inspector.services.bulk.session_lines import format_line
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import (
    create_session,
    delete_session,
    duplicate_session,
    new_session_root,
)
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.restoration import restore_deleted
from store_adapters import portability
from store_adapters.application.session_file_store import SessionFileApplicationStore
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, Operation, PlannedWrite, SessionStore
from store_adapters.errors import StoreRefused
from store_adapters.files.file_owner import choose_owner
from store_adapters.registry import open_store
from tests.faults.files.acts import REFUSED, SAVED
from tests.faults.files.rigs import do, open_folder

__all__ = ["open_folder"]

APPLICATION, GROUP, OTHER = 12345, 23456, 12346
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
RECORD = b'{"cookie":{"originalMaxAge":1000,"expires":null},"__lastAccess":99999999999999}'


def facts(mode: int, user: int = APPLICATION, group: int = GROUP) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, user, group, 0, 0, 0, 0))


def folder(mode: int = 0o755, user: int = APPLICATION) -> os.stat_result:
    return facts(stat.S_IFDIR | mode, user)


def file(mode: int, user: int = APPLICATION, group: int = GROUP) -> os.stat_result:
    return facts(stat.S_IFREG | mode, user, group)


@pytest.mark.parametrize(
    ("there", "siblings", "expected"),
    [
        (folder(), [file(0o640), file(0o644), file(0o640)], (APPLICATION, GROUP, 0o640)),
        (folder(), [file(0o600, 0, 0), file(0o600, 0, 0), file(0o644)], (APPLICATION, GROUP, 0o644)),
        (folder(0o755, 0), [file(0o600, OTHER, 7), file(0o600, OTHER, 7)], (OTHER, 7, 0o600)),
        (folder(0o1733, 0), [file(0o600, OTHER, 7)], (OTHER, 7, 0o600)),
        (folder(), [facts(stat.S_IFLNK | 0o777, OTHER)], (APPLICATION, GROUP, 0o600)),
        (folder(), [], (APPLICATION, GROUP, 0o600)),
        (folder(0o2770), [], (APPLICATION, GROUP, 0o660)),
        (folder(0o1777, 0), [], (0, GROUP, 0o600)),
    ],
)
def test_owner_is_the_folders_and_the_mode_is_the_siblings(
    there: os.stat_result, siblings: list[os.stat_result], expected: tuple[int, int, int]
) -> None:
    chosen = choose_owner(there, siblings)
    assert (chosen.user, chosen.group, chosen.mode) == expected


@pytest.fixture
def foreign(open_folder: Path) -> SessionStore:
    """A folder of another user, with a session of mode 0640 in it."""
    path = open_folder / "theirs.json"
    path.write_bytes(RECORD)
    path.chmod(0o640)
    os.chown(path, APPLICATION, GROUP)
    os.chown(open_folder, APPLICATION, GROUP)
    return open_store(f"file://{open_folder}")


def manner_of(store: SessionStore, session_id: str) -> tuple[int, int, int]:
    ref = store.ref_for(session_id)
    found = os.stat(os.path.join(os.fsencode(ref.container), ref.key))
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


@needs_root
def test_created_copied_restored_and_imported_sessions_are_the_applications(foreign: SessionStore) -> None:
    journal, theirs = Journal(), (APPLICATION, GROUP, 0o640)
    now = now_ms()  # a session that is over is not brought back
    made = create_session(foreign, "made", new_session_root(3_600_000, now), None, journal, now)
    copy = duplicate_session(foreign, made, "copy", journal)
    delete_session(foreign, copy, journal)
    entry = journal.entries()[0]
    restore_deleted(foreign, entry, journal)
    line = format_line(foreign.read(foreign.ref_for("theirs")), "imported", "file")
    *_, report = import_sessions(foreign, iter([(1, line)]), CancelToken())
    assert report.created == 1
    assert [manner_of(foreign, name) for name in ("made", "copy", "imported")] == [theirs] * 3
    assert open_session(foreign, foreign.ref_for("copy")).decoded is not None


@needs_root
def test_preview_says_whose_the_file_will_be(foreign: SessionStore) -> None:
    lines = foreign.preview(PlannedWrite(Operation.CREATE, foreign.ref_for("new"), payload=b"{}"))
    assert lines[-1] == f"give it to {APPLICATION}, mode 640"


@needs_root
def test_file_that_the_application_could_not_read_is_refused_before_it_is_made(open_folder: Path) -> None:
    (open_folder / "a.json").write_bytes(RECORD)
    (open_folder / "a.json").chmod(0o600)
    os.chown(open_folder / "a.json", APPLICATION, GROUP)
    os.chown(open_folder, APPLICATION, GROUP)
    done = do({"act": "create", "folder": str(open_folder), "is_nobody": True})
    assert done.code == REFUSED
    assert f"not to {APPLICATION}" in done.words
    assert list(done.files) == ["a.json"]


@needs_root
def test_file_that_the_application_can_read_all_the_same_is_made_and_told(open_folder: Path) -> None:
    (open_folder / "a.json").write_bytes(RECORD)
    (open_folder / "a.json").chmod(0o644)
    os.chown(open_folder, APPLICATION, GROUP)
    done = do({"act": "create", "folder": str(open_folder), "is_nobody": True})
    assert (done.code, "belongs to you" in done.words) == (SAVED, True)
    assert stat.S_IMODE((open_folder / "made.json").stat().st_mode) == 0o644


@needs_root
def test_dry_import_says_what_would_be_refused(foreign: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chmod(os.path.join(foreign.ref_for("theirs").container, "theirs.json"), 0o600)
    monkeypatch.setattr(portability, "my_user", lambda: OTHER)
    line = format_line(foreign.read(foreign.ref_for("theirs")), "imported", "file")
    *_, report = import_sessions(foreign, iter([(1, line)]), CancelToken(), is_dry=True)
    assert (report.created, report.failed) == (0, 1)
    assert "sudo -u 12345" in report.troubles[0]
    with pytest.raises(StoreRefused, match="answer 500"):
        foreign.preview(PlannedWrite(Operation.CREATE, foreign.ref_for("new"), payload=b"{}"))


@needs_root
def test_demo_in_another_users_folder_makes_files_of_that_user(foreign: SessionStore) -> None:
    folder = foreign.ref_for("theirs").container
    SessionFileApplicationStore(Path(folder)).set("visitor", RECORD, 1)
    assert manner_of(foreign, "visitor") == (APPLICATION, GROUP, 0o640)
