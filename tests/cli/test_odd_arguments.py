"""Session IDs and values that begin with -, files that are not there, and the standard input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.cli._arguments import parse_arguments
from tests.cli.test_commands import run
from tests.cli.test_streams import in_shell

IDS = [
    "-Ab3_dEf",
    "--Ab3dEf",
    "-hAb3dEf",
    "-o9Ab3dEf",
    "-HAb3dEf",
    "-bAb3dEf",
    "-1234567",
    "--",
    "-_",
    "--json-Ab3",
    "--data=Ab3",
]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"file://{tmp_path}"


@pytest.mark.parametrize("session_id", IDS)
def test_id_that_begins_with_a_dash_works_after_two_dashes(session_id: str) -> None:
    assert parse_arguments(["show", "--json", "memory:", "--", session_id]).session_id == session_id


@pytest.mark.parametrize("session_id", IDS[:7])
def test_id_that_begins_with_a_dash_works_in_every_command(
    session_id: str, store: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "abc")
    assert run(capsys, "create", store, session_id)[:2] == (0, f"{session_id}\n")
    assert json.loads(run(capsys, "show", store, session_id, "--json")[1])["id"] == session_id
    assert run(capsys, "show", "--json", store, session_id, "--raw")[0] == 0
    assert run(capsys, "edit", store, session_id, "--set", "-a=-1")[0] == 0
    assert run(capsys, "edit", store, "--remove", "-a", session_id)[0] == 0
    assert run(capsys, "expire", store, session_id, "--in", "2h")[0] == 0
    value = run(capsys, "sign", "--secret-env", "SECRET", session_id, "--scheme", "fastify-session")[1].strip()
    assert value.startswith(session_id)
    assert run(capsys, "verify", "--store", store, "--secret-env", "SECRET", value)[0] == 0
    assert run(capsys, "list", store, "--filter", f"-id:x {session_id}")[0] == 0
    assert run(capsys, "delete", store, session_id)[0] == 0


@pytest.mark.parametrize("typed", ["--jsn", "--dry-runn", "--max-aeg", "--no-such=1", "-x"])
def test_mistyped_option_is_told_and_taken_for_no_session(
    typed: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(capsys, "create", store, typed)
    assert stopped.value.code == 2
    assert typed in capsys.readouterr().err


def test_value_of_an_option_may_begin_with_a_dash(capsys: pytest.CaptureFixture[str], store: str) -> None:
    run(capsys, "create", store, "abc")
    assert run(capsys, "expire", store, "abc", "--in", "-5d")[0] == 2
    options = parse_arguments(["export", "memory:", "-o", "-odd", "--filter", "-a"])
    assert (options.output, options.filter) == ("-odd", "-a")
    assert parse_arguments(["--store", "list", "show", "memory:", "x"]).command == "show"


def test_file_that_is_not_there_is_the_same_exit_code_everywhere(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gone = str(tmp_path / "gone" / "file")
    commands = [
        ["list", f"file://{gone}"], ["list", f"sqlite://{gone}"], ["har", gone], ["import", "memory:", gone],
        ["export", "memory:", "-o", gone], ["verify", "--secret-file", gone, "s:a.b"],
        ["sign", "--secret-file", gone, "a"], ["har", str(tmp_path)], ["import", "memory:", str(tmp_path)],
        ["export", "memory:", "-o", str(tmp_path)],
    ]  # fmt: skip
    found = {" ".join(command): run(capsys, *command) for command in commands}
    assert {name: code for name, (code, _, _) in found.items() if code != 3} == {}
    assert {name: words for name, (_, _, words) in found.items() if words.count("\n") != 1} == {}


def test_har_and_import_read_the_standard_input(tmp_path: Path) -> None:
    archive = tmp_path / "a.har"
    entry = {
        "startedDateTime": "2026-11-24T12:00:00Z",
        "request": {
            "method": "GET", "url": "http://localhost/", "headers": [{"name": "Cookie", "value": "connect.sid=s%3Aabc.def"}]
        },
        "response": {"status": 200, "headers": []},
    }  # fmt: skip
    archive.write_text(json.dumps({"log": {"entries": [entry]}}))
    from_file = in_shell("", "har", str(archive))
    piped = in_shell(f"<{archive}", "har", "-")
    assert (piped.returncode, piped.stdout) == (from_file.returncode, from_file.stdout)
    assert piped.stdout


def test_export_to_a_dash_is_printed(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "create", store, "abc")
    assert json.loads(run(capsys, "export", store, "-o", "-")[1])["id"] == "abc"
