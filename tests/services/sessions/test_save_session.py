"""Saving on every kind of store: merged, compared, never lost, never brought back; and the other writes beside it."""

from __future__ import annotations

import json

import pytest

from inspector.codecs import json_bytes, parse_json
from inspector.core.display import parse_time
from inspector.core.edits import InsertEntry, SetValue, apply_edit
from inspector.core.expiry import RelativeExpiry, format_duration
from inspector.core.field_path import find_path, parse_field_path
from inspector.core.merge import Choice
from inspector.core.node import Node, child
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import (
    SessionRefused,
    change_expiry,
    create_session,
    delete_session,
    duplicate_session,
    new_session_id,
    new_session_root,
)
from inspector.services.sessions.open_session import OpenedSession, open_session
from inspector.services.sessions.save_session import Persistence, SaveState, review_changes, save_session, verify_saved
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import RecordChanged, RecordExists, RecordMissing, StoreReadOnly, Unsupported
from store_adapters.registry import open_store

DAY_MS = 86_400_000


def make(store: SessionStore, text: str = '{"user":{"name":"ada","role":"user"},"cart":["a"]}') -> OpenedSession:
    now = now_ms()
    base, data = new_session_root(DAY_MS, now), parse_json(text)
    root = Node(base.kind, entries=(*base.entries, *data.entries))
    return create_session(store, new_session_id(), root, now + DAY_MS, Journal(), now)


def edited(opened: OpenedSession, field: str, text: str) -> Node:
    assert opened.decoded is not None
    root = opened.decoded.root
    path = find_path(root, parse_field_path(field))
    if path is None:
        return apply_edit(root, InsertEntry((), len(root.entries), field, parse_json(text)))[0]
    return apply_edit(root, SetValue(path, parse_json(text)))[0]


def edited_all(opened: OpenedSession, fields: dict[str, str], added: str) -> Node:
    """Return the tree with these values, and one more item in the cart."""
    assert opened.decoded is not None
    root = opened.decoded.root
    for field, text in fields.items():
        path = find_path(root, parse_field_path(field))
        assert path is not None
        root = apply_edit(root, SetValue(path, parse_json(text)))[0]
    cart = find_path(root, ("cart",))
    assert cart is not None
    return apply_edit(root, InsertEntry(cart, len(child(root, cart).entries), None, parse_json(added)))[0]


def data_of(store: SessionStore, opened: OpenedSession) -> dict[str, object]:
    decoded = open_session(store, opened.raw.ref).decoded
    assert decoded is not None
    loaded: dict[str, object] = json.loads(json_bytes(decoded.root))
    return {key: value for key, value in loaded.items() if key not in ("cookie", "__lastAccess")}


def write(store: SessionStore, opened: OpenedSession, field: str, text: str) -> None:
    """What the application does meanwhile."""
    now = open_session(store, opened.raw.ref)
    assert save_session(store, now, edited(now, field, text), Journal()).state is SaveState.SAVED


def test_no_edit_is_no_write(store: SessionStore) -> None:
    opened = make(store)
    assert opened.decoded is not None
    journal = Journal()
    assert save_session(store, opened, opened.decoded.root, journal).state is SaveState.UNCHANGED
    assert journal.entries() == ()


def test_fields_of_both_sides_are_kept(store: SessionStore, other: SessionStore) -> None:
    opened = make(store)
    write(other, opened, "visits", "7")
    outcome = save_session(store, opened, edited(opened, "user.role", '"admin"'), Journal())
    assert outcome.state is SaveState.SAVED
    assert "kept the application's visits" in outcome.message
    assert data_of(store, opened) == {"user": {"name": "ada", "role": "admin"}, "cart": ["a"], "visits": 7}


def test_conflict_writes_nothing_until_it_is_decided(store: SessionStore, other: SessionStore) -> None:
    opened = make(store)
    write(other, opened, "user.role", '"guest"')
    mine = edited(opened, "user.role", '"admin"')
    outcome = save_session(store, opened, mine, Journal())
    assert outcome.state is SaveState.CONFLICT
    assert data_of(store, opened)["user"] == {"name": "ada", "role": "guest"}
    assert save_session(store, opened, mine, Journal(), {"user.role": Choice.MINE}).state is SaveState.SAVED
    assert data_of(store, opened)["user"] == {"name": "ada", "role": "admin"}


def test_overwriting_takes_mine_but_keeps_their_other_fields(store: SessionStore, other: SessionStore) -> None:
    opened = make(store)
    write(other, opened, "user.role", '"guest"')
    write(other, opened, "visits", "1")
    outcome = save_session(store, opened, edited(opened, "user.role", '"admin"'), Journal(), overwrite=True)
    assert outcome.state is SaveState.SAVED
    assert data_of(store, opened) == {"user": {"name": "ada", "role": "admin"}, "cart": ["a"], "visits": 1}


