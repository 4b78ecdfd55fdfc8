"""The SQLite stores of Express under Node: their sessions are read and edited here, and ours are read there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inspector.codecs import parse_json
from inspector.core.edits import InsertEntry, apply_edit
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import (
    change_expiry,
    create_session,
    delete_session,
    new_session_id,
    new_session_root,
)
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.save_session import SaveState, save_session
from store_adapters.clock import now_ms
from store_adapters.contract import SessionStore
from store_adapters.registry import open_store
from tests.interop.apps import find_node
from tests.servers import die_with_parent

FOLDER = Path(__file__).parent / "sqlite_node"
SID = "k0v3u3Kc5nYbZrT6jxQpWdV2aLmEoH1s"
SESSION = {"user": {"id": 42, "name": "Zoë"}, "cart": ["a"]}
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Application:
    """A real session store under Node, and our view of its file."""

    process: subprocess.Popen[bytes]
    store: SessionStore

    def ask(self, op: str, sid: str = SID, session: dict[str, Any] | None = None) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"op": op, "sid": sid, "session": session}).encode() + b"\n")
        self.process.stdin.flush()
        return _answer(self.process)


def _answer(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.kill()
        _, errors = process.communicate()
        pytest.fail(errors.decode()[-800:])
    answer = json.loads(line)
    assert "error" not in answer, answer
    return answer["value"]


@pytest.fixture(params=["connect-sqlite3", "better-sqlite3", "knex"])
def application(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Application]:
    path = tmp_path / "sessions.db"
    process = subprocess.Popen(
        [find_node(), "--no-warnings", "sqlite.js", json.dumps({"dialect": request.param, "path": str(path)})],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=die_with_parent,
    )
    try:
        _answer(process)
        # knex makes its table with the first session.
        first = Application(process, open_store("memory:"))
        first.ask("set", SID, SESSION)
        store = open_store(f"sqlite://{path}")
        assert store.capabilities.library == request.param
        yield Application(process, store)
        store.close()
    finally:
        process.kill()
        process.communicate(timeout=10)


def test_edit_here_is_seen_there_and_survives_a_touch(application: Application) -> None:
    store = application.store
    opened = open_session(store, store.ref_for(SID))
    assert opened.decoded is not None
    assert opened.summary.user == "Zoë"
    root = apply_edit(opened.decoded.root, InsertEntry((), 1, "note", parse_json('"ü"')))[0]
    outcome = save_session(store, opened, root, Journal())
    assert outcome.state is SaveState.SAVED
    assert outcome.record is not None
    assert outcome.record.raw.expires_at_ms == opened.raw.expires_at_ms
    assert application.ask("get")["note"] == "ü"
    application.ask("touch", SID, SESSION)
    assert application.ask("get")["note"] == "ü"


def test_what_the_application_wrote_meanwhile_is_kept(application: Application) -> None:
    store = application.store
    opened = open_session(store, store.ref_for(SID))
    assert opened.decoded is not None
    application.ask("set", SID, SESSION | {"cart": ["a", "b"]})
    root = apply_edit(opened.decoded.root, InsertEntry((), 1, "note", parse_json("1")))[0]
    assert save_session(store, opened, root, Journal()).state is SaveState.SAVED
    found = application.ask("get")
    assert (found["note"], found["cart"]) == (1, ["a", "b"])


def test_created_and_deleted_and_extended_here(application: Application) -> None:
    store, now, sid = application.store, now_ms(), new_session_id()
    made = create_session(store, sid, new_session_root(HOUR_MS, now), now + HOUR_MS, Journal(), now)
    assert application.ask("get", sid)["cookie"]["originalMaxAge"] == HOUR_MS
    later = change_expiry(store, made, now + 3 * HOUR_MS, Journal())
    assert later.raw.expires_at_ms == pytest.approx(now + 3 * HOUR_MS, abs=1000)
    assert application.ask("get", sid) is not None
    delete_session(store, open_session(store, store.ref_for(sid)), Journal())
    assert application.ask("get", sid) is None


def test_expiry_is_read_in_the_librarys_unit(application: Application) -> None:
    store = application.store
    opened = open_session(store, store.ref_for(SID))
    assert opened.raw.expires_at_ms == pytest.approx(now_ms() + HOUR_MS, abs=10_000)
    assert opened.expiry.sources[0].counts
