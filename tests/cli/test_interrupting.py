"""Signals at any moment: a sentence, the exit code 128 and the signal's number, what was done told, nothing left behind."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inspector.services.settings.unfinished_files import SUFFIX, UnfinishedFiles
from tests.servers import ROOT

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
SESSION = '{"cookie":{"originalMaxAge":86400000},"user":{"id":1},"__lastAccess":4102444800000}'


@pytest.fixture
def store(tmp_path: Path) -> str:
    folder = tmp_path / "sessions"
    folder.mkdir()
    for number in range(200):
        (folder / f"s{number}.json").write_text(SESSION)
    return f"file://{folder}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def interrupt(home: Path, number: int, moment: str, count: int, *command: str) -> subprocess.CompletedProcess[str]:
    driver = [sys.executable, "-m", "tests.cli.interrupting_driver", str(number), moment, str(count)]
    env = os.environ | {"SESSION_INSPECTOR_HOME": str(home), "SECRET": "abc"}
    return subprocess.run(
        [*driver, *command], cwd=ROOT, capture_output=True, text=True, env=env, check=False, timeout=60
    )


def command(name: str, store: str, tmp_path: Path) -> list[str]:
    archive = tmp_path / "archive.har"
    archive.write_text('{"log":{"entries":[]}}')
    lines = tmp_path / "lines.jsonl"
    lines.write_text("")
    return {
        "list": ["list", store],
        "show": ["show", store, "s1"],
        "edit": ["edit", store, "s1", "--set", "a=1"],
        "create": ["create", store],
        "delete": ["delete", store, "s1"],
        "expire": ["expire", store, "s1", "--in", "2h"],
        "export": ["export", store],
        "import": ["import", store, str(lines)],
        "verify": ["verify", "--secret-env", "SECRET", "--store", store, "s:abc.def"],
        "har": ["har", str(archive)],
        "sign": ["sign", "--secret-env", "SECRET", "abc"],
        "demo": ["demo", "--port", "0", "--store", store],
        "watch": ["watch", store],
    }[name]


@pytest.mark.parametrize("count", [1, 40, 150])
@pytest.mark.parametrize(
    "name",
    [
        "list",
        "show",
        "edit",
        "create",
        "delete",
        "expire",
        "export",
        "import",
        "verify",
        "har",
        "sign",
        "demo",
        "watch",
    ],
)
def test_ctrl_c_while_the_program_still_loads_is_a_sentence(
    name: str, count: int, store: str, home: Path, tmp_path: Path
) -> None:
    done = interrupt(home, signal.SIGINT, "import", count, *command(name, store, tmp_path))
    assert done.returncode == 130
    assert done.stderr.startswith("session-inspector: Interrupted.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_export_leaves_no_file_and_says_so(number: int, store: str, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "out" / "sessions.jsonl"
    file.parent.mkdir()
    done = interrupt(home, number, SUFFIX, 50, "export", store, "-o", str(file))
    assert done.returncode == 128 + number
    assert done.stderr == "session-inspector: Interrupted. No file was written.\n"
    assert list(file.parent.iterdir()) == []
    assert UnfinishedFiles(home).find() == ()
    assert list((home / "unfinished").iterdir()) == []


def test_what_a_crash_left_of_an_export_is_told_at_the_next_start(store: str, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "out" / "sessions.jsonl"
    file.parent.mkdir()
    assert interrupt(home, signal.SIGKILL, SUFFIX, 50, "export", store, "-o", str(file)).returncode == -signal.SIGKILL
    (left,) = file.parent.iterdir()
    told = subprocess.run(
        [sys.executable, "-m", "inspector", "show", store, "s1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"SESSION_INSPECTOR_HOME": str(home)},
        check=True,
    )
    assert str(left) in told.stderr
    assert "Delete that file" in told.stderr
    unfinished = UnfinishedFiles(home)
    assert unfinished.find() == (left,)
    unfinished.remove(unfinished.find())
    assert list(file.parent.iterdir()) == []
    assert unfinished.find() == ()


def test_file_that_a_living_process_writes_is_no_leftover(home: Path, tmp_path: Path) -> None:
    from inspector.services.settings.new_file import open_new_file

    with open_new_file(tmp_path / "a.jsonl", UnfinishedFiles(home)) as file:
        file.write(b"{}")
        (writing,) = tmp_path.glob(f".*{SUFFIX}")
        assert UnfinishedFiles(home).find() == ()
        UnfinishedFiles(home).remove([writing])
        assert writing.exists()
    assert (tmp_path / "a.jsonl").read_bytes() == b"{}"


def test_note_removes_no_file_but_the_one_it_was_written_for(home: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    notes = home / "unfinished"
    notes.mkdir(parents=True)
    (notes / f"abcd{SUFFIX}").write_text(str(precious))
    unfinished = UnfinishedFiles(home)
    assert unfinished.find() == ()
    unfinished.remove([precious])
    assert precious.read_text() == "mine"


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "inspector", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_import_tells_what_it_created(number: int, tmp_path: Path) -> None:
    line = {"key": "s.json", "kind": "file", "expires_at": None, "payload": SESSION}
    process = start("import", f"file://{tmp_path}", "-", "--json")
    assert process.stdin is not None
    for place in range(150):
        process.stdin.write(json.dumps(line | {"id": f"s{place}"}) + "\n")
    process.stdin.flush()
    # The first part has a hundred lines; the rest of the next is waited for.
    wait_until(lambda: len(list(tmp_path.glob("*.json"))) >= 100)
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    report = json.loads(output)
    assert (report["created"], report["stopped"]) == (len(list(tmp_path.glob("*.json"))), "Stopped.")
    assert errors.startswith("session-inspector: Interrupted. Run the same import again to continue")


def wait_until(is_true: object) -> None:
    until = time.monotonic() + 30
    while not is_true() and time.monotonic() < until:  # type: ignore[operator]
        select.select([], [], [], 0.02)
    assert is_true()  # type: ignore[operator]


@pytest.mark.parametrize("numbers", [[2], [15], [1], [2, 2, 2, 15], [1, 15, 2, 1], [15, 15, 15, 2, 2, 2, 1, 1]])
@pytest.mark.parametrize("arguments", [["demo", "--port", "0", "--visitors", "500"], ["watch"]])
def test_what_runs_until_interrupted_ends_on_any_sequence_of_signals(
    arguments: list[str], numbers: list[int], store: str, tmp_path: Path
) -> None:
    name, *more = arguments
    process = start(name, *more, *(["--store"] if name == "demo" else []), store)
    folder = Path(store.removeprefix("file://"))
    assert process.stdout is not None
    number = 0
    while not select.select([process.stdout], [], [], 0.1)[0]:
        number += 1
        (folder / f"new{number}.json").write_text(SESSION)
    for one in numbers:
        process.send_signal(one)
    _output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


def test_demo_ends_when_nobody_reads_what_it_says(store: str) -> None:
    with start("demo", "--port", "0", "--store", store, "--visitors", "500") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 0
