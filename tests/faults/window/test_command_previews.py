"""What was sent and what would be sent, on real stores: right, short, without values; and a connection that cannot write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bson
import pytest

from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import create_session, new_session_root
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.preview import for_many, preview_delete, preview_expiry, preview_save
from inspector.services.sessions.save_session import review_changes, save_session
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, ChangeExpiry, Create, RawRecord, SessionStore
from store_adapters.errors import StoreReadOnly
from store_adapters.options import Limits
from store_adapters.registry import open_store
from tests.services.sessions.test_save_session import edited

VALUE = "tok-sent-value"
SESSION = "tok-sent-session"
WRITES = ("create", "replace", "delete", "change_expiry")


@pytest.fixture(params=["redis", "mongo", "file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param in ("redis", "mongo"):
        return str(request.getfixturevalue(f"{request.param}_url"))
    return f"file://{tmp_path}" if request.param == "file" else f"memory:{request.node.name}"


@contextmanager
def opened(url: str, sent: list[str]) -> Iterator[SessionStore]:
    """Open the store with one session of a value in it; `sent` then hears of everything."""
    store = open_store(url, limits=Limits(on_command=sent.append))
    create_session(store, SESSION, new_session_root(3_600_000, now_ms()), now_ms() + 3_600_000, Journal(), now_ms())
    save(store, "old")
    sent.clear()
    yield store
    store.close()


def save(store: SessionStore, value: str) -> None:
    session = open_session(store, store.ref_for(SESSION))
    save_session(store, session, edited(session, "role", f'"{VALUE}-{value}"'), Journal())


def holds_data(words: str) -> bool:
    return VALUE in words or SESSION in words


def test_preview_of_a_save_names_the_command_and_sends_nothing(url: str) -> None:
    sent: list[str] = []
    with opened(url, sent) as store:
        session = open_session(store, store.ref_for(SESSION))
        review = review_changes(store, session, edited(session, "role", f'"{VALUE}-new"'))
        sent.clear()
        lines = preview_save(store, review)
        assert sent == []
        assert not holds_data("\n".join(lines))
        expected = {
            "redis": "XX KEEPTTL (compare-and-set script)",
            "mongo": 'findOneAndUpdate({_id: "tok-…"}, {$set: {session: …}})',
            "file": "exchange the two names in one step",
            "memory": "replace tok-… if it is still what was read",
        }[store.capabilities.kind]
        assert any(expected in line for line in lines)


def test_nothing_to_save_is_no_command(url: str) -> None:
    with opened(url, []) as store:
        session = open_session(store, store.ref_for(SESSION))
        assert session.decoded is not None
        assert preview_save(store, review_changes(store, session, session.decoded.root)) == ()


def test_bulk_acts_show_one_and_say_how_many_more(url: str) -> None:
    with opened(url, []) as store:
        ref = store.ref_for(SESSION)
        for lines in (preview_delete(store, ref), preview_expiry(store, ref, now_ms() + 60_000)):
            many = for_many(lines, 1205)
            assert many[:-1] == lines
            assert "1,204 more" in many[-1]
            assert not holds_data("\n".join(many))


def test_command_log_tells_of_every_step_and_of_no_value(url: str) -> None:
    sent: list[str] = []
    with opened(url, sent) as store:
        save(store, "new")
        store.delete(store.read(store.ref_for(SESSION)))
        words = "\n".join(sent)
        assert not holds_data(words)
        expected = {
            "redis": ("GET sess:tok-…; PTTL sess:tok-…", "EVAL (compare-and-set script) sess:tok-…"),
            "mongo": ('find sessions {_id: "tok-…"', "$set: {session: …}", "delete sessions", "commitTransaction"),
            "file": ("read tok-…", "compare and exchange tok-…", "compare and unlink tok-…"),
            "memory": (),
        }[store.capabilities.kind]
        assert [one for one in expected if one not in words] == []


def test_listing_is_one_line_for_a_batch(redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as client, client.pipeline(transaction=False) as pipe:
        for number in range(20_000):
            pipe.set(f"sess:{number}", "{}")
        pipe.execute()
    sent: list[str] = []
    store = open_store(redis_url, limits=Limits(on_command=sent.append))
    sent.clear()
    batches = sum(1 for _ in store.list_records(CancelToken()))
    store.close()
    assert len(sent) <= batches + 8
    assert any("GETRANGE × " in words for words in sent)


def test_password_is_not_in_the_line_about_connecting(redis_url: str) -> None:
    sent: list[str] = []
    with pytest.raises(Exception, match="password"):
        open_store(redis_url.replace("://", "://:tok-sent-password@"), limits=Limits(on_command=sent.append))
    assert sent[0].endswith("with a password")
    assert "tok-sent-password" not in "\n".join(sent)


def test_read_only_connection_has_no_method_that_writes(url: str) -> None:
    with opened(url, []) as store:
        locked = open_store(url, read_only=True)
        assert [name for name in WRITES if name in dir(locked)] == []
        assert [name for name in WRITES if name not in dir(store)] == []
        for name in WRITES:
            with pytest.raises(StoreReadOnly, match="nothing was written"):
                getattr(locked, name)
        assert not locked.capabilities.can_write
        assert locked.read(locked.ref_for(SESSION)).payload
        locked.close()


def test_log_says_of_many_documents_how_many(mongo_url: str) -> None:
    sent: list[str] = []
    store = open_store(mongo_url, limits=Limits(on_command=sent.append))
    payload = bson.encode({"session": "{}"})
    made = store.write_many([Create(store.ref_for(f"tok-many-{number}"), payload, None) for number in range(5)])
    records = [one for one in made if isinstance(one, RawRecord)]
    moved = store.write_many([ChangeExpiry(one, 1_950_000_000_000) for one in records])
    lines = "\n".join(sent)
    store.close()
    assert len(moved) == 5
    assert "insert sessions (5 documents)" in lines
    assert "→ {$set: {expires: …}} and 2 more" in lines