def test_session_that_is_gone_is_not_brought_back(store: SessionStore, other: SessionStore) -> None:
    opened = make(store)
    delete_session(other, open_session(other, opened.raw.ref), Journal())
    assert review_changes(store, opened, edited(opened, "user.role", '"x"')).gone
    outcome = save_session(store, opened, edited(opened, "user.role", '"x"'), Journal(), overwrite=True)
    assert outcome.state is SaveState.GONE
    with pytest.raises(RecordMissing):
        store.read(opened.raw.ref)


def test_saving_keeps_the_expiry(store: SessionStore) -> None:
    opened = make(store)
    before = store.read(opened.raw.ref).expires_at_ms
    after = save_session(store, opened, edited(opened, "user.role", '"x"'), Journal()).record
    assert before is not None
    assert after is not None
    assert after.raw.expires_at_ms is not None
    assert abs(after.raw.expires_at_ms - before) < 1000


def test_what_breaks_the_application_is_refused(store: SessionStore) -> None:
    opened = make(store)
    outcome = save_session(store, opened, edited(opened, "cookie.originalMaxAge", '"a day"'), Journal())
    assert outcome.state is SaveState.REFUSED
    assert store.read(opened.raw.ref).payload == opened.raw.payload


CART = '{"user":{"role":"user"},"cart":[{"sku":"a","qty":1},{"sku":"b","qty":1}],"visits":1}'


def test_choice_discards_what_it_says_and_nothing_else(store: SessionStore, other: SessionStore) -> None:
    opened = make(store, CART)
    write(other, opened, "user.role", '"blocked"')
    write(other, opened, "cart", '[{"sku":"a","qty":1},{"sku":"b","qty":1},{"sku":"app","qty":1}]')
    mine = edited_all(opened, {"user.role": '"vip"', "cart[0].qty": "3"}, added='{"sku":"mine","qty":1}')
    review = review_changes(store, opened, mine)
    assert [change.field for change in review.conflicts] == ["user.role"]
    choices, journal = {"user.role": Choice.THEIRS}, Journal()
    assert [change.field for change in review.discarded(choices)] == ["user.role"]
    outcome = save_session(store, opened, mine, journal, choices)
    skus = [(item["sku"], item["qty"]) for item in data_of(store, opened)["cart"]]  # type: ignore[attr-defined]
    assert skus == [("a", 3), ("b", 1), ("app", 1), ("mine", 1)]
    assert data_of(store, opened)["user"] == {"role": "blocked"}
    assert [change.field for change in outcome.changes] == ["cart[0].qty", "cart[3] (new)"]
    assert journal.entries()[0].what == "cart[0].qty, cart[3] (new)"
    assert "discarded your user.role" in outcome.message


def test_choosing_what_is_stored_everywhere_writes_nothing_and_says_so(
    store: SessionStore, other: SessionStore
) -> None:
    opened, journal = make(store), Journal()
    write(other, opened, "user.role", '"guest"')
    before = store.read(opened.raw.ref).payload
    outcome = save_session(store, opened, edited(opened, "user.role", '"x"'), journal, {"user.role": Choice.THEIRS})
    assert (outcome.state, outcome.changes, journal.entries()) == (SaveState.UNCHANGED, (), ())
    assert "the stored value was kept for user.role" in outcome.message
    assert store.read(opened.raw.ref).payload == before


def test_item_that_became_another_one_is_a_conflict_and_is_not_written_to(
    store: SessionStore, other: SessionStore
) -> None:
    opened = make(store, '{"cart":[{"name":"keyboard","qty":1},{"name":"mouse","qty":1}]}')
    write(other, opened, "cart", '[{"name":"mouse","qty":1},{"name":"lamp","qty":1}]')
    stored = store.read(opened.raw.ref).payload
    outcome = save_session(store, opened, edited(opened, "cart[0].qty", "5"), Journal())
    assert outcome.state is SaveState.CONFLICT
    assert store.read(opened.raw.ref).payload == stored


def test_overwritten_edits_can_be_saved_again_over_what_is_stored(store: SessionStore, other: SessionStore) -> None:
    opened = make(store, CART)
    mine = edited_all(opened, {"user.role": '"vip"', "cart[1].qty": "3"}, added='{"sku":"mine","qty":1}')
    outcome = save_session(store, opened, mine, Journal())
    # A request that held the older copy of all but the role, and that took the first item away.
    write(other, opened, "cart", '[{"sku":"b","qty":1}]')
    write(other, opened, "visits", "2")
    report = verify_saved(store, outcome)
    assert report.state is Persistence.OVERWRITTEN
    assert [change.field for change in report.lost] == ["cart[1].qty", "cart[1] (new)"]
    assert "overwrote cart[1].qty, cart[1] (new)" in report.message
    assert report.record is not None
    assert report.again is not None
    assert save_session(store, report.record, report.again, Journal()).state is SaveState.SAVED
    assert data_of(store, opened) == {
        "user": {"role": "vip"},
        "cart": [{"sku": "b", "qty": 3}, {"sku": "mine", "qty": 1}],
        "visits": 2,
    }


