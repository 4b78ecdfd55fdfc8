"""Every version still met in the field: written there, edited here, read there; written here, read there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inspector.codecs import parse_json
from inspector.core.edits import InsertEntry, SetValue, apply_edit
from inspector.core.field_path import find_path, parse_field_path
from inspector.core.secret import Secret
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import create_session, new_session_id, new_session_root
from inspector.services.sessions.open_session import DecodeContext, OpenedSession, open_session
from inspector.services.sessions.save_session import SaveState, save_session
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.registry import open_store
from tests.interop.matrix import FILES, MONGO, REDIS, SECRET, Library, Variant

SID = "k0v3u3Kc5nYbZrT6jxQpWdV2aLmEoH1s"
SESSION = {"user": {"id": 42, "name": "Zoë", "roles": ["admin"]}, "cart": ["a", "b"], "note": 'quote " and 🍪'}
HOUR_MS = 3_600_000
READING = DecodeContext(secrets=(Secret.from_text("an older one"), Secret.from_text(SECRET)))


@dataclass(frozen=True, slots=True)
class Bench:
    variant: Variant
    library: Library
    store: SessionStore

    def open(self, sid: str = SID) -> OpenedSession:
        return open_session(self.store, self.store.ref_for(sid), READING)


@pytest.fixture(params=[*REDIS, *MONGO, *FILES], ids=str)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    variant: Variant = request.param
    place, url = _place(variant, request, tmp_path)
    library = Library(variant, place)
    try:
        store = open_store(url)
        try:
            yield Bench(variant, library, store)
        finally:
            store.close()
    finally:
        library.stop()


def _place(variant: Variant, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, Any], str]:
    if variant.kind == "file":
        extension = variant.config.get("options", {}).get("fileExtension", ".json")
        return {"folder": str(tmp_path)}, f"file://{tmp_path}?extension={extension}"
    if variant.kind == "redis":
        url = request.getfixturevalue("redis_url")
        return {"url": url}, f"{url}?prefix={variant.prefix}"
    url = request.getfixturevalue("mongo_url")
    return {"url": url}, f"{url}&collection=sessions&prefix={variant.prefix}"


def _set(opened: OpenedSession, field: str, json_text: str) -> Any:
    assert opened.decoded is not None, opened.attempts
    root = opened.decoded.root
    path = find_path(root, parse_field_path(field))
    if path is None:
        return apply_edit(root, InsertEntry((), len(root.entries), field, parse_json(json_text)))[0]
    return apply_edit(root, SetValue(path, parse_json(json_text)))[0]


def test_written_there_edited_here_read_there(bench: Bench) -> None:
    bench.library.set(SID, SESSION)
    keys = [key for batch in bench.store.list_records(CancelToken()) for key in batch.keys]
    assert [bench.store.session_id_of(key) for key in keys] == [SID]
    opened = bench.open()
    assert bench.variant.label in opened.summary.format
    assert (opened.summary.user, opened.is_editable) == ("Zoë", True)
    ends = opened.expiry.expires_at_ms
    outcome = save_session(bench.store, opened, _set(opened, "cart[0]", '"ü\\n"'), Journal())
    assert outcome.state is SaveState.SAVED
    after = bench.open()
    assert after.summary.format == opened.summary.format
    # A key's TTL counts from when it is read, so two reads may differ by their distance.
    assert after.expiry.expires_at_ms == pytest.approx(ends, abs=100) if ends is not None else True
    if not bench.variant.library_reads:
        return
    found = bench.library.get(SID)
    assert {key: found[key] for key in SESSION} == SESSION | {"cart": ["ü\n", "b"]}
    bench.library.touch(SID)
    assert bench.library.get(SID)["cart"] == ["ü\n", "b"]


def test_written_here_read_there(bench: Bench) -> None:
    bench.library.set(SID, SESSION)
    now, sid = now_ms(), new_session_id()
    base = new_session_root(HOUR_MS, now)
    root = apply_edit(base, InsertEntry((), 1, "user", parse_json('{"name":"ada"}')))[0]
    made = create_session(bench.store, sid, root, now + HOUR_MS, Journal(), now, READING)
    assert bench.variant.label in made.summary.format
    if bench.variant.library_reads:
        assert bench.library.get(sid)["user"] == {"name": "ada"}
        bench.library.touch(sid)
        assert bench.library.get(sid)["user"] == {"name": "ada"}
