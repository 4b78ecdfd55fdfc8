"""The toy store as a package that is installed: a folder with its module and the metadata that names its entry point."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from store_adapters.known_kinds import forget, register
from tests.plugins import toy_store
from tests.plugins.toy_store import TOY

SESSION_ID = "abcdefghijklmnopqrstuvwxyzABCDEF"
SESSION = {
    "cookie": {"originalMaxAge": 3_600_000, "expires": "2030-01-01T00:00:00.000Z", "httpOnly": True, "path": "/"},
    "user": {"username": "ada", "role": "user"},
}


@pytest.fixture
def toy_url(tmp_path: Path) -> str:
    """A box with one session in the lobby, which ends in an hour."""
    text = json.dumps(SESSION, separators=(",", ":"))
    now = round(time.time() * 1000)
    box = tmp_path / "sessions.toy"
    box.write_text(json.dumps({"lobby": {SESSION_ID: {"text": text, "ends": now + 3_600_000, "changed": now}}}))
    return f"toy://{box}?room=lobby"


@pytest.fixture
def toy_kind() -> Iterator[None]:
    register(TOY)
    yield
    forget(TOY)


def install_package(folder: Path, name: str, module: str, entry: str, group: str = "session_inspector.stores") -> Path:
    """Lay a package out as pip does, and return the folder to put on Python's path."""
    (folder / f"{name}.py").write_text(module)
    metadata = folder / f"{name}-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {entry}\n")
    return folder


@pytest.fixture
def toy_package(tmp_path: Path) -> Path:
    source = Path(toy_store.__file__).read_text()
    return install_package(tmp_path, "toy_box", source, "toy_box:TOY")
