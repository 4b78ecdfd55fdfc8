"""The file half of the fault kit: processes without root's rights or with limits, small and read-only file systems, and
"fail the Nth system call" by strace. What a machine does not allow is skipped with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers import ROOT, die_with_parent

MOUNT = "mount -t tmpfs -o size=64k none {folder}"


@dataclass(frozen=True, slots=True)
class Deed:
    """What a process said and left: its exit code (see file_acts), its words, and the folder's files."""

    code: int
    words: str
    files: dict[str, str | None]


def do(order: dict[str, Any], *, mount: str = "") -> Deed:
    """Do one thing in a process of its own; `mount` is a command for a mount namespace of its own before it."""
    command = [sys.executable, "-m", "tests.faults.files.acts", "once", json.dumps(order)]
    if mount:
        need_namespaces()
        command = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh", *command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return Deed(found["code"], found["words"], found["files"])


def need_namespaces() -> None:
    """Skip where a user may not have mounts of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    tried = subprocess.run(
        ["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, timeout=20, check=False
    )
    if tried.returncode:
        pytest.skip("this machine allows no user namespaces with mounts of their own")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach and write to."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = Path(name) / "sessions"
        folder.mkdir()
        os.chmod(folder, 0o777)
        yield folder
        os.chmod(folder, 0o777)


class Strace:
    """Runs acts in forks of one warm process, with a system call failed or killed at its Nth time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.files.acts", "serve"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent,
        )  # fmt: skip

    def run(self, order: dict[str, Any], call: str, what: str, nth: int) -> tuple[bool, int, str]:
        """Return whether the fault came about, the exit code (negative: the signal) and the words."""
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        pid = int(self._line())
        with tempfile.NamedTemporaryFile() as log:
            tracer = subprocess.Popen(
                ["strace", "-qq", "-o", log.name, "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={nth}",
                 "-p", str(pid)], stderr=subprocess.PIPE,
            )  # fmt: skip
            _wait_for_tracer(pid, tracer)
            os.kill(pid, signal.SIGUSR1)
            words = self._line()
            if not words.startswith("="):
                code = self._line()
            else:
                words, code = "", words
            tracer.wait(10)
            if tracer.stderr is not None:
                tracer.stderr.close()
            text = Path(log.name).read_text()
        return "(INJECTED)" in text or "SIGKILL" in text, int(code.strip()[1:]), words.strip()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def _wait_for_tracer(pid: int, tracer: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        if tracer.poll() is not None or time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            pytest.skip("strace may not trace another process on this machine")
        time.sleep(0.001)


@pytest.fixture(scope="module")
def strace() -> Iterator[Strace]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (make setup-test installs it)")
    rig = Strace()
    yield rig
    rig.close()
