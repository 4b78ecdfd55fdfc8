"""What a person may name as the file to write: devices, pipes and links stay what they are."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.services.settings.new_file import open_new_file
from inspector.services.settings.safe_file import backup_of, write_safely
from inspector.services.settings.unfinished_files import UnfinishedFiles
from tests.cli.test_commands import run
from tests.cli.test_streams import in_shell
from tests.servers import ROOT


@pytest.fixture
def store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    (tmp_path / "sessions").mkdir()
    url = f"file://{tmp_path / 'sessions'}"
    assert run(capsys, "create", url, "abc")[0] == 0
    return url


def test_device_is_written_through_and_stays_one(
    store: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    for name in ("/dev/null", str(link)):
        assert run(capsys, "export", store, "-o", name)[0] == 0
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert link.is_symlink()


def test_full_device_is_a_sentence(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = run(capsys, "export", store, "-o", "/dev/full")
    assert (code, told) == (3, "session-inspector: No space left on device. No file was written.\n")


def test_pipe_gets_the_lines_and_stays_one(store: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen([sys.executable, "-m", "inspector", "export", store, "-o", str(pipe)], cwd=ROOT)
    text = pipe.read_text()
    assert process.wait(30) == 0
    assert json.loads(text)["id"] == "abc"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_standard_output_by_its_names_is_printed_to(store: str, tmp_path: Path) -> None:
    file = tmp_path / "out"
    for name in ("/dev/stdout", "/dev/fd/1", "-", str(file)):
        done = in_shell(f">{file}", "export", store, "-o", name)
        assert (done.returncode, done.stderr) == (0, b"")
        assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == ["abc"]


@pytest.mark.parametrize("exists", [True, False])
def test_link_is_followed_and_stays_one(
    exists: bool, store: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link, second = tmp_path / "elsewhere" / "real", tmp_path / "link", tmp_path / "second"
    target.write_text("before" * exists)
    link.symlink_to("elsewhere/real")
    second.symlink_to(link)
    assert run(capsys, "export", store, "-o", str(second))[0] == 0
    assert (second.is_symlink(), link.is_symlink(), target.is_symlink()) == (True, True, False)
    assert json.loads(target.read_text())["id"] == "abc"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [one.name for one in target.parent.iterdir()] == ["real"]


def test_link_that_leads_to_itself_is_a_sentence(
    store: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert run(capsys, "export", store, "-o", str(loop))[0] == 3
    assert loop.is_symlink()


def test_window_refuses_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for special in (Path("/dev/null"), tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="n't a regular file"), open_new_file(special, UnfinishedFiles(tmp_path)):
            pass
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_settings_file_that_is_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real, link = tmp_path / "dotfiles" / "profiles.json", tmp_path / "profiles.json"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_safely(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert backup_of(link).read_bytes() == b"old"
    special = tmp_path / "special.json"
    special.symlink_to("/dev/null")
    with pytest.raises(OSError, match="n't a regular file"):
        write_safely(special, b"new")