def test_edit_that_was_overwritten_is_told(store: SessionStore, other: SessionStore) -> None:
    opened = make(store)
    outcome = save_session(store, opened, edited(opened, "user.role", '"admin"'), Journal())
    assert outcome.record is not None
    assert verify_saved(store, outcome).state is Persistence.PERSISTED
    write(other, opened, "visits", "1")
    assert verify_saved(store, outcome).state is Persistence.CHANGED
    write(other, opened, "user.role", '"user"')
    assert verify_saved(store, outcome).state is Persistence.OVERWRITTEN
    delete_session(other, open_session(other, opened.raw.ref), Journal())
    assert verify_saved(store, outcome).state is Persistence.GONE


def test_delete_of_a_changed_session_is_refused(store: SessionStore, other: SessionStore) -> None:
    opened = make(store)
    write(other, opened, "visits", "1")
    with pytest.raises(RecordChanged):
        delete_session(store, opened, Journal())


def test_created_twice_is_refused_and_a_copy_is_another_session(store: SessionStore) -> None:
    opened = make(store)
    copy = duplicate_session(store, opened, "copy", Journal())
    assert data_of(store, copy) == data_of(store, opened)
    with pytest.raises(RecordExists):
        duplicate_session(store, opened, "copy", Journal())


def test_session_without_a_cookie_is_not_created(store: SessionStore) -> None:
    with pytest.raises(SessionRefused):
        create_session(store, "x", parse_json('{"user":1}'), now_ms() + DAY_MS, Journal(), now_ms())


@pytest.mark.parametrize("lasting", [True, False])
@pytest.mark.parametrize("hours", [1, 100])
def test_expiry_is_changed_to_the_time_that_was_asked(store: SessionStore, lasting: bool, hours: int) -> None:
    opened = make(store)
    ends = now_ms() + hours * 3_600_000
    after = change_expiry(store, opened, ends, Journal(), lasting=lasting)
    assert after.raw.expires_at_ms is not None
    assert abs(after.raw.expires_at_ms - ends) < 2000
    assert data_of(store, opened) == {"user": {"name": "ada", "role": "user"}, "cart": ["a"]}


def cookie_of(opened: OpenedSession) -> dict[str, object]:
    assert opened.decoded is not None
    cookie: dict[str, object] = json.loads(json_bytes(opened.decoded.root))["cookie"]
    return cookie


def assert_lives_for(opened: OpenedSession, life_ms: int, since_ms: int) -> None:
    """The lifetime is the round number, and both ends are that long from the moment of saving, as express has it."""
    assert cookie_of(opened)["originalMaxAge"] == life_ms
    expires = parse_time(str(cookie_of(opened)["expires"]))
    assert expires is not None
    assert since_ms + life_ms <= expires <= now_ms() + life_ms
    assert opened.raw.expires_at_ms is not None
    assert abs(opened.raw.expires_at_ms - expires) < 1000


@pytest.mark.parametrize("life_ms", [DAY_MS // 24, 7 * DAY_MS], ids=["sooner", "later"])
def test_lifetime_from_now_is_written_as_the_round_number(store: SessionStore, life_ms: int) -> None:
    opened = make(store)
    CancelToken().wait(0.05)  # the person thinks
    since_ms, journal = now_ms(), Journal()
    after = change_expiry(store, opened, RelativeExpiry(life_ms), journal)
    assert_lives_for(after, life_ms, since_ms)
    words = [entry.what for entry in journal.entries(store.label) if entry.action == "expiry changed"]
    assert words == [f"to {format_duration(life_ms)}"]


def test_lifetime_from_now_stays_round_when_the_application_writes_meanwhile(store: SessionStore) -> None:
    opened = make(store)
    write(store, opened, "cart", '["a","b"]')
    since_ms = now_ms()
    after = change_expiry(store, opened, RelativeExpiry(7 * DAY_MS), Journal())
    assert_lives_for(after, 7 * DAY_MS, since_ms)
    assert data_of(store, opened)["cart"] == ["a", "b"]


def test_expiry_can_be_taken_away_where_the_store_can(store: SessionStore) -> None:
    opened = make(store)
    if store.capabilities.can_persist:
        assert change_expiry(store, opened, None, Journal()).raw.expires_at_ms is None
    else:
        with pytest.raises(Unsupported):
            change_expiry(store, opened, None, Journal())


def test_read_only_store_takes_no_write(url: str, store: SessionStore) -> None:
    opened = make(store)
    locked = open_store(url, read_only=True)
    try:
        seen = open_session(locked, opened.raw.ref)
        with pytest.raises(StoreReadOnly):
            save_session(locked, seen, edited(seen, "user.role", '"x"'), Journal())
        with pytest.raises(StoreReadOnly):
            delete_session(locked, seen, Journal())
    finally:
        locked.close()
