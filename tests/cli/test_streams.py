"""Where the answers go: a terminal, a file, a full disk, a closed stream, an old locale; never a traceback."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT

HOSTILE = "\x9b31m\u202eeinrot\u200b\x7f é"


@pytest.fixture
def store(tmp_path: Path) -> str:
    folder = tmp_path / "sessions"
    folder.mkdir()
    session = {"cookie": {"originalMaxAge": 86_400_000}, "user": {"name": HOSTILE}, "__lastAccess": 4_102_444_800_000}
    (folder / "s1.json").write_text(json.dumps(session, ensure_ascii=False), encoding="utf-8")
    (folder / "s2.json").write_text(json.dumps(session, ensure_ascii=False), encoding="utf-8")
    return f"file://{folder}"


def in_shell(words: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run `session-inspector ARGUMENTS` in a shell, `words` after it."""
    command = [sys.executable, "-m", "inspector", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    return subprocess.run(
        ["sh", "-c", f'"$@" {words}', "sh", *command],
        cwd=ROOT, env=kept | env, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


def on_terminal(*arguments: str) -> bytes:
    """Return what a terminal receives."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "inspector", *arguments], cwd=ROOT, stdout=terminal)
    os.close(terminal)
    parts = []
    try:
        while part := os.read(controller, 65536):
            parts.append(part)
    except OSError:  # how the end is told
        pass
    os.close(controller)
    assert process.wait(30) == 0
    return b"".join(parts)


def test_export_is_escaped_on_a_terminal_and_raw_in_a_file(store: str, tmp_path: Path) -> None:
    shown = on_terminal("export", store).decode("utf-8")
    file = tmp_path / "out.jsonl"
    assert in_shell(f">{file}", "export", store).returncode == 0
    raw = file.read_text(encoding="utf-8")
    assert HOSTILE in raw
    assert [char for char in "\x9b\u202e\u200b\x7f" if char in shown] == []
    assert "é" in shown
    assert [json.loads(line) for line in shown.splitlines()] == [json.loads(line) for line in raw.splitlines()]


def test_stored_bytes_are_escaped_on_a_terminal_and_raw_in_a_pipe(store: str) -> None:
    shown = on_terminal("show", store, "s1", "--raw").decode("utf-8")
    assert "‹U+202E›" in shown
    assert [char for char in "\x9b\u202e\u200b\x7f" if char in shown] == []
    assert HOSTILE in in_shell("", "show", store, "s1", "--raw").stdout.decode("utf-8")


COMMANDS = [
    ["list"], ["list", "--json"], ["show", "s1"], ["show", "s1", "--json"], ["show", "s1", "--raw"], ["export"],
    ["edit", "s1", "--set", "a=1"], ["expire", "s1", "--in", "2h"], ["delete", "s1"], ["create", "new"],
]  # fmt: skip


def of(command: list[str], store: str) -> list[str]:
    return [command[0], store, *command[1:]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(("words", "why"), [(">/dev/full", b"No space left on device"), (">&-", b"closed")])
def test_output_that_cannot_be_written_is_a_sentence(words: str, why: bytes, command: list[str], store: str) -> None:
    done = in_shell(words, *of(command, store))
    assert (done.returncode, done.stderr.count(b"\n")) == (3, 1)
    assert done.stderr.startswith(b"session-inspector: ")
    assert why in done.stderr


@pytest.mark.parametrize(("command", "told"), [("delete", b"s1 was deleted."), ("edit", b"The edit: saved.")])
def test_what_was_written_is_told_though_the_answer_cannot_be(command: str, told: bytes, store: str) -> None:
    more = {"delete": [], "edit": ["--set", "a=1"]}[command]
    assert told in in_shell(">/dev/full", command, store, "s1", *more).stderr


@pytest.mark.parametrize("command", [["--help"], ["list", "--help"], ["--version"]])
@pytest.mark.parametrize("words", [">/dev/full", ">&-", "| true"])
def test_help_that_cannot_be_printed_is_no_traceback(words: str, command: list[str]) -> None:
    assert b"Traceback" not in in_shell(words, *command).stderr
    assert b"Exception" not in in_shell(words, *command).stderr


@pytest.mark.parametrize("words", ["2>&-", "2>/dev/full", "<&-"])
def test_command_does_its_work_without_the_other_streams(words: str, store: str) -> None:
    assert in_shell(words, "show", store, "s1", "--json").returncode == 0
    assert in_shell(words, "show", store, "ghost").returncode == 1
    assert in_shell(words, "nonsense").returncode == 2


def test_closed_input_is_a_sentence() -> None:
    for command in (["import", "memory:x", "-"], ["verify", "-"], ["har", "-"]):
        done = in_shell("<&-", *command)
        assert (done.returncode, b"tandard input is closed" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    "env",
    [
        {"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii:strict"},
    ],
    ids=str,
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_terminal_that_cannot_show_a_character_gets_it_spelled_out(
    command: list[str], env: dict[str, str], store: str
) -> None:
    done = in_shell("", *of(command, store), **env)
    assert (done.returncode, done.stderr) == (0, b"")


def test_complaint_with_any_character_is_no_traceback(store: str) -> None:
    done = in_shell("", "show", store, "\u202eé\x1b[31m", PYTHONIOENCODING="ascii:strict")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    done = in_shell("", "show", store, "a", "\x1b[31m", PYTHONIOENCODING="ascii:strict")
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr


@pytest.mark.parametrize("digits", [5_000, 1_000_000])
def test_number_of_any_length_is_shown_as_it_is_stored(digits: int, store: str) -> None:
    number = "9" * digits
    record = f'{{"cookie":{{"originalMaxAge":1000}},"n":{number},"f":1e999,"n":1.10,"__lastAccess":4102444800000}}'
    Path(store.removeprefix("file://"), "big.json").write_text(record)
    done = in_shell("", "show", store, "big", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b'"n":' + number.encode() + b',"f":1e999,"n":1.10' in done.stdout
    for command in (["list", "--json"], ["export"], ["edit", "big", "--set", "n=1", "--json"], ["delete", "big"]):
        done = in_shell("", *of(command, store))
        assert (done.returncode, done.stderr) == (0, b"")


def test_fault_of_the_program_is_a_sentence_without_what_was_stored() -> None:
    script = (
        "import sys, inspector.cli._commands as commands\n"
        "from inspector.cli import main\n"
        "def fail(options, output): raise ValueError('tok-value')\n"
        "commands.list_sessions = fail\n"
        "sys.exit(main(['list', 'memory:']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr.startswith("session-inspector: This is a bug in the program: ValueError at <string>:3.")
    assert "tok-value" not in done.stderr
