"""Ends that no clock of the application holds: capped, told, and still there at the next request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.core.expiry import CAPPED, LATEST_MS, RelativeExpiry, end_from, is_capped, parse_count
from store_adapters.clock import now_ms
from tests.cli.test_commands import run

FAR = ["100000000d", "999999999d", "999999999999999999999d", f"{'9' * 5000}s", "2922000d"]
LATEST = "9900-01-01T00:00:00.000Z"


@pytest.fixture(params=["redis", "mongo", "file", "sqlite-number", "sqlite-text", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    kind = str(request.param)
    if kind == "redis":
        return f"{request.getfixturevalue('redis_url')}?prefix=sess:"
    if kind == "mongo":
        return f"{request.getfixturevalue('mongo_url')}&collection=sessions"
    if kind.startswith("sqlite"):
        import sqlite3

        columns = {
            "sqlite-number": "sid PRIMARY KEY, expired, sess",
            "sqlite-text": "sid TEXT PRIMARY KEY, sess TEXT, expire TEXT",
        }
        with sqlite3.connect(tmp_path / "s.db") as made:
            made.execute(f"CREATE TABLE sessions({columns[kind]})")
        made.close()
        return f"sqlite://{tmp_path / 's.db'}?table=sessions"
    return f"file://{tmp_path}" if kind == "file" else f"memory:{request.node.name}"


@pytest.mark.parametrize("duration", FAR)
def test_far_end_is_capped_and_told(duration: str, store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "create", store, "abc")[0] == 0
    code, text, told = run(capsys, "expire", store, "abc", "--in", duration, "--json")
    assert (code, told) == (0, f"session-inspector: {CAPPED}\n")
    shown = json.loads(text)
    assert shown["expires_at"][:16] in (LATEST[:16], "9899-12-31T23:59")
    age = shown["data"]["cookie"]["originalMaxAge"]
    assert abs(age - (LATEST_MS - now_ms())) < 60_000
    assert shown["data"]["cookie"]["expires"][:4] in ("9899", "9900")


def test_far_lifetime_of_a_new_session_is_capped_and_told(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = run(capsys, "create", store, "abc", "--max-age", "9" * 30)
    assert (code, told) == (0, f"session-inspector: {CAPPED}\n")
    assert json.loads(run(capsys, "show", store, "abc", "--json")[1])["expires_at"][:4] in ("9899", "9900")


@pytest.mark.parametrize("ends", [10**18, LATEST_MS + 1, 9_000_000_000_000_000, "9999-12-31T23:59:59.999Z"])
def test_far_end_of_an_imported_line_is_capped_and_told(
    ends: int | str, tmp_path: Path, capsys: pytest.CaptureFixture[str], redis_url: str
) -> None:
    line = {"key": "sess:a", "id": "a", "kind": "redis", "expires_at": ends, "payload": '{"cookie":{}}'}
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(line))
    code, text, told = run(capsys, "import", f"{redis_url}?prefix=sess:", str(file))
    assert (code, text) == (0, "1 lines: 1 created.\n")
    assert "they expire on 9900-01-01 instead" in told
    shown = json.loads(run(capsys, "show", f"{redis_url}?prefix=sess:", "a", "--json")[1])
    assert shown["expires_at"][:4] in ("9899", "9900")


def test_end_that_can_be_held_is_the_one_asked_for() -> None:
    assert end_from(RelativeExpiry(1000), 5) == 1005
    assert end_from(LATEST_MS, 5) == LATEST_MS
    assert not is_capped(LATEST_MS, 5)
    assert not is_capped(None, 5)
    assert is_capped(RelativeExpiry(LATEST_MS), 5)
    assert parse_count("000000000000000000000012") == 12


@pytest.mark.parametrize("wrong", ["-5d", "0s", "1e9d", "١d", "d", ""])
def test_duration_that_is_none_is_refused(wrong: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "create", f"file://{tmp_path}", "abc")
    assert run(capsys, "expire", f"file://{tmp_path}", "abc", "--in", wrong)[0] == 2
