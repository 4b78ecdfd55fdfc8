"""The list over encrypted session files: closed without the secret, opened with it, filtered by what is inside."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from inspector.core.secret import Secret
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.session_row import Column, Row
from inspector.services.filtering.parser import parse_filter
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import (
    SessionRefused,
    change_expiry,
    create_session,
    duplicate_session,
    new_session_id,
    new_session_root,
)
from inspector.services.sessions.open_session import DecodeContext, open_session
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.registry import open_store

GOLDEN = Path(__file__).parent.parent.parent / "golden" / "express" / "sealed.jsonl"
READING = DecodeContext(secrets=(Secret.from_text("an older one"), Secret.from_text("squirrel")))
HOUR_MS = 3_600_000


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    for row in map(json.loads, GOLDEN.read_text().splitlines()):
        if row["kind"] == "file":
            (tmp_path / f"{row['session_id']}.json").write_bytes(base64.b64decode(row["payload_base64"]))
    return open_store(f"file://{tmp_path}")


def _read(store: SessionStore, reading: DecodeContext) -> Catalogue:
    catalogue = Catalogue(store, reading)
    for batch in store.list_records(CancelToken()):
        catalogue.append(batch)
    return catalogue


def _rows(catalogue: Catalogue, text: str = "") -> list[Row]:
    wanted = parse_filter(text) if text else None
    now = round(time.time() * 1000)
    return [catalogue.row(place) for place in catalogue.select(wanted, Column.SESSION, descending=False, now_ms=now)]


def test_without_the_secret_rows_are_encrypted_and_their_expiry_unknown(store: SessionStore) -> None:
    catalogue = _read(store, DecodeContext())
    assert {row.format.split()[0] for row in _rows(catalogue)} == {"encrypted"}
    assert all(row.is_expiry_hidden for row in _rows(catalogue))
    assert _rows(catalogue, "is:permanent") == []
    assert list(catalogue.decrypt_rows(CancelToken())) == []


def test_with_the_secret_rows_open_and_the_filter_looks_inside(store: SessionStore) -> None:
    catalogue = _read(store, READING)
    assert len(_rows(catalogue, "is:encrypted")) == len(_rows(catalogue))
    assert list(catalogue.decrypt_rows(CancelToken()))
    rows = _rows(catalogue)
    assert {row.user for row in rows} == {"alice"}
    assert all(row.expires_at_ms for row in rows)
    assert len(_rows(catalogue, "user.name:alice")) == len(rows)
    assert len(_rows(catalogue, "alice")) == len(rows)


def test_reading_the_list_again_keeps_what_was_opened(store: SessionStore) -> None:
    catalogue = _read(store, READING)
    list(catalogue.decrypt_rows(CancelToken()))
    before = _rows(catalogue)
    for batch in store.list_records(CancelToken()):
        catalogue.append(batch)
    assert _rows(catalogue) == before


def test_copy_opens_under_its_own_id_and_expiry_moves_inside_the_seal(store: SessionStore) -> None:
    now = now_ms()
    for row in _rows(_read(store, READING)):
        opened = open_session(store, store.ref_for(row.session_id), READING)
        copy = duplicate_session(store, opened, new_session_id(), Journal())
        assert copy.decoded is not None and opened.decoded is not None
        assert copy.decoded.root == opened.decoded.root
        later = change_expiry(store, copy, now + HOUR_MS, Journal())
        assert later.expiry.expires_at_ms == pytest.approx(now + HOUR_MS, abs=2000)
        assert later.summary.format == opened.summary.format


def test_plain_session_is_not_put_among_encrypted_ones(store: SessionStore) -> None:
    now = now_ms()
    with pytest.raises(SessionRefused, match="encrypted"):
        create_session(store, new_session_id(), new_session_root(HOUR_MS, now), now + HOUR_MS, Journal(), now)
