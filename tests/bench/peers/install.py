"""Puts the peers into a folder of their own by their ordinary clients (npm without install scripts, pip in a venv)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

_NODE_PACKAGES = ("redis-commander", "p3x-redis-ui-server", "socket.io-client")
# p3x-redis-ui-server asks for a corifeus-utils that not every registry has; the newest there is does as well.
_MANIFEST = {"private": True, "overrides": {"corifeus-utils": ">=2024"}}


def install_peers(folder: Path) -> dict[str, str]:
    """Install what is not there yet; return the version of each package. Exits where npm is missing or fails."""
    if shutil.which("npm") is None:
        sys.exit("npm is not installed; `make setup-test` installs it")
    if not (folder / "node_modules" / _NODE_PACKAGES[-1]).is_dir():
        (folder / "package.json").write_text(json.dumps(_MANIFEST))
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(["npm", "install", *quiet, *_NODE_PACKAGES], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    if not (folder / "venv" / "bin" / "iredis").is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        pip = [str(folder / "venv" / "bin" / "pip"), "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "iredis"], check=True)
    return {**{name: _node_version(folder, name) for name in _NODE_PACKAGES}, "iredis": _iredis_version(folder)}


def _node_version(folder: Path, name: str) -> str:
    manifest = json.loads((folder / "node_modules" / name / "package.json").read_text())
    return str(manifest["version"])


def _iredis_version(folder: Path) -> str:
    command = [str(folder / "venv" / "bin" / "iredis"), "--version"]
    said = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "HOME": str(folder)}
    ).stdout
    return said.split()[-1]
