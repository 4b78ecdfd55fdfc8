"""Collections whose application has chosen other fields: connect-mongodb-session's idField and expiresKey, and a transformId."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from pymongo import MongoClient

from inspector.codecs import parse_json
from inspector.core.edits import InsertEntry, apply_edit
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import create_session, delete_session, new_session_root
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.save_session import SaveState, save_session
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import RecordMissing
from store_adapters.registry import open_store

HOUR_MS = 3_600_000
ENDS = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)


def _keys(store: SessionStore) -> list[str]:
    return [store.session_id_of(key) for batch in store.list_records(CancelToken()) for key in batch.keys]


def _edit(store: SessionStore, sid: str) -> None:
    opened = open_session(store, store.ref_for(sid))
    assert opened.decoded is not None
    root = apply_edit(opened.decoded.root, InsertEntry((), 1, "edited", parse_json("true")))[0]
    outcome = save_session(store, opened, root, Journal())
    assert outcome.state is SaveState.SAVED
    assert outcome.record is not None
    assert outcome.record.raw.expires_at_ms == opened.raw.expires_at_ms


def test_id_and_expiry_in_other_fields(mongo_url: str) -> None:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        collection = client.get_default_database().get_collection("sessions")
        session = {"cookie": {"originalMaxAge": HOUR_MS, "expires": ENDS, "httpOnly": True, "path": "/"}, "n": 1}
        made = collection.insert_one({"sid": "abc", "endsAt": ENDS, "session": session}).inserted_id
        store = open_store(f"{mongo_url}&collection=sessions&idField=sid&expiresKey=endsAt")
        assert _keys(store) == ["abc"]
        assert store.read(store.ref_for("abc")).expires_at_ms == round(ENDS.timestamp() * 1000)
        _edit(store, "abc")
        found = collection.find_one({"sid": "abc"})
        assert found is not None
        assert (found["_id"], found["session"]["edited"]) == (made, True)
        now = now_ms()
        create_session(store, "def", new_session_root(HOUR_MS, now), now + HOUR_MS, Journal(), now)
        other = collection.find_one({"sid": "def"})
        assert other is not None
        assert isinstance(other["endsAt"], datetime.datetime)
        assert "expires" not in other
        delete_session(store, open_session(store, store.ref_for("abc")), Journal())
        assert _keys(store) == ["def"]
        store.close()


def test_prefix_hides_and_keeps_what_is_another_applications(mongo_url: str) -> None:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        collection = client.get_default_database().get_collection("sessions")
        for identifier in ("app:a", "other:a", "a", "app.a"):
            collection.insert_one({"_id": identifier, "expires": ENDS, "session": '{"cookie":{},"n":1}'})
        store = open_store(f"{mongo_url}&collection=sessions&prefix=app:")
        assert _keys(store) == ["a"]
        assert store.count().number == 1
        _edit(store, "a")
        with pytest.raises(RecordMissing):
            store.read(store.ref_for("other:a"))
        texts = {one["_id"]: one["session"] for one in collection.find({})}
        assert {name for name, text in texts.items() if "edited" in text} == {"app:a"}
        store.close()
