"""What a run tells at its end is whole when several processes ran its tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

SUITE = """
import subprocess, sys, time
from inspector.core.secret import Secret
from tests.stalls import Heartbeat, keep_stall

def wait_for(path):
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)

def test_f01_makes_a_secret(request):
    heart = Heartbeat()
    heart.longest_ms = 4321.0
    keep_stall(request.node, heart)
    Secret(b"made-in-one-process", "mine")
    (request.config.rootpath / "made").touch()
    wait_for(request.config.rootpath / "told")  # so that the other test is in the other process

def test_f02_tells_it(request):
    wait_for(request.config.rootpath / "made")
    told = subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('made-in-one-' + 'process')"], capture_output=True)
    assert told.stderr == b"made-in-one-" + b"process"
    (request.config.rootpath / "told").touch()
"""


def test_secret_of_one_process_is_found_in_what_another_told_and_all_is_counted(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_both.py").write_text(SUITE)
    settings = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path)]
    command = [sys.executable, "-m", "pytest", "-n", "2", *settings, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
    assert "secrets of this run: 1, looked for in" in done.stdout
    assert "FOUND in standard error of -c import sys" in done.stdout
    assert "fault matrix: 2 rows passed, 0 skipped, 0 waiting, 0 failed" in done.stdout
    assert "longest stall of the GUI thread: 4321 ms in test_both.py::test_f01_makes_a_secret" in done.stdout
