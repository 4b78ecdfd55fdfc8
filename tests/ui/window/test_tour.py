"""The walk without a display."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT


def test_tour_walks_through_the_main_job_and_leaves_pictures(tmp_path: Path) -> None:
    environment = os.environ | {"SESSION_INSPECTOR_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "inspector", "--tour", str(tmp_path / "tour")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "tour").glob("*.png"))) >= 7
