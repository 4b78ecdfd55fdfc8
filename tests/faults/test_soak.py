"""Row F68, a little of it: `make soak` runs it for as long as one likes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.servers import ROOT, mongod_binary, redis_binary


def test_f68_soak_loses_nothing_and_grows_by_nothing() -> None:
    if redis_binary() is None or mongod_binary() is None:
        pytest.skip("redis-server or mongod is not installed (make setup-test installs them)")
    command = [sys.executable, "-m", "tests.faults.soak", "0.12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost updates: 0" in done.stdout
