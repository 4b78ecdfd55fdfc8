"""The behaviour suite of stores, inherited by a store that somebody else wrote: a fixture named `backend` is all it takes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.backends import Backend, session_json
from tests.contract.test_store_contract import *  # noqa: F403 - the suite, with its fixture `store`


@pytest.fixture
def backend(tmp_path: Path, toy_kind: None) -> Iterator[Backend]:
    box = tmp_path / "sessions.toy"
    box.write_text("{}")

    def payload(_sid: str, number: int) -> bytes:
        return json.dumps(session_json(number), separators=(",", ":")).encode()

    def put(sid: str, text: bytes, expires_at_ms: int | None) -> None:
        lobby = json.loads(box.read_text()).get("lobby", {})
        lobby[sid] = {"text": text.decode(), "ends": expires_at_ms, "changed": round(time.time() * 1000)}
        box.write_text(json.dumps({"lobby": lobby}))

    def drop(sid: str) -> None:
        lobby = json.loads(box.read_text()).get("lobby", {})
        lobby.pop(sid, None)
        box.write_text(json.dumps({"lobby": lobby}))

    def raw(sid: str) -> bytes | None:
        found = json.loads(box.read_text()).get("lobby", {}).get(sid)
        return None if found is None else str(found["text"]).encode("utf-8", "surrogateescape")

    yield Backend("toy", f"toy://{box}?room=lobby", payload, put, drop, raw, ("Toy box",))
