"""The wheel, built for real: what is inside, and that its resources are found where it is installed."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel as `pip wheel --no-build-isolation` makes it: with the hatchling of the lock, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "-w", str(folder), str(ROOT)], check=True, timeout=100)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        yield archive


@pytest.fixture(scope="module")
def installed(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site-packages")
    wheel.extractall(folder)
    return folder


def run_installed(installed: Path, code: str) -> str:
    """Run code with the unpacked wheel before this checkout on the path."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(installed)!r})\n{code}"]
    return subprocess.run(command, cwd=installed, capture_output=True, check=True, text=True, timeout=60).stdout.strip()


def test_wheel_carries_both_packages_and_the_resources(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {
        "inspector/__main__.py",
        "inspector/py.typed",
        "store_adapters/contract.py",
        "store_adapters/py.typed",
    } <= names
    resources = [path for path in (ROOT / "resources").rglob("*") if path.is_file()]
    assert resources
    assert {f"inspector/_resources/{path.relative_to(ROOT / 'resources').as_posix()}" for path in resources} <= names


def test_wheel_carries_no_tests_and_nothing_of_this_machine(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"inspector", "store_adapters"}


def test_wheel_has_the_licence_and_both_scripts(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    entry_points = wheel.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    assert "session-inspector = inspector.cli:main" in entry_points
    assert "session-inspector-window = inspector.cli:main" in entry_points
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("name", ["inspector.cli", "inspector.app"])
def test_script_starts_without_arguments(name: str) -> None:
    main = importlib.import_module(name).main
    inspect.signature(main).bind()


def test_resources_are_found_where_the_wheel_is_installed(installed: Path) -> None:
    code = "from inspector.resources import resource_path; print(resource_path('icons/cookie.svg'))"
    found = Path(run_installed(installed, code))
    assert found == installed / "inspector" / "_resources" / "icons" / "cookie.svg"
    assert found.read_bytes() == (ROOT / "resources" / "icons" / "cookie.svg").read_bytes()


def test_resources_are_found_in_a_checkout() -> None:
    from inspector.resources import read_bytes

    assert read_bytes("icons/cookie.svg") == (ROOT / "resources" / "icons" / "cookie.svg").read_bytes()


def test_missing_resource_is_an_error() -> None:
    from inspector.resources import read_bytes

    with pytest.raises(FileNotFoundError):
        read_bytes("icons/no-such-icon.svg")
