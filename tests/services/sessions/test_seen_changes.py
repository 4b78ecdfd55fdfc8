"""Pitfalls that show between two reads of a session: each is told where it is, and nothing where it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inspector.services.sessions.open_session import OpenedSession, describe_record
from inspector.services.sessions.seen_changes import judge_reads
from store_adapters.clock import now_ms
from store_adapters.contract import SessionStore
from store_adapters.known_kinds import kind_named
from store_adapters.record_form import ExpiryClock
from store_adapters.registry import open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SessionStore]:
    opened = open_store(f"memory:{tmp_path.name}")
    yield opened
    opened.close()


def _read(store: SessionStore, minute: int = 0, sid: str = "a", **data: Any) -> OpenedSession:
    cookie = {"originalMaxAge": 3_600_000, "expires": f"2026-11-24T01:{minute:02}:00.000Z", "path": "/"}
    ends = now_ms() + 3_600_000
    ref = store.ref_for(f"{sid}{minute}{len(json.dumps(data))}")
    raw = store.create(ref, json.dumps({"cookie": cookie, **data}).encode(), ends)
    return describe_record(store, replace(raw, read_at_ms=minute * 1000))


def _again(store: SessionStore, first: OpenedSession, **data: Any) -> OpenedSession:
    """Return the same session as it is read after the application has written it."""
    cookie = json.loads(first.raw.payload)["cookie"]
    raw = store.replace(store.read(first.raw.ref), json.dumps({"cookie": cookie, **data}).encode())
    return describe_record(store, replace(raw, read_at_ms=first.raw.read_at_ms + 1000))


def clock_of(name: str) -> ExpiryClock:
    kind = kind_named(name)
    assert kind is not None
    return kind.clock


def _words(*reads: OpenedSession, kind: str = "redis", was_gone: bool = False) -> str:
    older = reads[0] if len(reads) == 3 else None
    before, now = reads[-2:]
    return " ".join(
        f"{one.text} {one.remedy}" for one in judge_reads(before, now, clock_of(kind), older=older, was_gone=was_gone)
    )


def test_whole_record_written_without_a_change_tells_of_resave(store: SessionStore) -> None:
    before, after = _read(store, 0, cart=[]), _read(store, 1, cart=[])
    assert "resave: false" in _words(before, after)
    assert _words(before, after, kind="file") == ""  # where a touch writes the file
    assert _words(before, _read(store, 2, cart=["x"])) == ""
    assert _words(before, before) == ""


def test_write_that_takes_back_the_one_before_tells_of_a_lost_update(store: SessionStore) -> None:
    first, second = _read(store, 0, n=0), _read(store, 1, n=0, a=1)
    assert "the last wins" in _words(first, second, _read(store, 2, n=0, b=1))
    assert _words(first, second, _read(store, 3, n=0, a=1, b=1)) == ""
    first, second = _read(store, 5, cart=["x"]), _read(store, 6, cart=["x", "y"])
    assert "the last wins" in _words(first, second, _read(store, 7, cart=["x"], b=1))
    # A field that is taken away again by itself is a message that was shown.
    assert "last wins" not in _words(first, second, _read(store, 4, n=0))


ADA = {"id": 7, "name": "ada"}


@pytest.mark.parametrize(
    ("before", "after", "is_login"),
    [
        ({}, {"user": ADA}, True),
        ({}, {"user": {"name": "ada"}}, True),
        ({}, {"passport": {"user": "7"}}, True),
        # A name that a visitor left is no login yet, and somebody else's login is one.
        ({"username": "ada"}, {"username": "ada", "user": ADA}, True),
        ({"user": ADA}, {"user": {"id": 8, "name": "bob"}}, True),
        ({"user": ADA}, {"user": ADA, "cart": ["x"]}, False),
        ({"user": ADA}, {"user": ADA | {"name": "Ada L."}}, False),
        ({"user": {"name": "ada"}}, {"user": {"name": "Ada L."}}, False),
        ({"user": ADA}, {}, False),
    ],
)
def test_login_that_keeps_the_session_id_tells_of_fixation(
    store: SessionStore, before: dict[str, Any], after: dict[str, Any], is_login: bool
) -> None:
    first = _read(store, 0, n=0, **before)
    assert ("regenerate" in _words(first, _again(store, first, n=1, **after))) == is_login


def test_login_in_another_session_is_no_fixation(store: SessionStore) -> None:
    nobody, ada = _read(store, 0, cart=[]), _read(store, 1, sid="b", cart=[], user=ADA)
    assert "regenerate" not in _words(nobody, ada)


def test_session_that_was_gone_and_is_back_is_told(store: SessionStore) -> None:
    before, after = _read(store, 0, user={"name": "ada"}), _read(store, 1, user={"name": "ada"})
    found = _words(before, after, was_gone=True)
    assert "gone and is back" in found
    assert "Delete it again" in found
