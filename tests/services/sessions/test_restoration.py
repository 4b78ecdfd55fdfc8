"""Restoring what was before a write, on every kind of store: merged with what the application wrote since."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.codecs import CodecError
from inspector.core.expiry import RelativeExpiry
from inspector.core.merge import Choice, FieldState
from inspector.core.secret import Secret
from inspector.services.sessions.journal import Journal, JournalEntry
from inspector.services.sessions.manage_sessions import SessionRefused, change_expiry, create_session, delete_session
from inspector.services.sessions.open_session import PLAIN, DecodeContext, OpenedSession, open_session
from inspector.services.sessions.restoration import plan_restoration, restore_deleted, restore_expiry
from inspector.services.sessions.restoration import restore as carry_out
from inspector.services.sessions.save_session import Review, SaveState, save_session
from store_adapters.clock import now_ms
from store_adapters.contract import SessionStore
from store_adapters.errors import RecordExists, RecordMissing
from store_adapters.registry import open_store
from tests.services.sessions.test_save_session import DAY_MS, data_of, edited, make, write

SEALED = Path(__file__).parent.parent.parent / "golden" / "express" / "sealed.jsonl"
SECRETS = (Secret.from_text("an older one"), Secret.from_text("squirrel"))
SCHEMAS = {
    "connect-sqlite3": "CREATE TABLE sessions (sid PRIMARY KEY, expired, sess)",
    "better-sqlite3": "CREATE TABLE sessions (sid TEXT NOT NULL PRIMARY KEY, sess JSON NOT NULL, expire TEXT NOT NULL)",
}


def save(store: SessionStore, opened: OpenedSession, field: str, text: str, journal: Journal) -> OpenedSession:
    outcome = save_session(store, opened, edited(opened, field, text), journal)
    assert outcome.state is SaveState.SAVED
    assert outcome.record is not None
    return outcome.record


def review_of(store: SessionStore, entry: JournalEntry, reading: DecodeContext = PLAIN) -> Review:
    review = plan_restoration(store, entry, reading).review
    assert review is not None
    return review


def restore(store: SessionStore, entry: JournalEntry, journal: Journal, **choices: Choice) -> SaveState:
    settled = {field.replace("__", "."): choice for field, choice in choices.items()}
    return carry_out(store, plan_restoration(store, entry), journal, choices=settled).state


def test_restoring_what_nobody_changed_since_is_exact(store: SessionStore) -> None:
    opened, journal = make(store), Journal()
    save(store, opened, "user.role", '"admin"', journal)
    assert restore(store, journal.entries()[0], journal) is SaveState.SAVED
    assert store.read(opened.raw.ref).payload == opened.raw.payload
    assert journal.entries()[0].action == "restored"


def test_restoring_keeps_what_the_application_wrote_since(store: SessionStore, other: SessionStore) -> None:
    opened, journal = make(store), Journal()
    save(store, opened, "user.role", '"admin"', journal)
    write(other, opened, "visits", "7")
    review = review_of(store, journal.entries()[0])
    assert {one.field: one.state for one in review.changes} == {
        "user.role": FieldState.MINE,
        "visits": FieldState.THEIRS,
    }
    assert restore(store, journal.entries()[0], journal) is SaveState.SAVED
    assert data_of(store, opened) == {"user": {"name": "ada", "role": "user"}, "cart": ["a"], "visits": 7}


def test_field_that_the_application_changed_since_is_asked(store: SessionStore, other: SessionStore) -> None:
    opened, journal = make(store), Journal()
    save(store, opened, "user.role", '"admin"', journal)
    write(other, opened, "user.role", '"guest"')
    entry = journal.entries()[0]
    assert restore(store, entry, journal) is SaveState.CONFLICT
    assert data_of(store, opened)["user"] == {"name": "ada", "role": "guest"}
    assert restore(store, entry, journal, user__role=Choice.MINE) is SaveState.SAVED
    assert data_of(store, opened)["user"] == {"name": "ada", "role": "user"}


def test_restoring_can_itself_be_restored(store: SessionStore) -> None:
    opened, journal = make(store), Journal()
    save(store, opened, "user.role", '"admin"', journal)
    restore(store, journal.entries()[0], journal)
    restore(store, journal.entries()[0], journal)
    assert data_of(store, opened)["user"] == {"name": "ada", "role": "admin"}


def test_session_that_is_gone_is_not_brought_back_by_restoring_an_edit(
    store: SessionStore, other: SessionStore
) -> None:
    opened, journal = make(store), Journal()
    save(store, opened, "user.role", '"admin"', journal)
    entry = journal.entries()[0]
    delete_session(other, open_session(other, opened.raw.ref), Journal())
    with pytest.raises(RecordMissing):
        plan_restoration(store, entry)


def test_what_is_as_it_was_is_said_and_not_written(store: SessionStore) -> None:
    opened, journal = make(store), Journal()
    save(store, opened, "user.role", '"admin"', journal)
    entry = journal.entries()[0]
    restore(store, entry, journal)
    review = review_of(store, entry)
    number = len(journal.entries())
    outcome = save_session(store, review.opened, review.root, journal)
    assert (outcome.state, len(journal.entries())) == (SaveState.UNCHANGED, number)


def test_deleted_session_is_created_again_once(store: SessionStore) -> None:
    opened, journal = make(store), Journal()
    delete_session(store, opened, journal)
    entry = journal.entries()[0]
    assert plan_restoration(store, entry).is_absent
    assert restore_deleted(store, entry, journal).session_id == opened.session_id
    assert data_of(store, opened)["cart"] == ["a"]
    with pytest.raises(RecordExists):
        restore_deleted(store, entry, journal)
    assert journal.last_deleted(store.label) is None


def test_deleted_session_that_came_back_is_reviewed_against_what_is_there(
    store: SessionStore, other: SessionStore
) -> None:
    opened, journal = make(store), Journal()
    delete_session(store, opened, journal)
    now = now_ms()
    assert opened.decoded is not None
    create_session(other, opened.session_id, opened.decoded.root, now + DAY_MS, Journal(), now)
    write(other, opened, "cart", '["b"]')
    assert restore(store, journal.entries()[0], journal) is SaveState.SAVED
    assert data_of(store, opened)["cart"] == ["a"]


def test_last_deleted_are_brought_back_one_after_the_other(store: SessionStore) -> None:
    journal = Journal()
    first, second = make(store), make(store)
    for opened in (first, second):
        delete_session(store, opened, journal)
    for opened in (second, first):
        entry = journal.last_deleted(store.label)
        assert entry is not None
        assert restore_deleted(store, entry, journal).raw.ref == opened.raw.ref
    assert journal.last_deleted(store.label) is None


def test_session_that_would_have_expired_meanwhile_is_not_created_again(store: SessionStore) -> None:
    opened, journal = make(store), Journal()
    delete_session(store, opened, journal)
    entry = journal.entries()[0]
    assert entry.before is not None
    past = replace(entry, before=replace(entry.before, expires_at_ms=now_ms() - 1000))
    with pytest.raises(SessionRefused, match="expired by now"):
        restore_deleted(store, past, journal)
    with pytest.raises(RecordMissing):
        store.read(opened.raw.ref)


@pytest.fixture(params=["memory", "redis", "mongo"])
def clocked(request: pytest.FixtureRequest, tmp_path: Path) -> SessionStore:
    """A store whose expiry stands beside the data."""
    if request.param == "memory":
        return open_store(f"memory:{tmp_path.name}")
    url = request.getfixturevalue(f"{request.param}_url")
    return open_store(f"{url}&collection=sessions" if request.param == "mongo" else f"{url}?prefix=sess:")


def test_expiry_goes_back_and_the_data_stays(clocked: SessionStore) -> None:
    opened, journal = make(clocked), Journal()
    change_expiry(clocked, opened, RelativeExpiry(5 * DAY_MS), journal, lasting=False)
    entry = journal.entries()[0]
    write(clocked, opened, "visits", "7")
    plan = plan_restoration(clocked, entry)
    assert plan.moves_expiry
    assert plan.review is None
    after = restore_expiry(clocked, entry, journal)
    assert entry.before is not None
    assert entry.before.expires_at_ms is not None
    assert after.raw.expires_at_ms is not None
    assert abs(after.raw.expires_at_ms - entry.before.expires_at_ms) < 1000
    assert data_of(clocked, opened)["visits"] == 7
    clocked.close()


def test_expiry_that_is_past_by_now_is_not_restored(clocked: SessionStore) -> None:
    opened, journal = make(clocked), Journal()
    change_expiry(clocked, opened, RelativeExpiry(5 * DAY_MS), journal, lasting=False)
    entry = journal.entries()[0]
    assert entry.before is not None
    with pytest.raises(SessionRefused, match="now in the past"):
        restore_expiry(clocked, replace(entry, before=replace(entry.before, expires_at_ms=now_ms() - 1)), journal)
    assert open_session(clocked, opened.raw.ref).decoded is not None
    clocked.close()


@pytest.mark.parametrize("library", SCHEMAS)
def test_restoring_in_a_sqlite_file_keeps_what_was_written_since(tmp_path: Path, library: str) -> None:
    path = tmp_path / "sessions.db"
    application = sqlite3.connect(path)
    application.execute(SCHEMAS[library])
    application.commit()
    with closing(open_store(f"sqlite://{path}")) as store, closing(application):
        opened, journal = make(store), Journal()
        save(store, opened, "user.role", '"admin"', journal)
        entry = journal.entries()[0]
        write(store, opened, "visits", "7")
        assert restore(store, entry, journal) is SaveState.SAVED
        assert data_of(store, opened) == {"user": {"name": "ada", "role": "user"}, "cart": ["a"], "visits": 7}
        change_expiry(store, open_session(store, opened.raw.ref), RelativeExpiry(5 * DAY_MS), journal, lasting=False)
        after = restore_expiry(store, journal.entries()[0], journal)
        assert abs((after.raw.expires_at_ms or 0) - now_ms() - DAY_MS) < 60_000


def _sealed_files() -> list[dict[str, str]]:
    rows = [json.loads(line) for line in SEALED.read_text().splitlines()]
    return [row for row in rows if row["kind"] == "file" and row["session_id"]]


@pytest.mark.parametrize("row", _sealed_files(), ids=lambda row: f"{row['version']} {row['case']}")
def test_restoring_an_encrypted_session_needs_its_secret_and_encrypts_again(
    tmp_path: Path, row: dict[str, str]
) -> None:
    (tmp_path / f"{row['session_id']}.json").write_bytes(base64.b64decode(row["payload_base64"]))
    reading, journal = DecodeContext(secrets=SECRETS), Journal()
    with closing(open_store(f"file://{tmp_path}")) as store:
        opened = open_session(store, store.ref_for(row["session_id"]), reading)
        save(store, opened, "note", '"mine"', journal)
        entry = journal.entries()[0]
        with pytest.raises(CodecError):
            plan_restoration(store, entry)
        review = review_of(store, entry, reading)
        assert [one.field for one in review.changes] == ["note"]
        assert carry_out(store, plan_restoration(store, entry, reading), journal).state is SaveState.SAVED
        back = open_session(store, opened.raw.ref, reading)
    assert back.decoded is not None
    assert opened.decoded is not None
    assert back.decoded.root == opened.decoded.root
    assert back.decoded.layers
