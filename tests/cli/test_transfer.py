"""Export and import on the command line: files, pipes, exit codes; and what the file lets others see."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.test_commands import DATA, run, store

__all__ = ["store"]


def test_sessions_go_into_a_file_and_back(capsys: pytest.CaptureFixture[str], store: str, tmp_path: Path) -> None:
    file = tmp_path / "out" / "sessions.jsonl"
    file.parent.mkdir()
    for session_id in ("abc", "def"):
        assert run(capsys, "create", store, session_id, "--data", DATA)[0] == 0
    shown = run(capsys, "show", store, "abc")[1]
    code, text, _ = run(capsys, "export", store, "-o", str(file))
    assert (code, text) == (0, f"Exported 2 sessions to {file}.\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [set(json.loads(line)) for line in file.read_text().splitlines()] == [
        {"key", "id", "kind", "expires_at", "payload"}
    ] * 2
    ends = json.loads(run(capsys, "show", store, "abc", "--json")[1])["expires_at"]
    assert run(capsys, "delete", store, "abc")[0] == 0
    assert run(capsys, "import", store, str(file), "--dry-run")[1] == (
        "2 lines: 1 would be created, 1 already present and identical.\n"
    )
    assert run(capsys, "show", store, "abc")[0] == 1
    assert run(capsys, "import", store, str(file))[:2] == (0, "2 lines: 1 created, 1 already present and identical.\n")
    assert len(run(capsys, "show", store, "abc")[1]) == len(shown)
    again = json.loads(run(capsys, "show", store, "abc", "--json")[1])["expires_at"]
    assert again[:18] == ends[:18]


def test_printed_export_is_what_import_reads(
    capsys: pytest.CaptureFixture[str], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capsys, "create", store, "abc", "--data", DATA)[0] == 0
    assert run(capsys, "create", store, "def", "--data", "{}")[0] == 0
    code, text, _ = run(capsys, "export", store, "--filter", "user.role:user")
    assert (code, text.count("\n")) == (0, 1)
    assert run(capsys, "edit", store, "abc", "--set", 'user.role="admin"')[0] == 0
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    code, told, _ = run(capsys, "import", store, "-", "--json")
    assert (code, json.loads(told)["existing"]) == (0, 1)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    code, told, _ = run(capsys, "import", store, "-", "--replace", "--json")
    assert (code, json.loads(told)["replaced"]) == (0, 1)
    assert json.loads(run(capsys, "show", store, "abc", "--json")[1])["data"]["user"]["role"] == "user"


def test_bad_lines_give_a_negative_answer_and_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("{}\n")
    code, text, complaints = run(capsys, "import", "memory:cli-bad", str(file))
    assert code == 1
    assert "1 not imported" in text
    assert "Line 1:" in complaints
    assert run(capsys, "import", "memory:cli-bad", str(tmp_path / "none"))[0] == 3


def test_failed_export_leaves_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, complaints = run(capsys, "export", "redis://127.0.0.1:1/0", "-o", str(tmp_path / "a.jsonl"))
    assert code == 3
    assert complaints
    assert list(tmp_path.iterdir()) == []
