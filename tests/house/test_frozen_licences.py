"""The licences that go into the frozen folder: of every part that is frozen, and a part without one is named."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("PySide6.QtCore", "shiboken6", "cryptography.hazmat", "redis", "pymongo", "nacl", "inspector.cli", "json")


@pytest.fixture(scope="module")
def frozen_licences() -> ModuleType:
    # By its path: `packaging` is also the name of a library.
    spec = importlib.util.spec_from_file_location("frozen_licences", ROOT / "packaging" / "frozen_licences.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_part_has_its_licence_and_qt_has_the_lgpl(tmp_path: Path, frozen_licences: ModuleType) -> None:
    target = tmp_path / "licences"
    assert frozen_licences.collect(MODULES, [ROOT / "resources"], target) == []
    parts = {path.name.rpartition("-")[0] or path.name for path in target.iterdir()}
    assert {"cryptography", "redis", "pymongo", "pynacl", "session-inspector", "pyinstaller", "Python"} <= parts
    for name in ("pyside6-essentials", "shiboken6"):
        [folder] = target.glob(f"{name}-*")
        assert "GNU LESSER GENERAL PUBLIC LICENSE" in (folder / "LGPL-3.0.txt").read_text()
        assert "GNU GENERAL PUBLIC LICENSE" in (folder / "GPL-3.0.txt").read_text()
    assert all(path.stat().st_size > 100 for path in target.rglob("*") if path.is_file())


def test_part_without_a_licence_is_named(
    tmp_path: Path, frozen_licences: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen_licences, "OURS", {})
    stray = tmp_path / "libstray.so"
    stray.write_bytes(b"")
    missing = frozen_licences.collect(["PySide6"], [stray], tmp_path / "licences")
    assert missing[-1] == str(stray.resolve())
    assert any(name.lower().startswith("pyside6") for name in missing)
