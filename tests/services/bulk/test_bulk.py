"""Deleting and expiring many sessions on every kind of store: counted, stopped, taken back; nothing of anybody else's lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.codecs import json_bytes
from inspector.core.display import parse_time
from inspector.core.edits import InsertEntry, apply_edit
from inspector.core.expiry import RelativeExpiry
from inspector.core.node import text_node
from inspector.services.bulk.bulk_changes import delete_sessions, expire_sessions
from inspector.services.bulk.report import BulkReport, BulkStep
from inspector.services.bulk.selection import Selection, preview
from inspector.services.bulk.undo import UndoBundle, undo_bulk
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import create_session, new_session_root
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.restoration import plan_restoration, restore, restore_deleted
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, RawRecord, SessionStore
from store_adapters.errors import RecordMissing
from store_adapters.registry import open_store

DAY_MS = 86_400_000
SLACK_MS = 2000


def make(store: SessionStore, count: int) -> list[RawRecord]:
    now = now_ms()
    return [
        create_session(store, f"s{number}", new_session_root(DAY_MS, now), now + DAY_MS, Journal(), now).raw
        for number in range(count)
    ]


def select_all(store: SessionStore) -> Selection:
    catalogue = Catalogue(store)
    for batch in store.list_records(CancelToken()):
        catalogue.append(batch)
    return Selection(catalogue, range(catalogue.total))


def run(steps: Iterator[BulkStep]) -> BulkReport:
    return list(steps)[-1].report


def change(store: SessionStore, record: RawRecord) -> bytes:
    """What the application does meanwhile."""
    now = store.read(record.ref)
    return store.replace(now, now.payload.replace(b'"/"', b'"?"')).payload


def test_many_are_deleted_and_the_missing_ones_counted(store: SessionStore, other: SessionStore) -> None:
    made = make(store, 130)
    selection = select_all(store)
    other.delete(made[0])
    steps = list(delete_sessions(store, selection, Journal(), CancelToken()))
    report = steps[-1].report
    assert (report.done, report.gone, report.changed, report.failed, report.stopped) == (129, 1, 0, 0, "")
    assert len(steps) > 1
    assert sorted(key for step in steps for key in step.missing) == sorted(one.ref.key for one in made)
    assert store.count().number == 0


def test_row_that_left_the_list_is_counted_and_not_forgotten(store: SessionStore) -> None:
    made = make(store, 3)
    selection = select_all(store)
    selection.catalogue.remove(made[1].ref.key)
    report = run(delete_sessions(store, selection, Journal(), CancelToken()))
    assert (report.done, report.gone) == (2, 1)


def test_deletion_is_taken_back_to_the_byte_with_its_expiry(store: SessionStore) -> None:
    made = make(store, 30)
    undo = UndoBundle(store.label)
    run(delete_sessions(store, select_all(store), Journal(), CancelToken(), undo))
    report = run(undo_bulk(store, undo, Journal(), CancelToken()))
    assert (report.done, report.changed, len(undo)) == (30, 0, 0)
    for before in made:
        after = store.read(before.ref)
        assert after.payload == before.payload
        assert abs((after.expires_at_ms or 0) - (before.expires_at_ms or 0)) < SLACK_MS


def test_taking_back_never_overwrites_a_session_that_is_there_again(store: SessionStore, other: SessionStore) -> None:
    made = make(store, 3)
    undo = UndoBundle(store.label)
    run(delete_sessions(store, select_all(store), Journal(), CancelToken(), undo))
    other.create(made[1].ref, made[1].payload, now_ms() + DAY_MS)
    theirs = change(other, made[1])
    report = run(undo_bulk(store, undo, Journal(), CancelToken()))
    assert (report.done, report.changed) == (2, 1)
    assert store.read(made[1].ref).payload == theirs


def test_expired_meanwhile_is_not_brought_back(store: SessionStore) -> None:
    [record] = make(store, 1)
    ends = store.change_expiry(record, now_ms() + 400).expires_at_ms  # some stores count in whole seconds
    undo = UndoBundle(store.label)
    run(delete_sessions(store, select_all(store), Journal(), CancelToken(), undo))
    CancelToken().wait(max(0, (ends or 0) - now_ms()) / 1000 + 0.1)
    report = run(undo_bulk(store, undo, Journal(), CancelToken()))
    assert (report.done, report.gone) == (0, 1)
    with pytest.raises(RecordMissing):
        store.read(record.ref)


@pytest.mark.parametrize("days", [7, 0.25], ids=["later", "sooner"])
def test_expiry_of_many_is_set_lastingly_and_taken_back(store: SessionStore, days: float) -> None:
    made = make(store, 30)
    ends = now_ms() + round(days * DAY_MS)
    undo, journal = UndoBundle(store.label), Journal()
    report = run(expire_sessions(store, select_all(store), ends, journal, CancelToken(), undo))
    assert (report.done, report.failed, report.changed) == (30, 0, 0)
    for record in made:
        after = store.read(record.ref)
        assert abs((after.expires_at_ms or 0) - ends) < SLACK_MS
        assert b"%d" % DAY_MS not in after.payload, "the cookie's own lifetime is as it was"
    entry = journal.entries(store.label)[0]
    restore(store, plan_restoration(store, entry), journal)
    report = run(undo_bulk(store, undo, journal, CancelToken()))
    assert (report.done, report.changed) == (29, 1), "what History has restored is not what the act wrote"
    for record in made:
        after = store.read(record.ref)
        assert abs((after.expires_at_ms or 0) - (record.expires_at_ms or 0)) < SLACK_MS
        assert b"%d" % DAY_MS in after.payload


@pytest.mark.parametrize("days", [7, 0.25], ids=["later", "sooner"])
def test_lifetime_from_now_is_the_round_number_in_each_of_many(store: SessionStore, days: float) -> None:
    made, life_ms = make(store, 130), round(days * DAY_MS)
    CancelToken().wait(0.05)
    since_ms = now_ms()
    report = run(expire_sessions(store, select_all(store), RelativeExpiry(life_ms), Journal(), CancelToken()))
    assert (report.done, report.failed, report.changed) == (130, 0, 0)
    for record in made:
        after = open_session(store, record.ref)
        assert after.decoded is not None
        cookie = json.loads(json_bytes(after.decoded.root))["cookie"]
        assert cookie["originalMaxAge"] == life_ms
        assert since_ms + life_ms <= (parse_time(cookie["expires"]) or 0) <= now_ms() + life_ms
        assert abs((after.raw.expires_at_ms or 0) - (parse_time(cookie["expires"]) or 0)) < SLACK_MS


def test_expiry_of_what_the_application_wrote_since_is_not_taken_back(store: SessionStore, other: SessionStore) -> None:
    made = make(store, 3)
    undo = UndoBundle(store.label)
    run(expire_sessions(store, select_all(store), now_ms() + 7 * DAY_MS, Journal(), CancelToken(), undo))
    theirs = change(other, made[0])
    report = run(undo_bulk(store, undo, Journal(), CancelToken()))
    assert (report.done, report.changed) == (2, 1)
    assert store.read(made[0].ref).payload == theirs


def test_stopped_act_says_how_far_it_came_and_can_be_taken_back(store: SessionStore) -> None:
    make(store, 130)
    cancel, undo = CancelToken(), UndoBundle(store.label)
    reports: list[BulkReport] = []
    for step in delete_sessions(store, select_all(store), Journal(), cancel, undo):
        reports.append(step.report)
        cancel.cancel()
    report = reports[-1]
    assert report.stopped
    assert 0 < report.done < 130
    assert store.count().number == 130 - report.done == 130 - len(undo)
    assert run(undo_bulk(store, undo, Journal(), CancelToken())).done == report.done
    assert store.count().number == 130


def test_undo_keeps_within_its_bytes_and_counts_what_it_leaves_out(store: SessionStore) -> None:
    made = make(store, 4)
    undo = UndoBundle(store.label, limit_bytes=2 * (len(made[0].payload) + 500) + 100)
    run(delete_sessions(store, select_all(store), Journal(), CancelToken(), undo))
    assert (len(undo), undo.left_out) == (2, 2)


def test_preview_tells_how_many_can_be_undone_and_which(store: SessionStore) -> None:
    made, now = make(store, 7), now_ms()
    large = InsertEntry((), 1, "large", text_node("x" * 30_000))
    root, _ = apply_edit(new_session_root(DAY_MS, now), large)
    create_session(store, "large", root, now + DAY_MS, Journal(), now)
    selection, room = select_all(store), 5 * (len(made[0].payload) + 500) + 100
    found = preview(selection, now_ms(), room)
    assert (found.count, found.undoable) == (8, 5)
    chosen = Selection(selection.catalogue, found.undoable_positions)
    undo = UndoBundle(store.label, room)
    report = run(delete_sessions(store, chosen, Journal(), CancelToken(), undo))
    assert (report.done, len(undo), undo.left_out) == (5, 5, 0)
    assert run(undo_bulk(store, undo, Journal(), CancelToken())).done == 5
    assert store.count().number == 8
    whole = UndoBundle(store.label, room)
    run(delete_sessions(store, selection, Journal(), CancelToken(), whole))
    assert (len(whole), whole.left_out) == (found.undoable, 3)


def test_bulk_act_leaves_the_journal_of_single_edits_alone(store: SessionStore) -> None:
    make(store, 130)
    journal = Journal()
    kept = journal.record(store.label, store.ref_for("x"), "edited", "", None, None)
    run(delete_sessions(store, select_all(store), journal, CancelToken()))
    entries = journal.entries(store.label)
    assert kept in entries
    assert entries[0].action == "deleted"
    restore_deleted(store, entries[0], journal)
    assert store.count().number == 1


def test_read_only_store_loses_nothing(url: str, store: SessionStore) -> None:
    make(store, 3)
    locked = open_store(url, read_only=True)
    with pytest.raises(Exception, match="read-only"):
        run(delete_sessions(locked, select_all(locked), Journal(), CancelToken()))
    locked.close()
    assert store.count().number == 3


def test_preview_counts_users_and_shows_a_sample(tmp_path: Path) -> None:
    now = now_ms()
    for number in range(30):
        record = {"cookie": {"originalMaxAge": DAY_MS}, "__lastAccess": now - (2 * DAY_MS if number < 4 else 0)}
        if number % 3 == 0:
            record["user"] = {"username": f"user{number}"}
        (tmp_path / f"s{number:02d}.json").write_text(json.dumps(record))
    store = open_store(f"file://{tmp_path}")
    found = preview(select_all(store), now)
    store.close()
    assert (found.count, found.signed_in, found.expired, found.undoable) == (30, 10, 4, 30)
    assert len(found.sample) == 20
    assert all(row.session_id.startswith("s") for row in found.sample)
